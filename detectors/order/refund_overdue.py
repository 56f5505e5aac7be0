"""Money the customer should have back by now."""

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

import numpy as np

from detectors.journeys.rows import when
from detectors.journeys.tables import Returns, Table
from schemas.problems import Severity
from schemas.times import NEVER, Times, ms


@dataclass(frozen=True, slots=True)
class RefundOverdue:
    """A return that is back, or has nothing to bring back, and was not paid within ``patience``.

    Not one for which the customer wants goods instead of money. A cancelled order is not asked
    about: no event says whether it had been paid.
    """

    kind: ClassVar = "refund-overdue"
    version: ClassVar = "1"
    table: ClassVar = Table.RETURN
    severity: ClassVar = Severity.HIGH
    evidence: ClassVar[tuple[str, ...]] = ("requested_at", "received_at")

    patience: timedelta = timedelta(days=5)
    """Longest wait for the money: well before the 14 days of Directive 2011/83/EU, Art. 13."""

    def due(self, back: Returns) -> Times:
        """Return when each refund became overdue, ms UTC."""
        since = np.minimum(back.received_at, back.nothing_back_at)
        paid = (back.refunded_at < NEVER) | (back.order_refunded_at >= back.requested_at)
        owed = np.minimum(back.cancelled_at, back.replacement_at) == NEVER
        return when((since < NEVER) & owed & ~paid, since + ms(self.patience))
