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
from schemas.decisions import Status, Verdict
from schemas.problems import Problem


def wall_clock() -> int:
    return time.time_ns() // 1_000_000  # noqa: TID251 - signatures carry the real time


def received(receiver: Receiver) -> dict[str, dict[str, Any]]:
    return {effect["data"]["name"]: effect["data"] for effect in receiver.effects.values()}


def after(folder: Path, *problems: Problem) -> dict[str, dict[str, Any]]:
    """Return what the shop was asked to do about these problems, by the name of the action."""
    ledger = Ledger(f"sqlite:///{folder}/ledger.sqlite")
    with loopback_receiver() as receiver:
        webhook = Webhook(receiver.url, (SECRET,), wall_clock, allowed=("127.0.0.0/8",))
        Desk(ledger, load_playbook()).take([opened(problem) for problem in problems], NOON)
        Relay(ledger, {"*": webhook}).run_once(NOON)
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
