"""What happens in the simulated shop: one row per event, pointing at the table with its details."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from andon.simulate.world import Ints
from schemas.times import NEVER, Times


class Kind(IntEnum):
    """The event types that are simulated, in the order of their usual life."""

    PLACED = 0
    CANCELLED = 1
    UNFILLABLE = 2
    PACKED = 3
    REPACKED = 22
    """The parcel was opened again, and the right SKU put in."""
    DISPATCHED = 4
    SCANNED = 5
    DELIVERED = 6
    RETURN_REQUESTED = 7
    RETURN_SHIPPED = 8
    RETURN_RECEIVED = 9
    RETURN_CANCELLED = 10
    REFUNDED = 11
    CONTACT_OPENED = 12
    CONTACT_ANSWERED = 13
    CONTACT_RESOLVED = 14
    CONTACT_LINKED = 15
    CALLBACK_REQUESTED = 16
    CALLBACK_STARTED = 17
    REVIEW_POSTED = 18
    REVIEW_ANSWERED = 19
    SKU_REPAIRED = 20


TYPE_OF: Final = {
    Kind.PLACED: ("order.placed", "shop"),
    Kind.CANCELLED: ("order.cancelled", "shop"),
    Kind.UNFILLABLE: ("order.line_unfillable", "wms"),
    Kind.PACKED: ("shipment.packed", "wms"),
    Kind.REPACKED: ("shipment.packed", "wms"),
    Kind.DISPATCHED: ("shipment.dispatched", "wms"),
    Kind.SCANNED: ("shipment.scanned", "carriers"),
    Kind.DELIVERED: ("shipment.delivered", "carriers"),
    Kind.RETURN_REQUESTED: ("return.requested", "returns"),
    Kind.RETURN_SHIPPED: ("return.shipped", "returns"),
    Kind.RETURN_RECEIVED: ("return.received", "returns"),
    Kind.RETURN_CANCELLED: ("return.cancelled", "returns"),
    Kind.REFUNDED: ("refund.issued", "payments"),
    Kind.CONTACT_OPENED: ("contact.opened", "helpdesk"),
    Kind.CONTACT_ANSWERED: ("contact.answered", "helpdesk"),
    Kind.CONTACT_RESOLVED: ("contact.resolved", "helpdesk"),
    Kind.CONTACT_LINKED: ("contact.linked", "helpdesk"),
    Kind.CALLBACK_REQUESTED: ("callback.requested", "helpdesk"),
    Kind.CALLBACK_STARTED: ("callback.started", "helpdesk"),
    Kind.REVIEW_POSTED: ("review.posted", "reviews"),
    Kind.REVIEW_ANSWERED: ("review.answered", "reviews"),
    Kind.SKU_REPAIRED: ("sku.repaired", "wms"),
}
"""Wire name and source of every kind."""


@dataclass(slots=True)
class Log:
    """The events of one act as growing columns: kind, row of the kind's table, ms UTC."""

    kinds: list[NDArray[np.int8]] = field(default_factory=list)
    rows: list[NDArray[np.int32]] = field(default_factory=list)
    times: list[Times] = field(default_factory=list)

    def add(self, kind: Kind, rows: Ints, at: Times) -> None:
        """Note that ``kind`` happened to ``rows`` at ``at``; a time of ``NEVER`` is left out."""
        real = at < NEVER
        self.rows.append(rows[real].astype(np.int32))
        self.times.append(at[real])
        self.kinds.append(np.full(self.rows[-1].size, kind, np.int8))


@dataclass(frozen=True, slots=True)
class Told:
    """An event that a story or a repair writes out: when it happened and was learnt (ms UTC)."""

    kind: Kind
    occurred: int
    recorded: int
    body: str
    """The inside of the JSON object, ``order_id`` first where there is one."""


@dataclass(frozen=True, slots=True)
class Happenings:
    """Every event of every act, in the order in which it was recorded."""

    act: NDArray[np.int8]
    kind: NDArray[np.int8]
    row: NDArray[np.int32]
    number: NDArray[np.int32]
    """Which event it is: a repeat has the number, and so the id, of what it repeats."""
    occurred: Times
    recorded: Times


HOUR_MS: Final = 3_600_000
LATE_SHARE: Final = 0.02
"""Share of facts that are recorded up to an hour after they happened."""
DAY_LATE_SHARE: Final = 0.0015
"""Share of facts that are recorded up to a day after they happened."""
REPEAT_SHARE: Final = 0.004
"""Share of events delivered a second time, byte for byte."""
RESEND_SHARE: Final = 0.003
"""Share of events sent again by their source, with a later ``recordedtime``."""


def recorded(logs: Sequence[Log], told: Sequence[Told], rng: np.random.Generator) -> Happenings:
    """Return all events as a log receives them: sorted by recorded time, some late or repeated.

    What is ``told`` becomes the act after the last, and keeps the recorded times it came with.
    """
    parts = [*logs, _log_of(told)]
    act = np.concatenate(
        [np.full(t.size, a, np.int8) for a, log in enumerate(parts) for t in log.times]
    )
    kind = np.concatenate([part for log in parts for part in log.kinds])
    row = np.concatenate([part for log in parts for part in log.rows])
    occurred = np.concatenate([part for log in parts for part in log.times])
    known = occurred + _delays(occurred.size, rng)
    known[known.size - len(told) :] = [event.recorded for event in told]
    number, known = _with_repeats(known, rng)
    order = np.argsort(known, kind="stable")
    number, known = number[order], known[order]
    return Happenings(act[number], kind[number], row[number], number, occurred[number], known)


def _log_of(told: Sequence[Told]) -> Log:
    log = Log()
    for row, event in enumerate(told):
        log.add(event.kind, np.array([row]), np.array([event.occurred]))
    return log


def _delays(size: int, rng: np.random.Generator) -> Times:
    luck = rng.random(size)
    hour = np.where(luck < LATE_SHARE, rng.integers(0, HOUR_MS, size), 0)
    day = np.where(luck > 1 - DAY_LATE_SHARE, rng.integers(HOUR_MS, 24 * HOUR_MS, size), 0)
    return rng.integers(200, 4_000, size) + hour + day


def _with_repeats(known: Times, rng: np.random.Generator) -> tuple[NDArray[np.int32], Times]:
    luck = rng.random(known.size)
    repeat_rows = np.flatnonzero(luck < REPEAT_SHARE)
    resent = np.flatnonzero(luck > 1 - RESEND_SHARE)
    again = known[resent] + rng.integers(60_000, HOUR_MS, resent.size)
    number = np.concatenate([np.arange(known.size), repeat_rows, resent]).astype(np.int32)
    return number, np.concatenate([known, known[repeat_rows], again])
