import math

import numpy as np
import pytest

from detectors.population.budgets import MONTH, Rungs, active_days_a_month


def test_one_wrong_alarm_a_month_of_248_000_active_days_needs_evidence_of_as_many() -> None:
    rungs = Rungs.of(248_000, 1)

    assert math.exp(rungs.act) == pytest.approx(248_000)
    assert math.exp(rungs.hold) == pytest.approx(24_800)
    assert math.exp(rungs.watch) == pytest.approx(2_480)


def test_twice_the_budget_needs_half_the_evidence() -> None:
    assert Rungs.of(9_000, 2) == Rungs.of(4_500, 1)


def test_an_empty_shop_still_asks_for_a_hundred_to_one() -> None:
    assert Rungs.of(0, 5) == Rungs(0.0, math.log(100) - math.log(10), math.log(100))


def test_a_budget_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="must be above 0, not 0"):
        Rungs.of(1_000, 0)


def test_only_the_last_month_counts() -> None:
    active = np.array([1_000] + [7] * MONTH, np.int64)

    assert active_days_a_month(active, 50) == 7 * MONTH


def test_days_before_the_history_count_as_if_everything_had_shipped() -> None:
    assert active_days_a_month(np.array([3, 4], np.int64), 50) == 7 + 28 * 50
    assert active_days_a_month(np.zeros(0, np.int64), 50) == 30 * 50


def test_a_day_more_is_taken_as_it_came_and_not_as_if_all_had_shipped() -> None:
    month = np.full(MONTH - 1, 7, np.int64)

    assert active_days_a_month(month, 50) == 29 * 7 + 50
    assert active_days_a_month(np.append(month, 7), 50) == MONTH * 7


def test_more_active_days_never_need_less_evidence() -> None:
    acts = [Rungs.of(days, 1).act for days in range(0, 500, 7)]

    assert acts == sorted(acts)
    assert acts[0] == acts[14] < acts[15]
