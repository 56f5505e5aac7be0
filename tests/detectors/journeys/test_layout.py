import numpy as np
import pytest

from detectors.journeys.layout import lay_out
from detectors.journeys.streams import Stream, causes

NOTHING_BEFORE = np.full(10, -1)


def stream(rows: list[int], at: list[int]) -> Stream:
    times = np.array(at, np.int64)
    return Stream(np.array(rows, np.int64), times, causes(times, 0), {})


@pytest.mark.parametrize("spread", [1, 1 << 40])
def test_writes_are_laid_out_by_row_and_time_behind_what_was_stored(spread: int) -> None:
    first = stream([7, 2, 7], [3 * spread, 1 * spread, 2 * spread])
    second = stream([2, 7], [1 * spread, 1 * spread])
    layout = lay_out([first, second], NOTHING_BEFORE)

    assert layout.touched.tolist() == [2, 7]
    assert layout.heads.tolist() == [0, 3]
    assert layout.lasts.tolist() == [2, 6]
    assert layout.segment.tolist() == [0, 0, 0, 1, 1, 1, 1]
    assert layout.at.tolist() == [-1, spread, spread, -1, spread, 2 * spread, 3 * spread]
    assert layout.is_final.tolist() == [True, False, True, True, True, True, True]
    assert [layout.at[place].tolist() for place in layout.places] == [
        first.at.tolist(),
        second.at.tolist(),
    ]


def test_rows_and_times_too_wide_for_one_number_are_sorted_by_both() -> None:
    many = np.full(1 << 23, -1)
    rows = [1 << 22, 5, 1 << 22, 5]
    at = [1 << 41, 1 << 40, 0, 3]
    layout = lay_out([stream(rows, at)], many)

    assert layout.touched.tolist() == [5, 1 << 22]
    assert layout.at.tolist() == [-1, 3, 1 << 40, -1, 0, 1 << 41]


def test_a_part_of_a_layout_keeps_the_wanted_rows_only() -> None:
    layout = lay_out([stream([1, 3, 1], [5, 6, 7])], NOTHING_BEFORE)
    part, kept = layout.only(np.array([False, True]))

    assert part.touched.tolist() == [3]
    assert part.heads.tolist() == [0]
    assert part.at.tolist() == [-1, 6]
    assert kept.tolist() == [3, 4]
    assert part.places[0].tolist() == [-1, 1, -1]


def test_values_of_rows_are_spread_over_their_places() -> None:
    layout = lay_out([stream([1, 3, 1], [5, 6, 7])], NOTHING_BEFORE)

    assert layout.spread(np.array([10, 30])).tolist() == [10, 10, 10, 30, 30]


def test_rows_nobody_writes_to_stand_among_the_others_with_what_was_stored() -> None:
    before = np.array([0, 10, 20, 30, 40, 50, 60, 70, 80, 90])
    written = stream([3, 1, 3], [35, 15, 36])
    layout = lay_out([written], before, np.array([0, 1, 2, 3, 9]))

    assert layout.touched.tolist() == [0, 1, 2, 3, 9]
    assert layout.at.tolist() == [0, 10, 15, 20, 30, 35, 36, 90]
    assert layout.heads.tolist() == [0, 1, 3, 4, 7]
    assert layout.lasts.tolist() == [0, 2, 3, 6, 7]
    assert layout.at[layout.places[0]].tolist() == written.at.tolist()
