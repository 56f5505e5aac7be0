import math

import numpy as np
import pytest

from detectors.population.evidence import WINDOW, Cohorts, Counts
from detectors.population.recovery import (
    RELIST,
    bad_rate,
    course,
    soundness,
    spared,
    still_needed,
)

USUAL = np.array([0.015])
AT_ONCE = np.ones(WINDOW)


def shipped(units: int, reports: int = 0, age: int = 5) -> tuple[Counts, Counts]:
    some = np.zeros((2, 1, WINDOW), np.int64)
    some[:, 0, age] = units, reports
    return some[0], some[1]


@pytest.mark.parametrize(("bad", "units"), [(0.05, 128), (0.1, 51), (0.2, 23), (0.4, 10)])
def test_clean_units_that_are_enough_to_relist(bad: float, units: int) -> None:
    rate = np.array([bad])

    assert still_needed(np.zeros(1), USUAL, rate).tolist() == [units]
    assert soundness(*shipped(units), AT_ONCE, USUAL, rate)[0] >= RELIST
    assert soundness(*shipped(units - 1), AT_ONCE, USUAL, rate)[0] < RELIST


def test_units_without_time_to_be_reported_prove_nothing() -> None:
    bad = np.array([0.4])

    assert soundness(*shipped(1_000), np.zeros(WINDOW), USUAL, bad).tolist() == [0.0]


def test_each_report_speaks_against_and_costs_units() -> None:
    bad = np.array([0.2])
    clean = soundness(*shipped(30), AT_ONCE, USUAL, bad)
    spoiled = soundness(*shipped(31, 1), AT_ONCE, USUAL, bad)

    assert spoiled[0] - clean[0] == pytest.approx(math.log(0.015 / 0.2))
    assert still_needed(clean, USUAL, bad).tolist() == [0]
    assert still_needed(spoiled, USUAL, bad).tolist() == [5]


def test_half_of_the_time_to_be_reported_counts_by_its_share() -> None:
    bad = np.array([0.2])
    found = soundness(*shipped(10), np.full(WINDOW, 0.5), USUAL, bad)

    assert found[0] == pytest.approx(10 * math.log((1 - 0.0075) / (1 - 0.1)))


def test_more_reports_than_units_do_not_make_units_silent() -> None:
    bad = np.array([0.2])
    found = soundness(*shipped(2, 3), AT_ONCE, USUAL, bad)

    assert found[0] == pytest.approx(3 * math.log(0.015 / 0.2))


def test_the_rate_of_a_fault_is_what_came_within_what_can_be_refuted() -> None:
    found = bad_rate(np.array([7, 1, 9, 0]), np.array([20.0, 90.0, 4.0, 0.0]), np.full(4, 0.02))

    assert found.tolist() == [0.35, 0.05, 0.95, 0.05]


def test_ship_days_of_the_fault_are_left_out_and_their_neighbours_stay() -> None:
    whole = Cohorts(
        np.full((2, WINDOW), 3), np.full((2, WINDOW), 1), np.array([50, 60]), np.array([2, 4])
    )
    rest = spared(whole, np.array([20, 2]), np.array([10, 2]))
    left_out = np.flatnonzero(rest.units[0] == 0)

    assert left_out.tolist() == list(range(10, 21))
    assert np.flatnonzero(rest.reports[0] == 0).tolist() == left_out.tolist()
    assert np.flatnonzero(rest.units[1] == 0).tolist() == [2]
    assert (rest.older_units.tolist(), rest.older_reports.tolist()) == ([50, 60], [2, 4])


def test_the_course_is_what_each_age_and_all_younger_cohorts_prove() -> None:
    units, reports = np.zeros((2, 1, WINDOW), np.int64)
    units[0, [2, 5, 9]], reports[0, 5] = (4, 6, 8), 1
    bad = np.array([0.2])
    found = course(units, reports, AT_ONCE, USUAL, bad)[0]
    clean, spoken = math.log((1 - 0.015) / (1 - 0.2)), math.log(0.015 / 0.2)

    assert found[[0, 1]].tolist() == [0.0, 0.0]
    assert found[[2, 4, 5, 9]].tolist() == pytest.approx(
        [4 * clean, 4 * clean, 9 * clean + spoken, 17 * clean + spoken]
    )
    assert found[-1] == soundness(units, reports, AT_ONCE, USUAL, bad)[0]


def test_no_unit_is_proof_however_bad_the_fault_and_however_steep_its_wave() -> None:
    wave = np.full(WINDOW, 30.0)
    found = course(*shipped(1), wave, np.array([0.02]), np.array([0.9]))[0, -1]

    assert found == pytest.approx(math.log((1 - 0.6) / (1 - 0.95)))
    assert found < RELIST


def test_where_both_rates_would_hit_every_unit_silence_tells_them_apart_no_more() -> None:
    found = course(*shipped(50), np.full(WINDOW, 100.0), np.array([0.02]), np.array([0.4]))

    assert found[0, -1] == 0.0


def test_each_subject_is_asked_by_its_own_rates_and_its_own_curve() -> None:
    units, reports = (np.repeat(some, 2, axis=0) for some in shipped(20, 1))
    usual, bad = np.array([0.01, 0.02]), np.array([0.3, 0.4])
    curve = np.stack([AT_ONCE, AT_ONCE / 2])
    both = course(units, reports, curve, usual, bad)
    each = [
        course(units[[i]], reports[[i]], curve[i], usual[[i]], bad[[i]])[0].tolist() for i in (0, 1)
    ]

    assert both.tolist() == each
