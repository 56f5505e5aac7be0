"""What the journeys of a partition tell the judge: facts about the shop, not about one order.

Observations are sets: telling one twice changes nothing, and neither does the order of telling.
"""

from typing import Final

import msgspec

from schemas.problems import Cause

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
    """An investigation of ``sku`` is closed: counts start clean."""

    sku: str
