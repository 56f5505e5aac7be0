"""A customer got something damaged or not working."""

from dataclasses import dataclass
from typing import ClassVar

from detectors.journeys.rows import when
from detectors.journeys.tables import Lines, Table
from schemas.problems import Severity
from schemas.times import NEVER, Flags, Times


@dataclass(frozen=True, slots=True)
class DamagedItem:
    """A line of which the customer says that it came damaged or does not work.

    Open until the goods or the money are back; never a problem after all if the customer cancels
    the return or the inspection finds it sound. What the inspection says about who did the damage
    changes nothing: the customer is believed.
    """

    kind: ClassVar = "damaged-item"
    version: ClassVar = "1"
    table: ClassVar = Table.LINE
    severity: ClassVar = Severity.HIGH
    evidence: ClassVar[tuple[str, ...]] = ("damaged_at", "item", "quantity")

    def due(self, line: Lines) -> Times:
        """Return when each damage was reported, ms UTC."""
        reported = (line.damaged_open > 0) & (line.damaged_at > line.repaid_at)
        return when(reported & (line.known_at < NEVER), line.damaged_at)

    def refuted(self, line: Lines) -> Flags:
        """Return where every such report has been taken back or contradicted."""
        taken_back: Flags = (line.damaged_at > 0) & (line.damaged_standing == 0)
        return taken_back
