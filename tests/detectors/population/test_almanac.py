from collections.abc import Iterator, Sequence
from dataclasses import fields

import numpy as np
import pytest

from detectors.observations import Clock
from detectors.population.almanac import LEARNING_DAYS, LEAST, NEARLY_NONE, SETTLED_AGE, Almanac
from detectors.population.budgets import Rungs
from detectors.population.counts import Charge, Span
from detectors.population.defects import DEFECTS
from detectors.population.delays import ASSUMED, AT_ONCE, ENOUGH
from detectors.population.evidence import WINDOW
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
)

WRONG = charge_of("wrong_item", "sku")
PAIR = charge_of("wrong_item", "sku_warehouse")
SELLER = charge_of("wrong_item", "seller")
LATE = charge_of("late", "region")

UNKNOWN = np.array([-1])


def a_cell(sku: str, category: str) -> Cell:
    item = HERE.item._replace(sku=sku, category=category, size="")
    return Cell(item, HERE.place._replace(sku=sku), HERE.lane)


SHIRTS = [a_cell(f"shirt-{n}", "shirts") for n in range(6)]
SHOES = [a_cell(f"shoe-{n}", "shoes") for n in range(6)]


def sold(days: range, cells: Sequence[Cell], units: int = 10, bad: int = 0) -> list[News]:
    """Return ``units`` of each cell a day, of which ``bad`` are reported on the same day."""
    found: list[News] = []
    for day in days:
        for cell in cells:
            found += [Sent(noon(day), day, cell) for _ in range(units)]
            found += [
                Said(noon(day), day, 0, cell, f"{cell.item.sku} {day} {n}/1") for n in range(bad)
            ]
    return found


def frozen(tally: Tally, open_rows: dict[Charge, set[int]] | None = None) -> Almanac:
    return tally.learning.freeze(tally.counts, tally.subjects, open_rows or {})


def lived(news: Sequence[News], until: int) -> Tally:
    """Return the tally at the beginning of the day ``until``."""
    found = Tally()
    found.live(news, until - 1)
    found.begin(until)
    return found


def days_of(news: Sequence[News], until: int) -> Iterator[tuple[Tally, Almanac]]:
    """Yield what is counted and frozen as each day begins."""
    tally = Tally()
    tally.hear(*news)
    tally.count()
    for day in range(TODAY + 1, until + 1):
        tally.begin(day)
        yield tally, frozen(tally)
        tally.count()


MONTH = range(TODAY, TODAY + 30)
WORLD = [*sold(MONTH, SHIRTS, 10, 1), *sold(MONTH, SHOES[:5], 10), *sold(MONTH, SHOES[5:], 20, 1)]


# ----- from when on -----


def test_nothing_is_judged_before_there_is_a_fortnight_of_history() -> None:
    days = {almanac.day: almanac for _, almanac in days_of(WORLD, TODAY + LEARNING_DAYS)}

    assert days[TODAY + LEARNING_DAYS - 1].rungs == {}
    assert WRONG in days[TODAY + LEARNING_DAYS].rungs


def test_a_defect_that_nobody_reported_is_not_judged() -> None:
    almanac = frozen(lived(WORLD, TODAY + 20))

    assert {charge.defect for charge in almanac.rungs} == {WRONG.defect}
    assert almanac.pooled[1:] == (NEARLY_NONE,) * (len(DEFECTS) - 1)


def test_only_what_a_defect_is_charged_to_is_judged() -> None:
    almanac = frozen(lived(WORLD, TODAY + 20))

    assert {c.subject_type for c in almanac.rungs} == set(DEFECTS[WRONG.defect].charged)


def test_without_any_history_there_is_only_what_is_assumed() -> None:
    almanac = frozen(Tally())

    assert (almanac.rungs, almanac.fits, almanac.rates) == ({}, {}, {})
    assert set(almanac.pooled) == {NEARLY_NONE}
    assert all((swell == 1).all() for swell in almanac.swells)


# ----- curves and waves -----


def test_outcomes_need_no_time_and_reports_the_time_that_is_assumed() -> None:
    almanac = frozen(Tally())
    learnt = [d.clock in (Clock.SHIPPED, Clock.PARCEL) for d in DEFECTS]

    assert [c.version == ASSUMED.version for c in almanac.curves] == learnt
    assert [c.version == AT_ONCE.version for c in almanac.curves] == [not one for one in learnt]


def test_a_curve_is_learnt_from_enough_reports() -> None:
    few, many = (lived(sold(range(TODAY, TODAY + 10), SHIRTS, 10, n), TODAY + 30) for n in (4, 5))
    shares = frozen(many).curves[WRONG.defect].shares

    assert frozen(few).curves[WRONG.defect].version == ASSUMED.version
    assert few.counts.heard[WRONG.defect] < ENOUGH <= many.counts.heard[WRONG.defect]
    assert shares.tolist() == pytest.approx([1.0] * WINDOW)


def test_reports_taken_back_or_of_days_to_come_teach_no_delay() -> None:
    news = sold(range(TODAY, TODAY + 10), SHIRTS, 0, 5)
    more = [n.taken_back(n.at + 9) for n in news if isinstance(n, Said)]
    early = Tally()
    early.hear(*(n._replace(day=TODAY + 3) for n in news[:1]))
    _, voices = early.told.take(noon(TODAY + 9))
    early.learning.record(voices, np.array([TODAY]))

    assert frozen(lived([*news, *more], TODAY + 30)).curves[0].shares.tolist() == pytest.approx(
        frozen(lived(news, TODAY + 30)).curves[0].shares.tolist()
    )
    assert frozen(early).curves[0].version == ASSUMED.version


def test_a_day_on_which_everybody_reports_more_is_expected_of_everybody_but_the_market() -> None:
    wave = TODAY + 25
    quiet = sold(MONTH, SHIRTS, 40, 2)
    loud = [one._replace(name=f"again {one.name}") for one in quiet
            if isinstance(one, Said) and one.day == wave for _ in range(20)]  # fmt: skip
    almanac = frozen(lived([*quiet, *loud], TODAY + 30))
    swell, age = almanac.swells[WRONG.defect], TODAY + 30 - wave
    shares = almanac.curves[WRONG.defect].shares

    assert np.argmax(swell) == age
    assert swell[age] > 3
    assert (swell >= 1).all()
    assert almanac.curve(WRONG).tolist() == (shares * swell).tolist()
    assert almanac.curve(WRONG._replace(subject_type="market")).tolist() == shares.tolist()


# ----- what is usual -----


def usual_rate(almanac: Almanac, charge: Charge, tally: Tally, sku: str) -> float:
    prior = almanac.prior(charge, tally.row(WRONG, sku))
    return float(prior.a[0] / prior.b[0])


def test_what_is_usual_is_usual_in_a_category() -> None:
    tally = lived(WORLD, TODAY + 20)
    almanac = frozen(tally)
    shirt, shoe = (usual_rate(almanac, WRONG, tally, name) for name in ("shirt-1", "shoe-1"))

    assert shirt > 2 * shoe > 0
    assert usual_rate(almanac, PAIR, tally, "shirt-1") == shirt


def test_where_no_category_is_known_all_of_them_together_are_usual() -> None:
    tally = lived(WORLD, TODAY + 20)
    almanac = frozen(tally)
    pooled = almanac.prior(WRONG, UNKNOWN)
    shirt, shoe = (usual_rate(almanac, WRONG, tally, name) for name in ("shirt-1", "shoe-1"))
    beyond = almanac.prior(WRONG, np.array([10_000]))

    assert shoe < pooled.a[0] / pooled.b[0] < shirt
    assert (beyond.a[0], beyond.b[0]) == (pooled.a[0], pooled.b[0])


def test_a_category_younger_than_the_fit_is_taken_as_all_together() -> None:
    hats = [a_cell("hat-1", "hats")]
    tally = Tally()
    tally.hear(*WORLD, *sold(range(TODAY + 16, TODAY + 18), hats))
    for day in range(TODAY, TODAY + 19):
        if day > TODAY:
            tally.begin(day)
            almanac = frozen(tally)
        tally.count()
    pooled = almanac.prior(WRONG, UNKNOWN)

    assert almanac.categories[tally.row(WRONG, "hat-1")[0]] >= 0
    assert usual_rate(almanac, WRONG, tally, "hat-1") == pooled.a[0] / pooled.b[0]


def test_of_several_categories_of_a_sku_the_first_by_name_counts() -> None:
    for order in (["hats", "caps"], ["caps", "hats"]):
        tally = lived([Sent(noon(TODAY), TODAY, a_cell("a", name)) for name in order], TODAY + 1)
        tally.hear(Sent(noon(TODAY + 1), TODAY + 1, a_cell("a", "hats")))
        tally.count()
        almanac = frozen(tally)
        [row] = almanac.categories[tally.row(WRONG, "a")].tolist()

        assert tally.subjects.name("category", row) == "caps"


def test_a_seller_is_measured_by_sellers() -> None:
    others = [cell._replace(item=cell.item._replace(seller_id=f"s-{n % 3}"))
              for n, cell in enumerate(SHIRTS)]  # fmt: skip
    one = frozen(lived(sold(MONTH, SHIRTS, 10, 1), TODAY + 20)).fits[SELLER]
    many = frozen(lived(sold(MONTH, others, 10, 1), TODAY + 20)).fits[SELLER]

    assert [len(one), len(many)] == [1, 1]
    assert one[0].a == 40
    assert one[0].a / one[0].b == pytest.approx(0.1, rel=0.2)
    assert many[0].a / many[0].b == pytest.approx(0.1, rel=0.2)


def test_whoever_has_an_open_problem_teaches_nothing() -> None:
    bad = sold(MONTH, SHIRTS[:1], 10, 9)
    news = [*bad, *sold(MONTH, SHIRTS[1:], 10, 1)]
    tally, other = lived(news, TODAY + 20), lived(news, TODAY + 20)
    open_rows = {WRONG: {int(tally.row(WRONG, "shirt-0")[0])}}
    taught, spared = frozen(other), frozen(tally, open_rows)

    assert usual_rate(spared, WRONG, tally, "shirt-1") < usual_rate(taught, WRONG, tally, "shirt-1")


def test_cohorts_that_an_incident_explains_are_not_what_is_usual_of_a_sku() -> None:
    news = sold(MONTH, SHIRTS, 10, 1)
    fault = range(TODAY + 10, TODAY + 15)
    more = [Said(noon(d), d, 0, SHIRTS[0], f"bad {d} {n}/1") for d in fault for n in range(9)]
    rates = []
    for explain in (False, True):
        tally = lived([*news, *more], TODAY + 60)
        [row] = tally.row(WRONG, "shirt-0").tolist()
        if explain:
            tally.counts.excise(WRONG, row, Span(fault[0], fault[-1]))
        rates.append(float(frozen(tally).rates[WRONG.defect][row]))

    assert rates[0] > 2 * rates[1]


def test_fits_are_renewed_once_a_week_and_only_when_they_have_been_outgrown() -> None:
    news = sold(range(TODAY, TODAY + 90), SHIRTS, 4, 1)
    found = {a.day: a.fits[WRONG] for _, a in days_of(news, TODAY + 70) if WRONG in a.fits}
    renewed = [day for day in found if day - 1 in found and found[day] is not found[day - 1]]

    assert renewed
    assert {day % 7 for day in renewed} == {0}
    assert len(renewed) < 7


def test_what_was_usual_of_a_sku_is_known_from_settled_cohorts() -> None:
    young = TODAY + 60 - SETTLED_AGE + 1
    calm = sold(range(TODAY, young), SHIRTS, 10, 1)
    fault = sold(range(young, TODAY + 60), SHIRTS[:1], 10, 9)
    tally = lived([*calm, *fault], TODAY + 60)
    rates = frozen(tally).rates[WRONG.defect]
    rows = [int(tally.row(WRONG, cell.item.sku)[0]) for cell in SHIRTS]

    assert rates[rows].tolist() == pytest.approx([0.1] * len(rows), rel=0.1)


# ----- thresholds -----


def test_even_a_small_shop_asks_for_the_least_evidence() -> None:
    almanac = frozen(lived(WORLD, TODAY + 20))

    assert almanac.rungs[WRONG] == Rungs.of(LEAST, 1)
    assert almanac.rungs[WRONG._replace(subject_type="warehouse")] == Rungs.of(LEAST, 1)


def test_before_a_month_has_passed_every_subject_is_taken_to_be_sold_every_day() -> None:
    many = [a_cell(f"sku-{n}", "shirts") for n in range(4_000)]
    news = [Sent(noon(TODAY), TODAY, cell) for cell in many]
    said = sold(range(TODAY, TODAY + 15), many[:2], 0, 1)
    almanac = frozen(lived([*news, *said], TODAY + 15))

    assert almanac.rungs[WRONG] == Rungs.of(29 * len(many), 1)


def test_once_a_month_has_passed_only_who_was_sold_counts() -> None:
    many = [a_cell(f"sku-{n}", "shirts") for n in range(4_000)]
    news = [Sent(noon(TODAY), TODAY, cell) for cell in many]
    *_, (_, almanac) = days_of([*news, *sold(range(TODAY, TODAY + 40), many[:1], 1, 1)], TODAY + 40)

    assert almanac.rungs[WRONG] == Rungs.of(LEAST, 1)


# ----- frozen -----


def plain(almanac: Almanac) -> str:
    """Return all that is frozen, number by number."""
    return repr([getattr(almanac, field.name) for field in fields(almanac)])


def test_what_is_frozen_on_a_day_does_not_depend_on_what_comes_later_that_day() -> None:
    today = TODAY + 20
    surprise = sold(range(today, today + 1), [*SHIRTS, a_cell("new", "hats")], 50, 40)
    with np.printoptions(threshold=100_000):
        quiet = lived(sold(range(TODAY, today), SHIRTS, 10, 1), today)
        other = lived(sold(range(TODAY, today), SHIRTS, 10, 1), today)
        before, told = frozen(quiet), None
        other.hear(*surprise)
        told = frozen(other)
        as_frozen = plain(before)
        quiet.hear(*surprise)
        quiet.count()

        assert plain(told) == plain(before) == as_frozen


def test_its_version_is_the_same_from_any_partitions_in_any_order() -> None:
    news = [one for one in WORLD if one.day < TODAY + 20]
    split = Tally()
    for source in range(3):
        split.hear(*[one for one in reversed(news) if hash(one.cell) % 3 == source], source=source)
    split.live([], TODAY + 19)
    split.begin(TODAY + 20)

    assert frozen(split).version == frozen(lived(news, TODAY + 20)).version


def test_its_version_tells_days_and_knowledge_apart() -> None:
    versions = [
        frozen(lived(WORLD, TODAY + 20)).version,
        frozen(lived(WORLD, TODAY + 21)).version,
        frozen(lived(sold(MONTH, SHIRTS, 10, 2), TODAY + 20)).version,
    ]

    assert len(set(versions)) == len(versions)


def test_outcomes_are_judged_by_their_own_clock() -> None:
    units = [Sent(noon(day), day, clock=Clock.PROMISED) for day in MONTH for _ in range(9)]
    late = [Said(noon(day), day, name=f"o-{day}/1", defect=LATE.defect) for day in MONTH]
    almanac = frozen(lived([*units, *late], TODAY + 20))

    assert set(almanac.rungs) == {LATE, LATE._replace(subject_type="market")}
    assert almanac.pooled[LATE.defect] == pytest.approx(1 / 9)
