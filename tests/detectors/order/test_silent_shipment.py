from datetime import timedelta

from detectors.order.silent_shipment import SilentShipment
from detectors.testing import ABROAD, HOME, due, words_of
from schemas.problems import problems_digest
from schemas.testing import a_cancellation, a_delivery, a_dispatch, a_scan, an_order, at, at_ms
from schemas.times import HOUR, NEVER
from streams.testing import problems_of

SILENT = SilentShipment()
MONDAY, THURSDAY = at_ms("03-02T10:00"), at_ms("03-05T10:00")
FRIDAY, WEDNESDAY = at_ms("03-06T10:00"), at_ms("03-11T10:00")
SENT = (an_order(), a_dispatch(time=at("03-02T10:00")))


def test_it_is_silent_after_three_business_days_to_the_millisecond() -> None:
    too_early = problems_of(SILENT, *SENT, until=THURSDAY)
    [problem] = problems_of(SILENT, *SENT, until=THURSDAY + 1)

    assert too_early == []
    assert (problem.opened_at, problem.due_at, problem.subject) == (THURSDAY, THURSDAY, "o-1/s-1")


def test_a_weekend_is_no_silence() -> None:
    sent = {"dispatched_at": FRIDAY, "last_movement_at": FRIDAY, "lane": 0}

    assert due(SILENT, words_of(HOME), **sent) == WEDNESDAY


def test_nobody_could_be_heard_of_a_parcel_whose_carrier_is_unknown() -> None:
    words = words_of(HOME._replace(carrier="unknown"))
    sent = {"dispatched_at": FRIDAY, "last_movement_at": FRIDAY, "lane": 0}

    assert due(SILENT, words, **sent) == NEVER
    assert due(SILENT, words, **sent, accepted_at=FRIDAY) == WEDNESDAY


def test_a_parcel_abroad_has_five_business_days() -> None:
    words = words_of(HOME, ABROAD)
    sent = {"dispatched_at": MONDAY, "last_movement_at": MONDAY}

    assert due(SILENT, words, **sent, lane=0) == THURSDAY
    assert due(SILENT, words, **sent, lane=1) == at_ms("03-09T10:00")


def test_a_playbook_may_count_hours_instead() -> None:
    hourly = SilentShipment(timedelta(hours=72), timedelta(hours=96))
    words, sent = words_of(HOME, ABROAD), {"dispatched_at": FRIDAY, "last_movement_at": FRIDAY}

    assert due(hourly, words, **sent, lane=0) == FRIDAY + 72 * HOUR
    assert due(hourly, words, **sent, lane=1) == FRIDAY + 96 * HOUR


def test_every_scan_starts_the_silence_anew() -> None:
    scan = a_scan(time=at("03-05T10:00"))
    [problem] = problems_of(SILENT, *SENT, scan, until=at_ms("03-20"))

    assert problem.opened_at == at_ms("03-10T10:00")


def test_a_scan_after_the_silence_clears_it() -> None:
    scan = a_scan(time=at("03-05T10:00:00.001"))
    [problem] = problems_of(SILENT, *SENT, scan)

    assert (problem.cleared_at, problem.withdrawn_at) == (THURSDAY + 1, None)


def test_a_scan_recorded_late_that_had_broken_the_silence_withdraws_it() -> None:
    scan = a_scan(time=at("03-04T10:00"), recordedtime=at("03-06T10:00"))
    [problem] = problems_of(SILENT, *SENT, scan)

    assert (problem.cleared_at, problem.withdrawn_at) == (None, FRIDAY)


def test_a_dispatch_learnt_of_long_after_opens_nothing_before_it_was_known() -> None:
    sent = a_dispatch(time=at("02-02T10:00"), recordedtime=at("03-02T10:00"))
    [problem] = problems_of(SILENT, an_order(time=at("02-01")), sent)

    assert (problem.opened_at, problem.due_at) == (MONDAY, at_ms("02-05T10:00"))


def test_the_same_dispatch_twice_is_one() -> None:
    again = a_dispatch(time=at("03-02T10:00"), recordedtime=at("03-04T10:00"))
    once = problems_of(SILENT, *SENT, until=FRIDAY)
    twice = problems_of(SILENT, *SENT, again, until=FRIDAY)

    assert problems_digest(twice) == problems_digest(once)


def test_a_delivered_parcel_is_never_silent() -> None:
    arrived = a_delivery(time=at("03-05T10:00"))

    assert problems_of(SILENT, *SENT, arrived, until=at_ms("04-01")) == []


def test_nobody_waits_for_the_parcel_of_a_cancelled_order() -> None:
    cancelled = a_cancellation(time=at("03-03T10:00"))

    assert problems_of(SILENT, *SENT, cancelled, until=at_ms("04-01")) == []


def test_a_parcel_that_waits_at_a_shop_or_turns_back_is_not_silent() -> None:
    sent = {"dispatched_at": MONDAY, "last_movement_at": MONDAY}

    assert due(SILENT, **sent, pickup_at=MONDAY) == NEVER
    assert due(SILENT, **sent, returning_at=MONDAY) == NEVER
    assert due(SILENT, **sent, returned_at=MONDAY) == NEVER
    assert due(SILENT, **sent, voided_at=MONDAY) == NEVER
