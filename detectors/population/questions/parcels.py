"""What carriers did wrong at the door."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from detectors.calendars import BusinessDays, Span, deadlines
from detectors.journeys.rows import when
from detectors.journeys.tables import Shipments, Table
from schemas.problems import Severity
from schemas.times import NEVER, Times


@dataclass(frozen=True, slots=True)
class AttemptsFailed:
    """A parcel that its carrier failed to hand over: twice, or once and not put right in time.

    Not one with a wrong address or one that was refused: that is charged to nobody.
    """

    kind: ClassVar = "counted-delivery-failed"
    version: ClassVar = "1"
    table: ClassVar = Table.SHIPMENT
    severity: ClassVar = Severity.INFO
    evidence: ClassVar[tuple[str, ...]] = ("last_attempt_at", "earlier_attempt_at")

    patience: Span = field(default=BusinessDays(1))
    """How long a first failed attempt may take to be put right, as in delivery-failed."""

    def due(self, shipment: Shipments) -> Times:
        """Return when each parcel was not got through, ms UTC."""
        last, before = shipment.last_attempt_at, shipment.earlier_attempt_at
        if not last.any():
            return np.full(last.size, NEVER)
        slip = np.minimum(shipment.address_problem_at, shipment.refused_at) < NEVER
        waited = deadlines(shipment, last > 0, last, self.patience)
        put_right = np.minimum(shipment.delivered_at, shipment.pickup_at)
        put_right = np.minimum(put_right, shipment.order_cancelled_at)
        again = when(before > 0, last)
        return when(~slip, np.minimum(again, when(waited < put_right, waited)))
