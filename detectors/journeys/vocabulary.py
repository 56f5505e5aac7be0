"""The words behind codes: closed vocabularies with fixed numbers, open ones interned as they come."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from detectors.journeys.names import Figures, Interned, Texts


class Item(NamedTuple):
    """What an order line is about; interned as a whole, because its parts are said together."""

    sku: str
    seller_id: str
    category: str
    brand: str
    size: str


class Lane(NamedTuple):
    """Who carries a parcel, and from where to where (region, else country)."""

    carrier: str
    service: str
    origin: str
    destination: str
    crosses_border: bool


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


GRAM_BITS: Final = 24
"""Room for one weight in grams where two share a number."""


@dataclass(slots=True)
class Vocabulary:
    """The open categories of one engine. Codes depend on arrival, so they never leave it."""

    items: Interned[Item] = field(default_factory=Interned[Item])
    lanes: Interned[Lane] = field(default_factory=Interned[Lane])
    skus: Interned[str] = field(default_factory=Interned[str])
    weights: Figures = field(default_factory=Figures)
    etas: Figures = field(default_factory=Figures)
    customers: Texts = field(default_factory=Texts)

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
