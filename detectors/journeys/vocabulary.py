"""The words behind codes: closed vocabularies with fixed numbers, open ones interned as they come."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np

from detectors.journeys.names import Codes, Figures, Interned, Texts
from schemas.times import Flags


class Item(NamedTuple):
    """What an order line is about; interned as a whole, because its parts are said together."""

    sku: str
    seller_id: str
    category: str
    brand: str
    size: str


class Lane(NamedTuple):
    """Who carries a parcel, and from where to where (region, else country).

    ``country`` is the destination's.
    """

    carrier: str
    service: str
    origin: str
    destination: str
    crosses_border: bool
    country: str = ""


class Lanes(Interned[Lane]):
    """Lanes, and what deadlines need to know of them, looked up for whole columns."""

    __slots__ = ("_abroad", "_country", "countries")

    def __init__(self) -> None:
        """Start without lanes; country 0 is the unknown one."""
        super().__init__()
        self.countries: list[str] = [""]
        self._abroad = np.zeros(1, np.bool_)
        self._country = np.zeros(1, np.int64)

    def abroad(self, codes: Codes) -> Flags:
        """Return whether each lane crosses a border; an unknown one does not."""
        self._learn()
        return self._abroad[codes]

    def country(self, codes: Codes) -> Codes:
        """Return the place of each lane's destination in ``countries``."""
        self._learn()
        return self._country[codes]

    def _learn(self) -> None:
        """Let the lookups end with the unknown lane, whose code is -1."""
        if self._abroad.size == len(self.values) + 1:
            return
        lanes = [Lane(*lane) for lane in self.values]
        self.countries = ["", *sorted({lane.country for lane in lanes} - {""})]
        place = {country: i for i, country in enumerate(self.countries)}
        self._abroad = np.array([*(lane.crosses_border for lane in lanes), False])
        self._country = np.array([*(place[lane.country] for lane in lanes), 0])


UNKNOWN_WORD: Final = 0
"""The number of a word that is not in a closed vocabulary."""

STATUSES: Final = (
    "unknown",
    "label_created",
    "accepted",
    "in_transit",
    "out_for_delivery",
    "available_for_pickup",
    "attempt_failed",
    "held",
    "delayed",
    "damaged",
    "lost",
    "address_problem",
    "refused",
    "returning",
    "returned",
    "cancelled",
)
"""What a carrier says of a parcel; the place in this tuple is the number inside."""

STATUS: Final = {word: number for number, word in enumerate(STATUSES)}

REASONS: Final = (
    "unknown",
    "wrong_item",
    "damaged",
    "defective",
    "missing_item",
    "not_as_described",
    "too_small",
    "too_large",
    "arrived_late",
    "never_arrived",
    "unwanted",
    "style",
    "colour",
    "other",
)
"""Why a customer sends something back, in the customer's words."""

REASON: Final = {word: number for number, word in enumerate(REASONS)}

DISPOSITIONS: Final = (
    "unknown",
    "as_claimed",
    "right_item",
    "sellable",
    "carrier_damaged",
    "customer_damaged",
    "defective",
    "different_item",
    "empty",
)
"""What a warehouse finds when it inspects a return."""

DISPOSITION: Final = {word: number for number, word in enumerate(DISPOSITIONS)}


VOCABULARIES: Final = {"status": STATUSES, "reason": REASONS, "disposition": DISPOSITIONS}
"""The closed vocabularies by the fact that speaks them."""

GRAM_BITS: Final = 24
"""Room for one weight in grams where two share a number."""


@dataclass(slots=True)
class Vocabulary:
    """The open categories of one engine. Codes depend on arrival, so they never leave it."""

    items: Interned[Item] = field(default_factory=Interned[Item])
    lanes: Lanes = field(default_factory=Lanes)
    skus: Interned[str] = field(default_factory=Interned[str])
    weights: Figures = field(default_factory=Figures)
    etas: Figures = field(default_factory=Figures)
    customers: Texts = field(default_factory=Texts)
    _sku_of_item: Codes = field(default_factory=lambda: np.full(1, -1))

    def ordered_skus(self, items: Codes) -> Codes:
        """Return the code in ``skus`` of each item's SKU, -1 where the item is unknown."""
        known = self._sku_of_item
        if known.size <= len(self.items.values):
            skus = [Item(*item).sku for item in self.items.values]
            self._sku_of_item = known = np.append(self.skus.codes(skus), -1)
        return known[items]

    def texts(self, fact: str) -> Callable[[int], Any]:
        """Return what orders the codes of ``fact`` by value, for ties that codes must not decide."""
        values: dict[str, Any] = {
            "item": self.items.values,
            "lane": self.lanes.values,
            "packed_sku": self.skus.values,
            "eta": self.etas.values,
            "weights": self.weights.values,
            "customer": self.customers,
        }
        return values[fact].__getitem__ if fact in values else int
