"""What keeps people from buying: causes of abandoned carts, contacts and returns, and their trend.

Each cause is held against the stretch of time of the same length before. It grows or falls where
the change is no chance (one-sided 5 %, both counts being Poisson and as many orders as there were).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import sqrt
from typing import Final, NamedTuple

from schemas.codec import Decoder
from schemas.events import CartAbandoned, ContactOpened, Event, OrderPlaced, ReturnRequested

NO_CHANCE: Final = 1.6448536269514722
"""Standard deviations beyond which 5 % of a normal distribution lie."""

FEWEST: Final = 5
"""Counts of both stretches together below which nothing is said of a trend."""

NOT_SAID: Final = "not said"

RANGE_TEAM: Final = "range"
TEAM_OF: Final = {
    "too_small": "listing",
    "too_large": "listing",
    "not_as_described": "listing",
    "wrong_item": "warehouse",
    "missing_item": "warehouse",
    "damaged": "carrier",
    "arrived_late": "carrier",
    "never_arrived": "carrier",
}
"""Who can remove a cause of returns; everything else is for whoever looks after the range."""

Row = dict[str, object]


class Cause(NamedTuple):
    """What somebody said, where, and about which SKU (empty: about none)."""

    where: str
    cause: str
    sku: str = ""


@dataclass(slots=True)
class Wishes:
    """Counts of causes from ``since`` (ms UTC) on and in as long a time before, up to ``now``."""

    since: int
    now: int
    orders: Counter[bool] = field(default_factory=Counter)
    """By whether it was lately."""
    said: defaultdict[Cause, Counter[bool]] = field(default_factory=lambda: defaultdict(Counter))
    _seen: set[tuple[str, str]] = field(default_factory=set)
    _skus: dict[tuple[str, str], str] = field(default_factory=dict)

    def hear(self, event: Event, at: int) -> None:
        """Take note of an event recorded at that time (ms UTC); a repeated one counts once."""
        if isinstance(event, OrderPlaced):
            self._skus |= {(event.order_id, line.line_id): line.sku for line in event.lines}
            self._count(("order", event.order_id), at, self.orders)
        elif isinstance(event, CartAbandoned):
            cause = Cause("carts", event.reason or f"at {event.step}")
            self._count(("cart", event.cart_id), at, self.said[cause])
        elif isinstance(event, ContactOpened):
            cause = Cause("contacts", event.topic or NOT_SAID)
            self._count(("contact", event.contact_id), at, self.said[cause])
        elif isinstance(event, ReturnRequested):
            self._hear_return(event, at)

    def _hear_return(self, event: ReturnRequested, at: int) -> None:
        for line in event.lines:
            sku = self._skus.get((event.order_id, line.line_id), "")
            key = ("return", f"{event.order_id} {event.return_id} {line.line_id}")
            self._count(key, at, self.said[Cause("returns", line.reason, sku)])

    def _count(self, key: tuple[str, str], at: int, into: Counter[bool]) -> None:
        if at >= 2 * self.since - self.now and key not in self._seen:
            self._seen.add(key)
            into[at >= self.since] += 1

    def rows(self) -> list[Row]:
        """Return every cause, what grows first and then what is said most."""
        rows = [self._row(cause, count) for cause, count in self.said.items() if count.total()]
        return sorted(rows, key=_in_order)

    def _row(self, cause: Cause, count: Counter[bool]) -> Row:
        return {
            **cause._asdict(),
            "now": count[True],
            "before": count[False],
            "trend": self._trend(count),
            "for": TEAM_OF.get(cause.cause, RANGE_TEAM),
        }

    def _trend(self, count: Counter[bool]) -> str:
        total, orders = count.total(), self.orders
        if total < FEWEST or not (orders[True] and orders[False]):
            return "too few to say"
        share = orders[True] / orders.total()
        beyond = (count[True] - total * share) / sqrt(total * share * (1 - share))
        if beyond > NO_CHANCE:
            return "grows"
        return "falls" if beyond < -NO_CHANCE else "steady"


def _in_order(row: Row) -> tuple[bool, int, str, str, str]:
    names = str(row["where"]), str(row["cause"]), str(row["sku"])
    return (row["trend"] != "grows", -int(str(row["now"])), *names)


def wishes_in(texts: Iterable[bytes], since: int, now: int) -> list[Row]:
    """Return the causes in JSON Lines, which are in the order of their recording."""
    wishes, decoder = Wishes(since, now), Decoder()
    for text in texts:
        decoded = decoder.decode_lines(text)
        for event, at in zip(decoded.events, decoded.recorded.tolist(), strict=True):
            wishes.hear(event, at)
    return wishes.rows()
