"""Stories from one problem to what a shop's own system receives: signed, once, complete."""

import time
from pathlib import Path
from typing import Any

import pytest

from actions.desk import Desk
from actions.executors.webhook import Webhook
from actions.ledger import Ledger
from actions.outbox import Relay
from actions.playbook import load_playbook
from actions.testing import NOON, SECRET, Receiver, a_problem, loopback_receiver, opened
from detectors.order.needed_by_at_risk import NeededByAtRisk
from detectors.order.not_received import NotReceived
from detectors.order.repeat_contact import RepeatContact
from detectors.order.return_stalled import ReturnStalled
from detectors.order.unanswered_contact import UnansweredContact
from detectors.order.unanswered_review import UnansweredReview
from schemas.decisions import Status, Verdict
from schemas.events import ReturnedLine
from schemas.problems import Problem
from schemas.testing import (
    a_callback_request,
    a_contact,
    a_dispatch,
    a_return_request,
    a_review,
    a_scan,
    an_answer,
    an_order,
    at,
    at_ms,
)
from schemas.times import DAY
from streams.testing import problems_of


def wall_clock() -> int:
    return time.time_ns() // 1_000_000  # noqa: TID251 - signatures carry the real time


def received(receiver: Receiver) -> dict[str, dict[str, Any]]:
    return {effect["data"]["name"]: effect["data"] for effect in receiver.effects.values()}


def after(folder: Path, *problems: Problem, now: int = NOON) -> dict[str, dict[str, Any]]:
    """Return what the shop was asked to do about these problems, by the name of the action."""
    ledger = Ledger(f"sqlite:///{folder}/ledger.sqlite")
    with loopback_receiver() as receiver:
        webhook = Webhook(receiver.url, (SECRET,), wall_clock, allowed=("127.0.0.0/8",))
        Desk(ledger, load_playbook()).take([opened(problem) for problem in problems], now)
        Relay(ledger, {"*": webhook}).run_once(now)
    ledger.close()
    assert not receiver.refused
    return received(receiver)


def test_a_late_delivery_reaches_the_shop_signed_and_once(tmp_path: Path) -> None:
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.sqlite")
    desk = Desk(ledger, load_playbook())
    with loopback_receiver() as receiver:
        webhook = Webhook(receiver.url, (SECRET,), wall_clock, allowed=("127.0.0.0/8",))
        (decision,) = desk.take([opened(a_problem("late-delivery"))], NOON)
        first = Relay(ledger, {"*": webhook}).run_once(NOON)
        second = Relay(ledger, {"*": webhook}).run_once(NOON)
    ledger.close()

    assert decision.verdict is Verdict.ACT
    assert [outcome.status for outcome in first] == [Status.DONE] * len(decision.actions)
    assert second == []
    assert receiver.deliveries == {action.id: 1 for action in decision.actions}
    assert not receiver.refused


@pytest.mark.practice("0.13")
def test_a_broken_promise_gives_the_shipping_fee_back(tmp_path: Path) -> None:
    asked = after(tmp_path, a_problem("late-delivery"))

    assert asked["refund-shipping"]["target"] == "O1"
    assert asked["refund-shipping"]["params"]["at_most"] == "15.00 USD"
    assert "giving back the shipping fee" in asked["message-customer"]["params"]["body"]


@pytest.mark.practice("2.1")
def test_what_is_out_of_stock_is_bought_elsewhere_at_the_same_price(tmp_path: Path) -> None:
    unfillable = a_problem("line-unfillable", subject_type="line", subject="O1/L1")

    asked = after(tmp_path, unfillable)

    assert asked["source-elsewhere"]["target"] == "O1/L1"
    assert "at the price you already paid" in asked["message-customer"]["params"]["body"]


@pytest.mark.practice("2.4")
def test_a_silent_parcel_is_told_of_before_anybody_asks(tmp_path: Path) -> None:
    silent = a_problem("silent-shipment", subject_type="shipment", subject="O1/S1")

    asked = after(tmp_path, silent)

    assert asked.keys() == {"message-customer", "alert-carrier"}


@pytest.mark.practice("3.6")
def test_two_problems_about_one_harm_give_one_answer(tmp_path: Path) -> None:
    silent = a_problem("silent-shipment", subject_type="shipment", subject="O1/S1")

    asked = after(tmp_path, a_problem("late-delivery"), silent)

    assert sorted(asked) == ["alert-carrier", "message-customer", "refund-shipping"]
    assert asked["message-customer"]["problem_id"] == a_problem("late-delivery").id


@pytest.mark.practice("0.8")
def test_the_decaf_plan_reaches_the_shop_whole(tmp_path: Path) -> None:
    decaf = a_problem("sku-wrong-item", subject_type="sku", subject="DECAF")

    asked = after(tmp_path, decaf)

    assert asked.keys() == {
        "delist-sku",
        "open-investigation",
        "offer-substitute",
        "credit-customer",
    }
    assert len({action["problem_id"] for action in asked.values()}) == 1


def test_what_is_sent_names_times_and_money_as_people_do(tmp_path: Path) -> None:
    asked = after(tmp_path, a_problem("refund-overdue", subject_type="return", subject="O1/R1"))

    assert asked["refund"]["planned_at"] == "2026-01-01T12:00:00.000Z"
    assert (asked["refund"]["cost_minor"], asked["refund"]["currency"]) == (10_000, "USD")
    assert "status" not in asked["refund"]


@pytest.mark.practice("0.2")
def test_who_left_a_number_and_is_not_called_gets_an_owner_who_is_paged(tmp_path: Path) -> None:
    asked_at = at("03-01T11:00")
    events = [an_order(), a_contact(), an_answer(), a_callback_request(time=asked_at)]
    late = at_ms("03-01T11:01")
    [uncalled] = problems_of(UnansweredContact(), *events, until=late + 1)

    asked = after(tmp_path, uncalled, now=late)

    assert uncalled.opened_at == late
    assert asked.keys() == {"assign-owner", "notify-ops"}
    assert asked["assign-owner"]["params"]["within"] == "5m"


@pytest.mark.practice("0.5")
def test_who_asks_again_gets_one_owner_and_a_call(tmp_path: Path) -> None:
    again = at("03-03T10:00")
    events = [an_order(), a_contact(), a_contact(contact_id="t-2", channel="phone", time=again)]
    [repeated] = problems_of(RepeatContact(), *events)

    asked = after(tmp_path, repeated, now=at_ms("03-03T10:00"))

    assert asked.keys() == {"assign-owner", "schedule-callback"}
    assert asked["assign-owner"]["order_id"] == "o-1"


@pytest.mark.practice("0.15")
def test_a_label_nobody_used_is_asked_about(tmp_path: Path) -> None:
    asked_at = at_ms("03-01T10:00")
    back = a_return_request(time=at("03-01T10:00"))
    [unused] = problems_of(ReturnStalled(), an_order(), back, until=asked_at + 15 * DAY)

    asked = after(tmp_path, unused, now=unused.opened_at)

    assert "has not moved for days" in asked["message-customer"]["params"]["body"]


@pytest.mark.practice("1.14")
def test_a_review_without_a_reply_gets_somebody_who_thanks_and_learns(tmp_path: Path) -> None:
    [bad] = problems_of(UnansweredReview(), an_order(), a_review(), until=at_ms("03-20"))

    asked = after(tmp_path, bad, now=bad.opened_at)

    assert "thank them" in asked["assign-owner"]["params"]["note"]


@pytest.mark.practice("3.1")
def test_a_gift_that_will_be_late_is_talked_about_while_there_is_time(tmp_path: Path) -> None:
    order = an_order(needed_by=at("03-10"))
    late = a_scan(time=at("03-03T10:00"), eta=at("03-11"))
    [risk] = problems_of(NeededByAtRisk(), order, a_dispatch(), late)

    asked = after(tmp_path, risk, now=risk.opened_at)

    assert asked.keys() == {"message-customer", "schedule-callback", "alert-carrier"}
    assert risk.opened_at < at_ms("03-10")


def test_what_never_arrived_is_looked_for_at_once_and_talked_about(tmp_path: Path) -> None:
    gone = a_return_request(
        time=at("03-08"), lines=[ReturnedLine(line_id="1", reason="never_arrived")]
    )
    [lost] = problems_of(NotReceived(), an_order(), gone)

    asked = after(tmp_path, lost, now=lost.opened_at)

    assert {"message-customer", "schedule-callback", "alert-carrier"} <= asked.keys()
    assert "has not reached you" in asked["message-customer"]["params"]["body"]
