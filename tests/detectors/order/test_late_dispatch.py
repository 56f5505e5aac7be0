from datetime import timedelta

from detectors.order.late_dispatch import LateDispatch
from detectors.testing import due
from schemas.events import LineQuantity, PackedLine
from schemas.testing import (
    a_cancellation,
    a_delivery,
    a_dispatch,
    a_line,
    a_packing,
    a_scan,
    an_order,
    an_unfillable_line,
    at,
    at_ms,
)
from schemas.times import DAY, HOUR, NEVER
from streams.testing import problems_of

LATE = LateDispatch()
SHIP_BY = at_ms("03-03T10:00")
THREE = an_order(lines=[a_line(quantity=3)])


def packed(units: int) -> list[PackedLine]:
    return [PackedLine(line_id="1", sku="sku-1", quantity=units)]


def test_a_line_is_late_from_ship_by_on_and_not_before() -> None:
    too_early = problems_of(LATE, an_order(), until=SHIP_BY)
    [problem] = problems_of(LATE, an_order(), until=SHIP_BY + 1)

    assert too_early == []
    assert (problem.opened_at, problem.subject_type, problem.subject) == (SHIP_BY, "line", "o-1/1")


def test_the_promise_less_the_usual_journey_may_come_first() -> None:
    line = {"known_at": 1, "quantity": 1, "ship_by": 9 * DAY, "promised_by": 10 * DAY}

    assert due(LATE, **line) == 8 * DAY
    assert due(LateDispatch(transit=timedelta(hours=12)), **line) == 9 * DAY


def test_a_playbook_may_warn_ahead() -> None:
    line = {"known_at": 1, "quantity": 1, "ship_by": 9 * DAY}

    assert due(LateDispatch(lead=timedelta(hours=6)), **line) == 9 * DAY - 6 * HOUR


def test_a_dispatch_on_the_last_millisecond_is_in_time() -> None:
    sent = a_dispatch(time=at("03-03T10:00"))

    assert problems_of(LATE, an_order(), a_packing(), sent, until=SHIP_BY + DAY) == []


def test_a_later_dispatch_clears() -> None:
    sent = a_dispatch(time=at("03-03T10:00:00.001"))
    [problem] = problems_of(LATE, an_order(), a_packing(), sent)

    assert problem.cleared_at == SHIP_BY + 1


def test_a_dispatch_in_time_that_is_recorded_late_withdraws() -> None:
    sent = a_dispatch(time=at("03-03T09:00"), recordedtime=at("03-04T10:00"))
    [problem] = problems_of(LATE, an_order(), a_packing(), sent)

    assert (problem.cleared_at, problem.withdrawn_at) == (None, at_ms("03-04T10:00"))


def test_two_of_three_units_are_not_the_line() -> None:
    parcel = a_packing(lines=packed(2))
    [problem] = problems_of(LATE, THREE, parcel, a_dispatch(), until=SHIP_BY + DAY)

    assert problem.opened_at == SHIP_BY


def test_units_in_two_parcels_add_up() -> None:
    rest = a_dispatch(shipment_id="s-2", lines=[LineQuantity(line_id="1")])
    events = [THREE, a_packing(lines=packed(2)), a_dispatch(), rest]

    assert problems_of(LATE, *events, until=SHIP_BY + DAY) == []


def test_a_parcel_that_names_no_lines_may_hold_them_all() -> None:
    assert problems_of(LATE, an_order(), a_dispatch(), until=SHIP_BY + DAY) == []
    assert problems_of(LATE, an_order(), a_scan(), until=SHIP_BY + DAY) == []


def test_what_is_delivered_was_dispatched() -> None:
    assert problems_of(LATE, an_order(), a_packing(), a_delivery(), until=SHIP_BY + DAY) == []


def test_what_is_cancelled_or_not_there_need_not_leave() -> None:
    some = a_cancellation(lines=[LineQuantity(line_id="1")])

    for end in (a_cancellation(), some, an_unfillable_line()):
        assert problems_of(LATE, an_order(), end, until=SHIP_BY + DAY) == []


def test_an_order_learnt_of_after_ship_by_is_late_when_it_is_known() -> None:
    known = at_ms("03-04T10:00")
    [problem] = problems_of(LATE, an_order(recordedtime=at("03-04T10:00")), until=known + 1)

    assert (problem.opened_at, problem.due_at) == (known, SHIP_BY)


def test_the_same_parcel_twice_carries_its_units_once() -> None:
    twice = [a_packing(lines=packed(2)), a_packing(lines=packed(2), recordedtime=at("03-02"))]
    [problem] = problems_of(LATE, THREE, *twice, a_dispatch(), until=SHIP_BY + DAY)

    assert problem.opened_at == SHIP_BY


def test_a_line_without_any_deadline_is_never_late() -> None:
    assert due(LATE, known_at=1, quantity=1) == NEVER
