"""Something else was packed than was ordered."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from detectors.journeys.rows import when
from detectors.journeys.tables import ShipmentLines, Table
from schemas.problems import Severity
from schemas.times import NEVER, Times


@dataclass(frozen=True, slots=True)
class Mispick:
    """A line in a parcel whose SKU, as scanned when it was packed, is not the one ordered.

    Before dispatch the parcel can still be stopped; after it the right item can be on its way
    before the customer has seen the wrong one. So dispatch does not end the problem: packing it
    anew does, or the parcel being voided or back, or the order cancelled.
    """

    kind: ClassVar = "mispick"
    version: ClassVar = "1"
    table: ClassVar = Table.SHIPMENT_LINE
    severity: ClassVar = Severity.HIGH
    evidence: ClassVar[tuple[str, ...]] = ("packed_at", "packed", "item", "dispatched_at")

    def due(self, line: ShipmentLines) -> Times:
        """Return when each wrong SKU was packed, ms UTC."""
        ordered = line.words.ordered_skus(line.item)
        scanned = line.words.packed_skus(line.packed)
        wrong = (scanned != ordered) & (scanned >= 0) & (ordered >= 0)
        if not wrong.any():
            return np.full(wrong.size, NEVER)
        over = np.minimum(line.voided_at, np.minimum(line.returned_at, line.order_cancelled_at))
        return when(wrong & (over == NEVER), line.packed_at)
