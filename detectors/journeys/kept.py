"""Which rows are kept when others are dropped, and under which number each of them goes on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self, TypeVar

import numpy as np

from detectors.journeys.folds import Numbers
from schemas.times import Flags

Known = TypeVar("Known")


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """Rows that are kept, in the order in which they were."""

    rows: Numbers
    """Their numbers before, ascending; from now on they are 0, 1, and so on."""
    anew: Numbers
    """By number before: the number from now on, -1 for a row that is dropped. The last element
    stands for -1, which means no row, and stays so."""

    @classmethod
    def of(cls, flags: Flags) -> Self:
        """Return what is kept where ``flags``, one for every row, say so."""
        rows = flags.nonzero()[0]
        anew = np.full(flags.size + 1, -1)
        anew[rows] = np.arange(rows.size)
        return cls(rows, anew)

    def by_row(self, known: Mapping[int, Known]) -> dict[int, Known]:
        """Return what is known by the number of a row, without the rows that are dropped."""
        rows = self.anew[np.fromiter(known, np.int64, len(known))].tolist()
        return {row: one for row, one in zip(rows, known.values(), strict=True) if row >= 0}
