import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from detectors.journeys.blocks import Column, Growing
from detectors.journeys.names import Figures, Interned, Lookup, Texts

Again = Callable[[Any], Any]


def pickled(thing: object) -> object:
    return pickle.loads(pickle.dumps(thing, 5))  # noqa: S301 - it was pickled just here


@pytest.fixture(params=[pickled, copy.deepcopy], ids=["pickled", "copied"])
def again(request: pytest.FixtureRequest) -> Again:
    """Return a way to have the same thing twice."""
    way: Again = request.param
    return way


def test_rows_go_on_growing_and_are_still_those_of_the_matrix(again: Again) -> None:
    matrix = Growing([1, 2])
    matrix.extend(5)
    matrix.rows[4] = 7, 8
    loaded = again(matrix)
    loaded.extend(5_000)
    loaded.rows[4_999] = 9, 9
    loaded.extend(5_100)

    assert loaded.rows[[0, 4, 4_999, 5_099]].tolist() == [[1, 2], [7, 8], [9, 9], [1, 2]]
    assert len(matrix.rows) == 1024


def test_room_that_holds_nothing_is_left_out() -> None:
    matrix = Growing([0])
    matrix.extend(100_000)

    assert len(pickle.dumps(matrix, 5)) < matrix.rows.nbytes + 1_000


def test_a_columns_values_write_through_to_what_grows(again: Again) -> None:
    column = Column(-1)
    column.extend(3)
    loaded = again(column)
    loaded.values[2] = 5
    loaded.extend(4_000)

    assert loaded.values[[1, 2, 3_999]].tolist() == [-1, 5, -1]
    assert column.values[2] == -1


@pytest.mark.parametrize("count", [0, 1, 2_000])
def test_texts_take_more_after_they_were_kept(again: Again, count: int) -> None:
    texts = Texts()
    texts.append([f"é-{number}" for number in range(count)])
    loaded = again(texts)
    codes = loaded.append(["one", "more"])
    texts.append(["other"])

    assert codes.tolist() == [count, count + 1]
    assert loaded.many(np.arange(count + 2))[-3:] == [
        *([f"é-{count - 1}"] * (count > 0)),
        "one",
        "more",
    ]
    assert len(loaded) == count + 2


def test_values_keep_their_codes_and_new_ones_follow(again: Again) -> None:
    values: Interned[tuple[str, str]] = Interned()
    values.codes([("a", "1"), ("b", "2")])
    loaded = again(values)

    assert loaded.codes([("b", "2"), ("c", "3"), ("a", "1")]).tolist() == [1, 2, 0]
    assert loaded.values == [("a", "1"), ("b", "2"), ("c", "3")]
    assert len(values.values) == 2


def test_numbers_are_looked_up_as_before(again: Again) -> None:
    lookup = Lookup()
    lookup.learn([5, 6])
    loaded = again(lookup)
    loaded.learn(range(2_000))

    assert loaded.of(np.array([0, 1, -1, 2_001]), -9).tolist() == [5, 6, -9, 1_999]


def test_figures_are_looked_up_as_before(again: Again) -> None:
    figures = Figures()
    codes = figures.codes([70, 80])
    figures.of(codes, 0)
    loaded = again(figures)
    more = loaded.codes([80, 90])

    assert loaded.of(np.append(more, -1), 0).tolist() == [80, 90, 0]
