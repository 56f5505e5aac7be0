"""What tests tell the judge: observations with sensible fields, each overridden by keyword."""

import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Self

import numpy as np
from msgspec.structs import replace

from detectors.journeys.names import Codes
from detectors.journeys.vocabulary import Item, Lane, PackedItem, Vocabulary
from detectors.observations import (
    Clock,
    Exposures,
    Observation,
    Repair,
    Replacement,
    Report,
    Reports,
    Retraction,
)
from detectors.population.defects import DEFECTS
from detectors.population.judge import Judge
from detectors.population.populations import Probe
from detectors.population.rules import PopulationRules
from schemas.problems import Cause, Change, Problem
from schemas.times import DAY, HOUR, MINUTE, NEVER

SKU: Final = "sku-1"


def a_report(at: int, order_id: str = "o-1", customer_id: str = "c-1", **fields: object) -> Report:
    """At ``at`` (ms UTC) a customer says that line 1 of ``order_id`` brought something else."""
    report = Report(
        at=at,
        cause=Cause("return.requested", at, at),
        id=f"wrong {order_id}",
        order_id=order_id,
        line_id="1",
        sku=SKU,
        seller_id="",
        customer_id=customer_id,
        ordered_at=0,
        sent_at=NEVER,
    )
    return replace(report, **fields)


def a_retraction(at: int, order_id: str = "o-1") -> Retraction:
    """At ``at`` (ms UTC) the report about ``order_id`` is taken back."""
    return Retraction(at=at, cause=Cause("return.cancelled", at, at), id=f"wrong {order_id}")


def a_replacement(
    at: int, order_id: str, of_order: str, *, sku: str = SKU, occurred_at: int | None = None
) -> Replacement:
    """``order_id``, one line of ``sku``, makes good line 1 of ``of_order``; known at ``at``."""
    return Replacement(
        at=at,
        cause=Cause("order.placed", at if occurred_at is None else occurred_at, at),
        order_id=order_id,
        of_order=of_order,
        of_line="1",
        skus=(("1", sku),),
    )


def a_repair(at: int, sku: str = SKU, occurred_at: int | None = None) -> Repair:
    """``sku`` was put right; known at ``at`` (ms UTC)."""
    occurred_at = at if occurred_at is None else occurred_at
    return Repair(at=at, cause=Cause("sku.repaired", occurred_at, at), sku=sku)


# ----- counts -----

NOON: Final = 12 * HOUR
DELAY: Final = 3
"""Days after which customers of the shop report what came."""

RULES: Final = PopulationRules()

WRONG_ITEM: Final = 0
"""The place of that defect in ``DEFECTS``."""


class Unit(NamedTuple):
    """One unit on its way, and all that is known of it; ``at`` (ms UTC) is when that was."""

    name: str
    at: int
    day: int
    item: Item
    place: PackedItem
    lane: Lane
    clock: Clock = Clock.SHIPPED


class Saying(NamedTuple):
    """A report about a unit (+1), or its being taken back (-1); known ``at`` (ms UTC)."""

    at: int
    unit: Unit
    defect: int
    buyer: int
    found: str = ""
    units: int = 1


IsBad = Callable[[Unit], bool]


@dataclass(frozen=True, slots=True)
class Shop:
    """Units that left a shop, and what was said about them."""

    units: tuple[Unit, ...] = ()
    sayings: tuple[Saying, ...] = ()

    @classmethod
    def selling(cls, days: range, skus: int = 24, clock: Clock = Clock.SHIPPED) -> Self:
        """Return a shop that sends four of each SKU a day; one in 89 units is reported."""
        units = tuple(_unit(day, sku, n, clock) for day in days for sku in range(skus)
                      for n in range(4))  # fmt: skip
        return cls(units).where(set(units[::89]).__contains__)

    def where(self, is_bad: IsBad, defect: int = WRONG_ITEM, found: str = "") -> Self:
        """Return the shop in which all such units were reported as well, each by its buyer."""
        said = tuple(
            Saying(_said_at(unit, defect), unit, defect, _number(unit) + 1, found)
            for unit in self.units
            if is_bad(unit)
        )
        return type(self)(self.units, self.sayings + said)

    def taken_back(self, at: int, is_meant: IsBad) -> Self:
        """Return the shop in which all reports about such units are taken back ``at`` (ms UTC)."""
        gone = tuple(s._replace(at=at, units=-1) for s in self.sayings if is_meant(s.unit))
        return type(self)(self.units, self.sayings + gone)


def _unit(day: int, sku: int, n: int, clock: Clock) -> Unit:
    warehouse, region = f"W-{n % 2}", f"R-{(n + sku) % 4}"
    return Unit(
        name=f"o-{day}-{sku}-{n}/1",
        at=day * DAY + NOON + n % 2 * HOUR,
        day=day,
        item=Item(f"sku-{sku}", f"S-{sku % 6}", f"K-{sku % 3}", "B", ""),
        place=PackedItem(f"sku-{sku}", warehouse, f"bin-{sku}"),
        lane=Lane(f"C-{(n + day + sku // 4) % 3}", "", "VN", f"from {warehouse}", "VN", region),
        clock=clock,
    )


def _number(unit: Unit) -> int:
    """Return a number that tells units apart, and scatters them."""
    return zlib.crc32(unit.name.encode())


def _said_at(unit: Unit, defect: int) -> int:
    delay = DELAY if DEFECTS[defect].clock in (Clock.SHIPPED, Clock.PARCEL) else 0
    return (unit.day + delay) * DAY + 9 * HOUR + _number(unit) % 3 * MINUTE


def defect_of(name: str, subject_type: str) -> int:
    """Return the place in ``DEFECTS`` of a defect that is charged to a type of subject."""
    [place] = [i for i, d in enumerate(DEFECTS) if d.name == name and subject_type in d.charged]
    return place


class Partitions:
    """Partitions that tell a judge what they count, each in words of its own."""

    def __init__(self, judge: Judge, count: int = 1) -> None:
        """Start with nothing told."""
        self._judge = judge
        self._words = [Vocabulary() for _ in range(count)]

    def tell(self, units: Sequence[Unit], sayings: Sequence[Saying]) -> None:
        """Tell all of it, in that order, each order from the partition it belongs to."""
        if not units and not sayings:
            return
        for source, words in enumerate(self._words):
            mine = [unit for unit in units if self._is_of(source, unit)]
            said = [saying for saying in sayings if self._is_of(source, saying.unit)]
            self._judge.observe_counts(
                source, _exposures(mine, words), _reports(said, words), words
            )

    def _is_of(self, source: int, unit: Unit) -> bool:
        return _number(unit) % len(self._words) == source


def _numbers(values: Iterable[int]) -> Codes:
    return np.array(list(values), np.int64)


def _cells(units: Sequence[Unit], words: Vocabulary) -> tuple[Codes, Codes, Codes]:
    return (
        words.items.codes([unit.item for unit in units]),
        words.packed.codes([unit.place for unit in units]),
        words.lanes.codes([unit.lane for unit in units]),
    )


def _exposures(units: Sequence[Unit], words: Vocabulary) -> Exposures:
    return Exposures(
        _numbers(unit.at for unit in units),
        _numbers(unit.clock for unit in units),
        _numbers(unit.day for unit in units),
        *_cells(units, words),
        np.ones(len(units), np.int64),
    )


def _reports(sayings: Sequence[Saying], words: Vocabulary) -> Reports:
    found = words.skus.codes([saying.found for saying in sayings])
    return Reports(
        _numbers(saying.at for saying in sayings),
        _numbers(saying.defect for saying in sayings),
        _numbers(saying.unit.day for saying in sayings),
        *_cells([saying.unit for saying in sayings], words),
        _numbers(saying.buyer for saying in sayings),
        np.where([bool(saying.found) for saying in sayings], found, -1),
        _numbers(saying.units for saying in sayings),
        [saying.unit.name for saying in sayings],
    )


def changes_of(  # noqa: PLR0913 - all but one by name
    shop: Shop,
    *,
    until: int,
    piece: int = DAY,
    partitions: int = 1,
    known: Sequence[Observation] = (),
    probe: Probe | None = None,
    rules: PopulationRules = RULES,
) -> list[Change]:
    """Return what a judge says of a shop before ``until``, told ``piece`` by piece (ms both).

    ``known`` is what else becomes known: reports to the floor, and repairs.
    """
    judge = Judge(rules, 180 * DAY, probe)
    told = Partitions(judge, partitions)
    first = min(unit.at for unit in shop.units) // DAY * DAY
    news = [_in_pieces(some, first, piece) for some in (shop.units, shop.sayings, known)]
    changes: list[Change] = []
    for number, start in enumerate(range(first, until, piece)):
        units, sayings, others = (pieces.get(number, []) for pieces in news)
        told.tell(units, sayings)
        judge.observe(others)
        changes += judge.judge(min(start + piece, until))
    return changes


def _in_pieces(some: Iterable[Any], first: int, piece: int) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for one in some:
        found.setdefault((one.at - first) // piece, []).append(one)
    return found


def newest(changes: Iterable[Change]) -> list[Problem]:
    """Return every problem as it was last."""
    return list({change.problem.id: change.problem for change in changes}.values())
