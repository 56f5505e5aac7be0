import pytest

from detectors.order.damaged_item import DamagedItem
from detectors.order.missing_item import MissingItem
from detectors.order.wrong_item import WrongItem
from detectors.question import Question
from schemas.events import InspectedLine, RefundedLine, ReturnedLine, ReturnRequested
from schemas.problems import problems_digest
from schemas.testing import (
    a_line,
    a_refund,
    a_return_cancellation,
    a_return_receipt,
    a_return_request,
    a_return_shipment,
    an_order,
    at,
    at_ms,
)
from streams.testing import problems_of

SAID = at_ms("03-08T10:00")
REPORTED_ITEMS = pytest.mark.parametrize(
    ("detector", "reason", "sound"),
    [
        pytest.param(WrongItem(), "wrong_item", "right_item", id="wrong"),
        pytest.param(DamagedItem(), "damaged", "sellable", id="damaged"),
        pytest.param(DamagedItem(), "defective", "right_item", id="defective"),
        pytest.param(MissingItem(), "missing_item", "right_item", id="missing"),
    ],
)


def request(reason: str, number: int = 1, **fields: object) -> ReturnRequested:
    lines = [ReturnedLine(line_id="1", reason=reason)]
    when = {"time": at(f"03-{7 + number:02}T10:00")}
    return a_return_request(return_id=f"r-{number}", lines=lines, **when | fields)


def inspection(disposition: str) -> list[InspectedLine]:
    return [InspectedLine(line_id="1", disposition=disposition)]


@REPORTED_ITEMS
def test_the_customers_word_is_enough(detector: Question, reason: str, sound: str) -> None:
    [problem] = problems_of(detector, an_order(), request(reason))

    assert sound
    assert (problem.opened_at, problem.due_at, problem.subject) == (SAID, SAID, "o-1/1")


@REPORTED_ITEMS
def test_any_other_reason_is_another_matter(detector: Question, reason: str, sound: str) -> None:
    other = "unwanted"

    assert reason != other != sound
    assert problems_of(detector, an_order(), request(other)) == []


@REPORTED_ITEMS
def test_goods_that_are_back_clear_it(detector: Question, reason: str, sound: str) -> None:
    back = a_return_receipt(time=at("03-20"), lines=inspection("as_claimed"))
    [problem] = problems_of(detector, an_order(), request(reason), back)

    assert sound
    assert (problem.cleared_at, problem.withdrawn_at) == (at_ms("03-20"), None)


@REPORTED_ITEMS
def test_money_clears_it_whether_or_not_it_names_the_return(
    detector: Question, reason: str, sound: str
) -> None:
    line = [RefundedLine(line_id="1", amount="19.90")]
    day = {"time": at("03-20")}
    ways = [
        a_refund(**day),
        a_refund(return_id="", **day),
        a_refund(return_id="", lines=line, **day),
    ]

    assert sound
    for paid in ways:
        [problem] = problems_of(detector, an_order(), request(reason), paid)
        assert problem.cleared_at == at_ms("03-20")


@REPORTED_ITEMS
def test_money_for_another_line_or_before_the_report_clears_nothing(
    detector: Question, reason: str, sound: str
) -> None:
    other = a_refund(return_id="", lines=[RefundedLine(line_id="2", amount="1")], time=at("03-20"))
    earlier = a_refund(return_id="", time=at("03-02"))
    order = an_order(lines=[a_line(), a_line(line_id="2")])

    assert sound
    for paid in (other, earlier):
        [problem] = problems_of(detector, order, request(reason), paid)
        assert problem.is_open


@REPORTED_ITEMS
def test_an_inspection_that_contradicts_withdraws_it(
    detector: Question, reason: str, sound: str
) -> None:
    back = a_return_receipt(time=at("03-20"), lines=inspection(sound))
    [problem] = problems_of(detector, an_order(), request(reason), back)

    assert (problem.cleared_at, problem.withdrawn_at) == (None, at_ms("03-20"))


@REPORTED_ITEMS
def test_a_customer_who_keeps_the_goods_withdraws_it(
    detector: Question, reason: str, sound: str
) -> None:
    kept = a_return_cancellation(time=at("03-09"))
    [problem] = problems_of(detector, an_order(), request(reason), kept)

    assert sound
    assert (problem.cleared_at, problem.withdrawn_at) == (None, at_ms("03-09"))


@REPORTED_ITEMS
def test_an_inspection_after_the_refund_withdraws_what_was_cleared(
    detector: Question, reason: str, sound: str
) -> None:
    paid = a_refund(time=at("03-15"))
    back = a_return_receipt(time=at("03-20"), lines=inspection(sound))
    [problem] = problems_of(detector, an_order(), request(reason), paid, back)

    assert (problem.cleared_at, problem.withdrawn_at) == (at_ms("03-15"), at_ms("03-20"))


@REPORTED_ITEMS
def test_one_report_taken_back_does_not_undo_another(
    detector: Question, reason: str, sound: str
) -> None:
    settled = a_return_receipt(time=at("03-08T20:00"), lines=inspection("as_claimed"))
    kept = a_return_cancellation(return_id="r-2", time=at("03-20"))
    events = [an_order(), request(reason), settled, request(reason, 2), kept]
    first, second = problems_of(detector, *events)

    assert sound
    assert (first.cleared_at, first.withdrawn_at) == (at_ms("03-08T20:00"), None)
    assert second.cleared_at == at_ms("03-20")


@REPORTED_ITEMS
def test_a_report_learnt_of_late_opens_when_it_is_known(
    detector: Question, reason: str, sound: str
) -> None:
    [problem] = problems_of(detector, an_order(), request(reason, recordedtime=at("03-12")))

    assert sound
    assert (problem.opened_at, problem.due_at) == (at_ms("03-12"), SAID)


@REPORTED_ITEMS
def test_the_same_report_twice_is_one(detector: Question, reason: str, sound: str) -> None:
    again = request(reason, recordedtime=at("03-12"))
    once = problems_of(detector, an_order(), request(reason))
    twice = problems_of(detector, an_order(), request(reason), again)

    assert sound
    assert problems_digest(twice) == problems_digest(once)


@REPORTED_ITEMS
def test_a_return_on_its_way_settles_nothing(detector: Question, reason: str, sound: str) -> None:
    away = a_return_shipment(time=at("03-09"))
    [problem] = problems_of(detector, an_order(), request(reason), away)

    assert sound
    assert problem.is_open


@pytest.mark.practice("4.1")
def test_damage_the_inspection_puts_down_to_the_customer_stays_a_damage() -> None:
    back = a_return_receipt(time=at("03-20"), lines=inspection("customer_damaged"))
    [problem] = problems_of(DamagedItem(), an_order(), request("damaged"), back)

    assert (problem.cleared_at, problem.withdrawn_at) == (at_ms("03-20"), None)
