from datetime import timedelta

import numpy as np
import pytest

from detectors.population.cases import SEVERAL, Case, evidence
from detectors.population.rules import PopulationRules
from detectors.population.testing import a_report
from schemas.times import MINUTE


@pytest.mark.parametrize(
    ("time", "end"), [(0, 5), (5 * MINUTE - 1, 5), (5 * MINUTE, 10), (5 * MINUTE + 1, 10)]
)
def test_a_period_holds_its_first_millisecond_and_not_its_last(time: int, end: int) -> None:
    assert PopulationRules().end_of(time) == end * MINUTE


def test_a_period_of_no_length_is_refused() -> None:
    with pytest.raises(ValueError, match="at least a millisecond"):
        PopulationRules(period=timedelta())


def test_a_case_without_customers_is_refused() -> None:
    with pytest.raises(ValueError, match="customers must be at least 1"):
        PopulationRules(customers=0)


@pytest.mark.parametrize(
    ("window", "said"),
    [
        (timedelta(days=14), "14 d"),
        (timedelta(hours=36), "36 h"),
        (timedelta(minutes=90), "5400000 ms"),
    ],
)
def test_thresholds_are_said_in_the_largest_whole_unit(window: timedelta, said: str) -> None:
    facts = evidence(Case(SEVERAL, (a_report(0),)), PopulationRules(customers_window=window))

    assert next(fact.value for fact in facts if fact.fact == "customers_window") == said


@pytest.mark.parametrize("allowed", [0, -1])
def test_a_budget_of_nothing_is_refused(allowed: float) -> None:
    with pytest.raises(ValueError, match=f"budget of sku must be above 0, not {allowed}"):
        PopulationRules(budget={"lane": 1, "sku": allowed})


@pytest.mark.parametrize("time", [0, 1, 5 * MINUTE - 1, 5 * MINUTE, 17 * MINUTE + 3])
def test_many_moments_lie_in_the_periods_that_each_of_them_lies_in(time: int) -> None:
    rules = PopulationRules()

    assert rules.ends_of(np.array([time, 0])).tolist() == [rules.end_of(time), 5 * MINUTE]


@pytest.mark.parametrize(
    ("until", "last"), [(1, 0), (5 * MINUTE, 0), (5 * MINUTE + 1, 5), (10 * MINUTE, 5)]
)
def test_a_period_is_over_when_its_end_has_passed(until: int, last: int) -> None:
    assert PopulationRules().last_end(until) == last * MINUTE
