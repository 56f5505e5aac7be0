"""Monitors read what passes and what waits, under names that follow Prometheus."""

import re
from collections.abc import Iterator

import httpx2
import pytest
from msgspec.structs import replace
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette

from actions.desk import Desk
from actions.errors import Gone
from actions.ledger import Ledger
from actions.outbox import Relay
from actions.playbook import parse_playbook
from actions.rounds import Rounds
from actions.testing import NOON, a_problem, opened
from andon.counting import Counted
from andon.metrics import PREFIX, Counts, Gauges, exposition
from andon.verified import Verified
from schemas.decisions import Action
from schemas.events import ContactAnswered, Event
from schemas.testing import a_contact, an_order
from schemas.times import HOUR, MINUTE
from streams.inbox import Inbox
from streams.ingest import Ports, ingest_app
from streams.testing import batch_of

BOOK = parse_playbook(
    """
name: t
budgets: [{per: everything, within: 1d, at_most: 90.00 USD}]
rules:
  - {name: late, kind: late-delivery, mode: auto, do: [{coupon: {amount: 5.00 USD}}]}
  - {name: lost, kind: lost-shipment, mode: review, do: [message-customer]}
""",
    "t.yaml",
)


class Shop:
    """A counted shop: what is taken, performed and heard shows up when it is read."""

    def __init__(self, ledger: Ledger) -> None:
        self.counted = Counted(ledger, Counts())
        desk = Desk(ledger, BOOK)
        self.verified: Verified | None = None
        relay = Relay(ledger, {"coupon": self.give})
        self.settle = self.counted.settling(desk.take)
        self.perform = self.counted.performing(Rounds(ledger, desk, relay.run_once))
        gauges = Gauges(
            events=lambda: 7,
            rejected=lambda: 2,
            log_clock=lambda: NOON,
            now=lambda: NOON + HOUR,
            doubts=lambda: {"unknown words": 3},
            breakers=relay.breakers.states,
            verified=lambda: self.verified,
        )
        self.is_down = False
        self.write = exposition(self.counted.counts, ledger, gauges)

    def give(self, _action: Action) -> str:
        """Give a coupon, unless the system that does it is gone for good."""
        if self.is_down:
            raise Gone("no coupons any more")
        return "given"

    def read(self) -> dict[str, float]:
        """Return every sample by its name and labels."""
        families = text_string_to_metric_families(self.write().decode())
        return {
            sample.name.removeprefix(f"{PREFIX}_")
            + "".join(f" {value}" for _, value in sorted(sample.labels.items())): sample.value
            for family in families
            for sample in family.samples
        }


@pytest.fixture
def shop() -> Iterator[Shop]:
    ledger = Ledger("sqlite://")
    yield Shop(ledger)
    ledger.close()


def test_problems_decisions_actions_and_money_are_counted(shop: Shop) -> None:
    shop.settle([opened(a_problem())], NOON)
    shop.perform(NOON)
    read = shop.read()

    assert read["problems_total late-delivery warning opened"] == 1
    assert read["decisions_total late act now"] == 1
    assert read["actions_total coupon done"] == 1
    assert read["spent_total coupon USD"] == 5
    assert read["problems_open warning"] == 1


def test_what_is_offered_again_is_counted_once(shop: Shop) -> None:
    for _ in range(2):
        shop.settle([opened(a_problem())], NOON)

    assert shop.read()["problems_total late-delivery warning opened"] == 1


def test_the_time_until_something_was_known_is_measured(shop: Shop) -> None:
    late = replace(a_problem(), due_at=NOON - 2 * MINUTE)
    never = replace(a_problem("wrong-item"), due_at=NOON - 100 * HOUR)
    shop.settle([opened(late), opened(never)], NOON)
    read = shop.read()

    assert read["detection_latency_seconds_bucket 60.0"] == 0
    assert read["detection_latency_seconds_bucket 300.0"] == 1
    assert read["detection_latency_seconds_bucket +Inf"] == 2
    assert read["detection_latency_seconds_sum"] == 120 + 360_000


@pytest.mark.practice("0.3")
def test_contacts_are_told_apart_by_what_was_known(shop: Shop) -> None:
    shop.settle([opened(a_problem(order_id="O1"))], NOON)
    told: list[Event] = [
        an_order(order_id="O1"),
        a_contact(contact_id="K1", order_id="O1", topic="where_is_my_order"),
        a_contact(contact_id="K2", order_id="O1", topic="wrong_item"),
        a_contact(contact_id="K3", order_id="O2", topic="anything"),
        a_contact(contact_id="K4", order_id="O1", topic="question"),
        a_contact(contact_id="K5", order_id="O1", topic="anything"),
    ]
    shop.counted.hear(batch_of(*told))
    read = shop.read()

    assert read["heard_total known contacts"] == 2
    assert read["heard_total missed contacts"] == 2
    assert read["heard_total no defect contacts"] == 1
    assert read["heard_total  orders"] == 1


def test_an_answer_is_counted_and_silence_is_not(shop: Shop) -> None:
    answer = ContactAnswered(id="a", source="t", time="2026-01-01T12:00:00Z", contact_id="K1")
    shop.counted.hear(batch_of(answer))
    shop.counted.hear(batch_of())

    assert shop.read()["heard_total  answers"] == 1


def test_what_waits_is_shown_with_its_age_and_its_owner(shop: Shop) -> None:
    shop.settle([opened(a_problem()), opened(a_problem("lost-shipment"))], NOON)
    read = shop.read()

    assert (read["outbox_pending"], read["outbox_oldest_age_seconds"]) == (1, 3600)
    assert read["tasks_waiting false carrier"] == 1
    assert (read["events_consumed_total"], read["events_rejected_total"]) == (7, 2)
    assert read["facts_doubted_total unknown words"] == 3
    assert read["watermark_timestamp_seconds"] == NOON / 1000


def test_the_height_of_the_ledger_is_shown_and_when_it_was_last_found_whole(shop: Shop) -> None:
    empty = shop.read()
    shop.settle([opened(a_problem())], NOON)
    shop.verified = Verified(3, NOON)
    read = shop.read()

    assert empty["ledger_height"] == 0
    assert not [name for name in empty if name.startswith("ledger_verified")]
    assert read["ledger_height"] == 4
    assert read["ledger_verified_height"] == 3
    assert read["ledger_verified_timestamp_seconds"] == NOON / 1000


def test_each_destination_shows_the_state_of_its_breaker(shop: Shop) -> None:
    quiet = shop.read()
    shop.settle([opened(a_problem())], NOON)
    shop.perform(NOON)
    closed = shop.read()
    shop.is_down = True
    shop.settle([opened(a_problem(subject="O2", order_id="O2", customer_id="C2"))], NOON + 1)
    shop.perform(NOON + 1)
    off = shop.read()

    assert not [name for name in quiet if name.startswith("breaker_state")]
    assert (closed["breaker_state coupon closed"], closed["breaker_state coupon off"]) == (1, 0)
    assert (off["breaker_state coupon closed"], off["breaker_state coupon off"]) == (0, 1)


def test_every_metric_says_what_it_is(shop: Shop) -> None:
    shop.verified = Verified(0, NOON)
    families = text_string_to_metric_families(shop.write().decode())

    assert [family.name for family in families if not family.documentation.endswith(".")] == []


def test_names_follow_the_convention(shop: Shop) -> None:
    shop.settle([opened(a_problem())], NOON)
    names = re.findall(r"^# TYPE (\S+) (\S+)", shop.write().decode(), re.MULTILINE)

    assert all(name.startswith(f"{PREFIX}_") for name, _ in names)
    assert all(name.endswith("_total") for name, kind in names if kind == "counter")
    assert not [name for name, _ in names if name.endswith("_created")]


def answered(app: Starlette) -> httpx2.Response:
    import asyncio  # noqa: PLC0415 - this test alone asks the application in its own loop

    async def ask() -> httpx2.Response:
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.get("/metrics")

    return asyncio.run(ask())


def test_metrics_are_served_where_something_counts(shop: Shop) -> None:
    counting = Ports(Inbox(), lambda: True, list, metrics=shop.write)
    silent = Ports(Inbox(), lambda: True, list)
    served, missing = (answered(ingest_app(ports, ["*"])) for ports in (counting, silent))

    assert served.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert b"andon_build_info" in served.content
    assert missing.status_code == 404
