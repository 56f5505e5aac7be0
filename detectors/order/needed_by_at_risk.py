"""A parcel that will come too late for its occasion."""

from dataclasses import dataclass
from typing import ClassVar

from detectors.journeys.rows import when
from detectors.journeys.tables import Shipments, Table
from schemas.problems import Severity
from schemas.times import NEVER, Times


@dataclass(frozen=True, slots=True)
class NeededByAtRisk:
    """A parcel that its carrier expects later than the customer needs it (a gift, a journey).

    Due when the estimate became known; a better estimate ends it.
    """

    kind: ClassVar = "needed-by-at-risk"
    version: ClassVar = "1"
    table: ClassVar = Table.SHIPMENT
    severity: ClassVar = Severity.HIGH
    evidence: ClassVar[tuple[str, ...]] = ("needed_by", "expected_by", "eta_at", "lane")

    def due(self, shipment: Shipments) -> Times:
        """Return when each parcel's estimate passed the time of need, ms UTC."""
        expected_by = shipment.expected_by
        too_late = (expected_by > shipment.needed_by) & (expected_by < NEVER)
        return when(too_late & shipment.is_awaited, shipment.eta_at)
