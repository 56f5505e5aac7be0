"""A parcel that is gone."""

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

import numpy as np

from detectors.calendars import Span, deadlines
from detectors.journeys.rows import when
from detectors.journeys.tables import Shipments, Table
from schemas.problems import Severity
from schemas.times import NEVER, Flags, Times, ms


@dataclass(frozen=True, slots=True)
class LostShipment:
    """A parcel the carrier calls lost, or of which nothing was heard for so long that it must be.

    Any later sign of it ends the problem. Not one that waits at a pick-up point or goes back.
    Silence says nothing about a parcel whose carrier is unknown: only being called lost counts.
    """

    kind: ClassVar = "lost-shipment"
    version: ClassVar = "1"
    table: ClassVar = Table.SHIPMENT
    severity: ClassVar = Severity.HIGH
    evidence: ClassVar[tuple[str, ...]] = (
        "dispatched_at",
        "last_movement_at",
        "lost_at",
        "expected_by",
        "lane",
    )

    silence: Span = timedelta(days=7)
    """Presumed lost after as long without news at home (Route)."""
    silence_abroad: Span = timedelta(days=20)
    """The same for a parcel that crosses a border (Route)."""
    overdue: timedelta = timedelta(hours=48)
    """Presumed lost as long past the carrier's own estimate without news since (Route)."""

    def due(self, shipment: Shipments) -> Times:
        """Return when each parcel was called, or must be presumed, lost; ms UTC."""
        at_rest = np.minimum(shipment.pickup_at, shipment.returning_at) < NEVER
        taken = np.minimum(shipment.dispatched_at, shipment.accepted_at) < NEVER
        moving = taken & shipment.is_awaited & shipment.is_traced & ~at_rest
        heard = shipment.last_movement_at
        silent = deadlines(shipment, moving, heard, self.silence, self.silence_abroad)
        called = when((shipment.lost_at >= heard) & shipment.is_awaited, shipment.lost_at)
        reported = when(shipment.lost_at > 0, called)
        return np.minimum(np.minimum(silent, reported), self._overdue(shipment, moving))

    def _overdue(self, shipment: Shipments, moving: Flags) -> Times:
        """Return when the carrier has been quiet too long past its estimate, ms UTC.

        An estimate is believed only once the carrier has the parcel (Convey).
        """
        quiet_since = np.maximum(shipment.expected_by, shipment.last_movement_at)
        counts = moving & (shipment.accepted_at < NEVER) & (shipment.expected_by < NEVER)
        return when(counts, quiet_since + ms(self.overdue))
