"""A parcel that weighs more or less than its contents should."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from detectors.journeys.rows import when
from detectors.journeys.tables import Shipments, Table
from detectors.journeys.vocabulary import GRAM_BITS
from schemas.problems import Severity
from schemas.times import NEVER, Times


@dataclass(frozen=True, slots=True)
class WeightMismatch:
    """A packed parcel whose weight says that something is missing, too much or swapped.

    Only a suspicion: weighing it again ends it, and so does delivery, after which the customer
    knows better.
    """

    kind: ClassVar = "weight-mismatch"
    version: ClassVar = "1"
    table: ClassVar = Table.SHIPMENT
    severity: ClassVar = Severity.WARNING
    evidence: ClassVar[tuple[str, ...]] = (
        "weighed_badly_at",
        "expected_g",
        "actual_g",
        "warehouse",
        "dispatched_at",
    )

    share: float = 0.1
    """Tolerated difference as a share of what is expected, for packaging that varies. No public
    standard is known: a starting point, to be set from one's own parcels."""
    grams: int = 50
    """Difference in grams that is always tolerated: labels, tape and the scale itself."""

    def due(self, shipment: Shipments) -> Times:
        """Return when each mismatch was weighed, ms UTC."""
        due = np.full(shipment.weights.size, NEVER)
        off = shipment.weighed_badly_at > shipment.weighed_well_at
        weighed = (off & shipment.is_awaited).nonzero()[0]
        if weighed.size:
            pair = shipment.words.weights.of(shipment.weights[weighed], 0)
            expected, actual = pair >> GRAM_BITS, pair & ((1 << GRAM_BITS) - 1)
            wrong = np.abs(actual - expected) > np.maximum(expected * self.share, self.grams)
            due[weighed] = when(wrong, shipment.weighed_badly_at[weighed])
        return due
