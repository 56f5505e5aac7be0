"""Who is guilty: the fault's own dimension is the root, whoever only shares it is under it."""

from collections.abc import Callable, Sequence

import pytest

from detectors.observations import Clock
from detectors.population.standing import Step
from detectors.population.testing import WRONG_ITEM, Shop, Unit, changes_of, defect_of, newest
from schemas.problems import Problem
from schemas.times import DAY

D0 = 20_000
ONSET, END = D0 + 22, D0 + 30
LOST = defect_of("lost", "lane")
ON_THE_WAY, AT_ALL = defect_of("late", "lane"), defect_of("late", "market")


def a_shop(clock: Clock, defect: int) -> Shop:
    """Return a shop of which now and then a unit is reported with a defect."""
    shop = Shop.selling(range(D0, END), clock=clock)
    return Shop(shop.units).where(set(shop.units[::89]).__contains__, defect)


IsBad = Callable[[Unit], bool]


def a_third(unit: Unit) -> bool:
    return (unit.day + int(unit.name.split("-")[2]) + int(unit.name[-3])) % 3 == 0


FAULTS: dict[str, tuple[str, str, int, Clock, IsBad]] = {
    "a SKU": ("sku", "sku-7", WRONG_ITEM, Clock.SHIPPED, lambda u: u.item.sku == "sku-7"),
    "a bin": ("bin", "W-1/bin-7", WRONG_ITEM, Clock.SHIPPED,
              lambda u: u.item.sku == "sku-7" and u.place.warehouse == "W-1"),
    "a warehouse": ("warehouse", "W-1", WRONG_ITEM, Clock.SHIPPED,
                    lambda u: u.place.warehouse == "W-1" and a_third(u)),
    "a seller": ("seller", "S-3", WRONG_ITEM, Clock.SHIPPED,
                 lambda u: u.item.seller_id == "S-3" and a_third(u)),
    "a lane": ("lane", "from W-1->R-2", LOST, Clock.PARCEL,
               lambda u: u.lane.name == "from W-1->R-2"),
    "a carrier": ("carrier", "C-1", LOST, Clock.PARCEL,
                  lambda u: u.lane.carrier == "C-1" and a_third(u)),
}  # fmt: skip


def found(shop: Shop) -> list[Problem]:
    return newest(changes_of(shop, until=END * DAY))


def facts(problem: Problem) -> dict[str, object]:
    return {item.fact: item.value for item in problem.evidence}


PUBLISHED = {step.kind for step in Step}
"""Sellers are held to published standards as well; those are not asked here."""


def roots(problems: Sequence[Problem]) -> list[Problem]:
    """Return open problems from hold on that evidence opened and that are under no other one."""
    asked = [p for p in problems if p.kind not in PUBLISHED and "watch" not in p.kind]
    return [p for p in asked if p.parent is None and p.is_open]


def after(onset: int, is_bad: IsBad) -> IsBad:
    return lambda unit: unit.day >= onset and is_bad(unit)


@pytest.mark.parametrize("name", FAULTS)
def test_one_fault_is_one_root_problem_about_the_faulty(name: str) -> None:
    subject_type, subject, defect, clock, is_bad = FAULTS[name]
    usual = a_shop(clock, defect)
    problems = found(usual.where(after(ONSET, is_bad), defect))

    assert {(p.subject_type, p.subject) for p in roots(problems)} == {(subject_type, subject)}
    assert len({p.subject_type for p in problems}) > 1


def test_the_problems_of_the_others_are_under_it_and_name_it_as_the_likelier_cause() -> None:
    shop = a_shop(Clock.SHIPPED, WRONG_ITEM).where(after(ONSET, FAULTS["a SKU"][-1]))
    problems = found(shop)
    top = next(p for p in problems if p.kind == "sku-wrong-item")
    bins = [p for p in problems if p.kind == "bin-wrong-item"]

    assert {p.subject for p in bins} == {"W-0/bin-7", "W-1/bin-7"}
    assert {p.parent for p in bins} == {top.id}
    assert {facts(p)["runner_up"] for p in bins} == {"sku sku-7"}


def test_the_guilty_one_says_who_else_was_likely_and_how_likely() -> None:
    shop = a_shop(Clock.PARCEL, LOST).where(after(ONSET, FAULTS["a lane"][-1]), LOST)
    [lane] = [p for p in found(shop) if p.kind == "lane-lost" and p.parent is None]

    assert str(facts(lane)["runner_up"]).startswith("carrier C-")
    assert float(str(facts(lane)["runner_up_score"])) > 0


def test_two_faults_at_once_are_two_roots() -> None:
    def two(unit: Unit) -> bool:
        return unit.item.sku in {"sku-7", "sku-20"}

    problems = found(a_shop(Clock.SHIPPED, WRONG_ITEM).where(after(ONSET, two)))

    assert {p.subject for p in roots(problems)} == {"sku-7", "sku-20"}


# ----- waves -----------------------------------------------------------------------------------


def wave(is_hit: IsBad) -> list[Problem]:
    """Return the problems of a shop in which a third of such promises is broken from ONSET on."""
    shop = a_shop(Clock.PROMISED, AT_ALL)
    shop = shop.where(set(shop.units[::89]).__contains__, ON_THE_WAY)
    for defect in (AT_ALL, ON_THE_WAY):
        shop = shop.where(after(ONSET, lambda unit: a_third(unit) and is_hit(unit)), defect)
    return found(shop)


def test_a_wave_over_the_whole_market_is_one_problem_with_lanes_and_regions_under_it() -> None:
    problems = wave(lambda _: True)
    [market] = roots(problems)

    assert (market.kind, market.subject) == ("market-late", "*")
    assert {"lane", "region", "carrier"} <= {p.subject_type for p in problems}
    assert {p.parent for p in problems if p.subject_type == "lane"} == {market.id}
    assert not any(p.subject_type in {"seller", "sku"} for p in problems)


def test_a_wave_in_one_region_is_one_problem_of_the_region() -> None:
    problems = wave(lambda unit: unit.lane.region == "R-2")

    assert {(p.kind, p.subject) for p in roots(problems)} == {("region-late", "R-2")}
    assert {p.subject_type for p in problems if p.parent} >= {"lane"}


# ----- swaps -----------------------------------------------------------------------------------


def swapped(found_in: dict[str, str]) -> dict[str, object]:
    """Return what each SKU's problem says it was swapped with; ``found_in`` is what came."""
    shop = a_shop(Clock.SHIPPED, WRONG_ITEM)
    for sku, came in found_in.items():
        shop = shop.where(after(ONSET, lambda u, sku=sku: u.item.sku == sku), found=came)  # type: ignore[misc]
    return {
        p.subject: facts(p).get("swapped_with") for p in found(shop) if p.kind == "sku-wrong-item"
    }


def test_skus_that_came_instead_of_each_other_name_each_other() -> None:
    assert swapped({"sku-7": "sku-20", "sku-20": "sku-7"}) == {
        "sku-7": "sku-20",
        "sku-20": "sku-7",
    }


def test_who_came_instead_but_was_never_wrong_itself_is_no_swap() -> None:
    assert swapped({"sku-7": "sku-20"}) == {"sku-7": None}


# ----- what is under one article ---------------------------------------------------------------


def test_whoever_of_one_article_was_named_first_stays_the_root() -> None:
    one_bin = after(ONSET, FAULTS["a bin"][-1])
    both = after(ONSET + 3, FAULTS["a SKU"][-1])
    shop = a_shop(Clock.SHIPPED, WRONG_ITEM).where(lambda u: one_bin(u) or both(u))
    top = {p.kind: p for p in found(shop) if p.subject in {"sku-7", "W-1/bin-7"}}

    assert top["bin-wrong-item"].parent is None
    assert top["sku-wrong-item"].parent == top["bin-wrong-item"].id


# ----- who is under whom stays so --------------------------------------------------------------


def test_nothing_is_put_under_what_is_under_it_when_the_blame_turns_around() -> None:
    first = after(ONSET - 4, lambda unit: unit.item.sku == "sku-3")
    then = after(ONSET, lambda unit: unit.item.seller_id == "S-3" and a_third(unit))
    shop = a_shop(Clock.SHIPPED, WRONG_ITEM).where(lambda u: first(u) or then(u))
    problems = found(shop)
    every = {problem.id: problem for problem in problems}
    sku = next(p for p in problems if p.subject == "sku-3" and p.kind == "sku-wrong-item")
    others = [p for p in problems if p.subject in {"sku-9", "sku-15", "sku-21"}]

    assert sku.parent is None
    assert {every[p.parent or ""].subject for p in others if "watch" not in p.kind} >= {"S-3"}


def test_whether_cells_are_ticked_off_or_sorted_changes_no_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    *_, is_bad = FAULTS["a bin"]
    shop = a_shop(Clock.SHIPPED, WRONG_ITEM).where(after(ONSET, is_bad))
    problems = found(shop)
    monkeypatch.setattr("detectors.population.numbering.PLACES_A_KEY", 0)

    assert found(shop) == problems
