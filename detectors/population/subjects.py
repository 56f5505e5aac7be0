"""What a unit is counted under: its SKU, its warehouse, its lane and so on, each by its name."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from detectors.journeys.names import Codes, Interned, Lookup
from detectors.journeys.vocabulary import UNKNOWN_CARRIERS, Item, Lane, PackedItem, Vocabulary
from detectors.population.numbering import Sorted, distinct

EVERYTHING: Final = "*"
"""The one subject of type ``market``."""

BATCH: Final = "#"
"""Stands between a SKU and one batch of it."""

NOT_SAID: Final = ""
"""The name of a subject that nobody reported; nothing is counted under it."""


def _of_item(item: Item) -> tuple[str, ...]:
    size = f"{item.category}/{item.brand}/{item.size}" if item.size else NOT_SAID
    return item.sku, item.seller_id, item.category, size


def _of_place(place: PackedItem) -> tuple[str, ...]:
    shelf = f"{place.warehouse}/{place.bin}" if place.bin else NOT_SAID
    batch = f"{place.sku}{BATCH}{place.batch}" if place.batch and place.sku else NOT_SAID
    return place.warehouse, shelf, batch


def _of_lane(lane: Lane) -> tuple[str, ...]:
    carrier = NOT_SAID if lane.carrier in UNKNOWN_CARRIERS else lane.carrier
    start, end = lane.from_region or lane.from_country, lane.region or lane.country
    return carrier, lane.name if start and end else NOT_SAID, end


@dataclass(frozen=True, slots=True)
class Part:
    """What one category of a cell says: the subject types it names, and how."""

    types: tuple[str, ...]
    kind: Callable[..., Any]
    names: Callable[[Any], tuple[str, ...]]
    values: Callable[[Vocabulary], Sequence[Any]]


PARTS: Final[Mapping[str, Part]] = {
    "item": Part(
        ("sku", "seller", "category", "sku_size"), Item, _of_item, lambda w: w.items.values
    ),
    "place": Part(("warehouse", "bin", "batch"), PackedItem, _of_place, lambda w: w.packed.values),
    "lane": Part(("carrier", "lane", "region"), Lane, _of_lane, lambda w: w.lanes.values),
}
"""The categories of a cell, each with the subjects it names."""

PAIR: Final = "sku_warehouse"
"""The subject type that two categories name together: a SKU in one warehouse."""

MARKET: Final = "market"

SUBJECT_TYPES: Final = (
    *(name for part in PARTS.values() for name in part.types),
    PAIR,
    MARKET,
)
"""Every subject type, in the order in which subjects are decided."""

OF_ONE_ITEM: Final = frozenset({"sku", PAIR, "batch"})
"""Subjects that are one article: what is usual for them is usual in their category."""

Rows = Mapping[str, Codes]
"""By subject type: the row of the subject that each element is counted under, -1 for none."""

_HALF: Final = 32
"""Bits of one row number where two share a number."""


@dataclass(slots=True)
class _Reading:
    """How codes of one partition's vocabulary become rows; grows with the vocabulary."""

    lookups: dict[str, Lookup] = field(
        default_factory=lambda: {name: Lookup() for part in PARTS.values() for name in part.types}
    )


class Subjects:
    """All subjects by type and name. Rows depend on arrival, so they never leave the judge."""

    def __init__(self) -> None:
        """Start with the market alone."""
        self._known: dict[str, Interned[str]] = {name: Interned() for name in SUBJECT_TYPES}
        self._readings: dict[int, _Reading] = {}
        self._pairs = Sorted()
        self._articles: dict[str, dict[int, int]] = {PAIR: {}, "batch": {}}
        self._known[MARKET].code(EVERYTHING)

    def count(self, subject_type: str) -> int:
        """Return how many subjects of a type are known."""
        return len(self._known[subject_type].values)

    def name(self, subject_type: str, row: int) -> str:
        """Return what a subject is called."""
        return self._known[subject_type].values[row]

    def names(self, subject_type: str) -> Sequence[str]:
        """Return the names of a type by row."""
        return self._known[subject_type].values

    def row(self, subject_type: str, name: str) -> int:
        """Return the row of a subject, a new one for a new name."""
        return self._known[subject_type].code(name)

    def find(self, subject_type: str, name: str) -> int | None:
        """Return the row of a subject that is known, else ``None``: asking adds nobody."""
        known = self._known[subject_type].values
        return known.index(name) if name in known else None

    def types_of(self, name: str) -> tuple[str, ...]:
        """Return the types of which a subject called ``name`` is known."""
        return tuple(one for one in SUBJECT_TYPES if name in self._known[one].values)

    def rows(self, source: int, words: Vocabulary, cells: Mapping[str, Codes]) -> Rows:
        """Return under which subjects each element is counted.

        ``cells`` are the columns ``item``, ``place`` and ``lane`` with codes of ``words``, the
        vocabulary of the partition ``source``.
        """
        reading = self._readings.setdefault(source, _Reading())
        found: dict[str, Codes] = {}
        for column, part in PARTS.items():
            self._learn(reading, part, words)
            for name in part.types:
                found[name] = reading.lookups[name].of(cells[column], -1)
        found[PAIR] = self._paired(found["sku"], found["warehouse"])
        found[MARKET] = np.zeros_like(found["sku"])
        return found

    def _learn(self, reading: _Reading, part: Part, words: Vocabulary) -> None:
        values = part.values(words)
        done = reading.lookups[part.types[0]].size
        if done == len(values):
            return
        fresh = [part.kind(*value) for value in values[done:]]
        named = [part.names(value) for value in fresh]
        for place, name in enumerate(part.types):
            known, texts = self._known[name], [names[place] for names in named]
            rows = [known.code(text) if text else -1 for text in texts]
            reading.lookups[name].learn(rows)
            if name == "batch":
                self._articles[name] |= {
                    row: self.row("sku", value.sku)
                    for row, value in zip(rows, fresh, strict=True)
                    if row >= 0
                }

    def _paired(self, skus: Codes, warehouses: Codes) -> Codes:
        both = (skus >= 0) & (warehouses >= 0)
        rows = np.full(skus.size, -1)
        if both.any():
            count = self.count("warehouse")
            keys, which = distinct(skus[both] * count + warehouses[both], count * self.count("sku"))
            sku, warehouse = np.divmod(keys, count)
            rows[both] = self._pairs.rows(sku << _HALF | warehouse, self._pair)[which]
        return rows

    def _pair(self, key: int) -> int:
        """Return the row of a pair that was not known."""
        sku, warehouse = key >> _HALF, key & (1 << _HALF) - 1
        row = self.row(PAIR, f"{self.name('sku', sku)}@{self.name('warehouse', warehouse)}")
        self._articles[PAIR][row] = sku
        return row

    def pairs_of(self, sku: int, warehouse: str) -> list[int]:
        """Return the rows of a SKU in its warehouses, or in the one that is named, by name."""
        names, wanted = self._known[PAIR].values, f"{self.name('sku', sku)}@{warehouse}"
        mine = [row for row, of in self._articles[PAIR].items() if of == sku]
        some = [row for row in mine if not warehouse or names[row] == wanted]
        return sorted(some, key=lambda row: names[row])

    def articles(self, subject_type: str, rows: Codes) -> Codes:
        """Return the row of the SKU that each subject is an article of, -1 if it is none."""
        if subject_type == "sku":
            return rows
        known = self._articles.get(subject_type)
        if known is None:
            return np.full(rows.size, -1)
        return np.array([known.get(row, -1) for row in rows.tolist()], np.int64)
