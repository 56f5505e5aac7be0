"""Integer counts per subject and cohort day: the last days one by one, older ones in one sum."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from detectors.journeys.blocks import Growing
from detectors.journeys.names import Codes
from detectors.population.evidence import WINDOW

Table = NDArray[np.int64]
"""One line per subject, one column per age in days (0 is today)."""

_AGES: Final = np.arange(WINDOW)


class Rings:
    """Counts of one kind. Adding commutes, so order of arrival and partitions cannot matter."""

    def __init__(self) -> None:
        """Start without subjects, on no day."""
        self._days = Growing([0] * WINDOW, np.int32)
        self._sums = Growing([0, 0])
        """By subject: the sum over the window, and over all cohorts before it."""

    def extend(self, count: int) -> None:
        """Hold at least ``count`` subjects."""
        self._days.extend(count)
        self._sums.extend(count)

    @property
    def size(self) -> int:
        """How many rows are held; the last ones may belong to no subject yet."""
        return len(self._days.rows)

    @property
    def nbytes(self) -> int:
        """Memory in use, bytes."""
        return self._days.nbytes + self._sums.nbytes

    def add(self, rows: Codes, days: Codes, counts: Codes, today: int) -> None:
        """Add ``counts`` to subjects' cohort ``days`` (none after ``today``; UTC day numbers)."""
        recent = days > today - WINDOW
        np.add.at(self._sums.rows, (rows, np.where(recent, 0, 1)), counts)
        if not recent.all():
            rows, days, counts = rows[recent], days[recent], counts[recent]
        np.add.at(self._days.rows, (rows, days % WINDOW), counts)

    def begin(self, day: int) -> None:
        """Make room for the cohort of ``day``: the one that falls out of the window is summed."""
        if len(self._days.rows):
            column = self._days.rows[:, day % WINDOW]
            self._sums.rows[:, 0] -= column
            self._sums.rows[:, 1] += column
            column[:] = 0

    def on(self, day: int) -> Codes:
        """Return every subject's count of one cohort day inside the window."""
        return self._days.rows[:, day % WINDOW].astype(np.int64)

    def recent(self, rows: Codes, today: int) -> Table:
        """Return the counts of ``rows`` by age, as of ``today``."""
        return self._days.rows[rows[:, None], (today - _AGES) % WINDOW].astype(np.int64)

    def older(self, rows: Codes) -> Codes:
        """Return the sum over all cohorts before the window."""
        older: Codes = self._sums.rows[rows, 1]
        return older

    def in_window(self, rows: Codes) -> Codes:
        """Return the sum over the cohorts of the window."""
        inside: Codes = self._sums.rows[rows, 0]
        return inside

    def at(self, row: int, day: int) -> int:
        """Return one count."""
        return int(self._days.rows[row, day % WINDOW])
