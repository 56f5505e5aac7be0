from datetime import timedelta

from detectors.order.return_stalled import ReturnStalled
from detectors.testing import due
from schemas.events import ReturnedLine
from schemas.testing import (
    a_refund,
    a_return_cancellation,
    a_return_receipt,
    a_return_request,
    a_return_shipment,
    an_order,
    at,
    at_ms,
)
from schemas.times import DAY, NEVER
from streams.testing import problems_of

STALLED = ReturnStalled()
ASKED = (an_order(), a_return_request(time=at("03-02T10:00")))
AWAY = a_return_shipment(time=at("03-04T10:00"))
UNUSED, ROAD = at_ms("03-16T10:00"), at_ms("03-11T10:00")


def test_a_label_nobody_used_for_a_fortnight_is_asked_about() -> None:
    too_early = problems_of(STALLED, *ASKED, until=UNUSED)
    [problem] = problems_of(STALLED, *ASKED, until=UNUSED + 1)

    assert too_early == []
    assert (problem.opened_at, problem.subject_type, problem.subject) == (
        UNUSED,
        "return",
        "o-1/r-1",
    )


def test_a_week_on_the_road_is_too_long_to_the_millisecond() -> None:
    too_early = problems_of(STALLED, *ASKED, AWAY, until=ROAD)
    [problem] = problems_of(STALLED, *ASKED, AWAY, until=ROAD + 1)

    assert too_early == []
    assert problem.opened_at == ROAD


def test_a_receipt_on_the_last_millisecond_is_in_time_and_later_it_clears() -> None:
    in_time = a_return_receipt(time=at("03-11T10:00"))
    [problem] = problems_of(STALLED, *ASKED, AWAY, a_return_receipt(time=at("03-12")))

    assert problems_of(STALLED, *ASKED, AWAY, in_time, until=ROAD + DAY) == []
    assert problem.cleared_at == at_ms("03-12")


def test_a_receipt_in_time_that_is_recorded_late_withdraws() -> None:
    back = a_return_receipt(time=at("03-10"), recordedtime=at("03-12"))
    [problem] = problems_of(STALLED, *ASKED, AWAY, back)

    assert (problem.cleared_at, problem.withdrawn_at) == (None, at_ms("03-12"))


def test_money_or_a_change_of_mind_ends_it() -> None:
    ends = (
        a_refund(time=at("03-05")),
        a_refund(return_id="", time=at("03-05")),
        a_return_cancellation(time=at("03-05")),
    )

    for end in ends:
        assert problems_of(STALLED, *ASKED, AWAY, end, until=ROAD + DAY) == []


def test_money_paid_back_before_the_return_was_asked_for_ends_nothing() -> None:
    earlier = a_refund(return_id="", time=at("03-02T09:00"))
    [problem] = problems_of(STALLED, an_order(), earlier, *ASKED[1:], AWAY, until=ROAD + 1)

    assert problem.opened_at == ROAD


def test_what_never_came_need_not_go_back() -> None:
    nothing = a_return_request(lines=[ReturnedLine(line_id="1", reason="missing_item")])
    some = [ReturnedLine(line_id="1", reason="missing_item"), ReturnedLine(line_id="2")]
    far = at_ms("05-01")

    assert problems_of(STALLED, an_order(), nothing, until=far) == []
    assert len(problems_of(STALLED, an_order(), a_return_request(lines=some), until=far)) == 1


def test_a_request_learnt_of_late_is_due_when_it_is_known() -> None:
    late = a_return_request(time=at("02-02"), recordedtime=at("03-02"))
    [problem] = problems_of(STALLED, an_order(time=at("02-01")), late, until=at_ms("03-03"))

    assert (problem.opened_at, problem.due_at) == (at_ms("03-02"), at_ms("02-16"))


def test_the_same_return_twice_is_one() -> None:
    again = a_return_request(time=at("03-02T10:00"), recordedtime=at("03-05"))

    assert len(problems_of(STALLED, *ASKED, again, until=UNUSED + DAY)) == 1


def test_a_playbook_sets_both_limits() -> None:
    quick = ReturnStalled(road=timedelta(days=1), unused=timedelta(days=2))

    assert due(quick, requested_at=1) == 1 + 2 * DAY
    assert due(quick, requested_at=1, shipped_at=5) == 5 + DAY


def test_a_return_nobody_asked_for_is_not_asked_about() -> None:
    assert due(STALLED, shipped_at=1) == NEVER
