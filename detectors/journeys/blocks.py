"""The newest version of every row: facts side by side, one line of memory per row."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from detectors.journeys.folds import Fact, Fold, Numbers
from schemas.times import NEVER

Matrix = NDArray[np.int64]
"""One line per row, one column per fact."""

STRIDE: Final = 1024
"""Rows that are made ready together."""

LOWS, SUMS, BITS, PICKS, RECENTS = "lows", "sums", "bits", "picks", "recents"

GROUP: Final = {
    Fold.MIN: LOWS,
    Fold.MAX: LOWS,
    Fold.SUM: SUMS,
    Fold.BITS: BITS,
    Fold.FIRST: PICKS,
    Fold.LAST: PICKS,
    Fold.RECENT: RECENTS,
}
"""Facts that fold in one sweep share a matrix."""


class Growing:
    """A matrix that gets more rows without being copied at every step.

    Rows are made ready ``STRIDE`` at a time, and room never touched costs no memory.
    """

    __slots__ = ("_fill", "_room", "rows")

    def __init__(self, fill: Sequence[int], dtype: type[np.signedinteger] = np.int64) -> None:
        """Start without rows; new ones hold ``fill``."""
        self._fill = np.array(fill, dtype)
        self._room = np.empty((0, self._fill.size), dtype)
        self.rows = self._room

    def extend(self, count: int) -> None:
        """Hold at least ``count`` rows."""
        ready = len(self.rows)
        if count <= ready:
            return
        count = -(-count // STRIDE) * STRIDE
        if count > len(self._room):
            room = np.empty((count + count // 2, self._fill.size), self._fill.dtype)
            room[:ready] = self.rows
            self._room = room
        self._room[ready:count] = self._fill
        self.rows = self._room[:count]

    def keep(self, rows: Numbers) -> None:
        """Let go of all rows but ``rows`` (ascending), which become the first ones."""
        ready = -(-rows.size // STRIDE) * STRIDE
        room = np.empty((ready + ready // 2, self._fill.size), self._fill.dtype)
        self.rows.take(rows, axis=0, out=room[: rows.size], mode="clip")
        room[rows.size : ready] = self._fill
        self._room, self.rows = room, room[:ready]

    def __getstate__(self) -> tuple[NDArray[np.signedinteger], NDArray[np.signedinteger]]:
        """Leave out room that holds nothing yet."""
        return self._fill, self.rows

    def __setstate__(
        self, state: tuple[NDArray[np.signedinteger], NDArray[np.signedinteger]]
    ) -> None:
        self._fill, self.rows = state
        self._room = self.rows

    @property
    def nbytes(self) -> int:
        """Memory in use, bytes."""
        return self.rows.nbytes


class Column:
    """One growing array; ``values`` is a view that writes through."""

    __slots__ = ("_matrix", "values")

    def __init__(self, fill: int, dtype: type[np.signedinteger] = np.int64) -> None:
        """Start empty; new elements are ``fill``."""
        self._matrix = Growing([fill], dtype)
        self.values = self._matrix.rows[:, 0]

    def extend(self, count: int) -> None:
        """Hold at least ``count`` elements."""
        if count > self.values.size:
            self._matrix.extend(count)
            self.values = self._matrix.rows[:, 0]

    def keep(self, rows: Numbers) -> None:
        """Let go of all elements but those at ``rows`` (ascending), which become the first ones."""
        self._matrix.keep(rows)
        self.values = self._matrix.rows[:, 0]

    def __getstate__(self) -> Growing:
        """Leave out the view."""
        return self._matrix

    def __setstate__(self, matrix: Growing) -> None:
        self._matrix = matrix
        self.values = matrix.rows[:, 0]

    @property
    def nbytes(self) -> int:
        """Memory in use, bytes."""
        return self._matrix.nbytes


class Block:
    """Some facts of a table, grouped by how they fold.

    ``lows`` holds ``Min`` facts and ``Max`` facts (negated, so the smallest wins in both).
    ``picks`` holds codes, and ``picked_at`` the time (ms UTC, negated for ``Last``) of the event
    behind each.
    ``recents`` holds (time, id) pairs, newest first, and 0 where there are fewer.
    """

    def __init__(self, facts: Sequence[Fact]) -> None:
        """Lay out ``facts``."""
        self.facts = {
            group: [f for f in facts if GROUP[f.fold] == group]
            for group in (LOWS, SUMS, BITS, PICKS, RECENTS)
        }
        self.place = {
            f.name: (group, i) for group, fs in self.facts.items() for i, f in enumerate(fs)
        }
        self.lows = Growing([f.unknown for f in self.facts[LOWS]])
        self.sums = Growing([0 for _ in self.facts[SUMS]], np.int32)
        self.bits = Growing([0 for _ in self.facts[BITS]])
        self.picks = Growing([-1 for _ in self.facts[PICKS]], np.int32)
        self.picked_at = Growing([NEVER for _ in self.facts[PICKS]])
        self.recents = Growing([0 for f in self.facts[RECENTS] for _ in range(2 * f.size)])
        self._ready = 0
        self._parts = (
            self.lows,
            self.sums,
            self.bits,
            self.picks,
            self.picked_at,
            self.recents,
        )

    def extend(self, count: int) -> None:
        """Hold at least ``count`` rows."""
        if count > self._ready:
            for part in self._parts:
                part.extend(count)
            self._ready = len(self.lows.rows)

    def keep(self, rows: Numbers) -> None:
        """Let go of all rows but ``rows`` (ascending), which become the first ones."""
        for part in self._parts:
            part.keep(rows)
        self._ready = len(self.lows.rows)

    def codes(self, fact: Fact) -> Numbers:
        """Return the codes of a category on every row; what is written to them is stored."""
        _, i = self.place[fact.name]
        codes: Numbers = self.picks.rows[:, i]
        return codes

    @property
    def nbytes(self) -> int:
        """Memory in use, bytes."""
        return sum(part.nbytes for part in self._parts)

    def pairs(self, fact: Fact) -> slice:
        """Return where the (time, id) pairs of a ``Recent`` fact are in ``recents``."""
        before = self.facts[RECENTS][: self.place[fact.name][1]]
        start = sum(2 * f.size for f in before)
        return slice(start, start + 2 * fact.size)

    def read(self, fact: Fact, rows: Numbers) -> Numbers:
        """Return the newest value of ``fact`` on ``rows``, as detectors see it."""
        group, i = self.place[fact.name]
        values: Numbers = getattr(self, group).rows[rows, i].astype(np.int64)
        return -values if fact.fold is Fold.MAX else values

    def newest(self, rows: Numbers) -> dict[str, Numbers]:
        """Return the newest value of every fact but ``Recent`` ones, as detectors see them."""
        columns: dict[str, Numbers] = {}
        for group in (LOWS, SUMS, BITS, PICKS):
            values = getattr(self, group).rows[rows].T.astype(np.int64)
            for fact, column in zip(self.facts[group], values, strict=True):
                columns[fact.name] = -column if fact.fold is Fold.MAX else column
        return columns

    def inherit(self, fact: Fact, rows: Numbers, parent: "Block", parents: Numbers) -> None:
        """Copy ``fact`` from the parent's rows ``parents`` to the new rows ``rows``."""
        group, i = self.place[fact.name]
        _, j = parent.place[fact.name]
        getattr(self, group).rows[rows, i] = getattr(parent, group).rows[parents, j]
        if group == PICKS:
            self.picked_at.rows[rows, i] = parent.picked_at.rows[parents, j]
