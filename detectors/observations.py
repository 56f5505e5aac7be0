"""What the journeys of a partition tell the judge: facts about the shop, not about one order.

Observations are sets: telling one twice changes nothing, and neither does the order of telling.
Exposures and reports are sums, each told once: their order does not matter either.
"""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

import msgspec
import numpy as np

from detectors.journeys.names import Codes
from schemas.problems import Cause
from schemas.times import Times

REPORTED: Final = frozenset({"wrong-item"})
"""Kinds of problems about lines that are reports to the judge."""


class Observation(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag=True):
    """Something that became known at ``at`` (ms UTC), and the event it became known by."""

    at: int
    cause: Cause


class Report(Observation, frozen=True, gc=False):
    """A customer says that something else came than ``sku``, which was ordered in that line.

    ``id`` is the id of the problem about the line. ``ordered_at`` is when the customer ordered, and
    ``sent_at`` when the line was first handed to a carrier (ms UTC), ``NEVER`` if nobody said so.
    """

    id: str
    order_id: str
    line_id: str
    sku: str
    seller_id: str
    customer_id: str
    ordered_at: int
    sent_at: int

    @property
    def line(self) -> tuple[str, str]:
        """Return what names the line in the whole shop."""
        return self.order_id, self.line_id


class Retraction(Observation, frozen=True, gc=False):
    """The report ``id`` was taken back by the customer, or contradicted by what was found."""

    id: str


class Replacement(Observation, frozen=True, gc=False):
    """The order ``order_id`` makes good a line of another one; ``skus`` are its own, by line id."""

    order_id: str
    of_order: str
    of_line: str
    skus: tuple[tuple[str, str], ...]


class Repair(Observation, frozen=True, gc=False):
    """An investigation of ``sku`` is closed, or it is on sale again: counts start clean.

    ``warehouse_id`` is empty where all of them are meant.
    """

    sku: str
    warehouse_id: str = ""


class Appeal(Observation, frozen=True, gc=False):
    """A seller was right about ``defect`` (all, if empty) of the cohort days ``first`` to ``last``.

    Days are UTC day numbers, both included.
    """

    seller: str
    defect: str
    first: int
    last: int


class Clock(IntEnum):
    """What the cohort day of a unit is counted from."""

    SHIPPED = 0
    """A line's first dispatch; reports come later, by a delay curve that is learnt."""
    PARCEL = 1
    """A parcel's dispatch; reports come later likewise."""
    PROMISED = 2
    """The day of a line's promise. A unit counts once its outcome is known: there is no delay."""
    HANDED_OVER = 3
    """The day by which a line must be with a carrier; there is no delay either. A line that its
    seller called off before counts as well."""


def _none() -> Codes:
    return np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class Exposures:
    """Units that are in a cell from ``at`` on, or no longer: an order line or a parcel each.

    One element per change; all columns are equally long. Codes belong to one partition's
    vocabulary, which travels beside them.
    """

    at: Times = field(default_factory=_none)
    """When the change became known, ms UTC."""
    clock: Codes = field(default_factory=_none)
    """A :class:`Clock`."""
    day: Codes = field(default_factory=_none)
    """The unit's cohort: days since 1970-01-01 UTC. A promise may lie in the future."""
    item: Codes = field(default_factory=_none)
    """What was ordered, in ``words.items``; -1 unknown."""
    place: Codes = field(default_factory=_none)
    """What was scanned where, in ``words.packed``; -1 unknown."""
    lane: Codes = field(default_factory=_none)
    """Who carries it from where to where, in ``words.lanes``; -1 unknown."""
    units: Codes = field(default_factory=_none)
    """+1: in the cell from now on; -1: no longer."""


@dataclass(frozen=True, slots=True)
class Reports:
    """Reports of defects, and those taken back, in the cell of the unit that is reported.

    One element per change; all columns are equally long. What is taken back repeats the row that
    reported it, but for ``at`` and ``units``. Where the unit's cell is corrected, or what was found
    instead becomes known, the report is taken back and told again.
    """

    at: Times = field(default_factory=_none)
    """When the change became known, ms UTC."""
    defect: Codes = field(default_factory=_none)
    """Place in ``DEFECTS``."""
    day: Codes = field(default_factory=_none)
    item: Codes = field(default_factory=_none)
    place: Codes = field(default_factory=_none)
    lane: Codes = field(default_factory=_none)
    buyer: Codes = field(default_factory=_none)
    """64-bit hash of the customer's name, equal everywhere; 0 unknown."""
    found: Codes = field(default_factory=_none)
    """What the inspection found instead, in ``words.skus``; -1 unknown."""
    units: Codes = field(default_factory=_none)
    """+1: reported; -1: taken back."""
    names: list[str] = field(default_factory=list)
    """The unit that is reported: ``order/line`` or ``order/shipment``."""
