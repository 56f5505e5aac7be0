import pytest

from detectors.order.returning_to_sender import ReturningToSender
from detectors.testing import due
from schemas.testing import (
    a_cancellation,
    a_delivery,
    a_dispatch,
    a_refund,
    a_scan,
    an_order,
    at,
    at_ms,
)
from schemas.times import DAY, NEVER
from streams.testing import problems_of

RETURNING = ReturningToSender()
SENT = (an_order(), a_dispatch())
TURNED = a_scan(status="returning", time=at("03-04T10:00"))
THEN = at_ms("03-04T10:00")


def test_it_opens_when_the_parcel_turns_and_not_before() -> None:
    too_early = problems_of(RETURNING, *SENT, TURNED, until=THEN)
    [problem] = problems_of(RETURNING, *SENT, TURNED, until=THEN + 1)

    assert too_early == []
    assert (problem.opened_at, problem.subject) == (THEN, "o-1/s-1")


def test_its_arrival_at_the_warehouse_does_not_help_the_customer() -> None:
    back = a_scan(status="returned", time=at("03-08T10:00"))
    [problem] = problems_of(RETURNING, *SENT, TURNED, back)

    assert problem.is_open


def test_some_carriers_only_say_that_it_is_back() -> None:
    [problem] = problems_of(RETURNING, *SENT, a_scan(status="returned", time=at("03-04T10:00")))

    assert problem.opened_at == THEN


def test_money_or_a_delivery_after_all_clears_it() -> None:
    paid = a_refund(return_id="", time=at("03-09"))
    arrived = a_delivery(time=at("03-09"))

    for end in (paid, arrived):
        [problem] = problems_of(RETURNING, *SENT, TURNED, end)
        assert (problem.cleared_at, problem.withdrawn_at) == (at_ms("03-09"), None)


def test_money_paid_back_for_something_else_before_clears_nothing() -> None:
    earlier = a_refund(return_id="", time=at("03-02"))
    [problem] = problems_of(RETURNING, *SENT, earlier, TURNED)

    assert problem.is_open


def test_a_delivery_before_it_turned_that_is_recorded_late_withdraws() -> None:
    arrived = a_delivery(time=at("03-04T09:00"), recordedtime=at("03-05"))
    [problem] = problems_of(RETURNING, *SENT, TURNED, arrived)

    assert problem.withdrawn_at == at_ms("03-05")


def test_a_parcel_called_back_because_of_a_cancellation_is_as_it_should_be() -> None:
    assert problems_of(RETURNING, *SENT, a_cancellation(time=at("03-03")), TURNED) == []


def test_a_turn_learnt_of_late_opens_when_it_is_known() -> None:
    late = a_scan(status="returning", time=at("03-04T10:00"), recordedtime=at("03-06"))
    [problem] = problems_of(RETURNING, *SENT, late)

    assert (problem.opened_at, problem.due_at) == (at_ms("03-06"), THEN)


def test_two_scans_are_one_journey_back() -> None:
    again = a_scan(status="returning", time=at("03-05T10:00"))
    [problem] = problems_of(RETURNING, *SENT, TURNED, TURNED, again)

    assert problem.opened_at == THEN


@pytest.mark.parametrize("fact", ["delivered_at", "voided_at", "order_cancelled_at"])
def test_a_parcel_nobody_waits_for_may_come_back(fact: str) -> None:
    assert due(RETURNING, returning_at=DAY, **{fact: DAY}) == NEVER
