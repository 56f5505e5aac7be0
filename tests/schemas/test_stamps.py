from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.stamps import parse, parse_one
from schemas.times import NEVER, iso

MOMENTS = st.integers(0, NEVER - 1)
ZONES = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda m: timezone(timedelta(minutes=m)))
ALMOST_STAMPS = st.text("0123456789-T:.Z+ ", min_size=20, max_size=28) | st.builds(
    lambda stamp, at, letter: stamp[:at] + letter + stamp[at + 1 :],
    MOMENTS.map(iso),
    st.integers(0, 23),
    st.sampled_from("0123456789-T:.Z+ é\n\x00"),
)


def oracle(stamp: str) -> int:
    return (datetime.fromisoformat(stamp) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(
        milliseconds=1
    )


@given(st.lists(MOMENTS))
def test_canonical_stamps_are_read_back_exactly(moments: list[int]) -> None:
    times, good = parse([iso(moment) for moment in moments])

    assert times.tolist() == moments
    assert good.all()


@given(st.datetimes(datetime(1971, 1, 1), datetime(2108, 1, 1)), ZONES)  # noqa: DTZ001 - zones are drawn beside
def test_any_spelling_with_an_offset_is_read_as_the_standard_library_does(
    local: datetime, zone: timezone
) -> None:
    stamp = local.replace(tzinfo=zone).isoformat()

    assert parse_one(stamp) == oracle(stamp)


@given(st.lists(ALMOST_STAMPS | MOMENTS.map(iso) | st.just("")))
def test_reading_many_agrees_with_reading_one_by_one(stamps: list[str]) -> None:
    times, good = parse(stamps)

    one_by_one = [NEVER if not stamp else parse_one(stamp) for stamp in stamps]
    assert good.tolist() == [time is not None for time in one_by_one]
    assert times.tolist() == [NEVER if time is None else time for time in one_by_one]


UTC_SPELLINGS = st.tuples(
    st.datetimes(datetime(1971, 1, 1), datetime(2108, 1, 1)),  # noqa: DTZ001 - the zone follows
    st.sampled_from(("seconds", "milliseconds", "microseconds")),
    st.sampled_from(("Z", "+00:00", "+00:01", "z")),
).map(lambda drawn: drawn[0].isoformat(timespec=drawn[1]) + drawn[2])


@given(st.lists(UTC_SPELLINGS))
def test_common_spellings_of_utc_are_read_as_the_standard_library_does(stamps: list[str]) -> None:
    times, good = parse(stamps)

    assert good.all()
    assert times.tolist() == [oracle(stamp.upper()) for stamp in stamps]


@given(ALMOST_STAMPS)
def test_what_looks_like_a_stamp_is_read_as_the_standard_library_does_or_not_at_all(
    stamp: str,
) -> None:
    read = parse_one(stamp)

    assert read is None or ":60" in stamp or read == oracle(stamp.replace(" ", "T", 1))


@pytest.mark.parametrize(
    ("stamp", "canonical"),
    [
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00.000Z"),
        ("2026-01-01t00:00:00z", "2026-01-01T00:00:00.000Z"),
        ("2026-01-01 00:00:00Z", "2026-01-01T00:00:00.000Z"),
        ("2026-01-01T00:00:00.1Z", "2026-01-01T00:00:00.100Z"),
        ("2026-01-01T00:00:00.123999999Z", "2026-01-01T00:00:00.123Z"),
        ("2026-01-01T00:00:00.000+00:00", "2026-01-01T00:00:00.000Z"),
        ("2026-01-01T00:00:00-03:30", "2026-01-01T03:30:00.000Z"),
        ("2026-01-01T05:30:00+05:30", "2026-01-01T00:00:00.000Z"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z"),
        ("2016-12-31T22:59:60.5-01:00", "2017-01-01T00:00:00.000Z"),
        ("2024-02-29T00:00:00.000Z", "2024-02-29T00:00:00.000Z"),
        ("2109-05-01T00:00:00.000Z", "2109-05-01T00:00:00.000Z"),
    ],
)
def test_every_rfc_3339_spelling_is_read(stamp: str, canonical: str) -> None:
    times, good = parse([stamp])

    assert good.all()
    assert iso(int(times[0])) == canonical


@pytest.mark.parametrize(
    "stamp",
    [
        "2026-01-01",
        "2026-01-01T00:00:00",
        "2026-01-01T00:00:00.000",
        "2026-01-01T00:00:00,000Z",
        "2026-01-01T24:00:00.000Z",
        "2026-01-01T25:00:00.000Z",
        "2026-01-01T00:60:00.000Z",
        "2026-01-01T00:00:61.000Z",
        "2026-01-01T12:00:00.000+00:60",
        "2026-01-01T12:00:60.000Z",
        "2026-02-29T00:00:00.000Z",
        "2026-02-30T00:00:00.000Z",
        "2026-04-31T00:00:00.000Z",
        "2026-00-10T00:00:00.000Z",
        "2026-13-10T00:00:00.000Z",
        "2026-01-00T00:00:00.000Z",
        "2026-01-01T00:00:00.000z ",
        "2026-01-01T00:00:00+24:00",
        "1969-12-31T23:59:59.999Z",
        "2109-05-15T07:35:11.103Z",
        "9999-12-31T23:59:59.999Z",
        "0000-01-01T00:00:00.000Z",
        "0001-01-01T00:00:00+23:59",
        "\uff12\uff10\uff12\uff16-01-01T00:00:00.000Z",
        "2026-01-01T00:00:00.000Z\n",
        "1772359200000",
        "\ud800",
    ],
)
def test_what_is_no_time_is_flagged_and_never(stamp: str) -> None:
    times, good = parse(["2026-01-01T00:00:00.000Z", stamp])

    assert good.tolist() == [True, False]
    assert times[1] == NEVER


def test_the_last_millisecond_before_never_is_a_time() -> None:
    times, good = parse(["2109-05-15T07:35:11.102Z"])

    assert good.all()
    assert times[0] == NEVER - 1


def test_two_stamps_in_one_text_are_not_taken_for_two() -> None:
    stamp = "2026-01-01T00:00:00.000Z"

    _, good = parse([f"{stamp}\n{stamp}", stamp[:-1]])

    assert not good.any()


def test_empty_text_is_never_and_no_fault() -> None:
    times, good = parse(["", "2026-01-01T00:00:00.000Z", ""])

    assert good.all()
    assert times.tolist() == [NEVER, 1_767_225_600_000, NEVER]


def test_no_stamps_are_no_times() -> None:
    times, good = parse([])

    assert times.dtype == np.int64
    assert times.shape == good.shape == (0,)


def test_more_stamps_than_one_block_keep_their_order() -> None:
    moments = [60_000 * number for number in range(10_001)]

    times, good = parse([iso(moment) for moment in moments])

    assert times.tolist() == moments
    assert good.all()
