"""A customer who has to ask again."""

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from detectors.journeys.rows import when
from detectors.journeys.tables import Orders, Table
from schemas.problems import Severity
from schemas.times import Times, ms


@dataclass(frozen=True, slots=True)
class RepeatContact:
    """A customer who gets in touch again about one order within ``window`` of the time before.

    It concerns the last two contacts, whatever came before them, and ends with an answer to one.
    """

    kind: ClassVar = "repeat-contact"
    version: ClassVar = "1"
    table: ClassVar = Table.ORDER
    severity: ClassVar = Severity.HIGH
    evidence: ClassVar[tuple[str, ...]] = (
        "last_contact_at",
        "earlier_contact_at",
        "placed_at",
        "promised_by",
    )

    window: timedelta = timedelta(days=30)
    """How long one story is remembered: contacts about one order in a month are one case."""

    def due(self, order: Orders) -> Times:
        """Return when each customer asked again, ms UTC."""
        last, before = order.last_contact_at, order.earlier_contact_at
        again = (before > 0) & (last - before <= ms(self.window))
        return when(again & (order.contact_answered_at < last), last)
