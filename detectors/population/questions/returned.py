"""What customers say of things they send back, where it says something about the thing."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from detectors.journeys.folds import Numbers
from detectors.journeys.tables import Lines, Table
from schemas.problems import Severity
from schemas.times import NEVER, Times


def _standing(line: Lines, reports: Numbers) -> Times:
    """Return since when it is known that a line that was sent has ``reports`` that stand, ms UTC.

    That is at once: a report that has become known needs no further time.
    """
    since = np.full(reports.size, NEVER)
    reported = np.flatnonzero(reports > 0)
    since[reported[line.sent_at[reported] < NEVER]] = 0
    return since


def _misfit(line: Lines, reports: Numbers) -> Times:
    """Return the same of lines whose customer had not several sizes sent to choose from."""
    since = _standing(line, reports)
    since[line.bracket != 0] = NEVER
    return since


@dataclass(frozen=True, slots=True)
class Damaged:
    """A line that came damaged, unless the carrier or the customer did it.

    The carrier's own report about the parcel settles that, or what the inspection finds.
    """

    kind: ClassVar = "counted-damaged"
    version: ClassVar = "1"
    table: ClassVar = Table.LINE
    severity: ClassVar = Severity.INFO
    evidence: ClassVar[tuple[str, ...]] = ("reports_damaged",)

    def due(self, line: Lines) -> Times:
        """Return since when each such report stands, ms UTC."""
        since = _standing(line, line.reports_damaged)
        since[line.carrier_damaged_at < NEVER] = NEVER
        since[line.unnamed_damaged_at < NEVER] = NEVER
        return since


@dataclass(frozen=True, slots=True)
class Defective:
    """A line that does not work."""

    kind: ClassVar = "counted-defective"
    version: ClassVar = "1"
    table: ClassVar = Table.LINE
    severity: ClassVar = Severity.INFO
    evidence: ClassVar[tuple[str, ...]] = ("reports_defective",)

    def due(self, line: Lines) -> Times:
        """Return since when each such report stands, ms UTC."""
        return _standing(line, line.reports_defective)


@dataclass(frozen=True, slots=True)
class NotAsDescribed:
    """A line that is not what the listing says."""

    kind: ClassVar = "counted-not-as-described"
    version: ClassVar = "1"
    table: ClassVar = Table.LINE
    severity: ClassVar = Severity.INFO
    evidence: ClassVar[tuple[str, ...]] = ("reports_misdescribed",)

    def due(self, line: Lines) -> Times:
        """Return since when each such report stands, ms UTC."""
        return _standing(line, line.reports_misdescribed)


@dataclass(frozen=True, slots=True)
class TooSmall:
    """A line that is too small, unless the customer had several sizes sent to choose from."""

    kind: ClassVar = "counted-too-small"
    version: ClassVar = "1"
    table: ClassVar = Table.LINE
    severity: ClassVar = Severity.INFO
    evidence: ClassVar[tuple[str, ...]] = ("reports_too_small", "bracket")

    def due(self, line: Lines) -> Times:
        """Return since when each such report stands, ms UTC."""
        return _misfit(line, line.reports_too_small)


@dataclass(frozen=True, slots=True)
class TooLarge:
    """A line that is too large, unless the customer had several sizes sent to choose from."""

    kind: ClassVar = "counted-too-large"
    version: ClassVar = "1"
    table: ClassVar = Table.LINE
    severity: ClassVar = Severity.INFO
    evidence: ClassVar[tuple[str, ...]] = ("reports_too_large", "bracket")

    def due(self, line: Lines) -> Times:
        """Return since when each such report stands, ms UTC."""
        return _misfit(line, line.reports_too_large)
