"""The public Olist order history (CSV, also gzipped) as events.

An order found ``canceled`` or ``unavailable`` was ended at a moment the files do not tell. So no
cancellation is written, only counted; the order itself is, because it was known when it was placed
and its customer was waiting. An order without items (Olist dropped them when a product became
unavailable) gets one line of a SKU of its own, ``unlisted-<order id>``, so that its promise is
watched while no real SKU or seller is blamed for it.
"""

import csv
import gzip
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final, TextIO
from zoneinfo import ZoneInfo

from schemas.codec import encode
from schemas.events import (
    Event,
    OrderedLine,
    OrderPlaced,
    Place,
    ReviewPosted,
    ShipmentDelivered,
    ShipmentDispatched,
)
from schemas.times import iso

__all__ = ["Summary", "Unimportable", "import_olist"]

SOURCE: Final = "olist"
CURRENCY: Final = "BRL"
COUNTRY: Final = "BR"
ENDED: Final = ("canceled", "unavailable")

COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "orders": (
        "order_id", "customer_id", "order_status", "order_purchase_timestamp",
        "order_delivered_carrier_date", "order_delivered_customer_date",
        "order_estimated_delivery_date",
    ),
    "order_items": (
        "order_id", "order_item_id", "product_id", "seller_id", "shipping_limit_date", "price",
        "freight_value",
    ),
    "order_reviews": ("review_id", "order_id", "review_score", "review_answer_timestamp"),
    "customers": ("customer_id", "customer_unique_id", "customer_state"),
    "products": ("product_id", "product_category_name"),
    "sellers": ("seller_id", "seller_state"),
}  # fmt: skip
"""The files that are read, and the columns that are needed of each."""

Row = Mapping[str, str]
"""One line of a CSV file, by column."""


class Unimportable(ValueError):  # noqa: N818 - errors are named for what is wrong
    """The folder does not hold what is needed; the message names the file and the remedy."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What was written, and what could not be."""

    orders: int
    events: int
    ended_without_time: int
    """Orders that were cancelled or unavailable at an unknown moment: no ``order.cancelled``."""
    without_items: int
    """Orders of which no item is known: one ``unlisted-`` line each."""
    reviews_of_unknown_orders: int
    counts: dict[str, int]
    path: Path


@dataclass(frozen=True, slots=True)
class _History:
    zone: ZoneInfo
    orders: dict[str, Row]
    items: dict[str, list[Row]]
    reviews: list[Row]
    customers: dict[str, Row]
    category: dict[str, str]
    seller_state: dict[str, str]

    def at(self, text: str) -> int:
        """Return ms UTC of a local stamp; one in a skipped hour counts as an hour later."""
        return round(datetime.fromisoformat(text).replace(tzinfo=self.zone).timestamp() * 1000)

    def end_of(self, day: str) -> int:
        """Return the last ms (UTC) of a local day; an estimated date is kept until then."""
        after = date.fromisoformat(day[:10]) + timedelta(days=1)
        return self.at(after.isoformat()) - 1


def import_olist(folder: Path, out: Path, zone: str = "America/Sao_Paulo") -> Summary:
    """Write the history in ``folder`` as JSON Lines to the file ``out``, sorted by time.

    Stamps of the files carry no zone and are read as local time of ``zone`` (IANA name). Every
    event is recorded when it happened.

    Raises:
        Unimportable: A file or a column is missing, a stamp cannot be read, the zone is unknown.
    """
    history = _read(folder, _zone(zone))
    events = _events(history, folder)
    events.sort(key=lambda pair: pair[0])
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("wb") as file:
        file.writelines(encode(event) + b"\n" for _, event in events)
    counts = Counter(str(type(event).__struct_config__.tag) for _, event in events)
    return Summary(
        orders=len(history.orders),
        events=len(events),
        ended_without_time=sum(o["order_status"] in ENDED for o in history.orders.values()),
        without_items=sum(order not in history.items for order in history.orders),
        reviews_of_unknown_orders=sum(r["order_id"] not in history.orders for r in history.reviews),
        counts=dict(sorted(counts.items())),
        path=out,
    )


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError) as error:
        raise Unimportable(
            f"unknown time zone {name!r}: give an IANA name such as America/Sao_Paulo or UTC"
        ) from error


def _read(folder: Path, zone: ZoneInfo) -> _History:
    items: dict[str, list[Row]] = defaultdict(list)
    for row in _table(folder, "order_items"):
        items[row["order_id"]].append(row)
    return _History(
        zone=zone,
        orders={row["order_id"]: row for row in _table(folder, "orders")},
        items=dict(items),
        reviews=list(_table(folder, "order_reviews")),
        customers={row["customer_id"]: row for row in _table(folder, "customers")},
        category={
            row["product_id"]: row["product_category_name"] for row in _table(folder, "products")
        },
        seller_state={row["seller_id"]: row["seller_state"] for row in _table(folder, "sellers")},
    )


def _table(folder: Path, name: str) -> Iterator[Row]:
    path = _find(folder, name)
    with _open(path) as file:
        reader = csv.DictReader(file)
        missing = [column for column in COLUMNS[name] if column not in (reader.fieldnames or ())]
        if missing:
            raise Unimportable(
                f"{path.name} has no column {', '.join(missing)}: use the files as Olist publishes "
                f"them; needed are {', '.join(COLUMNS[name])}"
            )
        yield from reader


def _open(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _find(folder: Path, name: str) -> Path:
    for ending in (".csv", ".csv.gz"):
        path = folder / f"olist_{name}_dataset{ending}"
        if path.exists():
            return path
    raise Unimportable(
        f"{folder} has no olist_{name}_dataset.csv (or .csv.gz): unpack all of the Brazilian "
        "E-Commerce Public Dataset by Olist into one folder and name that folder"
    )


def _events(history: _History, folder: Path) -> list[tuple[int, Event]]:
    events: list[tuple[int, Event]] = []
    row: Row = {}
    try:
        for row in history.orders.values():
            events.append(_placed(history, row))
            events.extend(_travelled(history, row))
        for row in history.reviews:
            if row["order_id"] in history.orders:
                events.append(_reviewed(history, row))
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise Unimportable(
            f"{folder}: order {row['order_id']} cannot be read ({error!r}): take the files afresh "
            "from one download, so that all customers and sellers are there"
        ) from error
    return events


def _placed(history: _History, order: Row) -> tuple[int, OrderPlaced]:
    at = history.at(order["order_purchase_timestamp"])
    customer = history.customers[order["customer_id"]]
    items = history.items.get(order["order_id"], [])
    freight = sum((Decimal(item["freight_value"]) for item in items), Decimal(0))
    return at, OrderPlaced(
        id=f"{order['order_id']}:placed",
        source=SOURCE,
        time=iso(at),
        recordedtime=iso(at),
        order_id=order["order_id"],
        customer_id=customer["customer_unique_id"],
        currency=CURRENCY,
        lines=[_line(history, item) for item in items] or [_unlisted(order)],
        promised_by=iso(history.end_of(order["order_estimated_delivery_date"])),
        shipping_fee=f"{freight:.2f}",
        destination=Place(country=COUNTRY, region=customer["customer_state"]),
    )


def _line(history: _History, item: Row) -> OrderedLine:
    return OrderedLine(
        line_id=item["order_item_id"],
        sku=item["product_id"],
        unit_price=f"{Decimal(item['price']):.2f}",
        seller_id=item["seller_id"],
        category=history.category.get(item["product_id"], ""),
        ship_by=iso(history.at(item["shipping_limit_date"])),
    )


def _unlisted(order: Row) -> OrderedLine:
    return OrderedLine(line_id="1", sku=f"unlisted-{order['order_id']}")


def _travelled(history: _History, order: Row) -> Iterator[tuple[int, Event]]:
    order_id = order["order_id"]
    if order["order_delivered_carrier_date"]:
        at = history.at(order["order_delivered_carrier_date"])
        state = history.customers[order["customer_id"]]["customer_state"]
        yield (
            at,
            ShipmentDispatched(
                id=f"{order_id}:dispatched",
                source=SOURCE,
                time=iso(at),
                recordedtime=iso(at),
                order_id=order_id,
                shipment_id=order_id,
                carrier="unknown",
                origin=_origin(history, order_id),
                destination=Place(country=COUNTRY, region=state),
            ),
        )
    if order["order_delivered_customer_date"]:
        at = history.at(order["order_delivered_customer_date"])
        yield (
            at,
            ShipmentDelivered(
                id=f"{order_id}:delivered",
                source=SOURCE,
                time=iso(at),
                recordedtime=iso(at),
                order_id=order_id,
                shipment_id=order_id,
            ),
        )


def _origin(history: _History, order_id: str) -> Place | None:
    """Return where the first line's seller sits; the hand-over belongs to the order as a whole."""
    for item in history.items.get(order_id, []):
        return Place(country=COUNTRY, region=history.seller_state[item["seller_id"]])
    return None


def _reviewed(history: _History, review: Row) -> tuple[int, ReviewPosted]:
    order_id = review["order_id"]
    at = history.at(review["review_answer_timestamp"])
    items = history.items.get(order_id, [])
    return at, ReviewPosted(
        id=f"{order_id}:review:{review['review_id']}",
        source=SOURCE,
        time=iso(at),
        recordedtime=iso(at),
        review_id=review["review_id"],
        order_id=order_id,
        customer_id=history.customers[history.orders[order_id]["customer_id"]][
            "customer_unique_id"
        ],
        rating=int(review["review_score"]),
        sku=_only({item["product_id"] for item in items}),
        seller_id=_only({item["seller_id"] for item in items}),
    )


def _only(names: set[str]) -> str:
    """Return the name if there is just one, else an empty text: a review of two says not which."""
    return next(iter(names)) if len(names) == 1 else ""
