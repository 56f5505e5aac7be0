"""A promise to a customer that has passed."""

from dataclasses import dataclass
from typing import ClassVar

from detectors.journeys.rows import when
from detectors.journeys.tables import Orders, Table
from schemas.problems import Severity
from schemas.times import NEVER, Times


@dataclass(frozen=True, slots=True)
class LateDelivery:
    """An order whose promise passed before everything in it was delivered.

    An order promises as a whole: one delivered parcel of two does not keep the promise. A carrier's
    own estimate never moves it. Parcels that do not say which lines they carry count for all lines
    together. A delivery recorded on the promise's last millisecond keeps it.
    """

    kind: ClassVar = "late-delivery"
    version: ClassVar = "1"
    table: ClassVar = Table.ORDER
    severity: ClassVar = Severity.HIGH
    evidence: ClassVar[tuple[str, ...]] = ("placed_at", "promised_by", "lines_open")

    def due(self, order: Orders) -> Times:
        """Return each order's promise where it is not yet kept, ms UTC."""
        all_here = (order.unnamed_delivered > 0) & (order.unnamed_open == 0)
        waiting = (order.placed_at < NEVER) & (order.lines_open > 0) & ~all_here
        return when(waiting & (order.order_cancelled_at == NEVER), order.promised_by)
