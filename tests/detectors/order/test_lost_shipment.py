import pytest

from detectors.order.lost_shipment import LostShipment
from detectors.testing import ABROAD, HOME, due, words_of
from schemas.testing import a_cancellation, a_delivery, a_dispatch, a_scan, an_order, at, at_ms
from schemas.times import DAY, HOUR, NEVER
from streams.testing import problems_of

LOST = LostShipment()
SENT = a_dispatch(time=at("03-02T10:00"))
MONDAY = at_ms("03-02T10:00")
WEEK = MONDAY + 7 * DAY
REPORT = a_scan(status="lost", time=at("03-04T10:00"))


def test_what_the_carrier_calls_lost_is_lost() -> None:
    [problem] = problems_of(LOST, an_order(), SENT, REPORT)

    assert (problem.opened_at, problem.subject) == (at_ms("03-04T10:00"), "o-1/s-1")


def test_a_week_without_news_is_presumed_lost_to_the_millisecond() -> None:
    too_early = problems_of(LOST, SENT, until=WEEK)
    [problem] = problems_of(LOST, SENT, until=WEEK + 1)

    assert too_early == []
    assert problem.opened_at == WEEK


def test_abroad_it_is_twenty_days() -> None:
    words, sent = words_of(HOME, ABROAD), {"dispatched_at": MONDAY, "last_movement_at": MONDAY}

    assert due(LOST, words, **sent, lane=0) == WEEK
    assert due(LOST, words, **sent, lane=1) == MONDAY + 20 * DAY


def test_two_days_past_the_carriers_estimate_are_enough() -> None:
    estimate = a_scan(time=at("03-03T10:00"), eta=at("03-04T12:00"))
    overdue = at_ms("03-06T12:00")
    too_early = problems_of(LOST, SENT, estimate, until=overdue)
    [problem] = problems_of(LOST, SENT, estimate, until=overdue + 1)

    assert too_early == []
    assert problem.opened_at == overdue


def test_news_after_the_estimate_gives_two_more_days() -> None:
    words = words_of(etas=(MONDAY,))
    heard = MONDAY + 5 * HOUR
    parcel = {"dispatched_at": 1, "accepted_at": 1, "last_movement_at": heard, "eta": 0}

    assert due(LOST, words, **parcel) == heard + 48 * HOUR


def test_an_estimate_is_not_believed_before_the_carrier_has_the_parcel() -> None:
    words = words_of(HOME, etas=(MONDAY,))
    sent = {"dispatched_at": MONDAY, "last_movement_at": MONDAY, "lane": 0}

    assert due(LOST, words, **sent, eta=0) == WEEK


def test_any_later_sign_of_it_clears() -> None:
    found = a_scan(time=at("03-05T10:00"))
    [problem] = problems_of(LOST, SENT, REPORT, found)

    assert problem.cleared_at == at_ms("03-05T10:00")


def test_a_delivery_recorded_late_withdraws() -> None:
    arrived = a_delivery(time=at("03-03T10:00"), recordedtime=at("03-06T10:00"))
    [problem] = problems_of(LOST, SENT, REPORT, arrived)

    assert (problem.cleared_at, problem.withdrawn_at) == (None, at_ms("03-06T10:00"))


def test_calling_it_lost_again_is_no_sign_of_it() -> None:
    again = a_scan(status="lost", time=at("03-06T10:00"))
    [problem] = problems_of(LOST, SENT, REPORT, again, REPORT)

    assert problem.opened_at == at_ms("03-04T10:00")
    assert problem.is_open


def test_a_loss_learnt_of_late_opens_when_it_is_known() -> None:
    late = a_scan(status="lost", time=at("03-04T10:00"), recordedtime=at("03-06T10:00"))
    [problem] = problems_of(LOST, SENT, late)

    assert (problem.opened_at, problem.due_at) == (at_ms("03-06T10:00"), at_ms("03-04T10:00"))


def test_nobody_looks_for_the_parcel_of_a_cancelled_order() -> None:
    assert problems_of(LOST, an_order(), a_cancellation(), SENT, REPORT, until=MONDAY * 2) == []


@pytest.mark.parametrize("fact", ["delivered_at", "returned_at", "voided_at"])
def test_a_parcel_that_is_over_is_not_lost(fact: str) -> None:
    parcel = {"dispatched_at": 1, "last_movement_at": 9, "lost_at": 9, fact: 9}

    assert due(LOST, **parcel) == NEVER


@pytest.mark.parametrize("fact", ["pickup_at", "returning_at"])
def test_a_parcel_at_rest_is_not_presumed_lost(fact: str) -> None:
    assert due(LOST, dispatched_at=1, last_movement_at=9, **{fact: 9}) == NEVER
