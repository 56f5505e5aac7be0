"""Who was repaired and has to show that it is clean, and proposals to sell it again."""

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
from msgspec.structs import replace

from detectors.population.almanac import Almanac
from detectors.population.counts import Counts
from detectors.population.evidence import WINDOW
from detectors.population.recovery import RELIST, course
from detectors.population.subjects import Subjects
from detectors.population.telling import Clean, recovery_of
from detectors.population.weighing import Subject
from schemas.problems import Cause, Change, ChangeKind, Problem
from schemas.times import DAY

CLOCK: Final = "clock"
"""The cause of an end that came because time passed."""

PROPOSED: Final = 30
"""Days after which a proposal to sell again is dropped."""

RIPE: Final = 0.5
"""Share of its reports that must have come before a cohort counts as clean."""

FEWEST_DAYS: Final = 3
"""Cohort days that a subject must have been clean for."""


class Probation(NamedTuple):
    """What a subject has to show: that it has its usual rate, not that of a fault."""

    start: int
    """First cohort day that counts."""
    usual: float
    """The usual rate, reports a unit."""
    bad: float
    """The rate of the fault, likewise."""


def clean_since(counts: Counts, almanac: Almanac, subject: Subject, on: Probation) -> Clean | None:
    """Return since when cohorts prove a subject clean, if they do.

    Cohorts of which most reports are still to come prove nothing, and neither does a lucky day or
    two.
    """
    days = min(almanac.day - on.start + 1, WINDOW)
    curve = almanac.curve(subject.charge)
    youngest = int(np.argmax(curve >= RIPE))
    if days < youngest + FEWEST_DAYS:
        return None
    cohorts = counts.cohorts(subject.charge, np.array([subject.row]))
    units, reports = cohorts.units.copy(), cohorts.reports.copy()
    units[:, :youngest] = 0
    ratios = course(units, reports, curve, np.array([on.usual]), np.array([on.bad]))[0, :days]
    age = youngest + FEWEST_DAYS - 1
    age += int(np.argmax(ratios[age:]))
    if ratios[age] < RELIST:
        return None
    some = slice(0, age + 1)
    return Clean(
        age,
        int(units[0, some].sum()),
        float(np.cumsum(units[0, some] * curve[some])[-1]),
        int(reports[0, some].sum()),
        float(ratios[age]),
    )


class Probations:
    """Repaired SKUs until they have proved clean, and the open proposals to sell them again."""

    def __init__(self, subjects: Subjects, counts: Counts) -> None:
        """Start without any."""
        self._subjects = subjects
        self._counts = counts
        self._on: dict[Subject, Probation] = {}
        self._proposed: dict[Subject, Problem] = {}

    @property
    def is_idle(self) -> bool:
        """Whether nothing has to be looked at when a day begins."""
        return not (self._on or self._proposed)

    def begin(self, subject: Subject, probation: Probation) -> None:
        """Let a subject that was repaired prove itself."""
        self._on[subject] = probation

    def end(self, subject: Subject) -> None:
        """Ask no longer whether a subject is clean: it is not."""
        self._on.pop(subject, None)

    def drop(self, sku: str, end: int) -> list[Change]:
        """End the proposals about a SKU that was repaired once more, at ``end`` (ms UTC)."""
        return self._dropped(end, lambda problem: problem.subject == sku)

    def review(self, almanac: Almanac, end: int) -> list[Change]:
        """Propose to sell again what has gone out clean often enough since its repair."""
        oldest = end - PROPOSED * DAY
        changes = self._dropped(end, lambda problem: problem.opened_at <= oldest)
        for subject in sorted(self._on, key=lambda one: (one.charge, self._name(one))):
            probation = self._on[subject]
            clean = clean_since(self._counts, almanac, subject, probation)
            if clean is not None:
                del self._on[subject]
                name = self._name(subject)
                problem = recovery_of(subject.charge, name, end, probation.start, clean)
                self._proposed[subject] = problem
                changes.append(Change(ChangeKind.OPENED, end, problem))
        return changes

    def _dropped(self, end: int, is_over: Callable[[Problem], bool]) -> list[Change]:
        gone = [subject for subject, problem in self._proposed.items() if is_over(problem)]
        cause = Cause(CLOCK, end, end)
        return [
            Change(
                ChangeKind.CLEARED,
                end,
                replace(self._proposed.pop(subject), cleared_at=end, ended_by=cause),
            )
            for subject in sorted(gone, key=self._name)
        ]

    def _name(self, subject: Subject) -> str:
        return self._subjects.name(subject.charge.subject_type, subject.row)
