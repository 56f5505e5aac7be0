import pytest

from detectors.order.delivery_change import DeliveryChange
from detectors.testing import due
from schemas.testing import (
    a_cancellation,
    a_delivery,
    a_delivery_change,
    a_dispatch,
    a_scan,
    an_order,
    at,
    at_ms,
)
from schemas.times import DAY, NEVER
from streams.testing import problems_of

CHANGE = DeliveryChange()
SENT = (an_order(), a_dispatch())
ASKED = a_delivery_change(time=at("03-03T10:00"), change="address")
WHEN = at_ms("03-03T10:00")


def test_a_wish_for_another_delivery_is_a_task_at_once() -> None:
    too_early = problems_of(CHANGE, *SENT, ASKED, until=WHEN)
    [problem] = problems_of(CHANGE, *SENT, ASKED, until=WHEN + 1)

    assert too_early == []
    assert (problem.opened_at, problem.subject) == (WHEN, "o-1/s-1")


def test_it_is_a_task_before_anything_else_is_known_of_the_parcel() -> None:
    [problem] = problems_of(CHANGE, ASKED, until=WHEN + 1)

    assert problem.opened_at == WHEN


def test_the_delivery_clears_it() -> None:
    [problem] = problems_of(CHANGE, *SENT, ASKED, a_delivery(time=at("03-05")))

    assert problem.cleared_at == at_ms("03-05")


def test_a_delivery_before_the_wish_that_is_recorded_after_it_withdraws_it() -> None:
    before = a_delivery(time=at("03-03T09:00"), recordedtime=at("03-04"))
    [problem] = problems_of(CHANGE, *SENT, ASKED, before)

    assert problem.withdrawn_at == at_ms("03-04")


def test_another_wish_is_the_same_task() -> None:
    again = a_delivery_change(time=at("03-04T10:00"), change="date")
    [problem] = problems_of(CHANGE, *SENT, ASKED, again, until=WHEN + 3 * DAY)

    assert problem.opened_at == WHEN


def test_it_is_too_late_for_what_is_there_goes_back_or_is_called_off() -> None:
    too_late = (
        a_delivery(time=at("03-03T09:00")),
        a_scan(status="returning", time=at("03-03T09:00")),
        a_cancellation(time=at("03-03T09:00")),
    )

    for end in too_late:
        assert problems_of(CHANGE, *SENT, end, ASKED, until=WHEN + DAY) == []


@pytest.mark.parametrize("fact", ["delivered_at", "returned_at", "voided_at", "returning_at"])
def test_what_is_over_is_no_task(fact: str) -> None:
    assert due(CHANGE, change_at=1, **{fact: 1}) == NEVER
