"""Two SKUs that lie in each other's place are named as one swap."""

import pytest

from detectors.population.ladders import SWAPPED
from detectors.population.swaps import LATELY
from detectors.population.testing import Shop, a_repair, changes_of, newest
from schemas.problems import Problem
from schemas.times import DAY

D0 = 20_000
DAYS = range(D0, D0 + 10)


def sent(sku: str, day: int, instead: int) -> set[str]:
    """Return the names of the first ``instead`` units of a SKU that left on a day."""
    number = sku.partition("-")[2]
    return {f"o-{day}-{number}-{n}/1" for n in range(instead)}


def a_shop(ways: dict[tuple[str, str], int], day: int = D0 + 2) -> Shop:
    """Return a shop in which units of one SKU brought another one, so often each."""
    shop = Shop(Shop.selling(DAYS).units)
    for (sku, found), often in ways.items():
        names = sent(sku, day, often)
        shop = shop.where(lambda unit, names=names: unit.name in names, found=found)  # type: ignore[misc]
    return shop


def swaps(shop: Shop, days: int = 12, repaired: int = 0) -> list[Problem]:
    known = [a_repair(repaired * DAY, "sku-1")] if repaired else []
    changes = changes_of(shop, until=(D0 + days) * DAY, known=known)
    return [problem for problem in newest(changes) if problem.kind == SWAPPED]


BOTH_WAYS = {("sku-1", "sku-2"): 2, ("sku-2", "sku-1"): 3}


def test_two_reports_each_way_are_one_swap_named_after_the_first() -> None:
    [swap] = swaps(a_shop(BOTH_WAYS))
    said = {item.fact: item.value for item in swap.evidence}

    assert (swap.subject, said["swapped_with"]) == ("sku-1", "sku-2")
    assert (said["reports"], said["reports_of_the_other"]) == (2, 3)
    assert swap.due_at == (D0 + 2) * DAY
    assert swap.is_open


@pytest.mark.parametrize(
    "ways",
    [
        {("sku-1", "sku-2"): 4},
        {("sku-1", "sku-2"): 4, ("sku-2", "sku-1"): 1},
        {("sku-1", "sku-2"): 2, ("sku-2", "sku-3"): 2, ("sku-3", "sku-1"): 2},
        {("sku-1", "sku-1"): 4},
        {("sku-1", ""): 4},
    ],
)
def test_one_way_or_a_single_slip_is_no_swap(ways: dict[tuple[str, str], int]) -> None:
    assert swaps(a_shop(ways)) == []


def test_a_swap_is_over_when_its_reports_are_old() -> None:
    [swap] = swaps(a_shop(BOTH_WAYS), days=LATELY + 10)

    assert swap.cleared_at == (D0 + 3 + LATELY) * DAY


def test_a_repair_of_either_ends_it_and_what_left_before_begins_no_new_one() -> None:
    [swap] = swaps(a_shop(BOTH_WAYS), days=20, repaired=D0 + 9)

    assert swap.cleared_at == (D0 + 10) * DAY


def test_what_left_after_the_repair_counts_again() -> None:
    again = a_shop(BOTH_WAYS, day=D0 + 8)
    first = a_shop(BOTH_WAYS)
    shop = Shop(first.units, first.sayings + again.sayings)
    found = swaps(shop, days=20, repaired=D0 + 6)

    assert [problem.is_open for problem in found] == [False, True]


def test_how_the_shop_is_told_changes_nothing() -> None:
    shop, until = a_shop(BOTH_WAYS), (D0 + 45) * DAY
    at_once = changes_of(shop, until=until, piece=100 * DAY)

    assert changes_of(shop, until=until, piece=DAY // 4) == at_once
    assert changes_of(shop, until=until, partitions=4) == at_once
