import pytest

from detectors.order.damaged_shipment import DamagedShipment
from detectors.testing import due
from schemas.testing import a_cancellation, a_delivery, a_dispatch, a_scan, an_order, at, at_ms
from schemas.times import NEVER
from streams.testing import problems_of

DAMAGED = DamagedShipment()
SENT = (an_order(), a_dispatch(time=at("03-02T10:00")))
HURT = a_scan(status="damaged", time=at("03-03T10:00"))
SEEN = at_ms("03-03T10:00")


def test_it_opens_with_the_scan_and_not_before() -> None:
    too_early = problems_of(DAMAGED, *SENT, HURT, until=SEEN)
    [problem] = problems_of(DAMAGED, *SENT, HURT, until=SEEN + 1)

    assert too_early == []
    assert (problem.opened_at, problem.subject) == (SEEN, "o-1/s-1")


def test_going_on_does_not_mend_it() -> None:
    [problem] = problems_of(DAMAGED, *SENT, HURT, a_scan(time=at("03-04T10:00")))

    assert problem.is_open


def test_delivery_clears_it_for_then_the_customer_knows_better() -> None:
    [problem] = problems_of(DAMAGED, *SENT, HURT, a_delivery(time=at("03-04T10:00")))

    assert (problem.cleared_at, problem.withdrawn_at) == (at_ms("03-04T10:00"), None)


def test_a_delivery_before_the_damage_that_is_recorded_late_withdraws() -> None:
    arrived = a_delivery(time=at("03-03T09:00"), recordedtime=at("03-04T10:00"))
    [problem] = problems_of(DAMAGED, *SENT, HURT, arrived)

    assert problem.withdrawn_at == at_ms("03-04T10:00")


def test_a_damage_learnt_of_late_opens_when_it_is_known() -> None:
    late = a_scan(status="damaged", time=at("03-03T10:00"), recordedtime=at("03-06"))
    [problem] = problems_of(DAMAGED, *SENT, late)

    assert (problem.opened_at, problem.due_at) == (at_ms("03-06"), SEEN)


def test_two_reports_are_one_damage() -> None:
    again = a_scan(status="damaged", time=at("03-04T10:00"))
    [problem] = problems_of(DAMAGED, *SENT, HURT, HURT, again)

    assert problem.opened_at == SEEN


def test_nobody_waits_for_the_parcel_of_a_cancelled_order() -> None:
    assert problems_of(DAMAGED, *SENT, a_cancellation(time=at("03-02T12:00")), HURT) == []


@pytest.mark.parametrize("fact", ["delivered_at", "returned_at", "voided_at"])
def test_a_parcel_that_is_over_is_not_asked_about(fact: str) -> None:
    assert due(DAMAGED, damaged_at=9, **{fact: 9}) == NEVER
