"""Something that was to come back and does not."""

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

import numpy as np

from detectors.journeys.rows import when
from detectors.journeys.tables import Returns, Table
from schemas.problems import Severity
from schemas.times import NEVER, Times, ms


@dataclass(frozen=True, slots=True)
class ReturnStalled:
    """A return on its way for too long, or asked for and never begun.

    One never begun may mean that the label did not arrive or does not work: the customer is asked
    whether everything is clear. Not one without goods to send back, and not one already paid.
    """

    kind: ClassVar = "return-stalled"
    version: ClassVar = "1"
    table: ClassVar = Table.RETURN
    severity: ClassVar = Severity.WARNING
    evidence: ClassVar[tuple[str, ...]] = ("requested_at", "shipped_at")

    road: timedelta = timedelta(days=7)
    """Longest normal journey back: Avada's limit for a parcel in transit."""
    unused: timedelta = timedelta(days=14)
    """Longest normal time until it is sent: what Directive 2011/83/EU, Art. 14, allows."""

    def due(self, back: Returns) -> Times:
        """Return when each return has come to a halt, ms UTC."""
        begun = back.shipped_at < NEVER
        limit = np.where(
            begun, back.shipped_at + ms(self.road), back.requested_at + ms(self.unused)
        )
        ended = np.minimum(back.received_at, np.minimum(back.refunded_at, back.cancelled_at))
        going = (back.requested_at < NEVER) & (np.minimum(ended, back.nothing_back_at) == NEVER)
        return when(going & (back.order_refunded_at < back.requested_at), limit)
