"""Which reports of one defect stand, and what happens to them, in the order in which it happens."""

from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import NamedTuple

import numpy as np

from detectors.journeys.folds import Numbers
from detectors.journeys.kept import Kept
from schemas.times import Flags


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

    def forget(self, kept: Kept) -> None:
        """Let go of the reports about rows that are not kept."""
        self._buyers, self._again = kept.by_row(self._buyers), kept.by_row(self._again)

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

    def open_all(self, rows: Numbers, buyers: Numbers) -> Flags:
        """Let an episode about each of ``rows`` stand where none does; return where that is."""
        known, listed = self._buyers, rows.tolist()
        fresh = np.array([row not in known for row in listed])
        known.update(
            (row, buyer)
            for row, buyer in zip(listed, buyers.tolist(), strict=True)
            if row not in known
        )
        return fresh

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


Columns = Numbers
"""Edges, or tellings: one line for each of their fields, one column for each of them."""


def in_order(parts: Sequence[Columns]) -> Columns:
    """Return the edges of all ``parts`` in the order in which they happen."""
    edges = np.concatenate([np.empty((len(Edge._fields), 0), np.int64), *parts], axis=1)
    version, what, defect, at, buyer = edges
    order = np.lexsort((buyer, at, defect, what, version))
    in_turn: Columns = edges[:, order]
    return in_turn


def tellings(edges: Columns, rows: Numbers, standing: Sequence[Standing]) -> Columns:
    """Return what ``edges`` (in order) make of the reports that stand, and bring those up to date.

    ``rows`` has the row of each version. Nearly all edges are the only one about their row, and
    begin a report: these are told together, the others one by one.
    """
    version, what, defect, at, buyer = edges
    row = rows[version]
    begins = (what == What.OPENED) & _alone(row * len(standing) + defect)
    for number in np.flatnonzero(np.bincount(defect[begins])).tolist():
        places = np.flatnonzero(begins & (defect == number))
        begins[places] = standing[number].open_all(row[places], buyer[places])
    together, others = np.flatnonzero(begins), np.flatnonzero(~begins)
    turns, told = together.tolist(), []
    one_by_one = zip(
        others.tolist(), row[others].tolist(), edges[:, others].T.tolist(), strict=True
    )
    for turn, of_row, edge in one_by_one:
        for telling in _followed(Edge(*edge), of_row, standing[edge[2]]):
            turns.append(turn)
            told.append(telling)
    first = np.stack([version, defect, at, buyer, np.ones_like(at)])[:, together]
    later = np.array(told, np.int64).reshape(-1, len(Telling._fields)).T
    in_turn: Columns = np.concatenate([first, later], axis=1)[:, np.argsort(turns, kind="stable")]
    return in_turn


def _alone(keys: Numbers) -> Flags:
    """Return which of ``keys`` occur once."""
    order = np.argsort(keys, kind="stable")
    same = np.zeros(keys.size + 1, np.bool_)
    np.equal(keys[order][1:], keys[order][:-1], out=same[1:-1])
    alone = np.empty(keys.size, np.bool_)
    alone[order] = ~(same[1:] | same[:-1])
    return alone


def _followed(edge: Edge, row: int, stands: Standing) -> Iterator[Telling]:
    """Yield what one edge makes of the reports about its row."""
    version, what, defect, at, buyer = edge
    if what == What.OPENED:
        if stands.open(row, buyer):
            yield Telling(version, defect, at, buyer, 1)
    elif what == What.MOVED:
        by = stands.buyer(row)
        if by is not None:
            yield Telling(version - 1, defect, at, by, -1)
            yield Telling(version, defect, at, by, 1)
    else:
        by = stands.end(row) if what == What.ENDED else stands.refute(row)
        if by is not None:
            yield Telling(version - 1, defect, at, by, -1)
