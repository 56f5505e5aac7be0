"""Promises to customers and carriers' cut-offs that were missed, by what really happened when."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from detectors.journeys.rows import when
from detectors.journeys.tables import Lines, Table
from schemas.problems import Severity
from schemas.times import NEVER, Flags, Times


def _is_late(line: Lines) -> Flags:
    """Return which lines were not all with their customer when the promise passed."""
    return line.is_known & (line.over_at > line.promised_by)


@dataclass(frozen=True, slots=True)
class Late:
    """A line that was not all with its customer when its promise passed, whoever was slow.

    A line called off before then was not late; one called off since then was.
    """

    kind: ClassVar = "counted-late"
    version: ClassVar = "1"
    table: ClassVar = Table.LINE
    severity: ClassVar = Severity.INFO
    evidence: ClassVar[tuple[str, ...]] = ("promised_by",)

    def due(self, line: Lines) -> Times:
        """Return when the promise of each line passed, ms UTC."""
        return when(_is_late(line), line.promised_by)


@dataclass(frozen=True, slots=True)
class LateOnTheWay:
    """A late line that its carrier had in time: by ``ship_by``, or by the promise without one."""

    kind: ClassVar = "counted-late-on-the-way"
    version: ClassVar = "1"
    table: ClassVar = Table.LINE
    severity: ClassVar = Severity.INFO
    evidence: ClassVar[tuple[str, ...]] = ("promised_by", "ship_by")

    def due(self, line: Lines) -> Times:
        """Return when the promise of each line passed, ms UTC."""
        with_carrier = line.sent_at <= np.minimum(line.ship_by, line.promised_by)
        return when(_is_late(line) & with_carrier, line.promised_by)


@dataclass(frozen=True, slots=True)
class LateHandOver:
    """A line of which no carrier had anything when it had to be handed over."""

    kind: ClassVar = "counted-late-hand-over"
    version: ClassVar = "1"
    table: ClassVar = Table.LINE
    severity: ClassVar = Severity.INFO
    evidence: ClassVar[tuple[str, ...]] = ("ship_by",)

    def due(self, line: Lines) -> Times:
        """Return when each line had to be handed over, ms UTC."""
        late = np.minimum(line.sent_at, line.called_off_at) > line.ship_by
        return when(line.is_known & late, line.ship_by)


@dataclass(frozen=True, slots=True)
class NotSupplied:
    """A line that its seller called off, or could not supply, before anything of it was sent.

    Not one that the customer, the shop or the carrier called off first.
    """

    kind: ClassVar = "counted-not-supplied"
    version: ClassVar = "1"
    table: ClassVar = Table.LINE
    severity: ClassVar = Severity.INFO
    evidence: ClassVar[tuple[str, ...]] = ("unfillable_at", "called_off_at")

    def due(self, line: Lines) -> Times:
        """Return since when each line is known to be called off, ms UTC."""
        counts = line.is_known & (line.ship_by < NEVER)
        return when(counts & (line.not_supplied_at < NEVER), 0)
