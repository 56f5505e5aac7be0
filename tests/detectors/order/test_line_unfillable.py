from detectors.order.line_unfillable import LineUnfillable
from detectors.testing import due
from schemas.events import LineQuantity, RefundedLine
from schemas.testing import (
    a_cancellation,
    a_dispatch,
    a_packing,
    a_refund,
    an_order,
    an_unfillable_line,
    at,
    at_ms,
)
from schemas.times import NEVER
from streams.testing import problems_of

UNFILLABLE = LineUnfillable()
KNOWN = at_ms("03-02T10:00")
GONE = an_unfillable_line(time=at("03-02T10:00"))


def test_it_opens_when_the_shop_knows_and_not_before() -> None:
    too_early = problems_of(UNFILLABLE, an_order(), GONE, until=KNOWN)
    [problem] = problems_of(UNFILLABLE, an_order(), GONE, until=KNOWN + 1)

    assert too_early == []
    assert (problem.opened_at, problem.subject) == (KNOWN, "o-1/1")


def test_cancelling_paying_back_or_sending_after_all_clears_it() -> None:
    unit = [LineQuantity(line_id="1")]
    named = [RefundedLine(line_id="1", amount="19.90")]
    ends = (
        a_cancellation(time=at("03-03")),
        a_cancellation(lines=unit, time=at("03-03")),
        a_refund(return_id="", time=at("03-03")),
        a_refund(return_id="", lines=named, time=at("03-03")),
        a_dispatch(lines=unit, time=at("03-03")),
    )

    for end in ends:
        [problem] = problems_of(UNFILLABLE, an_order(), GONE, end)
        assert (problem.cleared_at, problem.withdrawn_at) == (at_ms("03-03"), None)


def test_a_cancellation_before_it_that_is_recorded_late_withdraws() -> None:
    off = a_cancellation(time=at("03-02"), recordedtime=at("03-03"))
    [problem] = problems_of(UNFILLABLE, an_order(), GONE, off)

    assert problem.withdrawn_at == at_ms("03-03")


def test_packing_alone_is_not_sending() -> None:
    [problem] = problems_of(UNFILLABLE, an_order(), GONE, a_packing(time=at("03-03")))

    assert problem.is_open


def test_a_shortage_learnt_of_late_opens_when_it_is_known() -> None:
    late = an_unfillable_line(time=at("03-02T10:00"), recordedtime=at("03-05"))
    [problem] = problems_of(UNFILLABLE, an_order(), late)

    assert (problem.opened_at, problem.due_at) == (at_ms("03-05"), KNOWN)


def test_an_order_learnt_of_after_its_shortage_opens_it() -> None:
    [problem] = problems_of(UNFILLABLE, GONE, an_order(recordedtime=at("03-05")))

    assert problem.opened_at == at_ms("03-05")


def test_the_same_shortage_twice_is_one() -> None:
    again = an_unfillable_line(time=at("03-03"))

    assert len(problems_of(UNFILLABLE, an_order(), GONE, again)) == 1


def test_an_order_cancelled_before_has_no_shortage() -> None:
    assert problems_of(UNFILLABLE, an_order(), a_cancellation(time=at("03-02")), GONE) == []


def test_an_unknown_line_is_no_problem() -> None:
    assert due(UNFILLABLE, unfillable_at=1) == NEVER
