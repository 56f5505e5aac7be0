"""What a warehouse or a bin explains is held against no seller."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from detectors.population.counts import Charge
from detectors.population.evidence import WINDOW
from detectors.population.excuses import Excuses, Fault
from detectors.population.testing import WRONG_ITEM, Shop, Unit, changes_of, defect_of, newest
from detectors.population.weighing import Subject
from schemas.problems import Problem
from schemas.times import DAY

FIRST = 20_500
BEGAN, LAST = FIRST + 20, FIRST + 34
ERRS = "W-9"
"""A warehouse from which S-0 sells everything, and S-1 and S-2 every other unit."""


def _out_of(unit: Unit, warehouse: str) -> Unit:
    seller, n = unit.item.seller_id, int(unit.name.partition("/")[0].rpartition("-")[2])
    if seller == "S-0" or (seller in ("S-1", "S-2") and n % 2):
        return unit._replace(place=unit.place._replace(warehouse=warehouse))
    return unit


def sold(warehouse: str, *, until: int = LAST) -> list[Problem]:
    """Return the problems of a shop in which a third of what left one place since BEGAN is wrong.

    ``warehouse`` is how the place is called, empty where nobody scans what leaves it.
    """
    usual = Shop.selling(range(FIRST, until))
    moved = {unit: _out_of(unit, warehouse) for unit in usual.units}
    shop = Shop(
        tuple(moved.values()),
        tuple(one._replace(unit=moved[one.unit]) for one in usual.sayings),
    )
    places = {moved[unit] for unit in usual.units if _out_of(unit, ERRS) != unit}
    bad = [unit for unit in shop.units if unit in places and unit.day >= BEGAN][::3]
    return newest(changes_of(shop.where(set(bad).__contains__), until=until * DAY))


def sellers(problems: list[Problem]) -> set[str]:
    steps = ("seller-coach", "seller-warn", "seller-cap")
    return {problem.subject for problem in problems if problem.kind in steps}


def test_what_a_warehouse_explains_is_held_against_no_seller() -> None:
    problems = sold(ERRS)

    assert "warehouse-wrong-item" in {p.kind for p in problems if p.subject == ERRS}
    assert sellers(problems) == set()


def test_where_nobody_knows_the_warehouse_it_is_the_sellers() -> None:
    assert "S-0" in sellers(sold(""))


# ----- which reports -----------------------------------------------------------------------------


@dataclass
class Found:
    """What is open, as somebody else would find it."""

    open: list[Fault]

    def faults(self, subject_type: str) -> Iterator[Fault]:
        """Yield what is open about a type."""
        return (one for one in self.open if one.subject.charge.subject_type == subject_type)


BIN = Subject(Charge(WRONG_ITEM, "bin"), 4)
HOUSE = Subject(Charge(WRONG_ITEM, "warehouse"), 1)


def excused(
    excuses: Excuses, *days: int, warehouse: int = 1, bin_: int = 4, defect: int = WRONG_ITEM
) -> list[bool]:
    """Return which reports of cohort ``days`` are excused that came out of one place."""
    ones = np.ones(len(days), np.int64)
    rows = {"warehouse": ones * warehouse, "bin": ones * bin_}
    found: list[bool] = excuses.cover(defect, rows, np.array(days)).tolist()
    return found


def noted(*faults: Fault, today: int = 30) -> tuple[Excuses, Found]:
    found = Found(list(faults))
    excuses = Excuses(found)
    excuses.note(today)
    return excuses, found


def test_reports_since_the_fault_began_are_excused_at_that_place_alone() -> None:
    excuses, _ = noted(Fault(HOUSE, 20, is_root=True))

    assert excused(excuses, 19, 20, 30) == [False, True, True]
    assert excused(excuses, 25, warehouse=2) == [False]


def test_a_bin_excuses_what_came_out_of_it() -> None:
    excuses, _ = noted(Fault(BIN, 20, is_root=True))

    assert excused(excuses, 25) == [True]
    assert excused(excuses, 25, bin_=5) == [False]


def test_a_defect_that_no_place_is_charged_with_is_never_excused() -> None:
    excuses, _ = noted(Fault(HOUSE, 20, is_root=True))

    assert excused(excuses, 25, defect=defect_of("bad_review", "seller")) == [False]


def test_what_was_excused_stays_so_after_the_fault_is_over_and_later_reports_count() -> None:
    excuses, found = noted(Fault(HOUSE, 20, is_root=True))
    found.open.clear()
    excuses.note(31)

    assert excused(excuses, 20, 30, 31) == [True, True, False]


def test_a_fault_that_begins_anew_excuses_from_its_first_day() -> None:
    excuses, found = noted(Fault(HOUSE, 20, is_root=True))
    found.open[:] = [Fault(HOUSE, 25, is_root=True)]
    excuses.note(35)

    assert excused(excuses, 20, 35) == [True, True]


def test_a_place_excuses_nobody_once_a_seller_is_found_to_be_the_cause() -> None:
    excuses, found = noted(Fault(HOUSE, 20, is_root=True))
    found.open[:] = [Fault(HOUSE, 20, is_root=False)]
    excuses.note(31)

    assert excused(excuses, 25) == [False]


def test_days_that_nobody_looks_at_any_more_are_forgotten() -> None:
    excuses, found = noted(Fault(HOUSE, 20, is_root=True))
    found.open.clear()
    excuses.note(30 + WINDOW)

    assert excused(excuses, 25) == [False]
