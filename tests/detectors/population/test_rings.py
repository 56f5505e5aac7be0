from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from detectors.population.evidence import WINDOW
from detectors.population.rings import Rings

TODAY = 20_000
OLDEST = TODAY - WINDOW + 1
"""The first cohort day inside the window."""

Addition = tuple[int, int, int]
"""Row, cohort day, count."""

additions = st.lists(
    st.tuples(st.integers(0, 3), st.integers(OLDEST - 5, TODAY), st.integers(-2, 5)), max_size=30
)


def rings(*added: Addition, today: int = TODAY) -> Rings:
    found = Rings()
    found.extend(4)
    add(found, *added, today=today)
    return found


def add(to: Rings, *added: Addition, today: int = TODAY) -> None:
    rows, days, counts = np.array(added, np.int64).reshape(-1, 3).T
    to.add(rows, days, counts, today)


def state(of: Rings, today: int = TODAY) -> tuple[list[list[int]], list[int], list[int]]:
    rows = np.arange(4)
    return of.recent(rows, today).tolist(), of.older(rows).tolist(), of.in_window(rows).tolist()


def test_a_cohort_is_found_by_its_age() -> None:
    some = rings((1, TODAY, 3), (1, TODAY - 2, 4), (0, OLDEST, 5))
    ages = some.recent(np.array([1, 0]), TODAY)

    assert np.flatnonzero(ages[0]).tolist() == [0, 2]
    assert np.flatnonzero(ages[1]).tolist() == [WINDOW - 1]
    assert (some.at(1, TODAY - 2), some.subjects) == (4, 2)


def test_what_is_older_than_the_window_is_one_sum() -> None:
    some = rings((0, OLDEST, 1), (0, OLDEST - 1, 2), (0, OLDEST - 400, 4))

    assert some.older(np.array([0])).tolist() == [6]
    assert some.in_window(np.array([0])).tolist() == [1]


def test_the_cohort_that_leaves_the_window_is_summed_and_makes_room() -> None:
    some = rings((0, OLDEST, 2), (0, OLDEST + 1, 3))
    some.begin(TODAY + 1)

    assert some.older(np.array([0])).tolist() == [2]
    assert some.in_window(np.array([0])).tolist() == [3]
    assert some.at(0, TODAY + 1) == 0


def test_without_subjects_a_day_can_begin() -> None:
    empty = Rings()
    empty.begin(TODAY)

    assert (empty.size, empty.nbytes) == (0, 0)


def test_memory_grows_with_subjects_and_not_with_counts() -> None:
    some = rings()
    before = some.nbytes
    add(some, *[(0, TODAY - n % 70, 1) for n in range(500)])

    assert some.nbytes == before >= some.size * (4 * WINDOW + 16)


def test_one_subject_counted_twice_in_one_call_counts_twice() -> None:
    assert rings((2, TODAY, 1), (2, TODAY, 1), (2, TODAY, -1)).at(2, TODAY) == 1


@given(additions, st.randoms())
def test_sums_are_the_same_in_any_order_and_in_any_pieces(
    added: list[Addition], chance: Random
) -> None:
    shuffled = list(added)
    chance.shuffle(shuffled)
    cut = chance.randint(0, len(added))
    other = rings(*shuffled[:cut])
    add(other, *shuffled[cut:])

    assert state(other) == state(rings(*added))


@given(additions, additions, st.integers(1, 2 * WINDOW))
def test_counting_before_or_after_days_begin_is_the_same(
    early: list[Addition], late: list[Addition], days: int
) -> None:
    now = TODAY + days
    one, other = rings(*early), rings(*early, *late)
    for day in range(TODAY + 1, now + 1):
        one.begin(day)
        other.begin(day)
    add(one, *late, today=now)

    assert state(one, now) == state(other, now)
