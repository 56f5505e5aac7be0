"""Changes of counts, and what they add up to at each moment in which something was reported."""

from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np

from detectors.journeys.names import Codes
from detectors.population.evidence import WINDOW
from schemas.times import Flags


@dataclass(frozen=True, slots=True, eq=False)
class Changes:
    """Changes of counts of one kind: of whom, in which cohort, known by the end of which period."""

    row: Codes
    day: Codes
    end: Codes
    change: Codes

    def at(self, index: Codes | Flags) -> "Changes":
        """Return some of the changes."""
        return Changes(self.row[index], self.day[index], self.end[index], self.change[index])

    def among(self, rows: Codes) -> "Changes":
        """Return the changes of ``rows`` (ascending), whose places there become their rows."""
        if not rows.size:
            return self.at(rows)
        place = np.minimum(np.searchsorted(rows, self.row), rows.size - 1)
        index = np.flatnonzero(rows[place] == self.row)
        return Changes(place[index], self.day[index], self.end[index], self.change[index])

    def dense(self, size: int, today: int) -> tuple[Codes, Codes]:
        """Return the changes of ``size`` rows added up by age, and those of cohorts older still."""
        ages = today - self.day
        recent = ages < WINDOW
        table, older = np.zeros(size * WINDOW, np.int64), np.zeros(size, np.int64)
        np.add.at(table, self.row[recent] * WINDOW + ages[recent], self.change[recent])
        np.add.at(older, self.row[~recent], self.change[~recent])
        return table.reshape(size, WINDOW), older


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Ends of periods in which something was reported, in the order of rows and time."""

    row: Codes
    end: Codes

    @classmethod
    def of(cls, voices: Changes) -> Self:
        """Return the moments of all reports."""
        keys = np.unique(_key(voices.row, voices.end))
        return cls(keys >> _TIME_BITS, keys & (1 << _TIME_BITS) - 1)

    def sums(self, changes: Changes, today: int) -> tuple[Codes, Codes]:
        """Return all changes of each moment's row up to its end: by age, and older ones."""
        by_age, older = self._placed(changes).dense(self.end.size, today)
        return self._running(by_age), self._running(older)

    def removals(self, changes: Changes, today: int) -> tuple[Codes, Codes]:
        """Return what was taken back in each moment's own period (not above 0), likewise."""
        placed = self._placed(changes)
        is_now = (placed.change < 0) & (self.end[placed.row] == placed.end)
        return placed.at(is_now).dense(self.end.size, today)

    def _placed(self, changes: Changes) -> Changes:
        """Return the changes with the first moment that each belongs to as its row.

        What came after a row's last moment belongs to none.
        """
        place = np.searchsorted(_key(self.row, self.end), _key(changes.row, changes.end))
        known = np.minimum(place, self.end.size - 1)
        index = np.flatnonzero((place == known) & (self.row[known] == changes.row))
        return replace(changes.at(index), row=place[index])

    def _running(self, sums: Codes) -> Codes:
        """Return running sums within each row."""
        total = np.cumsum(sums, axis=0)
        heads = np.searchsorted(self.row, self.row)
        start = total[np.maximum(heads - 1, 0)]
        start[heads == 0] = 0
        return total - start


_TIME_BITS: Final = 42
"""Room for a moment (ms UTC) beside a row."""


def _key(row: Codes, end: Codes) -> Codes:
    return row << _TIME_BITS | end
