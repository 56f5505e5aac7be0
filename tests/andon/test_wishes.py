"""Why carts are left, people write and goods come back; and what of it grows."""

import json
from pathlib import Path
from typing import Any

import pytest

from andon.testing import command
from andon.wishes import Wishes, wishes_in
from schemas.events import CartAbandoned, Event, ReturnedLine
from schemas.testing import a_contact, a_line, a_return_request, an_order, as_lines, at_ms
from schemas.times import DAY, HOUR, iso
from streams.embedded import Embedded, Timing
from streams.engine import Engine
from streams.folder import Folder
from streams.inbox import Arrival
from streams.intake import JSON_LINES, Delivery
from streams.journal import Journal

BEGIN = at_ms("03-01T00:00")
MIDDLE, END = BEGIN + 30 * DAY, BEGIN + 60 * DAY


def a_day(number: int, carts: int, back: str) -> list[Event]:
    """Return a day of four orders: one comes back, and so many carts are left for the fee."""
    now = BEGIN + number * DAY + HOUR
    events: list[Event] = [
        an_order(
            order_id=f"o-{number}-{n}",
            time=iso(now),
            ship_by="",
            promised_by="",
            lines=[a_line(sku="SHIRT")],
        )
        for n in range(4)
    ]
    lines = [ReturnedLine(line_id="1", reason=back)]
    order = {"order_id": f"o-{number}-0", "return_id": f"r-{number}"}
    events.append(a_return_request(**order, time=iso(now + 1), lines=lines))
    events.append(a_contact(contact_id=f"k-{number}", time=iso(now + 2), topic=""))
    return events + [
        CartAbandoned(
            id=f"a-{number}-{n}",
            time=iso(now + 3),
            cart_id=f"cart-{number}-{n}",
            customer_id="c-1",
            step="payment",
            reason="shipping fee",
        )
        for n in range(carts)
    ]


def two_months() -> list[Event]:
    """Return a month as usual, then one in which the fee keeps people off and shirts run small."""
    before = [event for day in range(30) for event in a_day(day, 1, "unwanted")]
    lately = [event for day in range(30, 60) for event in a_day(day, 3, "too_small")]
    return before + lately


def found(events: list[Event]) -> dict[tuple[object, ...], dict[str, Any]]:
    rows = wishes_in([as_lines(events)], MIDDLE, END)
    return {(row["where"], row["cause"], row["sku"]): row for row in rows}


@pytest.mark.practice("0.12")
def test_what_keeps_more_people_from_buying_than_before_is_told_to_who_can_change_it() -> None:
    rows = wishes_in([as_lines(two_months())], MIDDLE, END)
    growing = [row for row in rows if row["trend"] == "grows"]

    assert rows[: len(growing)] == growing
    assert growing == [
        {
            "where": "carts",
            "cause": "shipping fee",
            "sku": "",
            "now": 90,
            "before": 30,
            "trend": "grows",
            "for": "range",
        },
        {
            "where": "returns",
            "cause": "too_small",
            "sku": "SHIRT",
            "now": 30,
            "before": 0,
            "trend": "grows",
            "for": "listing",
        },
    ]


def test_what_stays_and_what_falls_are_told_apart() -> None:
    rows = found(two_months())

    assert rows["contacts", "not said", ""]["trend"] == "steady"
    assert rows["returns", "unwanted", "SHIRT"]["trend"] == "falls"


def test_twice_as_many_orders_with_twice_as_many_returns_is_no_growth() -> None:
    wishes = Wishes(MIDDLE, END)
    for day in range(90):
        for event in a_day(day, 1, "unwanted"):
            wishes.hear(event, BEGIN + DAY if day < 30 else MIDDLE + DAY)

    assert {row["now"] for row in wishes.rows()} == {60}
    assert {row["trend"] for row in wishes.rows()} == {"steady"}


def test_nothing_is_said_of_few_and_nothing_of_what_is_too_long_ago() -> None:
    wishes = Wishes(MIDDLE, END)
    for event in a_day(0, 9, "unwanted"):
        wishes.hear(event, BEGIN - 1)
    for event in a_day(1, 2, "unwanted"):
        wishes.hear(event, MIDDLE)
        wishes.hear(event, MIDDLE)
    rows = {row["where"]: row for row in wishes.rows()}

    assert rows["carts"]["now"] == 2
    assert rows["carts"]["before"] == 0
    assert {row["trend"] for row in rows.values()} == {"too few to say"}


def test_the_report_by_cause_reads_the_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = Folder(tmp_path / "andon-data")
    folder.path.mkdir()
    with Journal(folder.journal) as journal:
        embedded = Embedded(
            journal, Engine(), lambda *_: None, timing=Timing(recording=True, acts_by_log=True)
        )
        embedded.accept([Arrival(Delivery(as_lines(two_months()), JSON_LINES, "test"))])
        embedded.finish()
    said = command("report", "--by", "cause", "-o", "json")
    first = json.loads(said.out.splitlines()[0])

    assert (first["cause"], first["trend"]) == ("shipping fee", "grows")
