"""Integer counts per subject and cohort day: the last days one by one, older ones in one sum."""

import numpy as np
from numpy.typing import NDArray

from detectors.journeys.blocks import Growing
from detectors.journeys.names import Codes
from detectors.population.evidence import WINDOW

Table = NDArray[np.int64]
"""One line per subject, one column per age in days (0 is today)."""


class Rings:
    """Counts of one kind. Adding commutes, so order of arrival and partitions cannot matter."""

    def __init__(self) -> None:
        """Start without subjects, on no day."""
        self._days = Growing([0] * WINDOW, np.int32)
        self._sums = Growing([0, 0])
        """By subject: the sum over the window, and over all cohorts before it."""
        self._used = np.zeros(WINDOW, np.bool_)
        """By place in the window: whether anything was counted for that day."""

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
        is_old = days <= today - WINDOW
        _add_to(self._sums.rows, 2 * rows + is_old, counts)
        if is_old.any():
            recent = ~is_old
            rows, days, counts = rows[recent], days[recent], counts[recent]
        places = days % WINDOW
        self._used[places] = True
        _add_to(self._days.rows, WINDOW * rows + places, counts)

    def begin(self, day: int) -> None:
        """Make room for the cohort of ``day``: the one that falls out of the window is summed."""
        place = day % WINDOW
        if self._used[place]:
            column = self._days.rows[:, place]
            self._sums.rows[:, 0] -= column
            self._sums.rows[:, 1] += column
            column[:] = 0
            self._used[place] = False

    def active(self, day: int) -> int:
        """Return how many subjects have a count for one cohort day inside the window."""
        place = day % WINDOW
        return int(np.count_nonzero(self._days.rows[:, place])) if self._used[place] else 0

    @property
    def subjects(self) -> int:
        """How many subjects have a count at all."""
        return int(np.count_nonzero(self._sums.rows.sum(axis=1)))

    def recent(self, rows: Codes, today: int, into: Table | None = None) -> Table:
        """Return the counts of ``rows`` by age, as of ``today``; written ``into`` a table."""
        some, newest = self._days.rows[rows], today % WINDOW
        by_age = np.empty(some.shape, np.int64) if into is None else into
        by_age[:, : newest + 1] = some[:, newest::-1]
        by_age[:, newest + 1 :] = some[:, :newest:-1]
        return by_age

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


def _add_to(table: NDArray[np.signedinteger], places: Codes, counts: Codes) -> None:
    """Add ``counts`` at ``places`` of ``table``, counted line by line, as many as fall there.

    One number for each place and the table's own type let NumPy add thirty times as fast.
    """
    np.add.at(table.reshape(-1), places, counts.astype(table.dtype))
