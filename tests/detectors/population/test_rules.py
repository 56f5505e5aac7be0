from datetime import timedelta

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
