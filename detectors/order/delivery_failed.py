"""A parcel that could not be handed over at the door."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from detectors.calendars import BusinessDays, Span, deadlines
from detectors.journeys.rows import when
from detectors.journeys.tables import Shipments, Table
from schemas.problems import Severity
from schemas.times import NEVER, Times


@dataclass(frozen=True, slots=True)
class DeliveryFailed:
    """A parcel that did not get through although it got to its destination.

    The address could not be found, it was not taken in, it is kept back, or nobody could be met:
    whatever the reason, the customer is without it and is asked how to get it to them. Ends when
    it is delivered, ready to be collected, or on its way back.
    """

    kind: ClassVar = "delivery-failed"
    version: ClassVar = "1"
    table: ClassVar = Table.SHIPMENT
    severity: ClassVar = Severity.WARNING
    evidence: ClassVar[tuple[str, ...]] = (
        "address_problem_at",
        "refused_at",
        "held_at",
        "last_attempt_at",
        "earlier_attempt_at",
        "last_movement_at",
        "lane",
    )

    patience: Span = field(default=BusinessDays(1))
    """How long a first failed attempt or a parcel kept back may take to be put right: parcelLab
    hands over to service what is not cleared by the next working day."""

    def due(self, shipment: Shipments) -> Times:
        """Return when each delivery has failed, ms UTC.

        At once for the address, for a parcel not taken in, and for a second failed attempt.
        """
        last, before = shipment.last_attempt_at, shipment.earlier_attempt_at
        at_once = np.minimum(shipment.address_problem_at, shipment.refused_at)
        at_once = np.minimum(at_once, when(before > 0, last))
        held = (shipment.held_at > 0) & (shipment.held_at >= shipment.last_movement_at)
        stuck = np.maximum(last, np.where(held, shipment.held_at, 0))
        stuck_too_long = deadlines(shipment, stuck > 0, stuck, self.patience)
        elsewhere = np.minimum(shipment.pickup_at, shipment.returning_at) < NEVER
        failed = np.minimum(at_once, stuck_too_long)
        return when(shipment.is_awaited & ~elsewhere, failed)
