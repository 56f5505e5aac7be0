import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from detectors.journeys.folds import Numbers
from detectors.journeys.kept import Kept
from detectors.journeys.standing import Edge, Standing, Telling, What, tellings

ROW, ANNA, BEN = 4, 7, 8
OPENED, ENDED, REFUTED, MOVED = What.OPENED, What.ENDED, What.REFUTED, What.MOVED


def followed(edges: list[Edge], rows: Numbers, *standing: Standing) -> list[Telling]:
    columns = np.array(edges, np.int64).reshape(-1, len(Edge._fields)).T
    found = tellings(columns, rows, standing)
    return [Telling(*one) for one in found.T.tolist()]


def told(*what: What, buyers: tuple[int, ...] = ()) -> list[Telling]:
    """Return what becomes of the reports about one row to which this happens, version by version.

    Version 0 is the one from before.
    """
    who = iter(buyers)
    edges = [Edge(n, w, 0, n * 10, next(who, ANNA) if w is OPENED else 0)
             for n, w in enumerate(what, start=1)]  # fmt: skip
    return followed(edges, np.full(len(what) + 1, ROW), Standing())


def units(*what: What) -> list[tuple[int, int]]:
    """Return in which version's cell a report is told (+1) or taken back (-1)."""
    return [(one.version, one.units) for one in told(*what)]


def test_reports_go_on_under_the_new_numbers_of_their_rows() -> None:
    standing = Standing()
    for row, buyer in ((0, BEN), (2, ANNA), (2, ANNA), (2, ANNA), (3, BEN)):
        standing.open(row, buyer)
    standing.forget(Kept.of(np.array([False, True, True, True])))

    assert [standing.buyer(row) for row in range(4)] == [None, ANNA, BEN, None]
    assert [standing.end(1) for _ in range(3)] == [None, None, ANNA]
    assert standing.end(2) == BEN


def test_a_report_is_told_in_its_cell_and_taken_back_from_the_one_it_was_in() -> None:
    assert units(OPENED, ENDED) == [(1, 1), (1, -1)]


def test_a_second_episode_is_the_same_report_and_stands_until_both_have_ended() -> None:
    assert units(OPENED, OPENED, ENDED) == [(1, 1)]
    assert units(OPENED, OPENED, ENDED, ENDED) == [(1, 1), (3, -1)]
    assert units(OPENED, OPENED, OPENED, ENDED, ENDED) == [(1, 1)]
    assert units(OPENED, OPENED, OPENED, ENDED, ENDED, ENDED) == [(1, 1), (5, -1)]


def test_what_is_refuted_never_was_however_often_it_was_said() -> None:
    assert units(OPENED, OPENED, REFUTED) == [(1, 1), (2, -1)]
    assert units(OPENED, OPENED, REFUTED, OPENED, ENDED) == [(1, 1), (2, -1), (4, 1), (4, -1)]


def test_a_report_follows_its_unit() -> None:
    assert units(OPENED, MOVED) == [(1, 1), (1, -1), (2, 1)]
    assert units(MOVED, OPENED) == [(2, 1)]


def test_where_nothing_stands_nothing_ends() -> None:
    assert units(ENDED, REFUTED, MOVED) == []


def test_who_reported_first_is_told_to_the_end() -> None:
    found = told(OPENED, OPENED, MOVED, ENDED, ENDED, buyers=(ANNA, BEN))

    assert {one.buyer for one in found} == {ANNA}


def test_reports_of_other_defects_and_rows_are_left_alone() -> None:
    edges = [Edge(0, OPENED, 0, 1, ANNA), Edge(1, OPENED, 1, 1, BEN), Edge(2, ENDED, 0, 2, 0)]
    found = followed(edges, np.array([ROW, ROW, ROW + 1]), Standing(), Standing())

    assert [(one.defect, one.units) for one in found] == [(0, 1), (1, 1)]


@given(st.lists(st.sampled_from(What), max_size=12))
def test_what_is_told_adds_up_to_whether_a_report_stands(what: list[What]) -> None:
    sums = np.cumsum([one.units for one in told(*what)]).tolist()
    episodes = 0
    for one in what:
        episodes += one is OPENED
        episodes = 0 if one is REFUTED else max(episodes - (one is ENDED), 0)

    assert set(sums) <= {0, 1}
    assert (sums[-1:] or [0]) == [int(episodes > 0)]
