import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.population import numbering
from detectors.population.numbering import Sorted, distinct


@given(st.lists(st.integers(0, 40), max_size=60), st.sampled_from([41, 41_000]))
def test_each_key_is_found_at_its_place_among_the_different_ones(
    keys: list[int], room: int
) -> None:
    known, place = distinct(np.array(keys, np.int64), room)

    assert known.tolist() == sorted(set(keys))
    assert known[place].tolist() == keys


@pytest.mark.parametrize("places", [0, 1000])
def test_ticking_off_and_sorting_give_the_same_numbers(
    places: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numbering, "PLACES_A_KEY", places)
    known, place = distinct(np.array([7, 3, 7]), 9)

    assert (known.tolist(), place.tolist()) == ([3, 7], [1, 0, 1])


@given(st.lists(st.sets(st.integers(-9, 9)), max_size=6))
def test_every_key_keeps_the_row_that_was_made_for_it_once(asked: list[set[int]]) -> None:
    made: list[int] = []
    rows = Sorted()

    def make(key: int) -> int:
        made.append(key)
        return len(made) - 1

    for keys in asked:
        found = rows.rows(np.array(sorted(keys), np.int64), make)

        assert [made[row] for row in found.tolist()] == sorted(keys)
    assert len(made) == len(set(made))
