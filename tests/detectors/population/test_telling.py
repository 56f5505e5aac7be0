"""Figures as people say them, and what would end a problem."""

import numpy as np
import pytest

from detectors.population.recovery import RELIST, mildest, still_needed
from detectors.population.subjects import Subjects
from detectors.population.telling import odds, percent


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (0.0151, "1.5 %"),
        (0.994, "99 %"),
        (0.996, "100 %"),
        (1.0, "100 %"),
        (86.7, "8700 %"),
        (1e9, "> 1000000 %"),
    ],
)
def test_a_share_is_told_with_two_digits_and_no_more_than_anybody_reads(
    share: float, said: str
) -> None:
    assert percent(share) == said


def test_odds_are_told_up_to_ten_to_the_fifteenth() -> None:
    assert odds(np.log(247_613)) == 250_000
    assert odds(1_000.0) == odds(34.5)


def test_a_fault_is_believed_to_be_milder_than_it_looked() -> None:
    assert 0.015 * 2.5 <= mildest(7, 14.4, 0.015) < 7 / 14.4


def test_the_clean_units_that_end_a_problem_are_just_enough() -> None:
    usual, bad = np.array([0.01]), np.array([mildest(7, 14.4, 0.01)])
    [needed] = still_needed(np.zeros(1), usual, bad).tolist()
    each = float(np.log1p(-usual[0]) - np.log1p(-bad[0]))

    assert (needed - 1) * each < RELIST <= needed * each


def test_asking_for_a_subject_adds_nobody() -> None:
    subjects = Subjects()
    row = subjects.row("lane", "SP->RJ")

    assert subjects.find("lane", "SP->RJ") == row
    assert subjects.find("lane", "nope") is None
    assert subjects.count("lane") == 1
    assert subjects.types_of("SP->RJ") == ("lane",)
    assert subjects.types_of("nope") == ()
