from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from detectors.population.buyers import Buyers, Key

DEFECT, DAY = 0, 20_000
ANNA: Key = (DEFECT, DAY, 7)
NOBODY: Key = (DEFECT, DAY, 0)
Cell = tuple[int, int]

A: Cell = (1, 5)
"""SKU 1 out of warehouse 5."""
B: Cell = (2, 5)

Report = tuple[Key, Cell, int]

keys = st.tuples(st.just(DEFECT), st.just(DAY), st.integers(1, 3))
cells = st.sampled_from([A, B, (1, 6), (3, 7)])
standing = st.lists(st.tuples(keys, cells), max_size=8)


def counted(buyers: Buyers, *reports: Report) -> list[list[int]]:
    some = np.array([cell for _, cell, _ in reports], np.int64).reshape(-1, 2)
    units = np.array([unit for *_, unit in reports], np.int64)
    found: list[list[int]] = buyers.count([key for key, *_ in reports], some, units).tolist()
    return found


def totals(changes: list[list[int]], reports: list[Report]) -> dict[tuple[int, int], int]:
    """Return what is counted of each subject: (place of its type, row)."""
    found: dict[tuple[int, int], int] = {}
    for change, (_, cell, _) in zip(changes, reports, strict=True):
        for place, row in enumerate(cell):
            found[place, row] = found.get((place, row), 0) + change[place]
    return {subject: count for subject, count in found.items() if count}


def test_a_buyer_with_two_returns_of_one_thing_is_one_voice() -> None:
    assert counted(Buyers(), (ANNA, A, 1), (ANNA, A, 1)) == [[1, 1], [0, 0]]


def test_two_things_of_one_buyer_count_each_and_once_for_what_they_share() -> None:
    assert counted(Buyers(), (ANNA, A, 1), (ANNA, B, 1)) == [[1, 1], [1, 0]]


def test_another_buyer_another_day_or_another_defect_is_another_voice() -> None:
    others = [(DEFECT, DAY, 8), (DEFECT, DAY + 1, 7), (DEFECT + 1, DAY, 7)]

    assert counted(Buyers(), (ANNA, A, 1), *((key, A, 1) for key in others)) == [[1, 1]] * 4


def test_who_is_unknown_counts_every_time() -> None:
    assert counted(Buyers(), (NOBODY, A, 1), (NOBODY, A, 1)) == [[1, 1]] * 2


def test_one_of_two_reports_taken_back_leaves_the_voice() -> None:
    buyers = Buyers()
    counted(buyers, (ANNA, A, 1), (ANNA, A, 1))

    assert counted(buyers, (ANNA, A, -1)) == [[0, 0]]
    assert counted(buyers, (ANNA, A, -1)) == [[-1, -1]]


def test_what_two_things_share_goes_with_the_last_of_them() -> None:
    buyers = Buyers()
    counted(buyers, (ANNA, A, 1), (ANNA, B, 1))

    assert counted(buyers, (ANNA, A, -1), (ANNA, B, -1)) == [[-1, 0], [-1, -1]]


def test_a_report_that_nobody_remembers_is_taken_back_in_full() -> None:
    buyers = Buyers()
    first = counted(buyers, (ANNA, A, -1))
    counted(buyers, (ANNA, B, 1))

    assert (first, counted(buyers, (ANNA, A, -1))) == ([[-1, -1]], [[-1, -1]])


def test_a_buyer_is_forgotten_with_the_cohort() -> None:
    buyers = Buyers()
    counted(buyers, (ANNA, A, 1))
    buyers.forget(DAY - 1)
    still = counted(buyers, (ANNA, A, 1))
    buyers.forget(DAY)

    assert (still, counted(buyers, (ANNA, A, 1))) == ([[0, 0]], [[1, 1]])


@given(standing, standing, st.randoms())
def test_what_counts_is_who_reported_however_reports_come_and_are_taken_back(
    kept: list[tuple[Key, Cell]], withdrawn: list[tuple[Key, Cell]], chance: Random
) -> None:
    moments: list[tuple[float, Report]] = []
    for key, cell in (*kept, *withdrawn):
        moments.append((chance.random(), (key, cell, 1)))
    for (made, (key, cell, _)), _ in zip(moments[len(kept) :], withdrawn, strict=True):
        moments.append((chance.uniform(made, 1), (key, cell, -1)))
    steps = [report for _, report in sorted(moments, key=lambda moment: moment[0])]
    buyers, changes = Buyers(), []
    for step in steps:
        changes += counted(buyers, step)
    voices = {(key[2], place, row) for key, cell in kept for place, row in enumerate(cell)}
    expected: dict[tuple[int, int], int] = {}
    for _, place, row in voices:
        expected[place, row] = expected.get((place, row), 0) + 1

    assert totals(changes, steps) == expected
