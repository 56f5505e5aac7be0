"""A parcel the carrier has damaged."""

from dataclasses import dataclass
from typing import ClassVar

from detectors.journeys.rows import when
from detectors.journeys.tables import Shipments, Table
from schemas.problems import Severity
from schemas.times import Times


@dataclass(frozen=True, slots=True)
class DamagedShipment:
    """A parcel on its way that the carrier reports as damaged.

    Once it is delivered, what the customer finds in it decides (damaged-item).
    """

    kind: ClassVar = "damaged-shipment"
    version: ClassVar = "1"
    table: ClassVar = Table.SHIPMENT
    severity: ClassVar = Severity.HIGH
    evidence: ClassVar[tuple[str, ...]] = ("damaged_at", "dispatched_at", "lane")

    def due(self, shipment: Shipments) -> Times:
        """Return when the damage to each parcel was seen, ms UTC."""
        return when(shipment.is_awaited, shipment.damaged_at)
