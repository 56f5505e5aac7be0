"""A parcel that its customer would like to have delivered otherwise."""

from dataclasses import dataclass
from typing import ClassVar

from detectors.journeys.rows import when
from detectors.journeys.tables import Shipments, Table
from schemas.problems import Severity
from schemas.times import NEVER, Times


@dataclass(frozen=True, slots=True)
class DeliveryChange:
    """A parcel for which another day, address or pick-up point was asked for while it can be had.

    It is somebody's task until the parcel is there. Not one that was delivered already, goes back,
    or was called off: for those it is too late to arrange anything with the carrier.
    """

    kind: ClassVar = "delivery-change"
    version: ClassVar = "1"
    table: ClassVar = Table.SHIPMENT
    severity: ClassVar = Severity.INFO
    evidence: ClassVar[tuple[str, ...]] = ("change_at", "last_movement_at", "lane")

    def due(self, shipment: Shipments) -> Times:
        """Return when another delivery was last asked for of each parcel, ms UTC."""
        can_be_had = shipment.is_awaited & (shipment.returning_at == NEVER)
        return when(can_be_had & (shipment.change_at > 0), shipment.change_at)
