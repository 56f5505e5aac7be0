"""The decaf story: a week in which one bin holds the wrong coffee, told inside a busy shop.

A customer orders decaf and gets regular coffee, asks for a replacement, and the replacement is
wrong again; others are hit by the same bin. Both bags weigh the same, so no scale notices: only
customers can tell. Beside it a lane falls silent, a refund is forgotten, questions stay unanswered.
Hours count from Monday 00:00 UTC of the week.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from andon.simulate import Story, Summary, simulate
from andon.simulate.log import Kind, Told
from andon.simulate.truth import KnownFault
from andon.simulate.world import START
from andon.simulate.writing import Progress
from schemas.times import DAY, HOUR, iso

DECAF: Final = "COFFEE-DECAF-500"
REGULAR: Final = "COFFEE-REGULAR-500"
WAREHOUSE: Final = "WH-NW"
BIN: Final = "07-03-2"
ORDERS: Final = 1_500
ONSET: Final = 36
"""Hour at which the wrong bags are put into the bin."""
REPAIR: Final = 150

GOOD_BUYERS: Final = (2, 5, 7, 9, 11, 13, 16, 19)
"""Hours of the decaf orders that are packed before the wrong bags arrive."""
LATER_BUYERS: Final = (58, 66, 75, 82, 91, 103, 110, 118)
"""Hours of further decaf orders; all get regular coffee."""
SILENT_ORDERS: Final = (8, 14, 21, 27, 33, 39, 45, 51)
"""Hours of the orders whose parcels are seen once and then not for five days."""


@dataclass(frozen=True, slots=True)
class Bought:
    """An order of the story: its id, whose it is, and the hour of delivery."""

    order_id: str
    customer_id: str
    delivered: float


@dataclass(slots=True)
class Teller:
    """Writes down what happens, hour by hour; learning of it takes a second or three."""

    rng: np.random.Generator
    told: list[Told] = field(default_factory=list)

    def tell(self, kind: Kind, hour: float, body: Mapping[str, object]) -> None:
        """Tell that ``kind`` happened at ``hour``; ``order_id`` comes first in the body."""
        at = START + int(hour * HOUR) + int(self.rng.integers(0, 60_000))
        text = json.dumps(body, separators=(",", ":"))[1:-1]
        self.told.append(Told(kind, at, at + int(self.rng.integers(800, 3_000)), text))

    def buy(
        self, name: str, hour: float, *, replaces: str = "", region: str = "NW", trip: float = 26
    ) -> Bought:
        """Tell of one order of decaf from purchase to delivery, ``trip`` hours after packing."""
        order_id, customer_id = f"O-{name}", f"U-{name.split('-R', maxsplit=1)[0]}"
        self.tell(Kind.PLACED, hour, _order(order_id, customer_id, hour, replaces, region))
        parcel = {"order_id": order_id, "shipment_id": f"P-{name}"}
        self.tell(Kind.PACKED, hour + 6, parcel | _contents())
        self.tell(Kind.DISPATCHED, hour + 9, parcel | _route(region))
        self.tell(Kind.SCANNED, hour + 11, parcel | {"status": "accepted", "place": "dhl-hub-NW"})
        self.tell(Kind.DELIVERED, hour + 6 + trip, parcel | {"to": "door"})
        return Bought(order_id, customer_id, hour + 6 + trip)

    def send_back(
        self, bought: Bought, hour: float, wants: str, reason: str = "wrong_item"
    ) -> None:
        """Tell that a customer asks to return what came."""
        line = {"line_id": "1", "quantity": 1, "reason": reason}
        body = _return(bought) | {"lines": [line], "wants": wants}
        self.tell(Kind.RETURN_REQUESTED, hour, body)
        self.tell(Kind.RETURN_SHIPPED, hour + 18, _return(bought))

    def inspect(self, bought: Bought, hour: float, disposition: str, found: str) -> None:
        """Tell what the warehouse finds in a return."""
        line = {"line_id": "1", "quantity": 1, "disposition": disposition, "sku_found": found}
        self.tell(Kind.RETURN_RECEIVED, hour, _return(bought) | {"lines": [line]})

    def refund(self, bought: Bought, hour: float) -> None:
        """Tell that the money went back."""
        money = {"amount": "8.49", "currency": "EUR", "method": "original"}
        named = {"refund_id": f"F-{bought.order_id[2:]}"}
        self.tell(Kind.REFUNDED, hour, _return(bought) | named | money)

    def ask(
        self, bought: Bought, hour: float, topic: str, channel: str, wait: float | None = 0.04
    ) -> None:
        """Tell of a contact, answered after ``wait`` hours or, if that is None, never."""
        name = f"C-{bought.order_id[2:]}-{hour:g}"
        body = {
            "order_id": bought.order_id,
            "contact_id": name,
            "customer_id": bought.customer_id,
        }
        self.tell(Kind.CONTACT_OPENED, hour, body | {"channel": channel, "topic": topic})
        if wait is not None:
            self.tell(Kind.CONTACT_ANSWERED, hour + wait, body | {"by": "agent-07"})


def decaf_week(seed: int, out: Path, *, on_progress: Progress | None = None) -> Summary:
    """Write a week of a shop with the decaf story in it to the folder ``out``; by seed."""
    return simulate(ORDERS, 7, seed, out, story=decaf_story(seed), on_progress=on_progress)


def decaf_story(seed: int) -> Story:
    """Return the story's events, and the fault behind them."""
    teller = Teller(np.random.default_rng([seed, 4]))
    _before(teller)
    _first_customer(teller)
    _others(teller)
    _silent_lane(teller)
    _forgotten_refund(teller)
    note = {"sku": DECAF, "warehouse_id": WAREHOUSE, "note": "bin emptied, labels printed anew"}
    teller.tell(Kind.SKU_REPAIRED, REPAIR, note)
    fault = KnownFault(
        fault="mis-slotted-sku",
        kind="sku-wrong-item",
        subject_type="sku",
        subject=DECAF,
        onset=iso(START + ONSET * HOUR),
        end=iso(START + REPAIR * HOUR),
        affected_units=3 + len(LATER_BUYERS),
        warehouse_id=WAREHOUSE,
        bin=BIN,
        sku_found=REGULAR,
    )
    return Story(tuple(teller.told), (fault,))


def _before(teller: Teller) -> None:
    """All is well with the decaf; one customer claims otherwise and is mistaken."""
    bought = [teller.buy(f"GOOD-{n:02d}", hour) for n, hour in enumerate(GOOD_BUYERS, 1)]
    mistaken = bought[-1]
    teller.send_back(mistaken, mistaken.delivered + 60, "refund")
    teller.inspect(mistaken, mistaken.delivered + 130, "right_item", DECAF)
    teller.refund(mistaken, mistaken.delivered + 140)


def _first_customer(teller: Teller) -> None:
    """Wrong, replaced, wrong again; the customer calls two hours after the second time."""
    first = teller.buy("DECAF-01", 31)
    teller.send_back(first, first.delivered + 1, "replacement")
    again = teller.buy("DECAF-01-R", first.delivered + 2, replaces=first.order_id, trip=19)
    teller.send_back(again, again.delivered + 2, "refund")
    teller.ask(again, again.delivered + 4.5, "wrong_item", "phone")
    teller.inspect(first, first.delivered + 72, "different_item", REGULAR)
    teller.inspect(again, again.delivered + 70, "different_item", REGULAR)
    teller.refund(again, again.delivered + 90)


def _others(teller: Teller) -> None:
    """The next customer says so before anything is known; the later ones afterwards."""
    second = teller.buy("DECAF-02", 34)
    teller.ask(second, second.delivered + 0.5, "wrong_item", "chat")
    teller.send_back(second, second.delivered + 3, "refund")
    teller.inspect(second, second.delivered + 90, "different_item", REGULAR)
    teller.refund(second, second.delivered + 110)
    for number, hour in enumerate(LATER_BUYERS, 3):
        bought = teller.buy(f"DECAF-{number:02d}", hour, region="BY" if number % 2 else "NW")
        teller.send_back(bought, bought.delivered + 4 + number, "refund")
        if number % 3:
            wait = None if number == 5 else 0.05
            teller.ask(bought, bought.delivered + 9 + 4 * number, "wrong_item", "email", wait)
        teller.inspect(bought, bought.delivered + 80 + number, "different_item", REGULAR)
        teller.refund(bought, bought.delivered + 100 + number)


def _silent_lane(teller: Teller) -> None:
    """Parcels to the north are seen once, then not for days; half of the customers ask."""
    for number, hour in enumerate(SILENT_ORDERS, 1):
        bought = teller.buy(f"NORTH-{number:02d}", hour, region="SH", trip=150 + 3 * number)
        if number % 2:
            ask = hour + 104 + 5 * number
            teller.ask(bought, ask, "where_is_my_order", "email", None if number == 3 else 0.6)
            if number == 1:
                teller.ask(bought, ask + 26, "where_is_my_order", "phone")


def _forgotten_refund(teller: Teller) -> None:
    """A return arrives and nobody pays; the customer asks after ten days."""
    bought = teller.buy("REFUND-01", 1, trip=20)
    teller.send_back(bought, bought.delivered + 5, "refund", "unwanted")
    teller.inspect(bought, bought.delivered + 54, "sellable", DECAF)
    teller.ask(bought, bought.delivered + 54 + 240, "refund", "email")
    teller.refund(bought, bought.delivered + 54 + 262)


def _order(
    order_id: str, customer_id: str, hour: float, replaces: str, region: str
) -> dict[str, object]:
    line = {
        "line_id": "1", "sku": DECAF, "unit_price": "8.49", "seller_id": "SEL-0000",
        "category": "coffee", "brand": "alba", "size": "500 g", "quantity": 1,
    }  # fmt: skip
    placed = START + int(hour * HOUR)
    body: dict[str, object] = {
        "order_id": order_id, "customer_id": customer_id, "currency": "EUR", "lines": [line],
        "ship_by": iso(_end_of_day(placed + DAY)),
        "promised_by": iso(_end_of_day(placed + 3 * DAY)),
        "destination": {"country": "DE", "region": region}, "customer": {"tier": "regular"},
        "shipping_fee": "0.00" if replaces else "4.90",
    }  # fmt: skip
    return body | ({"replaces": {"order_id": replaces, "line_id": "1"}} if replaces else {})


def _end_of_day(moment: int) -> int:
    """Return the last ms of the local day (UTC+1)."""
    return (moment + HOUR) // DAY * DAY + DAY - HOUR - 1


def _contents() -> dict[str, object]:
    line = {"line_id": "1", "sku": DECAF, "quantity": 1, "bin": BIN}
    return {
        "warehouse_id": WAREHOUSE, "lines": [line], "packaging": "box-1",
        "expected_weight_g": 640, "actual_weight_g": 641,
    }  # fmt: skip


def _route(region: str) -> dict[str, object]:
    origin, to = {"country": "DE", "region": "NW"}, {"country": "DE", "region": region}
    return {"warehouse_id": WAREHOUSE, "carrier": "dhl", "origin": origin, "destination": to}


def _return(bought: Bought) -> dict[str, object]:
    return {"order_id": bought.order_id, "return_id": f"R-{bought.order_id[2:]}"}
