"""What the customer says never came."""

from dataclasses import dataclass
from typing import ClassVar

from detectors.journeys.rows import when
from detectors.journeys.tables import Lines, Table
from schemas.problems import Severity
from schemas.times import NEVER, Flags, Times


@dataclass(frozen=True, slots=True)
class NotReceived:
    """A line of which the customer says that it never arrived, whatever the carrier reports.

    A parcel may be reported as delivered before it is, or be left where nobody finds it. Due at
    once: many turn up within days (Route waits five before it pays), but the customer should not
    have to wait for the search to begin. Open until the money is back; never a problem after all
    if the customer cancels the return, as those do who found it.
    """

    kind: ClassVar = "not-received"
    version: ClassVar = "1"
    table: ClassVar = Table.LINE
    severity: ClassVar = Severity.HIGH
    evidence: ClassVar[tuple[str, ...]] = ("unreceived_at", "delivered_units", "quantity", "item")

    def due(self, line: Lines) -> Times:
        """Return when each line was reported as not received, ms UTC."""
        reported = (line.unreceived_open > 0) & (line.unreceived_at > line.repaid_at)
        return when(reported & (line.known_at < NEVER), line.unreceived_at)

    def refuted(self, line: Lines) -> Flags:
        """Return where every such report has been taken back."""
        taken_back: Flags = (line.unreceived_at > 0) & (line.unreceived_standing == 0)
        return taken_back
