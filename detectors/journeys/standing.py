"""Which reports of one defect stand, and what happens to them, in the order in which it happens."""

from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum
from typing import NamedTuple

from detectors.journeys.folds import Numbers


class What(IntEnum):
    """What can happen to a report: the first three at the start of a version, in this order."""

    ENDED = 0
    """One episode of it never was one."""
    REFUTED = 1
    """None ever was one."""
    MOVED = 2
    """Its unit is in another cell."""
    OPENED = 3


class Edge(NamedTuple):
    """Something that happens to the reports about a row."""

    version: int
    what: What
    defect: int
    at: int
    """When it became known, ms UTC."""
    buyer: int
    """Who reports (``OPENED``)."""


class Telling(NamedTuple):
    """A report to tell (+1) or to take back (-1), in the cell that a version has."""

    version: int
    defect: int
    at: int
    buyer: int
    units: int


class Standing:
    """The reports of one defect that stand, each with its buyer, by row."""

    __slots__ = ("_again", "_buyers")

    def __init__(self) -> None:
        """Start without reports."""
        self._buyers: dict[int, int] = {}
        self._again: dict[int, int] = {}
        """Further episodes of the same report."""

    def buyer(self, row: int) -> int | None:
        """Return who reported ``row``, if its report stands."""
        return self._buyers.get(row)

    def open(self, row: int, buyer: int) -> bool:
        """Let another episode about ``row`` stand; return whether it is the first."""
        if row in self._buyers:
            self._again[row] = self._again.get(row, 0) + 1
            return False
        self._buyers[row] = buyer
        return True

    def end(self, row: int) -> int | None:
        """Take one episode back; return who reported if it was the last one."""
        again = self._again.pop(row, 0)
        if again > 1:
            self._again[row] = again - 1
        return None if again else self._buyers.pop(row, None)

    def refute(self, row: int) -> int | None:
        """Take all episodes back; return who reported if there was one."""
        self._again.pop(row, None)
        return self._buyers.pop(row, None)


def tellings(
    edges: Iterable[Edge], rows: Numbers, standing: Sequence[Standing]
) -> Iterator[Telling]:
    """Yield what ``edges`` (in order) make of the reports that stand, and bring those up to date.

    ``rows`` has the row of each version.
    """
    for version, what, defect, at, buyer in edges:
        row, stands = int(rows[version]), standing[defect]
        if what is What.OPENED:
            if stands.open(row, buyer):
                yield Telling(version, defect, at, buyer, 1)
        elif what is What.MOVED:
            by = stands.buyer(row)
            if by is not None:
                yield Telling(version - 1, defect, at, by, -1)
                yield Telling(version, defect, at, by, 1)
        else:
            by = stands.end(row) if what is What.ENDED else stands.refute(row)
            if by is not None:
                yield Telling(version - 1, defect, at, by, -1)
