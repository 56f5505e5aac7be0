import pytest

from detectors.order.late_delivery import LateDelivery
from detectors.testing import due
from schemas.events import LineQuantity
from schemas.testing import (
    a_cancellation,
    a_delivery,
    a_dispatch,
    a_line,
    a_scan,
    an_order,
    an_unfillable_line,
    at,
    at_ms,
)
from schemas.times import DAY, NEVER
from streams.testing import problems_of

LATE = LateDelivery()
PROMISE = at_ms("03-05T10:00")
BOTH = an_order(lines=[a_line(), a_line(line_id="2")])
FIRST = a_dispatch(lines=[LineQuantity(line_id="1")])
SECOND = a_dispatch(shipment_id="s-2", lines=[LineQuantity(line_id="2")])


def test_an_order_is_late_from_its_promise_on_and_not_before() -> None:
    too_early = problems_of(LATE, an_order(), until=PROMISE)
    [problem] = problems_of(LATE, an_order(), until=PROMISE + 1)

    assert too_early == []
    assert (problem.opened_at, problem.subject, problem.customer_id) == (PROMISE, "o-1", "c-1")


def test_a_delivery_on_the_last_millisecond_keeps_the_promise() -> None:
    arrived = a_delivery(time=at("03-05T10:00"))

    assert problems_of(LATE, an_order(), a_dispatch(), arrived, until=PROMISE + DAY) == []


def test_a_delivery_a_millisecond_later_clears_what_it_broke() -> None:
    arrived = a_delivery(time=at("03-05T10:00:00.001"))
    [problem] = problems_of(LATE, an_order(), a_dispatch(), arrived)

    assert (problem.opened_at, problem.cleared_at) == (PROMISE, PROMISE + 1)


def test_one_delivered_parcel_of_two_does_not_keep_the_promise() -> None:
    [problem] = problems_of(LATE, BOTH, FIRST, SECOND, a_delivery(), until=PROMISE + DAY)

    assert problem.opened_at == PROMISE


def test_the_second_parcel_keeps_it() -> None:
    arrived = [a_delivery(), a_delivery(shipment_id="s-2")]

    assert problems_of(LATE, BOTH, FIRST, SECOND, *arrived, until=PROMISE + DAY) == []


def test_a_carriers_estimate_never_moves_the_promise() -> None:
    scan = a_scan(time=at("03-02T10:00"), eta=at("03-09T10:00"))
    [problem] = problems_of(LATE, an_order(), a_dispatch(), scan, until=PROMISE + DAY)

    assert problem.opened_at == PROMISE


@pytest.mark.parametrize("end", [a_cancellation(), an_unfillable_line()], ids=["order", "line"])
def test_nobody_waits_for_what_will_not_come(end: object) -> None:
    events = [an_order(), end]

    assert problems_of(LATE, *events, until=PROMISE + DAY) == []  # type: ignore[arg-type] # events


def test_an_order_learnt_of_after_its_promise_is_late_when_it_is_known() -> None:
    known = at_ms("03-07T10:00")
    [problem] = problems_of(LATE, an_order(recordedtime=at("03-07T10:00")), until=known + 1)

    assert (problem.opened_at, problem.due_at) == (known, PROMISE)


def test_a_delivery_in_time_that_is_recorded_late_withdraws() -> None:
    arrived = a_delivery(time=at("03-05T09:00"), recordedtime=at("03-06T10:00"))
    [problem] = problems_of(LATE, an_order(), a_dispatch(), arrived)

    assert (problem.cleared_at, problem.withdrawn_at) == (None, at_ms("03-06T10:00"))


def test_the_same_order_twice_is_one() -> None:
    again = an_order(recordedtime=at("03-02T10:00"))

    assert len(problems_of(LATE, an_order(), again, until=PROMISE + DAY)) == 1


def test_an_order_without_a_promise_is_never_late() -> None:
    assert due(LATE, placed_at=1, lines_open=1) == NEVER
