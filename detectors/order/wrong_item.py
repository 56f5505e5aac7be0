"""A customer got something else than ordered."""

from dataclasses import dataclass
from typing import ClassVar

from detectors.journeys.rows import when
from detectors.journeys.tables import Lines, Table
from schemas.problems import Severity
from schemas.times import NEVER, Flags, Times


@dataclass(frozen=True, slots=True)
class WrongItem:
    """A line of which the customer says that something else came.

    Open until the goods or the money are back; never a problem after all if the customer cancels
    the return or the inspection finds the right item.
    """

    kind: ClassVar = "wrong-item"
    version: ClassVar = "1"
    table: ClassVar = Table.LINE
    severity: ClassVar = Severity.HIGH
    evidence: ClassVar[tuple[str, ...]] = ("wrong_at", "item", "quantity")

    def due(self, line: Lines) -> Times:
        """Return when each wrong item was reported, ms UTC."""
        reported = (line.wrong_open > 0) & (line.wrong_at > line.repaid_at)
        return when(reported & (line.known_at < NEVER), line.wrong_at)

    def refuted(self, line: Lines) -> Flags:
        """Return where every such report has been taken back or contradicted."""
        taken_back: Flags = (line.wrong_at > 0) & (line.wrong_standing == 0)
        return taken_back
