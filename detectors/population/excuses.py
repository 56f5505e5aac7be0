"""Reports that count against no seller, because a place where everybody's goods lie was at fault.

A warehouse that errs, or a bin with the wrong goods in it, is found by evidence like any other
subject. What it explains is held against no seller who sells out of it: neither while its problem
is open nor afterwards, as long as those days are looked at. Where a seller is the cause of what is
seen at the place, that place excuses nobody.
"""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple, Protocol

import numpy as np

from detectors.journeys.names import Codes
from detectors.population.counts import Charge, Span
from detectors.population.defects import DEFECTS
from detectors.population.evidence import WINDOW
from detectors.population.subjects import Rows
from detectors.population.weighing import Subject
from schemas.times import Flags

PLACES: Final = ("warehouse", "bin")
"""Subjects that are no seller's own."""


class Fault(NamedTuple):
    """An open problem about a subject that evidence holds guilty."""

    subject: Subject
    since: int
    """Its first bad cohort day (UTC day number)."""
    is_root: bool
    """Whether nothing else explains it."""


class Faults(Protocol):
    """Whoever knows the open problems of groups."""

    def faults(self, subject_type: str) -> Iterator[Fault]:
        """Yield the open problems of a type, those that are only watched left out."""


class Excuses:
    """The days on which places were at fault, by charge and place."""

    def __init__(self, faults: Faults) -> None:
        """Start with none."""
        self._faults = faults
        self._spans: dict[Charge, dict[int, Span]] = {}

    def note(self, today: int) -> None:
        """Note which places are at fault as ``today`` begins, and forget days long gone."""
        for name in PLACES:
            for fault in self._faults.faults(name):
                charge, row = fault.subject
                mine = self._spans.setdefault(charge, {})
                if fault.is_root:
                    first = min(fault.since, mine[row].first) if row in mine else fault.since
                    mine[row] = Span(first, today)
                else:
                    mine.pop(row, None)
        oldest = today - WINDOW
        for charge, mine in self._spans.items():
            self._spans[charge] = {row: span for row, span in mine.items() if span.last > oldest}

    def cover(self, defect: int, rows: Rows, days: Codes) -> Flags:
        """Return which reports of a defect are excused.

        ``rows`` say under which subjects each is counted, ``days`` are their cohorts.
        """
        excused = np.zeros(days.size, np.bool_)
        for name in PLACES:
            for row, span in self._of(defect, name).items():
                excused |= span.covers(days) & (rows[name] == row)
        return excused

    def _of(self, defect: int, name: str) -> Mapping[int, Span]:
        known = name in DEFECTS[defect].charged
        return self._spans.get(Charge(defect, name), {}) if known else {}
