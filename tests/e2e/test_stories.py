"""The stories that the practices tell: events come in, and the shop is asked to do what is right.

Nothing is left out between: engine, desk, rounds and relay are those of a run, and what arrives at
the shop arrives signed, over HTTP.
"""

from typing import Any

import pytest

from actions.ledger import Ledger
from actions.outcomes_told import Later, Told, report_outcome
from actions.people import People
from actions.playbook import load_playbook, parse_playbook
from actions.testing import Receiver, a_problem
from andon.testing_shop import Shop, names, the
from schemas.commands import Word
from schemas.decisions import Status
from schemas.events import Customer, Event, Replaces, ReturnedLine
from schemas.testing import (
    a_contact,
    a_dispatch,
    a_line,
    a_repair,
    a_return_receipt,
    a_return_request,
    a_scan,
    an_order,
    an_unfillable_line,
    at,
    at_ms,
)

WRONG = [ReturnedLine(line_id="L1", reason="wrong_item")]
DECAF = [a_line(line_id="L1", sku="DECAF")]


def decaf_once(order: str, day: str, **more: object) -> list[Event]:
    """Return an order of decaf that brings something else."""
    return [
        an_order(order_id=order, lines=DECAF, time=at(f"{day}T09:00"), promised_by=None, **more),
        a_return_request(
            order_id=order, return_id=f"R-{order}", lines=WRONG, time=at(f"{day}T15:00")
        ),
    ]


@pytest.mark.practice("0.7")
@pytest.mark.practice("0.16")
def test_a_first_wrong_bag_is_replaced_at_once_and_its_sku_watched(shop: Shop) -> None:
    asked = shop.live(*decaf_once("o-1", "03-02"), until="03-02T16:00")

    assert names(asked) == ["message-customer", "notify-ops", "replace-item"]
    assert the(asked, "replace-item")["target"] == "o-1/L1"
    assert "We are sending you the right item" in the(asked, "message-customer")["params"]["body"]
    assert the(asked, "notify-ops")["params"]["kind"] == "sku-wrong-item-watch"


@pytest.mark.practice("0.8")
def test_a_second_wrong_bag_stops_the_sku_and_makes_it_good_with_another_brand(shop: Shop) -> None:
    replacement = Replaces(order_id="o-1", line_id="L1")
    shop.live(*decaf_once("o-1", "03-02"), until="03-02T16:00")
    again = decaf_once("o-2", "03-05", replaces=replacement)
    asked = shop.live(*again, until="03-05T16:00")

    assert {"delist-sku", "open-investigation", "offer-substitute", "credit-customer"} <= set(
        names(asked)
    )
    assert the(asked, "delist-sku")["target"] == "DECAF"
    assert len([one for one in asked if one["name"] == "credit-customer"]) == 1


def test_a_repaired_sku_goes_back_on_sale_and_the_customer_keeps_the_credit(shop: Shop) -> None:
    replacement = Replaces(order_id="o-1", line_id="L1")
    events = [*decaf_once("o-1", "03-02"), *decaf_once("o-2", "03-05", replaces=replacement)]
    shop.live(*events, until="03-05T16:00")
    asked = shop.live(a_repair(sku="DECAF", time=at("03-06T09:00")), until="03-06T10:00")

    assert names(asked) == ["relist-sku", "resolve-alert", "resolve-alert"]


@pytest.mark.practice("0.13")
@pytest.mark.practice("0.17")
def test_who_paid_for_shipping_and_waited_gets_the_fee_back_unasked(shop: Shop) -> None:
    order = an_order(time=at("03-02T09:00"), promised_by=at("03-05T00:00"), shipping_fee="4.90")
    asked = shop.live(order, a_dispatch(time=at("03-02T18:00")), until="03-05T00:01")

    assert the(asked, "refund-shipping")["params"]["at_most"] == "15.00 USD"
    assert "by the day we promised" in the(asked, "message-customer")["params"]["body"]


def test_a_lost_parcel_is_sent_again_and_claimed_from_the_carrier(shop: Shop) -> None:
    order = an_order(time=at("03-02T09:00"), promised_by=None)
    sent = a_dispatch(time=at("03-02T18:00"))
    lost = a_scan(time=at("03-04T08:00"), status="lost")
    asked = shop.live(order, sent, lost, until="03-04T09:00")

    assert names(asked) == ["file-carrier-claim", "message-customer", "reship"]
    assert the(asked, "file-carrier-claim")["params"]["proof"]


def test_money_owed_for_a_return_is_paid_before_anybody_asks(shop: Shop) -> None:
    order = an_order(time=at("03-02T09:00"), promised_by=None)
    back = [
        a_return_request(
            time=at("03-05T09:00"), lines=[ReturnedLine(line_id="L1", reason="unwanted")]
        ),
        a_return_receipt(time=at("03-08T09:00")),
    ]
    asked = shop.live(order, *back, until="03-13T09:01")

    assert {"message-customer", "refund"} <= set(names(asked))


@pytest.mark.practice("2.1")
def test_an_oversold_line_is_bought_elsewhere_at_the_same_price(shop: Shop) -> None:
    order = an_order(time=at("03-02T09:00"), promised_by=None)
    oversold = an_unfillable_line(time=at("03-02T10:00"), reason="oversold")
    asked = shop.live(order, oversold, until="03-02T11:00")

    assert names(asked) == ["message-customer", "offer-substitute", "source-elsewhere"]


@pytest.mark.practice("2.2")
def test_mail_at_night_rings_after_five_minutes_whatever_the_hour(
    ledger: Ledger, receiver: Receiver
) -> None:
    text = load_playbook().text.replace(
        "messages: {locale: en}",
        'messages: {locale: en, quiet: {begins: "21:00", ends: "08:00"}}',
    )
    shop = Shop(ledger, receiver, parse_playbook(text, "night.yaml"))
    mail = a_contact(time=at("03-02T02:00"), channel="email", topic="where_is_my_order")
    early = shop.live(mail, until="03-02T02:04")
    asked = shop.live(until="03-02T02:06")

    assert early == []
    assert names(asked) == ["assign-owner", "notify-ops"]
    assert the(asked, "notify-ops")["params"]["note"] == "a customer is waiting for a first answer"


LOYAL = """
name: loyal
budgets: [{per: customer, within: 30d, at_most: 60.00 USD}]
rules:
  - name: late for a loyal customer, again
    kind: late-delivery
    where: {tier: [gold], harmed_before: 1}
    mode: auto
    do:
      - message-customer
      - refund-shipping: {at_most: 15.00 USD}
      - coupon: {amount: 10.00 USD}
      - schedule-callback: {within: 2h}
  - name: late
    kind: late-delivery
    mode: auto
    do: [message-customer, {refund-shipping: {at_most: 15.00 USD}}]
"""


@pytest.mark.practice("2.9")
@pytest.mark.practice("1.6")
def test_a_loyal_customer_harmed_twice_gets_more_and_everybody_the_same_floor(
    ledger: Ledger, receiver: Receiver
) -> None:
    shop = Shop(ledger, receiver, parse_playbook(LOYAL, "loyal.yaml"))

    def late(order: str, customer: str, day: int, tier: str) -> Event:
        return an_order(
            order_id=order,
            customer_id=customer,
            customer=Customer(tier=tier),
            time=at(f"03-0{day}T09:00"),
            promised_by=at(f"03-0{day}T12:00"),
        )

    first = shop.live(late("o-1", "c-1", 2, "gold"), until="03-02T13:00")
    again = shop.live(late("o-2", "c-1", 3, "gold"), until="03-03T13:00")
    other = shop.live(late("o-3", "c-2", 4, ""), late("o-4", "c-2", 5, ""), until="03-05T13:00")

    assert names(first) == ["message-customer", "refund-shipping"]
    assert names(again) == ["coupon", "message-customer", "refund-shipping", "schedule-callback"]
    assert names(other) == sorted(["message-customer", "refund-shipping"] * 2)


def seller(step: str, opened_at: str = "03-02T09:00") -> Any:  # noqa: ANN401 - a problem
    about = {"subject_type": "seller", "subject": "s-1", "order_id": None, "customer_id": None}
    return a_problem(f"seller-{step}", opened_at=at_ms(opened_at), **about)


@pytest.mark.practice("0.10")
def test_a_seller_climbs_the_ladder_step_by_step_and_is_told_of_each(shop: Shop) -> None:
    coached = shop.found(seller("coach"))
    warned = shop.found(seller("warn", "03-05T09:00"))
    shop.found(seller("cap", "03-09T09:00"))
    waiting = {action.name: action for action in shop.ledger.actions(status=Status.WAITING)}

    assert names(coached) == ["warn-seller"]
    assert names(warned) == ["open-investigation", "warn-seller"]
    assert waiting.keys() == {"cap-seller", "warn-seller"}
    assert "how to appeal" in str(waiting["warn-seller"].params["note"])


@pytest.mark.practice("0.10")
def test_a_seller_who_hands_nothing_over_in_time_is_told_at_the_end_of_the_day(shop: Shop) -> None:
    line = a_line(seller_id="s-1")
    orders = [
        an_order(order_id=f"o-{n}", customer_id=f"c-{n}", time=at("03-01T10:00"), lines=[line])
        for n in range(50)
    ]
    asked = shop.live(*orders, until="03-04T00:01")
    [told] = [one for one in asked if one["name"] == "warn-seller"]

    assert told["target"] == "s-1"
    assert "threshold: 4 %" in told["params"]["proof"]


@pytest.mark.practice("0.11")
@pytest.mark.practice("4.7")
def test_a_seller_is_stopped_by_a_person_and_cleared_when_an_appeal_is_upheld(shop: Shop) -> None:
    problem = seller("suspend")
    before = shop.found(problem)
    people = People(shop.ledger, shop.playbook)
    word = Word("ops-1", "complaints open for days", at_ms("03-02T10:00"))
    for action in shop.ledger.actions(status=Status.WAITING):
        people.approve(action.id, word)
    shop.round(at_ms("03-02T10:00"))
    (stopped,) = shop.ledger.actions(name="suspend-seller")
    later = Word("ops-1", "the carrier was late", at_ms("03-04T10:00"))
    report_outcome(shop.ledger, shop.playbook, Told(problem.id, Later.APPEAL_UPHELD), later)
    shop.round(at_ms("03-04T10:00"))
    (reinstated,) = shop.ledger.actions(name="reinstate-seller")

    assert [one["name"] for one in before if one["name"] != "notify-ops"] == []
    assert (stopped.status, reinstated.status) == (Status.DONE, Status.DONE)
    assert reinstated.follows == stopped.id


@pytest.mark.practice("1.2")
def test_bad_reviews_are_evidence_for_somebody_who_answers_for_the_cause(shop: Shop) -> None:
    about = {"subject_type": "sku", "subject": "TEA", "order_id": None, "customer_id": None}
    asked = shop.found(a_problem("sku-bad-reviews", **about))

    assert names(asked) == ["open-investigation"]
    assert the(asked, "open-investigation")["params"]["to"] == "range"


@pytest.mark.practice("0.14")
def test_a_sku_that_runs_small_is_badged_so_that_the_next_customer_chooses_right(
    shop: Shop,
) -> None:
    about = {"subject_type": "sku", "subject": "SHIRT", "order_id": None, "customer_id": None}
    asked = shop.found(a_problem("sku-too-small", **about))

    assert names(asked) == ["badge-sku", "open-investigation"]


@pytest.mark.practice("2.11")
def test_a_lane_that_fails_waits_for_a_person_before_it_is_rerouted(shop: Shop) -> None:
    about = {"subject_type": "lane", "subject": "SP->RJ", "order_id": None, "customer_id": None}
    asked = shop.found(a_problem("lane-damaged-on-the-way", **about))
    waiting = {action.name for action in shop.ledger.actions(status=Status.WAITING)}

    assert asked == []
    assert waiting == {"alert-carrier", "reroute-lane"}
