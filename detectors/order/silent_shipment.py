"""A parcel on its way that has gone quiet."""

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from detectors.journeys.rows import when
from detectors.journeys.tables import Shipments, Table
from schemas.problems import Severity
from schemas.times import NEVER, Times, ms


@dataclass(frozen=True, slots=True)
class SilentShipment:
    """A shipment on its way that nobody has scanned for ``silence``."""

    kind: ClassVar = "silent-shipment"
    version: ClassVar = "1"
    table: ClassVar = Table.SHIPMENT
    severity: ClassVar = Severity.WARNING
    evidence: ClassVar[tuple[str, ...]] = ("dispatched_at", "last_movement_at", "lane")

    silence: timedelta = timedelta(hours=72)
    """Longest quiet spell that is still normal; carriers' own dashboards use three working days."""

    def due(self, shipment: Shipments) -> Times:
        """Return when each parcel has been silent too long, ms UTC."""
        moving = (shipment.dispatched_at < NEVER) & ~shipment.is_over
        return when(moving, shipment.last_movement_at + ms(self.silence))
