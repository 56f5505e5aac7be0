"""Folds: how the events that mention a fact become its value, in any order, however often repeated.

A fact is declared as a class attribute of a table (:mod:`detectors.journeys.tables`) and read as an
attribute of its rows, as an array with one value per row. Every fold is commutative, associative
and indifferent to repeats, so duplicates need no bookkeeping and arrival order cannot matter.
"""

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import NDArray

from schemas.times import NEVER

if TYPE_CHECKING:
    from detectors.journeys.rows import Rows

Numbers = NDArray[np.int64]
"""One number per row: a time (ms UTC), a count, a code or a set of bits."""


class Fold(Enum):
    """What is kept of all values written to a fact."""

    MIN = "the smallest"
    MAX = "the largest"
    SUM = "the sum over child rows"
    BITS = "the union"
    FIRST = "what was said first, by occurred_at"
    LAST = "what was said last, by occurred_at"
    RECENT = "the last few distinct ones"


@dataclass(slots=True, eq=False)
class Fact:
    """One column of a table; reading it on rows gives one value per row."""

    fold: Fold
    unknown: int
    """The value before anybody reported."""
    of: type["Rows"] | None = None
    """The parent table whose fact of the same name these rows inherit."""
    rare: bool = False
    """Seldom known: kept aside, so that rows without it pay nothing."""
    size: int = 1
    """How many values are kept (``RECENT``)."""
    name: str = field(default="", init=False)

    def __set_name__(self, owner: type["Rows"], name: str) -> None:
        """Learn the attribute's name."""
        self.name = name

    @overload
    def __get__(self, rows: None, owner: type["Rows"]) -> "Fact": ...
    @overload
    def __get__(self, rows: "Rows", owner: type["Rows"]) -> Numbers: ...
    def __get__(self, rows: "Rows | None", owner: type["Rows"]) -> "Fact | Numbers":
        """Return the column on rows, the declaration on the class."""
        if rows is None:
            return self
        column = vars(rows)[self.name] = rows.column(self.name)
        return column


def Min(*, of: Any = None, rare: bool = False) -> Fact:  # noqa: N802, ANN401 - reads as a declaration
    """Declare the earliest time (ms UTC) or smallest number reported; ``NEVER`` before that."""
    return Fact(Fold.MIN, NEVER, of, rare)


def Max(*, of: Any = None, rare: bool = False) -> Fact:  # noqa: N802, ANN401 - reads as a declaration
    """Declare the latest time (ms UTC) or largest number reported; 0 before that."""
    return Fact(Fold.MAX, 0, of, rare)


def Sum(*, of: Any = None, rare: bool = False) -> Fact:  # noqa: N802, ANN401 - reads as a declaration
    """Declare a sum over child rows, as :class:`Rollup` measures them; never over events."""
    return Fact(Fold.SUM, 0, of, rare)


def Bits(*, rare: bool = False) -> Fact:  # noqa: N802 - reads as a declaration
    """Declare the union of a small set, one bit per member (at most 62)."""
    return Fact(Fold.BITS, 0, None, rare)


def First(*, of: Any = None, rare: bool = False) -> Fact:  # noqa: N802, ANN401 - reads as a declaration
    """Declare the value of the event that occurred first; ties go to the smaller value."""
    return Fact(Fold.FIRST, -1, of, rare)


def Last(*, of: Any = None, rare: bool = False) -> Fact:  # noqa: N802, ANN401 - reads as a declaration
    """Declare the value of the event that occurred last; ties go to the larger value."""
    return Fact(Fold.LAST, -1, of, rare)


def Recent(size: int) -> Fact:  # noqa: N802 - reads as a declaration
    """Declare the times (ms UTC) of the last ``size`` distinct (id, time).

    Rows give one of them with :meth:`~detectors.journeys.rows.Rows.recent`.
    """
    return Fact(Fold.RECENT, 0, None, rare=True, size=size)
