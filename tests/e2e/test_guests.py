"""How customers are treated whatever they do: the practices about returning, asking, being wrong.

As in the other stories nothing is left out between the events and what the shop is asked to do.
"""

from fnmatch import fnmatchcase

import pytest
from starlette.testclient import TestClient

from actions.acts import FOR_CUSTOMERS
from actions.catalogue import ACTS, CATALOGUE
from actions.desk import Desk
from actions.errors import Refused
from actions.escalation import escalate
from actions.ledger import Ledger
from actions.outbox import Relay
from actions.people import Extra, People
from actions.playbook import load_playbook, parse_playbook
from actions.promotions import standing_of
from actions.rules import Step
from actions.testing import NOON, Receiver, a_problem, opened
from andon.testing_shop import Asked, Shop, names, the
from andon.wiring import KINDS
from schemas.commands import Word
from schemas.decisions import Action, Status
from schemas.events import Event, InspectedLine, OrderedLine, ReturnedLine
from schemas.problems import Change, Problem
from schemas.testing import (
    a_contact,
    a_delivery,
    a_delivery_change,
    a_dispatch,
    a_line,
    a_return_receipt,
    a_return_request,
    a_scan,
    an_order,
    at_ms,
)
from schemas.times import DAY, HOUR, iso
from streams.engine import Engine
from streams.inbox import Inbox
from streams.ingest import Ports, ingest_app
from streams.testing import batch_of

MARCH = at_ms("03-01T00:00")


def stamp(day: int, hour: int = 9) -> str:
    """Return an hour of a day from the first of March on, counted from 0."""
    return iso(MARCH + day * DAY + hour * HOUR)


# --- returning -------------------------------------------------------------------------------


def sent_back(order: str, day: int, reason: str = "unwanted") -> list[Event]:
    """Return an order that its customer sends back three days later."""
    lines = [ReturnedLine(line_id="1", reason=reason)]
    return [
        an_order(order_id=order, time=stamp(day), promised_by="", ship_by=""),
        a_return_request(order_id=order, return_id=f"r-{order}", time=stamp(day + 3), lines=lines),
        a_return_receipt(order_id=order, return_id=f"r-{order}", time=stamp(day + 5)),
    ]


@pytest.mark.practice("2.5")
def test_who_sends_everything_back_is_paid_each_time_like_the_first_and_nobody_argues(
    shop: Shop,
) -> None:
    """A month apart, because what one customer gets without a person has a budget."""
    months = [sent_back(f"o-{n}", 31 * n) for n in range(5)]
    asked = [shop.live(*month, until=stamp(31 * n + 11)[5:16]) for n, month in enumerate(months)]

    assert [names(one) for one in asked] == [["message-customer", "refund"]] * 5
    assert shop.ledger.actions(status=Status.WAITING) == []


@pytest.mark.practice("2.5")
@pytest.mark.practice("4.3")
def test_there_is_nothing_that_could_be_done_to_a_customer_only_for_one() -> None:
    towards = [act for act in CATALOGUE if act.aim in FOR_CUSTOMERS]

    assert [act.name for act in towards if act.inverse] == []
    assert [kind for kind in KINDS if kind.startswith("customer-")] == []


def shirts(sizes: str) -> list[OrderedLine]:
    """Return the same shirt in some sizes."""
    return [
        a_line(line_id=str(place), sku=f"SHIRT-{size}", category="shirts", brand="alba", size=size)
        for place, size in enumerate(sizes, 1)
    ]


def a_month_of_shirts(sizes: str, back: str, last_days: int) -> list[Event]:
    """Return thirty days of eight orders; at the end the sizes ``back`` return as too small."""
    events: list[Event] = []
    for day in range(30):
        for number in range(8):
            order = f"o-{day}-{number}"
            of = {"order_id": order, "customer_id": f"c-{day}-{number}"}
            lines = shirts(sizes)
            events.append(an_order(**of, time=stamp(day), promised_by="", ship_by="", lines=lines))
            sent = {"order_id": order, "shipment_id": f"{order}-s"}
            events.append(a_dispatch(**sent, time=stamp(day, 12)))
            events.append(a_delivery(**sent, time=stamp(day + 1)))
            if back and (day >= 30 - last_days or (day, number) in {(2, 0), (9, 0)}):
                returned = [
                    ReturnedLine(line_id=str(sizes.index(size) + 1), reason="too_small")
                    for size in back
                ]
                request = {"return_id": f"r-{order}", "lines": returned}
                events.append(a_return_request(order_id=order, time=stamp(day + 2), **request))
    return sorted(events, key=lambda event: event.time)


def problems_of(events: list[Event]) -> list[Problem]:
    engine, changes = Engine(), list[Change]()
    changes += engine.step(batch_of(*events))
    changes += engine.advance(MARCH + 36 * DAY)
    return list({change.problem.id: change.problem for change in changes}.values())


def about_sizes(problems: list[Problem]) -> set[str]:
    return {one.kind for one in problems if one.defect in {"too_small", "too_large"}}


@pytest.mark.practice("2.6")
def test_who_orders_three_sizes_to_keep_one_flags_no_sku() -> None:
    to_choose_from = problems_of(a_month_of_shirts("SML", "SM", last_days=10))
    one_size_only = problems_of(a_month_of_shirts("M", "M", last_days=10))

    assert about_sizes(to_choose_from) == set()
    assert "sku-too-small" in about_sizes(one_size_only)


@pytest.mark.practice("4.2")
@pytest.mark.practice("2.10")
def test_wrong_sizes_that_gather_on_one_page_give_its_keepers_a_task(shop: Shop) -> None:
    found = problems_of(a_month_of_shirts("M", "M", last_days=10))
    [small] = [one for one in found if one.kind == "sku-too-small"]
    asked = shop.found(small)

    assert names(asked) == ["badge-sku", "open-investigation"]
    assert the(asked, "open-investigation")["params"]["to"] == "listing"
    assert the(asked, "badge-sku")["target"] == "SHIRT-M"


@pytest.mark.practice("2.10")
def test_damage_has_its_remedy_prepared_and_so_has_every_kind_of_problem(shop: Shop) -> None:
    order = an_order(time=stamp(0), promised_by="", ship_by="")
    damaged = a_scan(time=stamp(2), status="damaged")
    asked = shop.live(order, a_dispatch(time=stamp(0, 12)), damaged, until="03-03T10:00")
    patterns = [rule.kind for rule in load_playbook().rules]
    unanswered = [kind for kind in KINDS if not any(fnmatchcase(kind, one) for one in patterns)]

    assert names(asked) == ["file-carrier-claim", "message-customer", "reship"]
    assert unanswered == []


# --- being served ------------------------------------------------------------------------------

UPGRADING = """
name: upgrading
budgets: [{per: customer, within: 30d, at_most: 30.00 USD}]
rules:
  - name: late, and not for the first time
    kind: late-delivery
    where: {harmed_before: 1}
    mode: auto
    do: [message-customer, {upgrade-next-shipment: {at_most: 12.00 USD}}]
  - {name: late, kind: late-delivery, mode: auto, do: [message-customer]}
"""


def late(order: str, day: int, customer: str = "c-1", **about: object) -> Event:
    """Return an order that is late three hours after it was placed."""
    return an_order(
        order_id=order,
        customer_id=customer,
        time=stamp(day),
        promised_by=stamp(day, 12),
        **about,
    )


@pytest.mark.practice("2.8")
def test_the_order_after_a_problem_travels_faster_as_a_surprise(
    ledger: Ledger, receiver: Receiver
) -> None:
    shop = Shop(ledger, receiver, parse_playbook(UPGRADING, "upgrading.yaml"))
    first = shop.live(late("o-1", 0), until="03-01T13:00")
    again = shop.live(late("o-2", 5), until="03-06T13:00")

    assert names(first) == ["message-customer"]
    assert names(again) == ["message-customer", "upgrade-next-shipment"]
    assert "travels by express" in the(again, "message-customer")["params"]["body"]


@pytest.mark.practice("4.3")
def test_what_is_known_of_a_customer_fades_after_ninety_days(
    ledger: Ledger, receiver: Receiver
) -> None:
    shop = Shop(ledger, receiver, parse_playbook(UPGRADING, "upgrading.yaml"))
    shop.live(late("o-1", 0), until="03-01T13:00")
    soon = shop.live(late("o-2", 30), until="03-31T13:00")
    much_later = shop.live(late("o-3", 30 + 91), until="06-30T13:00")

    assert "upgrade-next-shipment" in names(soon)
    assert names(much_later) == ["message-customer"]


@pytest.mark.practice("2.13")
def test_a_wedding_is_a_reason_for_an_exception_that_needs_no_rule(shop: Shop) -> None:
    order = an_order(time=stamp(0), promised_by="", ship_by="", needed_by=stamp(4))
    slow = a_scan(time=stamp(1), status="in_transit", eta=stamp(6))
    asked = shop.live(order, a_dispatch(time=stamp(0, 12)), slow, until="03-02T10:00")
    [risk] = shop.ledger.problems(kind="needed-by-at-risk")
    people = People(shop.ledger, shop.playbook)
    word = Word("ops-1", "the dress for her wedding: a courier brings it", MARCH + DAY + 12 * HOUR)
    step = Step(name="source-elsewhere", params={"at_most": "40.00 USD"})
    [exception] = people.do_more(Extra(risk.id, step), word)
    shop.round(word.at)
    [done] = shop.ledger.actions(name="source-elsewhere")

    assert the(asked, "schedule-callback")["params"]["note"] == "agree on what helps before the day"
    assert done.id == exception.id
    assert done.status is Status.DONE
    assert done.rule == "by ops-1"


@pytest.mark.practice("3.8")
def test_a_customer_changes_the_delivery_as_long_as_it_can_be_changed(shop: Shop) -> None:
    order = an_order(time=stamp(0), ship_by="", promised_by="")
    wish = a_delivery_change(time=stamp(1), change="pickup_point")
    asked = shop.live(order, a_dispatch(time=stamp(0, 12)), wish, until="03-02T10:00")
    there = a_delivery(time=stamp(2))
    too_late = a_delivery_change(time=stamp(2, 10), change="date")
    nothing = shop.live(there, too_late, until="03-03T12:00")

    assert names(asked) == ["alert-carrier", "message-customer"]
    assert the(asked, "alert-carrier")["target_type"] == "carrier"
    assert "asked the carrier for it" in the(asked, "message-customer")["params"]["body"]
    assert nothing == []


@pytest.mark.practice("1.8")
def test_no_promotion_reaches_a_customer_until_their_problem_is_settled(shop: Shop) -> None:
    """The shop's mailing system asks before it sends, as it would over HTTP."""

    def asked(customer: str) -> dict[str, object]:
        ports = Ports(
            Inbox(), lambda: True, list, customer=lambda one: standing_of(shop.ledger, one).plain()
        )
        client = TestClient(ingest_app(ports, ["127.0.0.1"]), base_url="http://127.0.0.1")
        found: dict[str, object] = client.get(f"/api/v1/customers/{customer}").json()
        return found

    before = asked("c-1")
    order = an_order(time=stamp(0), ship_by="", promised_by=stamp(1))
    shop.live(order, a_dispatch(time=stamp(0, 12)), until="03-02T10:00")
    during, other = asked("c-1"), asked("c-2")
    shop.live(a_delivery(time=stamp(2)), until="03-03T10:00")

    assert before["promotions"] == other["promotions"] == "free"
    assert during["promotions"] == "hold"
    assert during["because"] == [
        {"kind": "late-delivery", "order_id": order.order_id, "since": stamp(1)}
    ]
    assert asked("c-1")["promotions"] == "free"


# --- being wrong, being angry -------------------------------------------------------------------


@pytest.mark.practice("4.4")
def test_what_the_customer_broke_is_replaced_all_the_same_and_never_charged(shop: Shop) -> None:
    broken = [ReturnedLine(line_id="1", reason="damaged")]
    inspected = [InspectedLine(line_id="1", disposition="customer_damaged")]
    order = an_order(time=stamp(0), promised_by="", ship_by="")
    said = a_return_request(time=stamp(3), lines=broken)
    before = shop.live(order, said, until="03-04T10:00")
    after = shop.live(a_return_receipt(time=stamp(6), lines=inspected), until="03-07T12:00")
    [given] = shop.ledger.actions(name="replace-item")

    assert names(before) == ["message-customer", "replace-item"]
    assert (given.status, given.cost_minor) == (Status.DONE, 6000)
    assert {ACTS[name].reaches_customer for name in names(after)} <= {False}


@pytest.mark.practice("4.5")
def test_who_shouts_is_answered_as_soon_and_as_well_as_who_asks(shop: Shop) -> None:
    def written(contact: str, topic: str) -> Asked:
        day = 2 + int(contact[-1])
        opened = {"contact_id": contact, "customer_id": f"c-{contact}", "order_id": ""}
        mail = a_contact(**opened, time=stamp(day), topic=topic, channel="email")
        early = shop.live(mail, until=stamp(day)[5:13] + ":04")
        assert early == []
        return shop.live(until=stamp(day)[5:13] + ":06")

    polite = written("k-1", "could you please look into this")
    angry = written("k-2", "YOU THIEVES, this is the third time")
    [first, second] = [the(asked, "assign-owner")["params"] for asked in (polite, angry)]

    assert names(polite) == names(angry) == ["assign-owner", "notify-ops"]
    assert first["severity"] == second["severity"]
    assert first["within"] == second["within"]


@pytest.mark.practice("1.11")
def test_a_call_that_is_given_up_rings_for_somebody_who_calls_back(shop: Shop) -> None:
    hung_up = a_contact(time=stamp(1), channel="phone", customer_id="c-9", order_id="")
    rung = shop.live(hung_up, until="03-02T09:06")

    assert names(rung) == ["assign-owner", "notify-ops"]
    assert the(rung, "notify-ops")["params"]["note"] == "a customer is waiting for a first answer"


@pytest.mark.practice("1.11")
def test_a_letter_that_comes_back_reaches_a_person_before_the_customer_wonders(
    ledger: Ledger,
) -> None:
    playbook = load_playbook()
    Desk(ledger, playbook).take([opened(a_problem())], NOON)

    def unknown_mailbox(action: Action) -> str:
        if action.name == "message-customer":
            raise Refused("the mailbox does not exist")
        return "done"

    Relay(ledger, {"*": unknown_mailbox}).run_once(NOON)
    with ledger.writing() as connection:
        told = escalate(connection, playbook, NOON + HOUR // 4)

    assert [action.name for action in told] == ["notify-ops"]
    assert "retry or reject: message-customer" in str(told[0].params["note"])
