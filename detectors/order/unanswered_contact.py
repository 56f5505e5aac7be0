"""A customer who waits for an answer."""

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

import numpy as np

from detectors.journeys.rows import when
from detectors.journeys.tables import Contacts, Table
from schemas.problems import Severity
from schemas.times import NEVER, Times, ms


@dataclass(frozen=True, slots=True)
class UnansweredContact:
    """A contact nobody has answered within ``patience``, or called back within ``callback``."""

    kind: ClassVar = "unanswered-contact"
    version: ClassVar = "1"
    table: ClassVar = Table.CONTACT
    severity: ClassVar = Severity.HIGH
    evidence: ClassVar[tuple[str, ...]] = ("opened_at", "callback_at")

    patience: timedelta = timedelta(minutes=5)
    """Longest wait for a first answer: Zappos answers nearly all calls and mails within minutes."""
    callback: timedelta = timedelta(minutes=1)
    """Longest wait for a call that was asked for: Amazon calls at once."""

    def due(self, contact: Contacts) -> Times:
        """Return when the customer has waited too long, ms UTC."""
        unanswered = (contact.opened_at < NEVER) & (contact.answered_at == NEVER)
        answer_due = when(unanswered, contact.opened_at + ms(self.patience))
        uncalled = contact.callback_at > contact.called_at
        return np.minimum(answer_due, when(uncalled, contact.callback_at + ms(self.callback)))
