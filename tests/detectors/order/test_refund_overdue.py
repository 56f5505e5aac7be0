from datetime import timedelta

from detectors.order.refund_overdue import RefundOverdue
from detectors.testing import due
from schemas.events import ReturnedLine
from schemas.testing import (
    a_cancellation,
    a_refund,
    a_return_cancellation,
    a_return_receipt,
    a_return_request,
    an_order,
    at,
    at_ms,
)
from schemas.times import DAY, NEVER
from streams.testing import problems_of

OVERDUE = RefundOverdue()
BACK = (
    an_order(),
    a_return_request(time=at("03-02T10:00")),
    a_return_receipt(time=at("03-06T10:00")),
)
DUE = at_ms("03-11T10:00")


def test_five_days_after_the_goods_are_back_to_the_millisecond() -> None:
    too_early = problems_of(OVERDUE, *BACK, until=DUE)
    [problem] = problems_of(OVERDUE, *BACK, until=DUE + 1)

    assert too_early == []
    assert (problem.opened_at, problem.subject) == (DUE, "o-1/r-1")


def test_money_on_the_last_millisecond_is_in_time_and_later_it_clears() -> None:
    in_time, late = a_refund(time=at("03-11T10:00")), a_refund(time=at("03-12"))
    [problem] = problems_of(OVERDUE, *BACK, late)

    assert problems_of(OVERDUE, *BACK, in_time, until=DUE + DAY) == []
    assert problem.cleared_at == at_ms("03-12")


def test_money_in_time_that_is_recorded_late_withdraws() -> None:
    [problem] = problems_of(OVERDUE, *BACK, a_refund(time=at("03-10"), recordedtime=at("03-12")))

    assert (problem.cleared_at, problem.withdrawn_at) == (None, at_ms("03-12"))


def test_money_for_the_order_after_the_request_counts_and_before_it_does_not() -> None:
    after = a_refund(return_id="", time=at("03-08"))
    before = a_refund(return_id="", time=at("03-02T09:00"))
    events = [BACK[0], before, *BACK[1:]]

    assert problems_of(OVERDUE, *BACK, after, until=DUE + DAY) == []
    assert len(problems_of(OVERDUE, *events, until=DUE + DAY)) == 1


def test_goods_on_their_way_are_not_paid_yet() -> None:
    assert problems_of(OVERDUE, *BACK[:2], until=DUE + 9 * DAY) == []


def test_what_never_came_is_paid_from_the_request_on() -> None:
    lines = [ReturnedLine(line_id="1", reason="never_arrived")]
    asked = a_return_request(lines=lines, time=at("03-02T10:00"))
    [problem] = problems_of(OVERDUE, an_order(), asked, until=DUE)

    assert problem.opened_at == at_ms("03-07T10:00")


def test_a_customer_who_wants_goods_or_keeps_them_waits_for_no_money() -> None:
    replaced = a_return_request(wants="replacement", time=at("03-02T10:00"))
    kept = a_return_cancellation(time=at("03-07"))

    assert problems_of(OVERDUE, an_order(), replaced, BACK[2], until=DUE + DAY) == []
    assert problems_of(OVERDUE, *BACK, kept, until=DUE + DAY) == []


def test_store_credit_is_money() -> None:
    wanted = a_return_request(wants="store_credit", time=at("03-02T10:00"))

    assert len(problems_of(OVERDUE, an_order(), wanted, BACK[2], until=DUE + DAY)) == 1


def test_a_receipt_learnt_of_late_is_due_when_it_is_known() -> None:
    late = a_return_receipt(time=at("03-06T10:00"), recordedtime=at("03-20"))
    [problem] = problems_of(OVERDUE, *BACK[:2], late)

    assert (problem.opened_at, problem.due_at) == (at_ms("03-20"), DUE)


def test_the_same_receipt_twice_is_one() -> None:
    again = a_return_receipt(time=at("03-06T10:00"), recordedtime=at("03-08"))

    assert len(problems_of(OVERDUE, *BACK, again, until=DUE + DAY)) == 1


def test_a_cancelled_order_owes_nothing_that_events_could_tell() -> None:
    assert problems_of(OVERDUE, an_order(), a_cancellation(), until=DUE + 99 * DAY) == []


def test_a_playbook_sets_the_patience() -> None:
    assert due(RefundOverdue(timedelta(days=1)), requested_at=1, received_at=2) == 2 + DAY


def test_a_return_that_is_neither_back_nor_empty_owes_nothing() -> None:
    assert due(OVERDUE, requested_at=1) == NEVER
