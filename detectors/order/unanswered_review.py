"""A customer who complained in public and heard nothing."""

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from detectors.journeys.rows import when
from detectors.journeys.tables import Reviews, Table
from schemas.problems import Severity
from schemas.times import NEVER, Times, ms


@dataclass(frozen=True, slots=True)
class UnansweredReview:
    """A review of at most ``worst`` stars that nobody has answered within ``patience``."""

    kind: ClassVar = "unanswered-review"
    version: ClassVar = "1"
    table: ClassVar = Table.REVIEW
    severity: ClassVar = Severity.WARNING
    evidence: ClassVar[tuple[str, ...]] = ("posted_at",)

    patience: timedelta = timedelta(hours=48)
    """Longest wait for an answer: Walmart counts those that come within 48 hours."""
    worst: int = 3
    """Most stars that still read as a complaint: less than four of five."""

    def due(self, review: Reviews) -> Times:
        """Return when each complaint has waited too long, ms UTC."""
        waiting = (review.posted_at < NEVER) & (review.answered_at == NEVER)
        return when(waiting & (review.rating <= self.worst), review.posted_at + ms(self.patience))
