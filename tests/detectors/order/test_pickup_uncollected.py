import pytest

from detectors.order.pickup_uncollected import PickupUncollected
from detectors.testing import due
from schemas.testing import a_cancellation, a_delivery, a_dispatch, a_scan, an_order, at, at_ms
from schemas.times import DAY, NEVER
from streams.testing import problems_of

UNCOLLECTED = PickupUncollected()
SENT = (an_order(), a_dispatch())
READY = a_scan(status="available_for_pickup", time=at("03-03T10:00"))
DUE = at_ms("03-06T10:00")


def test_three_days_at_a_pick_up_point_are_too_long_to_the_millisecond() -> None:
    too_early = problems_of(UNCOLLECTED, *SENT, READY, until=DUE)
    [problem] = problems_of(UNCOLLECTED, *SENT, READY, until=DUE + 1)

    assert too_early == []
    assert (problem.opened_at, problem.subject) == (DUE, "o-1/s-1")


def test_a_parcel_collected_in_the_last_millisecond_is_in_time_and_later_it_clears() -> None:
    in_time, later = a_delivery(time=at("03-06T10:00")), a_delivery(time=at("03-08"))
    [problem] = problems_of(UNCOLLECTED, *SENT, READY, later)

    assert problems_of(UNCOLLECTED, *SENT, READY, in_time, until=DUE + DAY) == []
    assert problem.cleared_at == at_ms("03-08")


def test_a_parcel_collected_in_time_that_is_recorded_late_withdraws() -> None:
    collected = a_delivery(time=at("03-05"), recordedtime=at("03-08"))
    [problem] = problems_of(UNCOLLECTED, *SENT, READY, collected)

    assert (problem.cleared_at, problem.withdrawn_at) == (None, at_ms("03-08"))


def test_a_second_notice_gives_no_more_days() -> None:
    again = a_scan(status="available_for_pickup", time=at("03-05T10:00"))
    [problem] = problems_of(UNCOLLECTED, *SENT, READY, READY, again, until=DUE + DAY)

    assert problem.opened_at == DUE


def test_a_notice_learnt_of_late_is_due_when_it_is_known() -> None:
    late = a_scan(status="available_for_pickup", time=at("03-03T10:00"), recordedtime=at("03-09"))
    [problem] = problems_of(UNCOLLECTED, *SENT, late)

    assert (problem.opened_at, problem.due_at) == (at_ms("03-09"), DUE)


def test_nobody_is_reminded_of_a_cancelled_order_or_a_parcel_that_goes_back() -> None:
    off = a_cancellation(time=at("03-04"))
    back = a_scan(status="returning", time=at("03-04"))

    for end in (off, back):
        assert problems_of(UNCOLLECTED, *SENT, READY, end, until=DUE + DAY) == []


@pytest.mark.parametrize("fact", ["delivered_at", "returned_at", "voided_at"])
def test_a_parcel_that_is_over_waits_no_more(fact: str) -> None:
    assert due(UNCOLLECTED, pickup_at=1, **{fact: 1}) == NEVER
