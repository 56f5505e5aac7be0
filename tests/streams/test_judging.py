from pathlib import Path

import pytest

from actions.testing import a_problem, opened
from detectors.journeys.vocabulary import Vocabulary
from detectors.observations import Repair
from schemas.problems import Cause
from schemas.times import HOUR, ms
from streams.accounts import AccountError, Telling, encoded
from streams.engine import HORIZON, RULES
from streams.judging import Gap, Judged, Mismatch, Seat
from streams.snapshots import Settings, Snapshots

T = 490_000 * HOUR
"""An end of a period, ms UTC."""


def a_seat() -> Seat:
    return Seat(RULES, ms(HORIZON))


def an_account(  # noqa: PLR0913 - what an account is told with, by name
    partition: int, since: int, until: int, *, of: int = 1, is_end: bool = False, repairs: int = 0
) -> bytes:
    cause = Cause("sku.repaired", since, since)
    told = tuple(Repair(at=since + i, cause=cause, sku=f"sku-{i}") for i in range(repairs))
    [data] = encoded(
        Telling(
            partition=partition,
            of=of,
            since=since,
            until=until,
            offsets={},
            is_end=is_end,
            observations=told,
            words=Vocabulary(),
        )
    )
    return data


def hear(seat: Seat, *accounts: bytes) -> list[bool]:
    return [seat.hear(data) for data in accounts]


def test_time_is_what_every_partition_and_the_catalogue_have_passed() -> None:
    seat = a_seat()
    hear(seat, an_account(0, 0, T, of=2), an_account(1, 0, T + 5, of=2))
    before = seat.clock
    hear(seat, an_account(-1, 0, T + 9, of=2))

    assert (before, seat.clock) == (0, T)


def test_an_account_that_was_heard_is_not_heard_again() -> None:
    seat = a_seat()
    heard = hear(seat, an_account(0, 0, T), an_account(0, 0, T), an_account(0, 0, T - 1))

    assert (heard, seat.repeated, seat.heard) == ([True, False, False], 2, {0: T})


def test_an_account_that_overlaps_is_heard_from_where_the_one_before_ended() -> None:
    seat = a_seat()
    heard = hear(seat, an_account(0, 0, T), an_account(0, T - 5, T + 5), an_account(0, 0, T + 6))

    assert (heard, seat.repeated, seat.heard) == ([True, True, True], 0, {0: T + 6})


def test_a_partition_that_leaves_something_out_is_a_gap_and_nothing_is_taken_in() -> None:
    seat = a_seat()
    hear(seat, an_account(0, 0, T), an_account(-1, 0, T + HOUR))
    heard = hear(seat, an_account(0, T + 1, T + 5), an_account(0, T + 5, T + HOUR))
    [gap] = seat.gaps.values()

    assert (heard, seat.clock) == ([False, False], T)
    assert str(gap) == f"partition 0 told nothing of {T} to {T + 1} (ms UTC)"
    assert gap[:2] == (0, T)


def test_time_stands_still_at_a_gap_until_all_since_then_is_told_again() -> None:
    seat = a_seat()
    hear(seat, an_account(0, 0, T), an_account(-1, 0, T + HOUR), an_account(0, T + 1, T + 9))
    heard = hear(seat, an_account(0, 0, T + 1), an_account(0, T + 1, T + 9))

    assert (heard, seat.gaps, seat.clock) == ([True, True], {}, T + 9)


def test_whoever_tells_what_was_heard_is_telling_again() -> None:
    seat = a_seat()
    hear(seat, an_account(0, 0, T), an_account(0, T + 1, T + 9), an_account(0, 0, T - 5))

    assert seat.gaps == {}


def test_the_end_of_a_recording_behind_a_gap_is_no_end() -> None:
    seat = a_seat()
    hear(seat, an_account(0, 0, T), an_account(-1, 0, T + 9, is_end=True))
    hear(seat, an_account(0, T + 1, T + 9, is_end=True))
    before = seat.is_end
    hear(seat, an_account(0, 0, T + 9, is_end=True))

    assert (before, seat.is_end) == (False, True)


def test_the_first_account_of_a_partition_may_begin_where_the_log_still_begins() -> None:
    seat = a_seat()

    assert seat.hear(an_account(0, 1, T))
    assert seat.heard == {0: T}


def test_nobody_may_begin_later_in_a_log_that_was_heard_from_its_beginning() -> None:
    seat = a_seat()
    seat.is_from_beginning = True
    heard = hear(seat, an_account(0, 1, T), an_account(-1, 0, T))

    assert (heard, seat.gaps) == ([False, True], {0: Gap(0, 0, 1)})


def test_accounts_of_another_number_of_partitions_are_a_mismatch() -> None:
    seat = a_seat()
    hear(seat, an_account(0, 0, T, of=4))
    with pytest.raises(Mismatch, match="one of 8 partitions among those of 4"):
        seat.hear(an_account(1, 0, T, of=8))

    assert seat.heard == {0: T}


def test_what_is_no_account_changes_nothing() -> None:
    seat = a_seat()
    with pytest.raises(AccountError):
        seat.hear(b"nonsense")

    assert (seat.of, seat.heard) == (0, {})


def test_the_judge_tells_how_far_all_have_come() -> None:
    seat = a_seat()
    silent = seat.decide()
    hear(seat, an_account(0, 0, T + 1), an_account(-1, 0, T + HOUR))

    assert silent == Judged([], [], 0, 0)
    assert seat.decide() == Judged([], [], 0, T + 1)


def test_what_partitions_tell_comes_in_order_of_time_and_once_all_have_passed_it() -> None:
    def told(partition: int, until: int, *at: int, since: int = 0) -> bytes:
        changes = tuple(opened(a_problem(subject=f"o-{one}", opened_at=one)) for one in at)
        said = tuple((one, f"said {one}") for one in at)
        telling = Telling(
            partition=partition,
            of=2,
            since=since,
            until=until,
            offsets={},
            changes=changes,
            said=said,
            orders=len(at),
            words=Vocabulary(),
        )
        [data] = encoded(telling)
        return data

    seat = a_seat()
    hear(seat, told(1, T + 9, T + 8, T + 2), told(0, T + 5, T + 1, T + 3), told(-1, T + 9))
    first = seat.decide()
    nothing_new = seat.decide()
    hear(seat, told(0, T + 9, T + 3, T + 7))
    second = seat.decide()

    assert [change.at for change in first.changes] == [T + 1, T + 2, T + 3]
    assert [at for at, _ in first.said] == [T + 1, T + 2, T + 3]
    assert nothing_new == Judged([], [], 0, T + 5)
    assert [change.at for change in second.changes] == [T + 7, T + 8]
    assert [text for _, text in second.said] == [f"said {T + 7}", f"said {T + 8}"]


def test_a_recording_has_ended_when_all_partitions_and_the_catalogue_have() -> None:
    seat = a_seat()
    hear(seat, an_account(0, 0, T, is_end=True), an_account(1 - 2, 0, T))
    before = seat.is_end
    hear(seat, an_account(-1, T, T, is_end=True))

    assert (before, seat.is_end, seat.decide().clock) == (False, True, T)


def test_whoever_goes_on_after_the_end_has_not_ended() -> None:
    seat = a_seat()
    hear(seat, an_account(0, 0, T, is_end=True), an_account(-1, 0, T, is_end=True))
    hear(seat, an_account(0, T, T + 5))

    assert not seat.is_end


def test_an_end_told_again_by_who_read_it_again_stays_an_end() -> None:
    seat = a_seat()
    end = an_account(0, 0, T, is_end=True)
    hear(seat, end, an_account(-1, 0, T, is_end=True), an_account(0, 0, T - 5), end)

    assert seat.is_end


def test_a_seat_goes_on_from_its_snapshot(tmp_path: Path) -> None:
    seat = a_seat()
    hear(seat, an_account(0, 0, T, repairs=3), an_account(-1, 0, T + 7))
    hear(seat, an_account(-1, T + 8, T + HOUR))
    seat.decide()
    store = Snapshots(tmp_path)
    store.save("judge", {}, seat, "same")
    loaded = store.load("judge", "same", Settings(rules=RULES))
    assert loaded is not None
    again: Seat = loaded.state

    assert (again.heard, again.of, again.clock) == (seat.heard, seat.of, seat.clock)
    assert again.gaps == {-1: Gap(-1, T + 7, T + 8)}
    assert hear(again, an_account(0, 0, T), an_account(0, T - 5, T + HOUR)) == [False, True]
    assert again.decide().clock == T + 7
