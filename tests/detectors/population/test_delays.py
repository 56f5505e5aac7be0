import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.population.delays import (
    ASSUMED,
    AT_ONCE,
    ENOUGH,
    Curve,
    Delays,
    at_risk,
    product_limit,
    stated,
)
from detectors.population.evidence import WINDOW, Counts, Reals


def one(cohort: int, age: int, count: int) -> tuple[Counts, Counts, Counts]:
    return np.array([cohort]), np.array([age]), np.array([count])


def true_shares(median: float, sigma: float) -> Reals:
    """The share of log-normal delays that end by the end of each day, shipped at any hour."""
    hours = (np.arange(24) + 0.5) / 24
    ends = (np.arange(WINDOW)[:, np.newaxis] + hours).ravel()
    z = [math.log(end / median) / (sigma * math.sqrt(2)) for end in ends]
    shares = np.array([0.5 + 0.5 * math.erf(one) for one in z])
    by_day: Reals = shares.reshape(WINDOW, 24).mean(axis=1)
    return by_day


def drawn_reports(days: int, a_day: int, median: float = 6.0) -> tuple[Counts, Counts]:
    """Cohorts and ages of all reports, also those that are still to come."""
    chance = np.random.default_rng(2)
    cohorts = np.repeat(np.arange(days), a_day)
    spent = chance.random(cohorts.size) + chance.lognormal(math.log(median), 0.6, cohorts.size)
    return cohorts, np.floor(spent).astype(np.int64)


def learn_daily(delays: Delays, cohorts: Counts, ages: Counts, days: int) -> None:
    for today in range(days):
        delays.roll(today)
        new = cohorts + ages == today
        delays.record(cohorts[new], ages[new], np.ones(int(new.sum()), np.int64))


def learned_from_all(delays: Delays, today: int, cohorts: Counts, ages: Counts) -> Reals:
    """What the estimator finds in all reports, before it errs fast."""
    told = (cohorts + ages <= today) & (ages < WINDOW)
    by_age, older = np.zeros((WINDOW, WINDOW), np.int64), np.zeros(WINDOW, np.int64)
    recent = told & (today - cohorts < WINDOW)
    np.add.at(by_age, (today - cohorts[recent], ages[recent]), 1)
    np.add.at(older, ages[told & ~recent], 1)
    assert int(by_age.sum() + older.sum()) == delays.reports
    return product_limit(*at_risk(by_age, older))


def test_after_10_000_reports_the_curve_is_within_a_point_of_the_truth() -> None:
    cohorts, ages = drawn_reports(100, 115)
    delays = Delays()
    learn_daily(delays, cohorts, ages, 100)
    shares = learned_from_all(delays, 99, cohorts, ages)

    assert 10_000 <= delays.reports <= 11_000
    assert np.abs(shares - true_shares(6.0, 0.6)).max() < 0.01


def test_young_cohorts_do_not_make_reports_look_fast() -> None:
    cohorts, ages = drawn_reports(100, 115)
    told = ages[cohorts + ages < 100]
    naive = np.cumsum(np.bincount(told, minlength=WINDOW))[:WINDOW] / told.size
    truth = true_shares(6.0, 0.6)
    delays = Delays()
    learn_daily(delays, cohorts, ages, 100)
    shares = learned_from_all(delays, 99, cohorts, ages)

    assert np.abs(naive - truth).max() > 3 * np.abs(shares - truth).max()


def test_what_is_used_is_never_slower_than_what_was_learned() -> None:
    cohorts, ages = drawn_reports(100, 115)
    delays = Delays()
    learn_daily(delays, cohorts, ages, 100)
    used = delays.learned(ASSUMED).shares

    assert (used >= learned_from_all(delays, 99, cohorts, ages)).all()
    assert (np.diff(used) >= 0).all()
    assert used[-1] == 1


def test_reports_that_become_faster_are_believed_before_the_old_ones_are_forgotten() -> None:
    delays = Delays()
    slow, slow_ages = drawn_reports(300, 40, median=12)
    fast, fast_ages = drawn_reports(70, 40, median=4)
    cohorts = np.concatenate((slow, fast + 300))
    learn_daily(delays, cohorts, np.concatenate((slow_ages, fast_ages)), 370)

    assert (delays.learned(ASSUMED).shares[3:12] > true_shares(4.0, 0.6)[3:12] - 0.03).all()


def test_too_few_reports_leave_the_parents_curve() -> None:
    delays = Delays()
    delays.roll(50)
    delays.record(*one(40, 3, ENOUGH - 1))

    assert delays.learned(ASSUMED) is ASSUMED

    delays.record(*one(41, 3, 1))

    assert delays.learned(ASSUMED).version != ASSUMED.version


def test_old_cohorts_stay_in_the_curve_when_they_leave_the_ring() -> None:
    delays = Delays()
    delays.roll(10)
    delays.record(*one(10, 0, ENOUGH))
    before = delays.learned(ASSUMED).shares
    delays.roll(10 + 5 * WINDOW)

    assert delays.reports == ENOUGH
    assert delays.learned(ASSUMED).shares.tolist() == before.tolist() == AT_ONCE.shares.tolist()


def test_a_late_report_of_an_old_cohort_counts_by_its_age() -> None:
    early, late = Delays(), Delays()
    early.roll(20)
    early.record(*one(20, 0, ENOUGH))
    for delays in (early, late):
        delays.roll(20 + WINDOW)
    late.record(*one(20, 0, ENOUGH))

    assert early.learned(ASSUMED).version == late.learned(ASSUMED).version


def test_what_is_taken_back_was_never_there() -> None:
    told, corrected = Delays(), Delays()
    for delays in (told, corrected):
        delays.roll(30)
        delays.record(*one(10, 4, 2 * ENOUGH))
    corrected.record(*one(12, 9, 5))
    corrected.record(*one(12, 9, -5))

    assert corrected.learned(ASSUMED).version == told.learned(ASSUMED).version


def test_a_report_later_than_the_window_says_nothing() -> None:
    delays = Delays()
    delays.roll(100)
    delays.record(*one(10, WINDOW, 7))

    assert delays.reports == 0


@pytest.mark.parametrize(("cohort", "age"), [(20, -1), (20, 11), (31, 0)])
def test_reports_from_the_future_or_before_shipping_are_refused(cohort: int, age: int) -> None:
    delays = Delays()
    delays.roll(30)

    with pytest.raises(ValueError, match="before its ship day or after day 30"):
        delays.record(*one(cohort, age, 1))


def test_a_day_that_is_over_does_not_come_back() -> None:
    delays = Delays()
    delays.roll(90)
    delays.record(*one(88, 1, ENOUGH))
    version = delays.learned(ASSUMED).version
    delays.roll(3)

    assert delays.learned(ASSUMED).version == version


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(0, 70)), max_size=60))
def test_the_order_of_reports_changes_nothing(reports: list[tuple[int, int]]) -> None:
    told = [(cohort, age) for cohort, age in reports if cohort + age <= 200]
    once, again = Delays(), Delays()
    once.roll(200)
    for cohort, age in told:
        once.record(*one(cohort, age, ENOUGH))
    for cohort, age in sorted(told, key=sum):
        again.roll(cohort + age)
        again.record(*one(cohort, age, ENOUGH))
    again.roll(200)

    assert once.learned(ASSUMED).version == again.learned(ASSUMED).version
    assert once.learned(ASSUMED).shares.tobytes() == again.learned(ASSUMED).shares.tobytes()


def test_stated_curves_say_which_they_are() -> None:
    assert AT_ONCE.version != ASSUMED.version
    assert stated(np.ones(WINDOW)).version == AT_ONCE.version
    assert isinstance(ASSUMED, Curve)
    assert ASSUMED.shares[-1] == 1
    assert (ASSUMED.shares > true_shares(6.0, 0.6)).all()
