"""The words behind codes: closed vocabularies have fixed numbers, open ones are interned."""

from collections.abc import Callable
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, Final, NamedTuple

from detectors.journeys.names import UNKNOWN, Codes, Figures, Interned, Lookup, Texts
from schemas.times import Flags


class Item(NamedTuple):
    """What an order line is about; interned as a whole, because its parts are said together."""

    sku: str
    seller_id: str
    category: str
    brand: str
    size: str


class Subject(NamedTuple):
    """What a review is about; empty where it does not say."""

    sku: str
    seller_id: str


class PackedItem(NamedTuple):
    """What was scanned into a parcel, and where; interned as a whole, as it is said together."""

    sku: str
    warehouse: str
    bin: str
    batch: str = ""


class Lane(NamedTuple):
    """Who carries a parcel, and from where to where; empty where nobody said."""

    carrier: str
    service: str
    from_country: str
    from_region: str
    country: str
    region: str
    warehouse: str = ""
    """Where the parcel left, as its dispatch says it."""

    @property
    def crosses_border(self) -> bool:
        """Whether the parcel is known to change country."""
        return bool(self.from_country and self.country) and self.from_country != self.country

    @property
    def name(self) -> str:
        """The lane as people write it: ``SP->RJ``, by region where there is one."""
        return f"{self.from_region or self.from_country}->{self.region or self.country}"


UNKNOWN_CARRIERS: Final = ("", "unknown")
"""What senders write who do not know the carrier."""


class Lanes(Interned[Lane]):
    """Lanes, and what deadlines need to know of them, looked up for whole columns."""

    __slots__ = ("_abroad", "_country", "_is_traced", "countries")

    def __init__(self) -> None:
        """Start without lanes; country 0 is the unknown one."""
        super().__init__()
        self.countries = [""]
        self._abroad = Lookup()
        self._country = Lookup()
        self._is_traced = Lookup()

    def traced(self, codes: Codes) -> Flags:
        """Return whether anybody can report on a parcel: not where the carrier is unknown."""
        self._learn()
        return self._is_traced.of(codes, 0) > 0

    def abroad(self, codes: Codes) -> Flags:
        """Return whether each lane crosses a border; an unknown one does not."""
        self._learn()
        return self._abroad.of(codes, 0) > 0

    def country(self, codes: Codes) -> Codes:
        """Return the place of each lane's destination in ``countries``."""
        self._learn()
        return self._country.of(codes, 0)

    def _learn(self) -> None:
        """Take in the lanes that came since the last look."""
        lanes = [Lane(*lane) for lane in self.values[self._abroad.size :]]
        new = {lane.country for lane in lanes}.difference(self.countries)
        self.countries += sorted(new)
        self._abroad.learn([lane.crosses_border for lane in lanes])
        self._is_traced.learn([lane.carrier not in UNKNOWN_CARRIERS for lane in lanes])
        self._country.learn([self.countries.index(lane.country) for lane in lanes])


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

CLOSE_G: Final = 20
CLOSE_SHARE: Final = 50
"""A weighing within 20 g or a fiftieth of what was expected is never worth remembering."""

GRAM_BITS: Final = 24
"""Room for one weight in grams where two share a number."""


_CATEGORY: Final = {
    "item": "items.values",
    "lane": "lanes.values",
    "unnamed_lane": "lanes.values",
    "packed": "packed.values",
    "unscanned": "packed.values",
    "place": "packed.values",
    "sku_found": "skus.values",
    "found": "skus.values",
    "about": "subjects.values",
    "seller": "sellers.values",
    "warehouse": "warehouses.values",
    "eta": "etas.values",
    "weights": "weights.values",
    "customer": "customers",
}
"""Where the values behind the codes of a fact are kept."""


PASSING: Final = ("customer", "eta", "weights")
"""Facts whose values come with orders and parcels and go with them; the others are names of things
that stay: SKUs, lanes, places."""


@dataclass(slots=True)
class Vocabulary:
    """The open categories of one engine. Codes depend on arrival, so they never leave it."""

    items: Interned[Item] = field(default_factory=Interned[Item])
    lanes: Lanes = field(default_factory=Lanes)
    packed: Interned[PackedItem] = field(default_factory=Interned[PackedItem])
    skus: Interned[str] = field(default_factory=Interned[str])
    warehouses: Interned[str] = field(default_factory=Interned[str])
    sellers: Interned[str] = field(default_factory=Interned[str])
    subjects: Interned[Subject] = field(default_factory=Interned[Subject])
    weights: Figures = field(default_factory=Figures)
    etas: Figures = field(default_factory=Figures)
    customers: Texts = field(default_factory=Texts)
    _sku_of_item: Lookup = field(default_factory=Lookup)
    _sku_of_packed: Lookup = field(default_factory=Lookup)
    _place_of_lane: Lookup = field(default_factory=Lookup)

    def ordered_skus(self, items: Codes) -> Codes:
        """Return the code in ``skus`` of each item's SKU, -1 where the item is unknown."""
        known = self._sku_of_item
        skus = [Item(*item).sku for item in self.items.values[known.size :]]
        known.learn(self.skus.codes(skus).tolist())
        return known.of(items, UNKNOWN)

    def packed_skus(self, packed: Codes) -> Codes:
        """Return the code in ``skus`` of each SKU as scanned, -1 where none was scanned."""
        known = self._sku_of_packed
        skus = [PackedItem(*one).sku for one in self.packed.values[known.size :]]
        known.learn(self.skus.codes(skus).tolist())
        return known.of(packed, UNKNOWN)

    def places_left(self, lanes: Codes) -> Codes:
        """Return the code in ``packed`` of the warehouse that each lane's parcels left.

        Nothing was scanned there; -1 where nobody named a warehouse.
        """
        known = self._place_of_lane
        left = [Lane(*lane).warehouse for lane in self.lanes.values[known.size :]]
        codes = self.packed.codes([PackedItem("", warehouse, "") for warehouse in left])
        named = zip(codes.tolist(), left, strict=True)
        known.learn([code if warehouse else UNKNOWN for code, warehouse in named])
        return known.of(lanes, UNKNOWN)

    def said(self, fact: str, code: int) -> dict[str, str | int]:
        """Return what the code of a category means, by the name of each part that is known."""
        if code == UNKNOWN:
            return {}
        value = self.texts(fact)(code)
        parts = {fact: value}
        if fact == "item":
            item = Item(*value)
            parts = {"sku": item.sku, "seller": item.seller_id, "size": item.size}
        elif fact == "packed":
            packed = PackedItem(*value)
            parts = {"packed_sku": packed.sku, "warehouse": packed.warehouse, "bin": packed.bin}
        elif fact == "lane":
            lane = Lane(*value)
            parts = {"carrier": lane.carrier, "lane": lane.name}
        return {name: part for name, part in parts.items() if part not in ("", "->")}

    def keep(self, fact: str, codes: Codes) -> None:
        """Let go of the values of a ``PASSING`` fact but those of ``codes`` (ascending)."""
        kept: Texts | Figures = getattr(self, _CATEGORY[fact].partition(".")[0])
        kept.keep(codes)

    def size(self, fact: str) -> int:
        """Count the values of a fact."""
        return len(attrgetter(_CATEGORY[fact])(self))

    def texts(self, fact: str) -> Callable[[int], Any]:
        """Return what orders codes of ``fact`` by value, for ties that codes must not decide."""
        if fact not in _CATEGORY:
            return int
        values: Callable[[int], Any] = attrgetter(_CATEGORY[fact])(self).__getitem__
        return values
