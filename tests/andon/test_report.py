"""The scoreboard: what customers got, what it cost, what was taken back, and what is left."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from actions.commands import tell
from actions.desk import Desk
from actions.ledger import Ledger
from actions.outbox import Relay
from actions.people import People
from actions.playbook import Playbook, parse_playbook
from actions.testing import NOON, a_problem, opened, withdrawn
from andon.heard import Heard, hear_all, percentiles
from andon.scoreboard import records_of, rules_rows, scoreboard
from andon.testing import command
from schemas.commands import Command, Verb, Word
from schemas.events import ContactAnswered
from schemas.stamps import parse_one
from schemas.testing import (
    a_callback_request,
    a_contact,
    a_delivery_change,
    a_return_request,
    an_order,
    as_lines,
)
from schemas.times import DAY, HOUR, MINUTE, iso

BOOK = """
name: t
budgets:
  - {per: everything, within: 1d, at_most: 90.00 USD}
  - {per: rule, within: 1d, at_most: 80.00 USD}
limits: [{action: coupon, per: customer, within: 1d, at_most: 4}]
rules:
  - {name: late, kind: late-delivery, mode: auto, do: [{coupon: {amount: 5.00 USD}}]}
  - {name: decaf, kind: sku-wrong-item, mode: auto, do: [delist-sku]}
  - {name: lost, kind: lost-shipment, mode: review, do: [message-customer]}
"""


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    book = Ledger("sqlite://")
    yield book
    book.close()


def book() -> Playbook:
    return parse_playbook(BOOK, "t.yaml")


def lived(ledger: Ledger) -> None:
    """A customer is late and gets a coupon; a SKU is pulled in error and put back an hour later."""
    desk = Desk(ledger, book())
    relay = Relay(ledger, {"*": lambda _: "done"})
    decaf = a_problem("sku-wrong-item", subject_type="sku", subject="DECAF", order_id=None)
    desk.take([opened(a_problem()), opened(decaf), opened(a_problem("lost-shipment"))], NOON)
    relay.run_once(NOON)
    desk.take([withdrawn(decaf, NOON + HOUR)], NOON + HOUR)
    relay.run_once(NOON + HOUR)
    relay.run_once(NOON + HOUR)


def figures(ledger: Ledger, heard: Heard | None = None, now: int = NOON + HOUR) -> dict[str, Any]:
    with ledger.reading() as connection:
        records = records_of(connection, book(), NOON - DAY, now)
    return {str(r["figure"]): r["value"] for r in scoreboard(records, heard or Heard())}


def asked(*minutes: int | None) -> Heard:
    """Return contacts about O1, each answered after so many minutes (``None``: never)."""
    heard = Heard()
    heard.hear(an_order(order_id="O1"), NOON - DAY)
    for number, wait in enumerate(minutes):
        contact = a_contact(contact_id=f"K{number}", order_id="O1", topic="where_is_my_order")
        heard.hear(contact, NOON + 1)
        if wait is not None:
            at = NOON + 1 + wait * MINUTE
            answer = {"id": f"A{number}", "source": "t", "time": iso(at)}
            heard.hear(ContactAnswered(contact_id=f"K{number}", **answer), at)
    return heard


def test_customers_come_first_and_cost_beside_them(ledger: Ledger) -> None:
    lived(ledger)
    shown = figures(ledger, asked(1, 1))

    assert shown["knew first"] == "100.0% (2 of 2)"
    assert shown["contacts per 1,000 orders"] == "2000.0 (2 for 1)"
    assert shown["remedies before the contact"] == "100.0% (1 of 1)"
    assert shown["coupon, at most"] == "5.00 USD"
    assert shown["money per everything in 1d"] == "85.00 USD"
    assert shown["money per rule in 1d (least: late)"] == "75.00 USD"
    assert shown["coupon per customer in 1d (least: C1)"] == 3


@pytest.mark.practice("1.5")
def test_the_steps_that_a_problem_costs_its_customer_are_counted(ledger: Ledger) -> None:
    figure = "steps a problem asks of the customer"
    lived(ledger)
    form = a_return_request(order_id="O1")
    other = a_contact(contact_id="K9", order_id="content", topic="question")
    called = a_callback_request(contact_id="K1", order_id="O1")
    heard = asked(1, 1)
    for event in (form, form, other, called, a_delivery_change(order_id="O1")):
        heard.hear(event, NOON)

    assert figures(ledger, asked())[figure] == "0.00 (0 for 1 orders)"
    assert figures(ledger, heard)[figure] == "5.00 (5 for 1 orders)"


def test_without_problems_nothing_costs_a_customer_steps(ledger: Ledger) -> None:
    assert figures(ledger)["steps a problem asks of the customer"] == "-"


@pytest.mark.practice("4.4")
def test_what_customers_are_given_is_shown_against_the_orders(ledger: Ledger) -> None:
    lived(ledger)
    figure = "given to customers per 1,000 orders, at most"

    assert figures(ledger, asked(1))[figure] == "5000.00 USD (5.00 USD)"
    assert figures(ledger)[figure] == "- (5.00 USD)"


def test_wrong_actions_are_counted_with_the_time_until_they_were_reversed(ledger: Ledger) -> None:
    lived(ledger)
    shown = figures(ledger)

    assert shown["wrong: undone or put back"] == 1
    assert shown["median time to reverse"] == "1 h 00 min"
    assert shown["problems withdrawn"] == "33.3% (1 of 3)"


@pytest.mark.practice("2.3")
def test_the_five_minutes_are_tracked_with_a_burn_rate(ledger: Ledger) -> None:
    shown = figures(ledger, asked(1, 5, 6, None))

    assert shown["answered within 5 minutes"] == "50.0%"
    assert shown["wait for a first answer, median"] == "5.0 min"
    assert shown["burn rate, last 1h"] == "10.0"


def test_who_asked_a_moment_ago_is_not_late_yet(ledger: Ledger) -> None:
    shown = figures(ledger, asked(None), now=NOON + 4 * MINUTE)

    assert shown["answered within 5 minutes"] == "-"
    assert shown["burn rate, last 1h"] == "-"


def test_an_empty_shop_has_a_report_too(ledger: Ledger) -> None:
    shown = figures(ledger)

    assert shown["knew first"] == "-"
    assert shown["done without approval"] == "-"
    assert shown["waiting for a person"] == 0


@pytest.mark.parametrize(("values", "found"), [([], [None]), ([7], [7]), ([0, 10], [5])])
def test_percentiles_of_few_values(values: list[int], found: list[int | None]) -> None:
    assert list(percentiles(values, (50,))) == found


def test_what_people_said_and_what_came_of_it_is_counted(ledger: Ledger) -> None:
    lived(ledger)
    (message,) = ledger.actions(name="message-customer")
    word = Word("ops-1", "true", NOON + 1)
    People(ledger, book()).approve(message.id, word)
    Relay(ledger, {"*": lambda _: "sent"}).run_once(NOON + HOUR)
    for amount in ("40.00 USD", "2.00 USD"):
        said = Command(
            verb=Verb.REPORT,
            target_type="problem",
            target="p",
            word=word,
            terms={"outcome": "claim-paid", "amount": amount},
        )
        with ledger.writing() as connection:
            tell(connection, said)
    shown = figures(ledger)

    assert shown["said: approve"] == 1
    assert shown["claim paid"] == 2
    assert shown["claims paid by carriers"] == "42.00 USD"
    assert shown["done without approval"] == "80.0% (4 of 5)"


@pytest.mark.practice("3.10")
def test_each_rule_has_its_precision_and_its_cost(ledger: Ledger) -> None:
    lived(ledger)
    with ledger.reading() as connection:
        records = records_of(connection, book(), NOON - DAY, NOON + HOUR)
    rows = {row["rule"]: row for row in rules_rows(records)}

    assert rows["late"]["at_most_spent"] == "5.00 USD"
    assert rows["late"]["right"] == "100.0% (1 of 1)"
    assert rows["decaf"]["right"] == "0.0% (0 of 1)"
    assert rows["lost"]["done"] == 0


def test_what_was_before_is_context_only() -> None:
    order = an_order(order_id="O1", time="2026-01-01T00:00:00Z")
    contact = a_contact(contact_id="K1", order_id="O1", time="2026-01-01T01:00:00Z")
    since = parse_one("2026-01-02T00:00:00Z") or 0
    heard = hear_all([as_lines([order, contact])], since)

    assert (heard.orders, heard.asked) == (set(), {})
    assert heard.first_contact.keys() == {"O1"}


def a_run(tmp_path: Path) -> Path:
    events = tmp_path / "events.jsonl"
    events.write_bytes(
        as_lines([an_order(order_id="O1"), a_contact(contact_id="K1", order_id="O1")])
    )
    folder = tmp_path / "data"
    assert command("run", events, "--recording", "--data", folder).code == 0
    return folder


def test_a_report_is_printed_for_people_and_for_programs(tmp_path: Path) -> None:
    folder = a_run(tmp_path)
    table = command("report", "--data", folder)
    printed = command("report", "--data", folder, "-o", "json").out
    rows = [json.loads(line) for line in printed.splitlines()]

    assert "contacts per 1,000 orders" in table.out
    assert {"part": "customers", "figure": "problems found", "value": 0} in rows
    assert command("report", "--data", folder, "--by", "rule").code == 0
    assert command("report", "--data", folder, "--since", "2026-01-01").code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--since", "yesterday"], "is no time"),
        (["--by", "moon"], "no report by 'moon'"),
        (["--data", "nowhere"], "start `andon run` first"),
    ],
)
def test_a_report_that_cannot_be_made_says_why(
    tmp_path: Path, arguments: list[str], said: str
) -> None:
    folder = a_run(tmp_path)
    done = command("report", "--data", folder, *arguments)

    assert (done.code, said in done.words) == (2, True)
