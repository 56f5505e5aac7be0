"""One timeline holds all that happened to a customer, whatever it is filed under."""

import json
from pathlib import Path
from typing import Any

import pytest

from actions.desk import Desk
from actions.ledger import Ledger
from actions.outbox import Relay
from actions.playbook import load_playbook
from andon.testing import command
from schemas.events import Event
from schemas.testing import a_contact, a_delivery, a_dispatch, an_order, as_lines, at, at_ms
from streams.embedded import Embedded, Timing
from streams.engine import Engine
from streams.folder import Folder
from streams.inbox import Arrival
from streams.intake import JSON_LINES, Delivery
from streams.journal import Journal

EVENTS: list[Event] = [
    an_order(time=at("03-02T09:00"), ship_by="", promised_by=at("03-05T00:00")),
    a_dispatch(time=at("03-02T18:00")),
    an_order(order_id="o-2", customer_id="c-2", time=at("03-03T09:00"), promised_by="", ship_by=""),
    a_contact(order_id="", time=at("03-06T08:00"), topic="where_is_my_order"),
    a_delivery(time=at("03-06T09:00")),
]


@pytest.fixture(autouse=True)
def lived(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a recording pass: one order is late, somebody writes, another customer is content."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    folder = Folder(tmp_path / "andon-data")
    folder.path.mkdir()
    ledger = Ledger(folder.ledger_url)
    desk = Desk(ledger, load_playbook())
    with Journal(folder.journal) as journal:
        timing = Timing(recording=True, acts_by_log=True)
        embedded = Embedded(journal, Engine(), desk.take, timing=timing)
        embedded.accept([Arrival(Delivery(as_lines(EVENTS), JSON_LINES, "test"))])
        embedded.decide()
        embedded.finish()
    Relay(ledger, {"message-customer": lambda _: "sent"}).run_once(at_ms("03-06T10:00"))
    ledger.close()


def rows(customer: str) -> list[dict[str, Any]]:
    return [
        json.loads(line)
        for line in command("customer", customer, "-o", "json").out.split("\n")
        if line
    ]


@pytest.mark.practice("3.2")
def test_events_problems_and_answers_of_a_customer_stand_in_one_timeline() -> None:
    found = [row["what"] for row in rows("c-1")]

    assert found[:3] == ["order.placed", "shipment.dispatched", "problem opened"]
    assert {"contact.opened", "shipment.delivered", "message-customer", "problem cleared"} <= set(
        found
    )
    assert [row["at"] for row in rows("c-1")] == sorted(row["at"] for row in rows("c-1"))
    assert "o-2" not in {row["order"] for row in rows("c-1")}


def test_it_says_what_was_done_and_what_waits_but_not_where_they_live() -> None:
    said = {row["what"]: row["said"] for row in rows("c-1")}

    assert said["message-customer"].startswith("done: late-delivery")
    assert said["refund-shipping"].startswith("queued: late-delivery")
    assert "destination" not in said["order.placed"]


def test_it_ends_with_whether_they_may_be_sold_to() -> None:
    assert "promotions: hold, because of unanswered-contact" in command("customer", "c-1").words
    assert "promotions: free" in command("customer", "c-2").words


def test_a_customer_whom_nobody_names_is_said_to_be_unknown() -> None:
    said = command("customer", "c-9")

    assert said.code == 2
    assert "nothing is known of customer c-9" in said.words
