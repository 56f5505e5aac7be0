"""What waits of one topic: stamps that never go back, and pieces that become one."""

import numpy as np

from schemas.times import Times
from streams.waiting import Piece, Promise, Tail, floors, joined


def times(*moments: int) -> Times:
    return np.array(moments, np.int64)


def a_piece(*recorded: int, first: int = 0) -> Piece:
    offsets = np.arange(first, first + len(recorded), dtype=np.int64)
    return Piece([], times(*recorded), times(*recorded), offsets)


def test_a_clock_binds_what_comes_behind_it_and_nothing_in_front_of_it() -> None:
    clocks = [Promise(1, 10, 500, is_end=False), Promise(3, 12, 700, is_end=False)]

    assert floors([0, 1, 2, 3], clocks).tolist() == [0, 500, 500, 700]


def test_an_earlier_promise_holds_although_a_later_clock_says_less() -> None:
    clocks = [Promise(0, 10, 500, is_end=False), Promise(1, 12, 400, is_end=False)]

    assert floors([0, 1], clocks).tolist() == [500, 500]


def test_without_clocks_nothing_is_promised() -> None:
    assert floors([0, 1], []).tolist() == [0, 0]


def test_a_stamp_before_what_was_promised_is_cut_to_it_and_counted() -> None:
    tail = Tail(0)
    tail.add(a_piece(100, 300, 200), times(0, 0, 250))

    assert tail.waiting[0].recorded.tolist() == [100, 300, 300]
    assert tail.late == 1
    assert tail.passed == 300


def test_pieces_become_one_in_their_order() -> None:
    one = joined([a_piece(1, 2), a_piece(3, first=2)])

    assert one.recorded.tolist() == [1, 2, 3]
    assert one.offset.tolist() == [0, 1, 2]
