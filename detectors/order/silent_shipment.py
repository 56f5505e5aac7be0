"""A parcel on its way that has gone quiet."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from detectors.calendars import BusinessDays, Span, deadlines
from detectors.journeys.tables import Shipments, Table
from schemas.problems import Severity
from schemas.times import NEVER, Times


@dataclass(frozen=True, slots=True)
class SilentShipment:
    """A shipment on its way of which nothing has been heard for ``silence``.

    Not one that waits at a pick-up point, goes back, or belongs to a cancelled order; nor one whose
    carrier is unknown, of which nobody could have heard.
    """

    kind: ClassVar = "silent-shipment"
    version: ClassVar = "1"
    table: ClassVar = Table.SHIPMENT
    severity: ClassVar = Severity.WARNING
    evidence: ClassVar[tuple[str, ...]] = ("dispatched_at", "last_movement_at", "lane")

    silence: Span = field(default=BusinessDays(3))
    """Longest quiet spell that is still normal at home: Onward's default."""
    silence_abroad: Span = field(default=BusinessDays(5))
    """The same for a parcel that crosses a border (Onward)."""

    def due(self, shipment: Shipments) -> Times:
        """Return when each parcel has been silent too long, ms UTC."""
        moving = (shipment.dispatched_at < NEVER) & shipment.is_awaited & shipment.is_traced
        moving &= np.minimum(shipment.pickup_at, shipment.returning_at) == NEVER
        since = shipment.last_movement_at
        return deadlines(shipment, moving, since, self.silence, self.silence_abroad)
