"""A customer got fewer units than ordered."""

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

import numpy as np

from detectors.journeys.rows import when
from detectors.journeys.tables import Lines, Table
from schemas.problems import Severity
from schemas.times import NEVER, Flags, Times, ms


@dataclass(frozen=True, slots=True)
class MissingItem:
    """A line of which some units were sent and the rest is not on its way, or is reported missing.

    Not a line of which nothing was sent yet (late-dispatch), nor one in an order of which a parcel
    does not say what is inside: the rest may be in there.
    """

    kind: ClassVar = "missing-item"
    version: ClassVar = "1"
    table: ClassVar = Table.LINE
    severity: ClassVar = Severity.HIGH
    evidence: ClassVar[tuple[str, ...]] = (
        "missing_at",
        "first_dispatched_at",
        "dispatched_units",
        "quantity",
        "item",
    )

    grace: timedelta = timedelta(days=2)
    """How long the rest may follow the first units; Malomo looks again after two days."""

    def due(self, line: Lines) -> Times:
        """Return when units of each line came to be missing, ms UTC."""
        sent = line.dispatched_units
        short = (sent > 0) & (sent < line.wanted_units) & (line.unnamed_dispatched == 0)
        short &= line.repaid_at < line.first_dispatched_at
        short_at = when(short, line.first_dispatched_at + ms(self.grace))
        reported = (line.missing_open > 0) & (line.missing_at > line.repaid_at)
        reported_at = when(reported & (line.known_at < NEVER), line.missing_at)
        return np.minimum(short_at, reported_at)

    def refuted(self, line: Lines) -> Flags:
        """Return where every report has been taken back or contradicted."""
        taken_back: Flags = (line.missing_at > 0) & (line.missing_standing == 0)
        return taken_back
