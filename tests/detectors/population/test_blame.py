import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.population.blame import RATIOS, Cells, Culprit, Dimension, blame

SKUS, WAREHOUSES, CARRIERS = 12, 4, 3
PLACES = np.indices((SKUS, WAREHOUSES, CARRIERS)).reshape(3, -1)
SKU, WAREHOUSE, CARRIER = PLACES
ELEMENTS = {
    "sku": SKU,
    "warehouse": WAREHOUSE,
    "carrier": CARRIER,
    "sku_warehouse": SKU * WAREHOUSES + WAREHOUSE,
    "lane": WAREHOUSE * CARRIERS + CARRIER,
}
EXPECTED = np.full(SKU.size, 0.5)


def cells(reports: np.ndarray, expected: np.ndarray = EXPECTED) -> Cells:
    dimensions = [
        Dimension(name, codes, np.arange(codes.max() + 1)) for name, codes in ELEMENTS.items()
    ]
    return Cells(dimensions, reports.astype(np.int64), expected)


def named(culprits: list[Culprit]) -> list[tuple[str, int]]:
    return [culprit.suspect.place for culprit in culprits]


@pytest.mark.parametrize("dimension", list(ELEMENTS))
def test_the_element_that_is_worse_by_a_factor_is_named_alone(dimension: str) -> None:
    guilty = ELEMENTS[dimension] == 2
    reports = np.where(guilty, 8, np.arange(SKU.size) % 2)

    assert named(blame(cells(reports))) == [(dimension, 2)]


def test_where_all_comes_as_expected_nobody_is_guilty() -> None:
    assert blame(cells(np.arange(SKU.size) % 2)) == []


def test_without_cells_nobody_is_guilty() -> None:
    none = np.zeros(0, np.int64)
    nothing = Cells([Dimension("sku", none, none)], none, none.astype(np.float64))

    assert blame(nothing) == []


def test_two_causes_are_named_one_after_the_other() -> None:
    reports = np.where(WAREHOUSE == 1, 5, np.arange(SKU.size) % 2)
    reports = np.where((SKU == 7) & (WAREHOUSE != 1), 12, reports)

    assert named(blame(cells(reports))) == [("sku", 7), ("warehouse", 1)]


def test_a_further_cause_must_be_much_likelier_than_chance() -> None:
    reports = np.where(WAREHOUSE == 1, 5, np.arange(SKU.size) % 2)
    reports = np.where((SKU == 7) & (WAREHOUSE == 2), 3, reports)

    assert named(blame(cells(reports))) == [("warehouse", 1)]
    assert named(blame(cells(reports), further=-10.0)) == [("warehouse", 1), ("sku_warehouse", 30)]


def test_what_the_culprit_explains_is_told_and_the_runner_up_too() -> None:
    reports = np.where(WAREHOUSE == 1, 5, np.arange(SKU.size) % 2)
    [culprit] = blame(cells(reports))
    explained = {suspect.place for suspect in culprit.explained}

    assert explained >= {("lane", 3), ("lane", 4), ("lane", 5)}
    assert culprit.runner_up is not None
    assert culprit.runner_up.place in explained
    assert culprit.suspect.score > culprit.runner_up.score
    assert (culprit.suspect.reports, culprit.suspect.expected) == (180, 18.0)


def test_a_lone_element_has_no_runner_up() -> None:
    one = Cells([Dimension("sku", np.zeros(1, np.int64), np.zeros(1, np.int64))],
                np.array([30]), np.array([1.0]))  # fmt: skip
    [culprit] = blame(one)

    assert culprit.runner_up is None
    assert culprit.explained == ()


def test_the_score_is_the_average_ratio_less_the_price_of_the_search() -> None:
    two = Dimension("sku", np.array([0, 1]), np.array([0, 1]))
    [culprit] = blame(Cells([two], np.array([20, 1]), np.array([1.5, 1.0])))
    mean = sum(r**20 * ((40 + 1.5) / (40 + r * 1.5)) ** 60 for r in RATIOS) / len(RATIOS)

    assert culprit.suspect.score == pytest.approx(math.log(mean) - math.log(2))


def test_a_mix_of_bad_items_does_not_make_their_warehouse_guilty() -> None:
    expected = np.where(WAREHOUSE == 1, 5.0, 0.5)

    assert blame(cells(np.where(WAREHOUSE == 1, 5, np.arange(SKU.size) % 2), expected)) == []


def test_cells_outside_a_dimension_are_not_counted_there() -> None:
    bins = np.where(SKU == 2, 0, -1)
    dimensions = [
        Dimension("sku", SKU, np.arange(SKUS)),
        Dimension("bin", bins, np.zeros(1, np.int64)),
    ]
    [culprit] = blame(Cells(dimensions, np.where(SKU == 2, 8, 0), EXPECTED))

    assert culprit.suspect.place == ("bin", 0)


def test_of_equals_the_first_by_name_is_named_whatever_its_code() -> None:
    codes = np.array([0, 1])
    for ranks, first in (([0, 1], 0), ([1, 0], 1)):
        both = Cells([Dimension("sku", codes, np.array(ranks))], np.array([9, 9]), np.ones(2))

        assert named(blame(both))[0] == ("sku", first)


@given(st.permutations(range(48)), st.integers(0, 5))
def test_the_order_of_cells_changes_not_one_bit(order: list[int], seed: int) -> None:
    chance = np.random.default_rng(seed)
    some = chance.integers(0, SKU.size, 48)
    reports, expected = chance.poisson(1.5, 48), chance.uniform(0.1, 1, 48)
    shuffled = np.array(order)

    def asked(rows: np.ndarray) -> list[Culprit]:
        dimensions = [
            Dimension(name, codes[some][rows], np.arange(codes.max() + 1))
            for name, codes in ELEMENTS.items()
        ]
        return blame(Cells(dimensions, reports[rows], expected[rows]))

    assert asked(shuffled) == asked(np.arange(48))


def test_columns_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match=r"of one length, not of \[2, 3\]"):
        Cells([Dimension("sku", np.zeros(2, np.int64), np.zeros(1, np.int64))],
              np.zeros(3, np.int64), np.ones(3))  # fmt: skip


def test_a_cell_of_which_nothing_is_expected_is_refused() -> None:
    with pytest.raises(ValueError, match="some expected reports"):
        cells(np.zeros(SKU.size), np.zeros(SKU.size))


def test_elements_that_are_only_told_to_exist_cost_as_much_search_as_those_that_are_seen() -> None:
    def score(told: int) -> float:
        some = Dimension("sku", np.array([0, 1, -1]), np.array([0, 1]), told)
        [culprit] = blame(Cells([some], np.array([20, 1, 1]), np.array([1.5, 1.0, 1.0])))
        return culprit.suspect.score

    assert score(0) == score(1) == score(2)
    assert score(2) - score(2_000) == pytest.approx(math.log(1_000))


def test_a_dimension_of_many_needs_more_reports_to_be_held_guilty() -> None:
    def found(elements: int) -> list[tuple[str, int]]:
        some = Dimension("sku", np.array([0]), np.array([0]), elements)
        return named(blame(Cells([some], np.array([5]), np.array([0.5]))))

    assert (found(10), found(100_000)) == ([("sku", 0)], [])
