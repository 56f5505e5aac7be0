"""A customer who waits for an answer."""

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from detectors.journeys.rows import when
from detectors.journeys.tables import Contacts, Table
from schemas.problems import Severity
from schemas.times import NEVER, Times, ms


@dataclass(frozen=True, slots=True)
class UnansweredContact:
    """A contact nobody has answered within ``patience``."""

    kind: ClassVar = "unanswered-contact"
    version: ClassVar = "1"
    table: ClassVar = Table.CONTACT
    severity: ClassVar = Severity.HIGH
    evidence: ClassVar[tuple[str, ...]] = ("opened_at",)

    patience: timedelta = timedelta(minutes=5)
    """Zappos answers nearly all calls and mails within minutes and measures it: five at most."""

    def due(self, contact: Contacts) -> Times:
        """Return when the customer has waited too long, ms UTC."""
        waiting = (contact.opened_at < NEVER) & (contact.answered_at == NEVER)
        return when(waiting, contact.opened_at + ms(self.patience))
