"""What customers say in public, and complaints that are left lying."""

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from detectors.journeys.rows import when
from detectors.journeys.tables import Contacts, Reviews, Table
from schemas.problems import Severity
from schemas.times import NEVER, Times, ms


@dataclass(frozen=True, slots=True)
class BadReview:
    """A review of at most ``worst`` stars of an order that came in time.

    What is late says little about the thing: neither the late delivery of any line nor an order
    already overdue when the review was posted may count against SKU or seller.
    """

    kind: ClassVar = "counted-bad-review"
    version: ClassVar = "1"
    table: ClassVar = Table.REVIEW
    severity: ClassVar = Severity.INFO
    evidence: ClassVar[tuple[str, ...]] = ("rating",)

    worst: int = 2
    """Most stars that condemn: the lower two of five, as negative feedback is counted."""

    def due(self, review: Reviews) -> Times:
        """Return since when each review is known to be bad, ms UTC."""
        posted = review.posted_at < NEVER
        overdue = review.is_waiting & (review.promised_by < review.posted_at)
        bad = posted & (review.rating <= self.worst) & (review.rating > 0)
        return when(bad & ~overdue & (review.lines_late == 0), 0)


@dataclass(frozen=True, slots=True)
class Complaint:
    """A contact about a seller that nobody answered or settled within ``patience``."""

    kind: ClassVar = "counted-complaint"
    version: ClassVar = "1"
    table: ClassVar = Table.CONTACT
    severity: ClassVar = Severity.INFO
    evidence: ClassVar[tuple[str, ...]] = ("opened_at", "seller")

    patience: timedelta = timedelta(hours=48)
    """Longest wait for an answer: Walmart counts those that come within 48 hours."""

    def due(self, contact: Contacts) -> Times:
        """Return when each contact had waited too long, ms UTC."""
        limit = contact.opened_at + ms(self.patience)
        late = (contact.seller >= 0) & (contact.opened_at < NEVER) & (contact.answered_at > limit)
        return when(late, limit)
