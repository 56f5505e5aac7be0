"""Something was sold that the shop does not have."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from detectors.journeys.rows import when
from detectors.journeys.tables import Lines, Table
from schemas.problems import Severity
from schemas.times import NEVER, Times


@dataclass(frozen=True, slots=True)
class LineUnfillable:
    """A line the shop cannot supply, until it is cancelled, paid back or sent after all."""

    kind: ClassVar = "line-unfillable"
    version: ClassVar = "1"
    table: ClassVar = Table.LINE
    severity: ClassVar = Severity.HIGH
    evidence: ClassVar[tuple[str, ...]] = ("unfillable_at", "item", "quantity", "dispatched_units")

    def due(self, line: Lines) -> Times:
        """Return when each line turned out not to be there, ms UTC."""
        unfillable = line.unfillable_at
        known = (line.known_at < NEVER) & (line.order_cancelled_at == NEVER)
        settled = np.maximum(line.cancelled_units, line.dispatched_units) >= line.quantity
        return when(known & ~settled & (line.repaid_at < unfillable), unfillable)
