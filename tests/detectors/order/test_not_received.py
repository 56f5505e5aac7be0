import pytest

from detectors.order.missing_item import MissingItem
from detectors.order.not_received import NotReceived
from schemas.events import RefundedLine, ReturnedLine, ReturnRequested
from schemas.testing import (
    a_cancellation,
    a_delivery,
    a_dispatch,
    a_refund,
    a_return_cancellation,
    a_return_request,
    an_order,
    at,
    at_ms,
)
from streams.testing import problems_of

NOT_RECEIVED = NotReceived()
SAID = at_ms("03-08T10:00")


def report(reason: str = "never_arrived", **fields: object) -> ReturnRequested:
    lines = [ReturnedLine(line_id="1", reason=reason)]
    return a_return_request(lines=lines, **{"time": at("03-08T10:00")} | fields)


def test_the_customers_word_is_enough_at_once_and_not_before() -> None:
    too_early = problems_of(NOT_RECEIVED, an_order(), report(), until=SAID)
    [problem] = problems_of(NOT_RECEIVED, an_order(), report(), until=SAID + 1)

    assert too_early == []
    assert (problem.opened_at, problem.due_at, problem.subject) == (SAID, SAID, "o-1/1")


def test_a_delivery_that_the_carrier_reports_does_not_speak_against_the_customer() -> None:
    [problem] = problems_of(NOT_RECEIVED, an_order(), a_dispatch(), a_delivery(), report())

    assert (problem.opened_at, problem.cleared_at, problem.withdrawn_at) == (SAID, None, None)


@pytest.mark.parametrize("reason", ["missing_item", "arrived_late", "unwanted"])
def test_any_other_reason_is_another_matter(reason: str) -> None:
    assert problems_of(NOT_RECEIVED, an_order(), report(reason)) == []


def test_what_never_arrived_is_not_missing_from_a_parcel_as_well() -> None:
    assert problems_of(MissingItem(), an_order(), report()) == []


@pytest.mark.parametrize(
    "refund",
    [
        pytest.param({}, id="for the return"),
        pytest.param({"return_id": ""}, id="for the order"),
        pytest.param(
            {"return_id": "", "lines": [RefundedLine(line_id="1", amount="19.90")]},
            id="for the line",
        ),
    ],
)
def test_money_clears_it(refund: dict[str, object]) -> None:
    paid = a_refund(time=at("03-20"), **refund)
    [problem] = problems_of(NOT_RECEIVED, an_order(), report(), paid)

    assert (problem.cleared_at, problem.withdrawn_at) == (at_ms("03-20"), None)


def test_a_customer_who_found_it_withdraws_it() -> None:
    found = a_return_cancellation(time=at("03-09"))
    [problem] = problems_of(NOT_RECEIVED, an_order(), report(), found)

    assert (problem.cleared_at, problem.withdrawn_at) == (None, at_ms("03-09"))


def test_a_customer_who_found_it_after_the_money_was_back_withdraws_it_too() -> None:
    paid, found = a_refund(time=at("03-20")), a_return_cancellation(time=at("03-25"))
    [problem] = problems_of(NOT_RECEIVED, an_order(), report(), paid, found)

    assert (problem.cleared_at, problem.withdrawn_at) == (at_ms("03-20"), at_ms("03-25"))


def test_it_is_not_opened_before_it_was_known() -> None:
    late = report(recordedtime=at("03-11T08:00"))
    [problem] = problems_of(NOT_RECEIVED, an_order(), late)

    assert (problem.opened_at, problem.due_at) == (at_ms("03-11T08:00"), SAID)


def test_said_twice_it_is_one_problem() -> None:
    assert len(problems_of(NOT_RECEIVED, an_order(), report(), report())) == 1


def test_it_waits_for_an_order_that_is_not_known_yet() -> None:
    assert problems_of(NOT_RECEIVED, report()) == []


def test_a_cancelled_order_may_still_be_owed() -> None:
    cancelled = a_cancellation(time=at("03-09"))
    [problem] = problems_of(NOT_RECEIVED, an_order(), report(), cancelled)

    assert problem.cleared_at is None
