"""A parcel with a label that no carrier has taken."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from detectors.calendars import BusinessDays, Span, deadlines
from detectors.journeys.tables import Shipments, Table
from schemas.problems import Severity
from schemas.times import NEVER, Times


@dataclass(frozen=True, slots=True)
class NeverPickedUp:
    """A parcel the carrier was told of ``patience`` ago and has still not scanned.

    The shop's own word that it was dispatched does not count: this asks what the carrier has seen.
    Carriers that report no labels are not asked; their parcels are silent instead.
    """

    kind: ClassVar = "never-picked-up"
    version: ClassVar = "1"
    table: ClassVar = Table.SHIPMENT
    severity: ClassVar = Severity.WARNING
    evidence: ClassVar[tuple[str, ...]] = ("label_at", "packed_at", "dispatched_at", "lane")

    patience: Span = field(default=BusinessDays(4))
    """Longest normal time from label to first scan: Onward's default (Avada: 3 days pending)."""

    def due(self, shipment: Shipments) -> Times:
        """Return when each labelled parcel has waited too long for its carrier, ms UTC."""
        seen = np.minimum(shipment.accepted_at, shipment.delivered_at) < NEVER
        waiting = (shipment.label_at < NEVER) & ~seen & shipment.is_awaited
        return deadlines(shipment, waiting, shipment.label_at, self.patience)
