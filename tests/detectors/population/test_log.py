from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.observations import Clock
from detectors.population.evidence import WINDOW
from detectors.population.subjects import SUBJECT_TYPES
from detectors.population.testing_counts import (
    HERE,
    TODAY,
    News,
    Said,
    Sent,
    Tally,
    names_of,
    noon,
    of_sku,
)
from schemas.times import DAY, HOUR, MINUTE

EVENING = (TODAY + 1) * DAY
OLDEST = TODAY - WINDOW + 1
SAID = Said(noon(TODAY), TODAY, buyer=7)
WRONG_ITEM = 0

Standing = list[tuple[str, int, str]]
"""Name of the unit, its cohort day, and the SKU that was found instead."""


def logged(*news: News) -> Tally:
    found = Tally()
    found.hear(*news)
    found.count()
    return found


def standing(of: Tally, since: int = OLDEST, until: int = EVENING + WINDOW * DAY) -> Standing:
    """Return the reports of wrong items that stand, by name."""
    voices, _ = of.log.voices(WRONG_ITEM, since, until)
    found = [of.subjects.name("sku", row) if row >= 0 else "" for row in voices.found.tolist()]
    units = of.told.names(voices.name)
    return sorted(zip(units, voices.day.tolist(), found, strict=True))


def days_of_units(of: Tally, clock: Clock = Clock.SHIPPED, since: int = OLDEST) -> list[int]:
    out, _ = of.log.units(clock, since, EVENING + WINDOW * DAY, SUBJECT_TYPES)
    return sorted(out.day.tolist())


# ----- units -----


def test_units_are_found_by_clock_cohort_and_when_they_were_known() -> None:
    parcel = Sent(noon(TODAY), TODAY, clock=Clock.PARCEL)
    late = Sent(noon(TODAY) + HOUR, TODAY)
    some = logged(Sent(noon(TODAY), TODAY - 3), parcel, late)
    until_noon, _ = some.log.units(Clock.SHIPPED, OLDEST, noon(TODAY) + 5 * MINUTE, SUBJECT_TYPES)

    assert days_of_units(some) == [TODAY - 3, TODAY]
    assert days_of_units(some, Clock.PARCEL) == [TODAY]
    assert days_of_units(some, since=TODAY - 2) == [TODAY]
    assert until_noon.day.tolist() == [TODAY - 3]


def test_units_are_told_with_the_subjects_they_are_counted_under() -> None:
    some = logged(Sent(noon(TODAY), TODAY, of_sku("sku-2")))
    _, rows = some.log.units(Clock.SHIPPED, TODAY, EVENING, SUBJECT_TYPES)

    assert names_of(some.subjects, rows, 0)["sku"] == "sku-2"
    assert names_of(some.subjects, rows, 0)["lane"] == "HH->BE"


def test_an_empty_log_has_neither_units_nor_reports() -> None:
    some = logged()

    assert (days_of_units(some), standing(some)) == ([], [])


# ----- reports that stand -----


def test_a_report_stands_until_it_is_taken_back() -> None:
    some = logged(SAID, SAID.taken_back(noon(TODAY) + HOUR))

    assert standing(some, until=noon(TODAY) + HOUR) == [("o-1/1", TODAY, "")]
    assert standing(some) == []


def test_reports_are_found_by_defect_and_cohort() -> None:
    older, other = SAID._replace(day=TODAY - 2, name="o-2/1"), SAID._replace(defect=1, name="o-3/1")
    some = logged(SAID, older, other)
    missing, rows = some.log.voices(1, OLDEST, EVENING)

    assert standing(some) == [("o-1/1", TODAY, ""), ("o-2/1", TODAY - 2, "")]
    assert standing(some, since=TODAY - 1) == [("o-1/1", TODAY, "")]
    assert some.told.names(missing.name) == ["o-3/1"]
    assert names_of(some.subjects, rows, 0)["sku"] == "sku-1"


def test_of_two_lines_the_one_that_was_taken_back_is_named_no_more() -> None:
    second = SAID._replace(name="o-1/2")
    some = logged(SAID, second, SAID.taken_back(noon(TODAY)))

    assert standing(some) == [("o-1/2", TODAY, "")]


def test_a_report_that_moves_stands_where_its_unit_is_now() -> None:
    moved = SAID._replace(at=noon(TODAY) + HOUR, day=TODAY - 1)
    some = logged(SAID, SAID.taken_back(moved.at), moved)

    assert standing(some) == [("o-1/1", TODAY - 1, "")]


@pytest.mark.parametrize("period", [0, HOUR])
def test_what_was_found_instead_is_known_once_the_report_is_told_again(period: int) -> None:
    again = SAID._replace(at=SAID.at + period, found="sku-9")
    some = logged(SAID, SAID.taken_back(again.at), again)

    assert standing(some) == [("o-1/1", TODAY, "sku-9")]


def test_taking_back_what_nobody_said_leaves_the_rest() -> None:
    some = logged(SAID, SAID._replace(name="o-2/1").taken_back(noon(TODAY)))

    assert standing(some) == [("o-1/1", TODAY, "")]


def test_reports_are_named_with_their_buyers_and_when_they_were_known() -> None:
    some = logged(SAID, SAID._replace(buyer=8, name="o-2/1"))
    voices, _ = some.log.voices(WRONG_ITEM, OLDEST, EVENING)
    [voice] = some.log.named(voices, (voices.buyer == 8).nonzero()[0])

    assert voice == (noon(TODAY) + 5 * MINUTE, "o-2/1", 8)


# ----- days -----


def test_cohorts_are_remembered_as_long_as_they_are_in_the_window() -> None:
    some = logged(Sent(noon(TODAY), TODAY), SAID)
    some.begin(TODAY + WINDOW - 1)
    before = days_of_units(some), standing(some)
    some.begin(TODAY + WINDOW)

    assert before == ([TODAY], [("o-1/1", TODAY, "")])
    assert (days_of_units(some), standing(some)) == ([], [])


def test_what_several_periods_of_several_days_told_is_kept_together() -> None:
    some = Tally()
    for day in range(TODAY, TODAY + 4):
        for hour in range(3):
            at = day * DAY + hour * HOUR
            some.hear(Sent(at, day), SAID._replace(at=at, day=day, name=f"o-{day}-{hour}/1"))
            some.count(at + HOUR)
        some.begin(day + 1)

    assert days_of_units(some) == [day for day in range(TODAY, TODAY + 4) for _ in range(3)]
    assert [name for name, *_ in standing(some)] == [
        f"o-{day}-{hour}/1" for day in range(TODAY, TODAY + 4) for hour in range(3)
    ]


said = st.builds(
    Said,
    st.integers(noon(TODAY), noon(TODAY + 2)),
    st.integers(TODAY - 3, TODAY),
    st.integers(1, 2),
    st.sampled_from([HERE, of_sku("sku-2")]),
    st.just(""),
    st.just(WRONG_ITEM),
    st.sampled_from(["", "sku-8", "sku-9"]),
    st.just(1),
)


@settings(max_examples=30)
@given(st.lists(said, max_size=8), st.lists(st.integers(0, 2 * HOUR), max_size=8), st.randoms())
def test_exactly_the_reports_that_stand_are_named(
    reports: list[Said], back: list[int], chance: Random
) -> None:
    told = [one._replace(name=f"o-{n}/1") for n, one in enumerate(reports)]
    gone = [one.taken_back(one.at + after) for one, after in zip(told, back, strict=False)]
    news: list[News] = [*told, *gone]
    chance.shuffle(news)
    some = Tally()
    some.live(news, TODAY + 3)

    assert standing(some) == sorted((one.name, one.day, one.found) for one in told[len(gone) :])
