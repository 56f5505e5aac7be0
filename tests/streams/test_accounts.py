from collections.abc import Iterable
from dataclasses import fields
from typing import Any

import msgspec
import numpy as np
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from actions.testing import a_problem, opened
from detectors.journeys.names import Codes
from detectors.journeys.vocabulary import Item, Lane, PackedItem, Vocabulary
from detectors.observations import (
    Appeal,
    Clock,
    Exposures,
    Observation,
    Repair,
    Replacement,
    Report,
    Reports,
    Retraction,
)
from schemas.events import Event
from schemas.problems import Cause
from schemas.testing.strategies import journeys
from streams.accounts import (
    LARGEST,
    VERSION,
    AccountError,
    Telling,
    after,
    before,
    decoded,
    encoded,
    telling_of,
)
from streams.partition import by_type
from streams.testing import Ear, batch_of
from streams.testing_groups import a_partition

SINCE, UNTIL = 1_000, 2_000
OFFSETS = {"events": (5, 9)}
CAUSE = Cause("return.requested", 10, 20)

OBSERVED: tuple[Observation, ...] = (
    Report(
        at=1_000,
        cause=CAUSE,
        id="r-1",
        order_id="o-1",
        line_id="1",
        sku="sku-1",
        seller_id="",
        customer_id="c-1",
        ordered_at=5,
        sent_at=2**62,
    ),
    Retraction(at=1_500, cause=CAUSE, id="r-1"),
    Replacement(at=1_700, cause=CAUSE, order_id="o-2", of_order="o-1", of_line="1", skus=()),
    Replacement(
        at=1_701,
        cause=CAUSE,
        order_id="o-3",
        of_order="o-1",
        of_line="2",
        skus=(("1", "sku-1"), ("2", "sku-2")),
    ),
    Repair(at=1_998, cause=CAUSE, sku="sku-1"),
    Repair(at=1_999, cause=CAUSE, sku="sku-1", warehouse_id="w-1"),
    Appeal(at=1_999, cause=CAUSE, seller="m-1", defect="late", first=20_500, last=20_530),
)


CHANGES = tuple(opened(a_problem(opened_at=at)) for at in (1_001, 1_400, 1_998))
SAID = ((1_000, "{}"), (1_999, "é"))


def codes(*numbers: int) -> Codes:
    return np.array(numbers, np.int64)


def some_words() -> Vocabulary:
    words = Vocabulary()
    words.items.codes([Item("unused", "", "", "", ""), Item("sku-1", "s", "c", "b", "é")])
    words.packed.codes([PackedItem("sku-1", "w-1", "A-1", "lot 1")])
    words.lanes.codes(
        [Lane("dhl", "", "DE", "", "FR", ""), Lane("ups", "", "DE", "", "AT", "", "w")]
    )
    words.skus.codes(["unused", "sku-1", "sku-2"])
    return words


EXPOSED = Exposures(
    at=codes(1_000, 1_400, 1_999),
    clock=codes(Clock.SHIPPED, Clock.PARCEL, Clock.PROMISED),
    day=codes(19_000, 19_001, 30_000),
    item=codes(1, -1, 1),
    place=codes(-1, 0, 0),
    lane=codes(1, 0, -1),
    units=codes(1, 1, -1),
)
REPORTED = Reports(
    at=codes(1_400, 1_401),
    defect=codes(0, 3),
    day=codes(19_000, 19_001),
    item=codes(-1, 1),
    place=codes(-1, 0),
    lane=codes(-1, 1),
    buyer=codes(-(2**63), 2**63 - 1),
    found=codes(2, -1),
    units=codes(1, -1),
    names=["o-1/1", "o-2/s-1"],
)


def a_telling(**fields_: object) -> Telling:
    built: dict[str, Any] = {
        "partition": 3,
        "of": 4,
        "since": SINCE,
        "until": UNTIL,
        "offsets": OFFSETS,
        "changes": CHANGES,
        "said": SAID,
        "orders": 7,
        "observations": OBSERVED,
        "exposures": EXPOSED,
        "reports": REPORTED,
        "words": some_words(),
    }
    return Telling(**(built | fields_))


def ear_of(tellings: Iterable[Telling]) -> tuple[Ear, list[Observation]]:
    """Return what is heard in these accounts, with names for codes."""
    ear = Ear()
    observed: list[Observation] = []
    for telling in tellings:
        ear(0, telling.exposures, telling.reports, telling.words)
        observed += telling.observations
    return ear, observed


def arrived(records: Iterable[bytes]) -> list[Telling]:
    words = Vocabulary()
    words.items.codes([Item("known before", "", "", "", "")])
    return [decoded(data, words) for data in records]


def test_an_account_arrives_as_it_was_told_in_the_judges_own_words() -> None:
    told = a_telling(is_end=True)
    [heard] = arrived(encoded(told))

    assert ear_of([heard]) == ear_of([told])
    assert heard.observations == OBSERVED
    assert (heard.changes, heard.said, heard.orders) == (CHANGES, SAID, 7)
    for name in ("partition", "of", "since", "until", "offsets", "is_end"):
        assert getattr(heard, name) == getattr(told, name)


def test_an_account_of_nothing_arrives() -> None:
    [heard] = arrived(
        encoded(Telling(partition=0, of=1, since=0, until=0, offsets={}, words=Vocabulary()))
    )

    assert (heard.exposures.at.size, heard.reports.at.size, heard.observations) == (0, 0, ())


def test_words_nobody_speaks_of_do_not_travel() -> None:
    words = Vocabulary()
    [data] = encoded(a_telling())
    decoded(data, words)

    assert "unused" not in words.skus.values
    assert [item.sku for item in words.items.values] == ["sku-1"]


def test_an_account_that_fits_is_one_record_and_a_large_one_is_told_in_the_order_of_time() -> None:
    whole = list(encoded(a_telling()))
    size = len(whole[0])
    parts = arrived(encoded(a_telling(is_end=True), largest=size - 1))

    assert (len(whole), size < LARGEST) == (1, True)
    assert [part.since for part in parts[1:]] == [part.until for part in parts[:-1]]
    assert (parts[0].since, parts[-1].until) == (SINCE, UNTIL)
    assert [part.is_end for part in parts] == [False] * (len(parts) - 1) + [True]


@pytest.mark.parametrize("less", [1, 50, 150])
def test_in_small_records_nothing_is_lost_and_nothing_told_twice(less: int) -> None:
    told = a_telling()
    [whole] = encoded(told)
    records = list(encoded(told, largest=len(whole) - less))

    assert len(records) > 1
    assert all(len(data) <= len(whole) - less for data in records)
    assert ear_of(arrived(records)) == ear_of([told])
    assert [change for part in arrived(records) for change in part.changes] == list(CHANGES)
    assert [one for part in arrived(records) for one in part.said] == list(SAID)
    assert sum(part.orders for part in arrived(records)) == 7


def test_too_much_of_one_millisecond_is_refused_and_not_told_in_part() -> None:
    with pytest.raises(AccountError, match="partition 3 says too much of one millisecond"):
        list(encoded(a_telling(), largest=100))


def test_what_was_told_before_is_taken_out_to_the_millisecond() -> None:
    rest = after(a_telling(is_end=True), 1_400)

    assert (rest.since, rest.until, rest.is_end) == (1_400, UNTIL, True)
    assert rest.exposures.at.tolist() == [1_400, 1_999]
    assert (rest.reports.at.tolist(), rest.reports.names) == ([1_400, 1_401], REPORTED.names)
    assert rest.observations == OBSERVED[1:]
    assert (rest.changes, rest.said) == (CHANGES[1:], SAID[1:])


def test_what_all_have_passed_and_what_waits_are_together_what_was_told() -> None:
    told = a_telling(is_end=True)
    passed, waits = before(told, 1_400), after(told, 1_400)

    assert passed is not None
    assert ear_of([passed, waits]) == ear_of([told])
    assert (passed.changes + waits.changes, passed.said + waits.said) == (CHANGES, SAID)
    assert (passed.until, passed.is_end, waits.is_end) == (1_400, False, True)
    assert (before(told, SINCE), before(told, UNTIL)) == (None, told)


def test_an_account_that_begins_in_time_stays_whole() -> None:
    told = a_telling()

    assert after(told, SINCE) is told
    assert after(told, SINCE - 1) is told


@given(journeys(), st.data())
@settings(max_examples=25)
def test_whatever_a_partition_tells_may_be_cut_anywhere(
    events: list[Event], data: st.DataObject
) -> None:
    partition, batch = a_partition(), batch_of(*events)
    end = int(batch.recorded.max(initial=0)) + 1
    partition.write(by_type(batch.events, batch.occurred, batch.recorded, end))
    account = partition.settle(end)
    told = telling_of(account, partition=0, of=1, since=0, until=end, offsets=OFFSETS)
    middle = data.draw(st.integers(0, end))
    whole = b"".join(encoded(told))
    small = list(encoded(told, largest=max(1_500, len(whole) // 3)))
    heard, observed = ear_of(arrived(small))
    early = [o for o in told.observations if o.at < middle]

    assert (heard, sorted(observed, key=repr)) == (
        ear_of([told])[0],
        sorted(told.observations, key=repr),
    )
    assert sorted([*early, *after(told, middle).observations], key=repr) == sorted(
        told.observations, key=repr
    )


def of_version(version: int) -> bytes:
    [data] = encoded(a_telling())
    form = msgspec.msgpack.decode(zstandard.ZstdDecompressor().decompress(data))
    return zstandard.ZstdCompressor().compress(msgspec.msgpack.encode([version, *form[1:]]))


def squeezed(value: object) -> bytes:
    return zstandard.ZstdCompressor().compress(msgspec.msgpack.encode(value))


@pytest.mark.parametrize(
    ("data", "lacks"),
    [
        (b"", "no account"),
        (b"{}", "no account"),
        (squeezed({}), "no account"),
        (squeezed([VERSION, 0, 1]), "no account"),
        (of_version(VERSION)[:-5], "no account"),
        (of_version(VERSION + 1), f"an account of version {VERSION + 1}; this judge reads"),
    ],
)
def test_what_is_no_account_of_this_version_is_refused(data: bytes, lacks: str) -> None:
    with pytest.raises(AccountError, match=lacks):
        decoded(data, Vocabulary())


def test_every_column_travels() -> None:
    [heard] = arrived(encoded(a_telling()))

    for told, back in ((EXPOSED, heard.exposures), (REPORTED, heard.reports)):
        for column in fields(told):
            assert len(getattr(back, column.name)) == len(getattr(told, column.name))
