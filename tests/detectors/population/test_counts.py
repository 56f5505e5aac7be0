from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.observations import Clock
from detectors.population.counts import COUNTED, TYPES_OF_CLOCK, Excision, Span
from detectors.population.defects import DEFECTS
from detectors.population.evidence import WINDOW
from detectors.population.subjects import MARKET
from detectors.population.testing_counts import (
    HERE,
    TODAY,
    Cell,
    News,
    Said,
    Sent,
    Tally,
    charge_of,
    noon,
    of_sku,
)
from schemas.times import DAY, HOUR

WRONG = charge_of("wrong_item", "sku")
AT_ONCE = np.ones(WINDOW)
OTHER = of_sku("sku-2")


def tally(*news: News, today: int = TODAY) -> Tally:
    """Return what is counted once the day ``today`` is over, told all at once."""
    found = Tally(today)
    found.hear(*news)
    found.count()
    return found


def a_week_of(units: int, reports: int = 0, first: int = TODAY) -> list[News]:
    """Return as many units of the SKU and reports about them every day, told on that day."""
    found: list[News] = []
    for day in range(first, first + 7):
        found += [Sent(noon(day), day) for _ in range(units)]
        found += [Said(noon(day), day, name=f"o-{day}/{n}") for n in range(reports)]
    return found


# ----- what is counted under what -----


def test_every_report_is_counted_under_the_market_and_under_all_it_may_be_charged_to() -> None:
    for defect, names in zip(DEFECTS, COUNTED, strict=True):
        assert set(names) == {*defect.charged, MARKET}


def test_units_are_counted_under_whatever_some_defect_of_their_clock_is() -> None:
    assert set(TYPES_OF_CLOCK[Clock.PARCEL]) == {"carrier", "lane", MARKET}
    assert set(TYPES_OF_CLOCK[Clock.HANDED_OVER]) == {"seller", MARKET}


@pytest.mark.parametrize("subject_type", COUNTED[WRONG.defect])
def test_a_unit_and_its_report_are_counted_under_the_same_subject(subject_type: str) -> None:
    counted = tally(Sent(noon(TODAY), TODAY - 2), Said(noon(TODAY), TODAY - 2))
    charge = WRONG._replace(subject_type=subject_type)
    [name] = counted.subjects.names(subject_type)

    assert counted.units(charge, name) == {TODAY - 2: 1}
    assert counted.reports(charge, name) == {TODAY - 2: 1}


def test_a_report_counts_for_its_own_defect_alone() -> None:
    counted = tally(Said(noon(TODAY), TODAY))

    assert counted.counts.heard == [1] + [0] * (len(DEFECTS) - 1)
    assert counted.reports(charge_of("defective", "sku"), "sku-1") == {}


def test_a_unit_without_a_sku_counts_for_the_rest_of_its_cell() -> None:
    cell = HERE._replace(item=HERE.item._replace(sku=""))
    counted = tally(Sent(noon(TODAY), TODAY, cell), Said(noon(TODAY), TODAY, cell=cell))
    seller = WRONG._replace(subject_type="seller")

    assert counted.subjects.names("sku") == ["sku-1"]  # as its batch says
    assert counted.units(WRONG, "sku-1") == counted.reports(WRONG, "sku-1") == {}
    assert counted.units(seller, "seller-1") == counted.reports(seller, "seller-1") == {TODAY: 1}


def test_a_buyer_counts_once_per_subject_and_cohort() -> None:
    said = [Said(noon(TODAY), TODAY - n % 2, buyer=7, name=f"o-{n}/1") for n in range(6)]
    other = Said(noon(TODAY), TODAY, buyer=7, cell=OTHER)
    counted = tally(*said, other)
    seller = WRONG._replace(subject_type="seller")

    assert counted.reports(WRONG, "sku-1") == {TODAY: 1, TODAY - 1: 1}
    assert counted.reports(WRONG, "sku-2") == {TODAY: 1}
    assert counted.reports(seller, "seller-1") == {TODAY: 1, TODAY - 1: 1}


def test_buyers_of_cohorts_that_left_the_window_are_not_told_apart() -> None:
    old = TODAY - WINDOW
    said = [Said(noon(TODAY), old + n, buyer=7, name=f"o-{n}-{i}/1") for n in (0, 1) for i in "ab"]

    assert tally(*said).reports(WRONG, "sku-1") == {-1: 2, old + 1: 1}


def test_what_is_taken_back_is_counted_no_more() -> None:
    said = Said(noon(TODAY), TODAY, buyer=7)
    sent = Sent(noon(TODAY), TODAY)
    counted = tally(sent, sent._replace(units=-1), said, said.taken_back(noon(TODAY) + 1))

    assert counted.everything() == {}
    assert counted.counts.heard[WRONG.defect] == 0


def test_counts_are_never_shown_below_nothing() -> None:
    counted = tally(Sent(noon(TODAY), TODAY, units=-1), Said(noon(TODAY), TODAY, units=-1))

    assert counted.everything() == {}


def test_the_first_cohort_day_is_known_by_clock() -> None:
    days = [TODAY - 3, TODAY, TODAY - 7]
    counted = tally(*(Sent(noon(TODAY), day) for day in days))
    counted.hear(Sent(noon(TODAY) + 1, TODAY - 5))
    counted.count()

    assert counted.counts.first_day == {Clock.SHIPPED: TODAY - 7}


def test_memory_is_what_the_rings_hold() -> None:
    empty, counted = Tally().counts, tally(Sent(noon(TODAY), TODAY)).counts

    assert empty.nbytes == 0
    assert counted.nbytes == sum(rings.nbytes for rings in counted.units.values()) > 0


# ----- days -----


@pytest.mark.parametrize(
    ("passed", "found"),
    [
        (0, {TODAY: 1, TODAY - 1: 1}),
        (WINDOW - 2, {TODAY: 1, TODAY - 1: 1}),
        (WINDOW - 1, {TODAY: 1, -1: 1}),
        (WINDOW, {-1: 2}),
        (10 * WINDOW, {-1: 2}),
    ],
)
def test_cohorts_that_leave_the_window_are_summed(passed: int, found: dict[int, int]) -> None:
    counted = tally(*(Sent(noon(TODAY), TODAY - n) for n in (0, 1)))
    counted.begin(TODAY + passed)

    assert counted.units(WRONG, "sku-1") == found


@settings(max_examples=20)
@given(st.integers(1, 3 * WINDOW), st.data())
def test_days_passed_over_at_once_are_as_days_that_begin_one_by_one(
    days: int, data: st.DataObject
) -> None:
    span = data.draw(st.tuples(st.integers(0, WINDOW), st.integers(0, WINDOW)).map(sorted))
    one, other = tally(*a_week_of(2, 1, TODAY - 9)), tally(*a_week_of(2, 1, TODAY - 9))
    row = int(one.row(WRONG, "sku-1")[0])
    for some in (one, other):
        some.counts.excise(WRONG, row, Span(TODAY - span[1], TODAY - span[0]))
    one.begin(TODAY + days)
    for day in range(TODAY + 1, TODAY + days + 1):
        other.begin(day)

    assert one.everything() == other.everything()


def test_a_buyer_is_a_new_voice_for_whoever_is_sold_a_window_later() -> None:
    counted = tally(Said(noon(TODAY), TODAY, buyer=7))
    later = TODAY + 2 * WINDOW
    counted.begin(later)
    counted.hear(Said(noon(later), TODAY, buyer=7, name="o-2/1"), Said(noon(later), later, buyer=7))
    counted.count()

    assert counted.reports(WRONG, "sku-1") == {-1: 2, later: 1}


# ----- incidents -----


def test_an_excision_covers_both_of_its_ends() -> None:
    excision = Excision([Span(3, 5), Span(9, 9)])

    assert [day for day in range(12) if excision.covers(day)] == [3, 4, 5, 9]


def test_an_excision_forgets_what_is_over() -> None:
    excision = Excision([Span(3, 5), Span(4, 9)])
    excision.forget(6)

    assert excision.spans == [Span(4, 9)]
    assert [day for day in range(12) if excision.covers(day)] == [4, 5, 6, 7, 8, 9]


def explained(*news: News, span: Span, today: int) -> Tally:
    """Return what is counted on ``today``, after an incident of the SKU was closed on day 10."""
    counted = Tally(TODAY)
    counted.hear(*news)
    for day in range(TODAY, today + 1):
        if day > TODAY:
            counted.begin(day)
        counted.count()
        if day == TODAY + 10:
            counted.counts.excise(WRONG, int(counted.row(WRONG, "sku-1")[0]), span)
    return counted


FAULT = Span(TODAY + 2, TODAY + 4)


@pytest.mark.parametrize("passed", [10, WINDOW + 1, WINDOW + 3, 2 * WINDOW])
def test_cohorts_that_an_incident_explains_are_as_if_nothing_had_been_sent(passed: int) -> None:
    today = TODAY + passed
    news = [*a_week_of(5, 1), *(one._replace(cell=OTHER) for one in a_week_of(3, 2))]
    sound = [n for n in news if n.cell == OTHER or not FAULT.first <= n.day <= FAULT.last]
    counted, without = explained(*news, span=FAULT, today=today), Tally(TODAY)
    without.live(sound, today)

    for sku in ("sku-1", "sku-2"):
        assert counted.units(WRONG, sku) == without.units(WRONG, sku)
        assert counted.reports(WRONG, sku) == without.reports(WRONG, sku)


@pytest.mark.parametrize("age", [0, 7])
@pytest.mark.parametrize("passed", [10, WINDOW + 3, 2 * WINDOW])
def test_cohorts_that_an_incident_explains_say_nothing_of_what_is_usual(
    passed: int, age: int
) -> None:
    counted = explained(*a_week_of(5, 1), span=FAULT, today=TODAY + passed)
    came, matured = counted.counts.histories(WRONG, AT_ONCE, age)

    settled = 4 if age == 0 or passed > age + 6 else 2
    assert (came[0], matured[0]) == (settled, 5.0 * settled)


def test_only_the_charge_that_was_cleared_up_is_explained() -> None:
    counted = explained(*a_week_of(5, 1), span=FAULT, today=TODAY + 10)
    others = [charge_of("defective", "sku"), WRONG._replace(subject_type="seller")]

    assert len(counted.units(WRONG, "sku-1")) == 4
    assert [len(counted.units(c, counted.subjects.names(c.subject_type)[0])) for c in others] == [
        7,
        7,
    ]


def test_a_subject_of_which_nothing_was_sent_may_be_cleared_up_as_well() -> None:
    counted = tally(Sent(noon(TODAY), TODAY))
    row = counted.row(WRONG, "never sent") + 5_000
    counted.counts.excise(WRONG, int(row[0]), Span(TODAY, TODAY))
    counted.begin(TODAY + WINDOW)

    assert counted.counts.cohorts(WRONG, row).older_units.tolist() == [0]


def test_two_incidents_of_one_subject_explain_each_cohort_once() -> None:
    counted = tally(*(Sent(noon(TODAY), TODAY - n) for n in range(6)))
    row = int(counted.row(WRONG, "sku-1")[0])
    for span in (Span(TODAY - 5, TODAY - 3), Span(TODAY - 4, TODAY - 2)):
        counted.counts.excise(WRONG, row, span)
    before = counted.units(WRONG, "sku-1")
    counted.begin(TODAY + WINDOW)

    assert before == {TODAY - 1: 1, TODAY: 1}
    assert counted.units(WRONG, "sku-1") == {-1: 2}


def test_reports_of_waived_cohorts_count_no_more_even_when_they_leave_the_window() -> None:
    news = [Sent(noon(TODAY), TODAY - n) for n in range(3)]
    counted = tally(*news, *(Said(noon(TODAY), TODAY - n, name=f"o-{n}/1") for n in range(3)))
    row = int(counted.row(WRONG, "sku-1")[0])
    counted.counts.waivers.add(WRONG, row, Span(TODAY - 2, TODAY - 1))
    counted.counts.waivers.add(WRONG, row, Span(TODAY - 2, TODAY - 1))
    before = counted.reports(WRONG, "sku-1")
    counted.begin(TODAY + WINDOW)

    assert before == {TODAY: 1}
    assert counted.reports(WRONG, "sku-1") == {-1: 1}
    assert counted.units(WRONG, "sku-1") == {-1: 3}


def test_a_waived_cohort_that_an_incident_explains_is_left_out_once() -> None:
    counted = tally(*(Said(noon(TODAY), TODAY - n, name=f"o-{n}/1") for n in range(3)))
    row = int(counted.row(WRONG, "sku-1")[0])
    counted.counts.excise(WRONG, row, Span(TODAY - 1, TODAY - 1))
    counted.counts.waivers.add(WRONG, row, Span(TODAY - 1, TODAY))
    counted.begin(TODAY + WINDOW)

    assert counted.reports(WRONG, "sku-1") == {-1: 1}


def test_evidence_that_is_not_counted_yet_is_concealed_likewise() -> None:
    counted = tally(Sent(noon(TODAY), TODAY))
    row = counted.row(WRONG, "sku-1")
    counted.counts.excise(WRONG, int(row[0]), Span(TODAY - 3, TODAY - 1))
    rows, units, reports = np.repeat(row, 2), *np.ones((2, 2, WINDOW), np.int64)
    counted.counts.conceal(WRONG, rows, units, reports)

    assert np.flatnonzero(units[0] == 0).tolist() == np.flatnonzero(reports[1] == 0).tolist()
    assert np.flatnonzero(units[0] == 0).tolist() == [1, 2, 3]


# ----- histories -----


def test_a_history_is_all_reports_and_all_units_that_have_had_time() -> None:
    old = TODAY - WINDOW - 3
    news = [Sent(noon(TODAY), day) for day in (TODAY, TODAY - 1, TODAY - 1, old)]
    said = [Said(noon(TODAY), day, name=f"o-{day}/1") for day in (TODAY, TODAY - 1, old)]
    curve = np.full(WINDOW, 0.5)
    came, matured = tally(*news, *said).counts.histories(WRONG, curve)

    assert (came[0], matured[0]) == (3, 2.5)


def test_a_settled_history_leaves_young_cohorts_out() -> None:
    news = [Sent(noon(TODAY), TODAY - n) for n in range(5)]
    said = [Said(noon(TODAY), TODAY - n, name=f"o-{n}/1") for n in range(5)]
    came, matured = tally(*news, *said).counts.histories(WRONG, AT_ONCE, 3)

    assert (came[0], matured[0]) == (2, 2.0)


def test_whoever_was_only_reported_has_a_history_without_units() -> None:
    came, matured = tally(Said(noon(TODAY), TODAY)).counts.histories(WRONG, AT_ONCE)

    assert (came[0], matured[0]) == (1, 0.0)


# ----- one answer -----

CELLS: list[Cell] = [
    HERE,
    OTHER,
    HERE._replace(place=HERE.place._replace(warehouse="w-2")),
    HERE._replace(lane=HERE.lane._replace(region="BY")),
]
sent = st.builds(
    Sent,
    st.integers(noon(TODAY), noon(TODAY + 3)),
    st.integers(TODAY - WINDOW - 1, TODAY + 4),
    st.sampled_from(CELLS),
    st.sampled_from(Clock),
    st.just(1),
)
said = st.builds(
    Said,
    st.integers(noon(TODAY), noon(TODAY + 3)),
    st.integers(TODAY - 2, TODAY + 4),
    st.integers(0, 2),
    st.sampled_from(CELLS),
    st.sampled_from(["o-1/1", "o-2/1", "o-3/1"]),
    st.sampled_from([0, 1, 9, 13, 14]),
    st.just(""),
    st.just(1),
)


@settings(max_examples=20)
@given(st.lists(sent, max_size=12), st.lists(said, max_size=8), st.integers(0, 8), st.randoms())
def test_neither_order_nor_pieces_nor_partitions_change_what_is_counted(
    units: list[Sent], voices: list[Said], back: int, chance: Random
) -> None:
    gone = [one.taken_back(one.at + chance.randint(0, 10**8)) for one in voices[:back]]
    news: list[News] = [*units, *voices, *gone]
    one, other = Tally(), Tally()
    one.live(news, TODAY + 6)
    chance.shuffle(news)
    for until in range(noon(TODAY) + 6 * HOUR, (TODAY + 7) * DAY + 1, 6 * HOUR):
        if (until - 1) // DAY > other.counts.today:
            other.count()
            other.begin(other.counts.today + 1)
        for source in range(2):
            fresh = [one for one in news if until - 6 * HOUR <= one.at < until]
            other.hear(
                *(one for one in fresh if CELLS.index(one.cell) % 2 == source), source=source
            )
        other.count(until)

    assert other.everything() == one.everything()
