"""A parcel that waits at a pick-up point and will soon go back."""

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from detectors.journeys.rows import when
from detectors.journeys.tables import Shipments, Table
from schemas.problems import Severity
from schemas.times import NEVER, Times, ms


@dataclass(frozen=True, slots=True)
class PickupUncollected:
    """A parcel that has lain ready to be collected for ``patience``.

    The notice may never have arrived, or the place or its hours may not suit: the customer is
    reminded, and offered another place. Not one that already goes back.
    """

    kind: ClassVar = "pickup-uncollected"
    version: ClassVar = "1"
    table: ClassVar = Table.SHIPMENT
    severity: ClassVar = Severity.WARNING
    evidence: ClassVar[tuple[str, ...]] = ("pickup_at", "last_movement_at", "lane")

    patience: timedelta = timedelta(days=3)
    """Longest rest before a reminder: leaves four of the seven days for which many pick-up points
    keep a parcel. No common rule is published, so set it from one's own carriers'."""

    def due(self, shipment: Shipments) -> Times:
        """Return when each parcel has lain too long, ms UTC."""
        waiting = (shipment.returning_at == NEVER) & shipment.is_awaited
        return when(waiting & (shipment.pickup_at < NEVER), shipment.pickup_at + ms(self.patience))
