"""A parcel that turns back before it reached its customer."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from detectors.journeys.rows import when
from detectors.journeys.tables import Shipments, Table
from schemas.problems import Severity
from schemas.times import NEVER, Times


@dataclass(frozen=True, slots=True)
class ReturningToSender:
    """A parcel on its way back that the customer still waits for.

    Its arrival at the warehouse does not help the customer: it stays a problem until the money is
    back or the parcel is delivered after all. Not one called back because the order is cancelled.
    """

    kind: ClassVar = "returning-to-sender"
    version: ClassVar = "1"
    table: ClassVar = Table.SHIPMENT
    severity: ClassVar = Severity.HIGH
    evidence: ClassVar[tuple[str, ...]] = (
        "returning_at",
        "returned_at",
        "refused_at",
        "address_problem_at",
        "lane",
    )

    def due(self, shipment: Shipments) -> Times:
        """Return when each parcel turned back, ms UTC."""
        turned = np.minimum(shipment.returning_at, shipment.returned_at)
        ended = np.minimum(shipment.delivered_at, shipment.voided_at)
        waiting = np.minimum(ended, shipment.order_cancelled_at) == NEVER
        return when(waiting & (shipment.order_refunded_at < turned), turned)
