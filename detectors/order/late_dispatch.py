"""A line that should have left the warehouse by now."""

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

import numpy as np

from detectors.journeys.rows import when
from detectors.journeys.tables import Lines, Table
from schemas.problems import Severity
from schemas.times import NEVER, Times, ms


@dataclass(frozen=True, slots=True)
class LateDispatch:
    """A line that is not with a carrier although it must be soon, if the promise is to be kept.

    Warns ``lead`` before the earlier of ``ship_by`` and the promise less the usual ``transit``.
    """

    kind: ClassVar = "late-dispatch"
    version: ClassVar = "1"
    table: ClassVar = Table.LINE
    severity: ClassVar = Severity.WARNING
    evidence: ClassVar[tuple[str, ...]] = (
        "known_at",
        "ship_by",
        "promised_by",
        "dispatched_units",
        "item",
    )

    lead: timedelta = timedelta(0)
    """How long before the deadline to warn; marketplaces count from the deadline itself."""
    transit: timedelta = timedelta(days=2)
    """Usual time on the road, where nothing better is known."""

    def due(self, line: Lines) -> Times:
        """Return when each undispatched line becomes late, ms UTC."""
        latest = np.minimum(line.ship_by, line.promised_by - ms(self.transit))
        away = (line.dispatched_units >= line.wanted_units) | (line.unnamed_dispatched > 0)
        waiting = (line.known_at < NEVER) & (latest < NEVER - ms(self.transit)) & ~away
        return when(waiting, latest - ms(self.lead))
