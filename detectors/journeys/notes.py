"""What is to be told to the judge, as it comes."""

import numpy as np

from detectors.journeys.folds import Numbers
from detectors.observations import Clock, Exposures, Reports

_EXPOSURE, _REPORT = 7, 9
"""How many columns each has."""


class Notes:
    """Exposures and reports since they were last taken; matrices have one row per column."""

    def __init__(self) -> None:
        """Start with nothing to tell."""
        self._exposures: list[Numbers] = []
        self._reports: list[Numbers] = []
        self._names: list[str] = []

    def expose(self, columns: Numbers) -> None:
        """Add exposures: at, clock, day, item, place, lane, units."""
        self._exposures.append(columns)

    def report(self, columns: Numbers, names: list[str]) -> None:
        """Add reports about ``names``: at, defect, day, item, place, lane, buyer, found, units."""
        self._reports.append(columns)
        self._names += names

    def expose_reported(self, columns: Numbers, clock: Clock) -> None:
        """Add the exposures of units that count because a report tells their outcome."""
        at, _, *where, _, _, units = columns
        self.expose(np.stack([at, np.full_like(at, clock), *where, units]))

    def take(self) -> tuple[Exposures, Reports]:
        """Return everything there is to tell, and start anew."""
        exposures, reports = _joined(self._exposures, _EXPOSURE), _joined(self._reports, _REPORT)
        names, self._names = self._names, []
        self._exposures, self._reports = [], []
        at, defect, day, item, place, lane, buyer, found, units = reports
        told = Reports(at, defect, day, item, place, lane, buyer, found, units, names)
        return Exposures(*exposures), told


def _joined(parts: list[Numbers], columns: int) -> Numbers:
    return np.concatenate([np.empty((columns, 0), np.int64), *parts], axis=1)
