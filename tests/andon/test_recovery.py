"""Who was helped and who was held back are followed for as long, and what they order compared."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from actions.desk import Desk
from actions.ledger import Ledger
from actions.outbox import Relay
from actions.playbook import parse_playbook
from actions.testing import NOON, a_problem, opened
from andon.recovery import Group, held_back, helped, orders_in, recovery
from andon.scoreboard import Row, records_of
from andon.testing import command
from schemas.events import Event, Replaces
from schemas.testing import an_order, as_lines
from schemas.times import DAY, iso
from streams.embedded import Embedded, Timing
from streams.engine import Engine
from streams.folder import Folder
from streams.inbox import Arrival
from streams.intake import JSON_LINES, Delivery
from streams.journal import Journal

BOOK = parse_playbook(
    """
name: t
budgets: [{per: everything, within: 1d, at_most: 900.00 EUR}]
rules:
  - name: late
    kind: late-delivery
    rollout: 50%
    mode: auto
    do: [message-customer, {coupon: {amount: 5.00 EUR}}]
""",
    "t.yaml",
)
PEOPLE = [f"C{number}" for number in range(40)]
LATER = NOON + 100 * DAY


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    book = Ledger("sqlite://")
    yield book
    book.close()


def harmed(ledger: Ledger) -> tuple[Group, Group]:
    """Let everybody be late once; half of them are helped by a rule that is rolled out to half."""
    problems = [
        a_problem(subject=f"O-{one}", order_id=f"O-{one}", customer_id=one) for one in PEOPLE
    ]
    changes = [opened(problem) for problem in problems]
    Desk(ledger, BOOK).take(changes, NOON)
    relay = Relay(ledger, {"*": lambda _: "done"})
    while relay.run_once(NOON + 1):
        pass
    with ledger.reading() as connection:
        better = helped(records_of(connection, BOOK, NOON - DAY, LATER))
        return better, held_back(connection, NOON - DAY, better.since)


def an_order_of(customer: str, at: int, **about: object) -> Event:
    return an_order(
        order_id=f"{customer}-{at}",
        customer_id=customer,
        time=iso(at),
        ship_by="",
        promised_by="",
        **about,
    )


NOBODY = Group("held back", {})


def compared(better: Group, *events: Event, without: Group = NOBODY, now: int = LATER) -> list[Row]:
    return recovery(better, without, orders_in([as_lines(events)]), now, "EUR")


@pytest.mark.practice("2.12")
@pytest.mark.practice("1.4")
def test_who_was_helped_is_compared_with_who_was_held_back_from_it(ledger: Ledger) -> None:
    better, without = harmed(ledger)
    came_back = [an_order_of(one, NOON + 30 * DAY) for one in better.since]
    came_back += [an_order_of(one, NOON + 30 * DAY) for one in sorted(without.since)[:2]]
    first, second = compared(better, *came_back, without=without)
    more = 19.90 * (1 - 2 / len(without.since)) / 5.00
    number, others = len(better.since), len(without.since)

    assert number + others == len(PEOPLE)
    assert min(number, others) > 5
    assert first["ordered again"] == f"100.0% ({number} of {number})"
    assert first["value each"] == "19.90 EUR"
    assert first["given in all, at most"] == f"{number * 5}.00 EUR"
    assert second["ordered again"] == f"{2 / others:.1%} (2 of {others})"
    assert float(str(first["kept for each unit given"])) == pytest.approx(more, abs=0.01)
    assert second["given in all, at most"] == "0.00 EUR"


def test_only_orders_of_the_ninety_days_after_it_count() -> None:
    group = Group("helped", {"C1": NOON})
    outside = [an_order_of("C1", at) for at in (NOON, NOON + 90 * DAY + 1)]
    inside = [an_order_of("C1", at) for at in (NOON + 1, NOON + 90 * DAY)]

    assert compared(group, *outside)[0]["later orders"] == 0
    assert compared(group, *inside)[0]["later orders"] == 2


def test_whose_ninety_days_are_not_over_is_still_followed() -> None:
    group = Group("helped", {"C1": NOON, "C2": LATER})
    row, _ = compared(group)
    early, _ = compared(group, now=NOON + 1)

    assert (row["customers"], row["still followed"]) == (1, 1)
    assert (early["ordered again"], early["kept for each unit given"]) == ("- (0 of 0)", "-")


def test_a_replacement_is_no_order_of_theirs_and_a_repeated_event_is_one() -> None:
    group = Group("helped", {"C1": NOON})
    again = an_order_of("C1", NOON + DAY)
    replacement = an_order_of("C1", NOON + 2 * DAY, replaces=Replaces(order_id="x", line_id="1"))

    assert compared(group, again, again, replacement)[0]["later orders"] == 1


def test_the_report_by_recovery_joins_journal_and_ledger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = Folder(tmp_path / "andon-data")
    folder.path.mkdir()
    ledger = Ledger(folder.ledger_url)
    better, _ = harmed(ledger)
    ledger.close()
    events = [an_order_of(next(iter(better.since)), at) for at in (NOON + DAY, LATER)]
    with Journal(folder.journal) as journal:
        timing = Timing(recording=True, acts_by_log=True)
        embedded = Embedded(journal, Engine(), lambda *_: None, timing=timing)
        embedded.accept([Arrival(Delivery(as_lines(events), JSON_LINES, "test"))])
        embedded.finish()
    said = command("report", "--by", "recovery", "--since", "200d", "-o", "json")
    rows = [json.loads(line) for line in said.out.splitlines()]

    assert [row["group"] for row in rows] == ["helped", "held back"]
    assert rows[0]["later orders"] == 1
    assert rows[0]["customers"] == len(better.since)
