from datetime import timedelta

import pytest

from detectors.order.delivery_failed import DeliveryFailed
from detectors.testing import due
from schemas.events import ShipmentScanned
from schemas.testing import a_cancellation, a_delivery, a_dispatch, a_scan, an_order, at, at_ms
from schemas.times import DAY, HOUR, NEVER
from streams.testing import problems_of

FAILED = DeliveryFailed()
SENT = (an_order(), a_dispatch())
TUESDAY, WEDNESDAY = at_ms("03-03T10:00"), at_ms("03-04T10:00")


def scan(status: str, when: str, **fields: object) -> ShipmentScanned:
    return a_scan(status=status, time=at(when), **fields)


MISSED = scan("attempt_failed", "03-03T10:00")


def test_a_first_attempt_may_be_put_right_by_the_next_working_day() -> None:
    too_early = problems_of(FAILED, *SENT, MISSED, until=WEDNESDAY)
    [problem] = problems_of(FAILED, *SENT, MISSED, until=WEDNESDAY + 1)

    assert too_early == []
    assert (problem.opened_at, problem.subject) == (WEDNESDAY, "o-1/s-1")


def test_a_second_attempt_has_failed_at_once() -> None:
    again = scan("attempt_failed", "03-03T18:00")
    [problem] = problems_of(FAILED, *SENT, MISSED, again)

    assert problem.opened_at == TUESDAY + 8 * HOUR


def test_the_same_attempt_twice_is_one_attempt() -> None:
    again = scan("attempt_failed", "03-03T10:00", recordedtime=at("03-03T12:00"))

    assert problems_of(FAILED, *SENT, MISSED, again, until=WEDNESDAY) == []


@pytest.mark.parametrize("status", ["address_problem", "refused"])
def test_what_only_the_customer_can_solve_is_asked_at_once_and_without_blame(status: str) -> None:
    [problem] = problems_of(FAILED, *SENT, scan(status, "03-03T10:00"))

    assert problem.opened_at == TUESDAY
    assert problem.kind == "delivery-failed"


def test_a_parcel_kept_back_has_until_the_next_working_day() -> None:
    kept = scan("held", "03-06T10:00")
    [problem] = problems_of(FAILED, *SENT, kept, until=at_ms("03-20"))

    assert problem.opened_at == at_ms("03-09T10:00")


def test_a_parcel_that_moves_on_is_no_longer_kept_back() -> None:
    onward = scan("in_transit", "03-06T18:00")

    events = [*SENT, scan("held", "03-06T10:00"), onward]
    assert problems_of(FAILED, *events, until=at_ms("03-20")) == []


@pytest.mark.parametrize("status", ["available_for_pickup", "returning", "returned", "cancelled"])
def test_it_ends_when_something_else_is_done_with_the_parcel(status: str) -> None:
    end = scan(status, "03-05T10:00")
    [problem] = problems_of(FAILED, *SENT, MISSED, end)

    assert problem.cleared_at == at_ms("03-05T10:00")


def test_delivery_clears_it_and_one_in_time_that_is_recorded_late_withdraws() -> None:
    late = a_delivery(time=at("03-05T10:00"))
    in_time = a_delivery(time=at("03-04T10:00"), recordedtime=at("03-05T10:00"))
    [cleared] = problems_of(FAILED, *SENT, MISSED, late)
    [withdrawn] = problems_of(FAILED, *SENT, MISSED, in_time)

    assert (cleared.cleared_at, cleared.withdrawn_at) == (WEDNESDAY + DAY, None)
    assert (withdrawn.cleared_at, withdrawn.withdrawn_at) == (None, WEDNESDAY + DAY)


def test_an_attempt_learnt_of_late_is_due_when_it_is_known() -> None:
    late = scan("attempt_failed", "03-03T10:00", recordedtime=at("03-09"))
    [problem] = problems_of(FAILED, *SENT, late)

    assert (problem.opened_at, problem.due_at) == (at_ms("03-09"), WEDNESDAY)


def test_nobody_waits_for_the_parcel_of_a_cancelled_order() -> None:
    off = a_cancellation(time=at("03-03"))

    assert problems_of(FAILED, *SENT, off, MISSED, until=at_ms("03-20")) == []


def test_a_playbook_may_count_hours_instead() -> None:
    hourly = DeliveryFailed(timedelta(hours=12))
    [problem] = problems_of(hourly, *SENT, MISSED, until=WEDNESDAY)

    assert problem.opened_at == TUESDAY + 12 * HOUR


def test_a_parcel_nobody_has_tried_to_deliver_has_not_failed() -> None:
    assert due(FAILED, dispatched_at=1, last_movement_at=1) == NEVER
