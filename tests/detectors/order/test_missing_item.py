from datetime import timedelta

from detectors.order.missing_item import MissingItem
from detectors.testing import due, refuted
from schemas.events import LineQuantity, PackedLine, RefundedLine, ShipmentPacked
from schemas.testing import (
    a_cancellation,
    a_dispatch,
    a_line,
    a_packing,
    a_refund,
    an_order,
    an_unfillable_line,
    at,
    at_ms,
)
from schemas.times import DAY, NEVER
from streams.testing import problems_of

MISSING = MissingItem()
SENT = at_ms("03-02T10:00")
DUE = SENT + 2 * DAY


def packing(units: int, **fields: object) -> ShipmentPacked:
    return a_packing(lines=[PackedLine(line_id="1", sku="sku-1", quantity=units)], **fields)


SHORT = (an_order(lines=[a_line(quantity=3)]), packing(2), a_dispatch(time=at("03-02T10:00")))


def test_the_rest_has_two_days_to_follow_to_the_millisecond() -> None:
    too_early = problems_of(MISSING, *SHORT, until=DUE)
    [problem] = problems_of(MISSING, *SHORT, until=DUE + 1)

    assert too_early == []
    assert (problem.opened_at, problem.subject) == (DUE, "o-1/1")


def test_the_rest_in_time_is_no_problem_and_later_it_clears() -> None:
    second = packing(1, shipment_id="s-2")
    in_time = a_dispatch(shipment_id="s-2", time=at("03-04T10:00"))
    late = a_dispatch(shipment_id="s-2", time=at("03-04T10:00:00.001"))
    [problem] = problems_of(MISSING, *SHORT, second, late)

    assert problems_of(MISSING, *SHORT, second, in_time, until=DUE + DAY) == []
    assert problem.cleared_at == DUE + 1


def test_the_rest_in_time_that_is_recorded_late_withdraws() -> None:
    second = packing(1, shipment_id="s-2")
    sent = a_dispatch(shipment_id="s-2", time=at("03-04"), recordedtime=at("03-06"))
    [problem] = problems_of(MISSING, *SHORT, second, sent)

    assert (problem.cleared_at, problem.withdrawn_at) == (None, at_ms("03-06"))


def test_a_line_of_which_nothing_was_sent_is_not_short() -> None:
    assert problems_of(MISSING, an_order(), packing(1), until=DUE + DAY) == []


def test_units_cancelled_unfillable_or_paid_back_are_not_missing() -> None:
    unit = [LineQuantity(line_id="1")]
    paid = a_refund(return_id="", lines=[RefundedLine(line_id="1", amount="1")], time=at("03-03"))
    off = a_cancellation(lines=unit, time=at("03-03"))
    gone = an_unfillable_line(time=at("03-03"))

    for end in (paid, off, gone, a_cancellation(time=at("03-03"))):
        assert problems_of(MISSING, *SHORT, end, until=DUE + DAY) == []


def test_a_parcel_that_names_no_lines_may_hold_the_rest() -> None:
    unnamed = a_dispatch(shipment_id="s-2", time=at("03-03"))

    assert problems_of(MISSING, *SHORT, unnamed, until=DUE + DAY) == []


def test_a_dispatch_learnt_of_late_opens_when_it_is_known() -> None:
    late = a_dispatch(time=at("03-02T10:00"), recordedtime=at("03-09"))
    [problem] = problems_of(MISSING, *SHORT[:2], late)

    assert (problem.opened_at, problem.due_at) == (at_ms("03-09"), DUE)


def test_the_same_parcel_twice_does_not_fill_the_line() -> None:
    again = packing(2, recordedtime=at("03-03"))
    [problem] = problems_of(MISSING, *SHORT, again, until=DUE + 1)

    assert problem.opened_at == DUE


def test_a_playbook_sets_the_grace() -> None:
    [problem] = problems_of(MissingItem(timedelta(days=1)), *SHORT, until=DUE)

    assert problem.opened_at == SENT + DAY


def test_what_the_customer_reports_does_not_wait_for_the_grace() -> None:
    line = {"known_at": 1, "quantity": 3, "dispatched_units": 2, "first_dispatched_at": SENT}

    assert due(MISSING, **line) == DUE
    assert due(MISSING, **line, missing_at=SENT + 1, missing_open=1) == SENT + 1


def test_a_report_about_an_unknown_order_waits_for_it() -> None:
    assert due(MISSING, missing_at=1, missing_open=1) == NEVER


def test_only_reports_are_taken_back() -> None:
    assert refuted(MISSING, missing_at=1, missing_standing=0)
    assert not refuted(MISSING, missing_at=1, missing_standing=1)
    assert not refuted(MISSING, dispatched_units=1)
