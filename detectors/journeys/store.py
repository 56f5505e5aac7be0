"""One table: the newest version of every row, its children, and when to look at it again."""

from typing import Final

import numpy as np

from detectors.journeys.blocks import Block, Column
from detectors.journeys.folds import Fact, Numbers
from detectors.journeys.kept import Kept
from detectors.journeys.names import Texts
from detectors.journeys.rows import Rows
from detectors.journeys.tables import Orders
from schemas.times import NEVER

BLOCK: Final = 1024
"""Rows that share one entry of the due index."""


class Chain:
    """The children of each parent row, as linked lists: two numbers a child, one a parent."""

    __slots__ = ("first", "following", "parent")

    def __init__(self) -> None:
        """Start without children."""
        self.first = Column(-1, np.int32)
        self.following = Column(-1, np.int32)
        self.parent = Column(-1, np.int32)

    def link(self, children: Numbers, parents: Numbers) -> None:
        """Put new ``children`` before the other children of ``parents``.

        Siblings that arrive together are linked one after the other, in one sweep.
        """
        order = parents.argsort(kind="stable")
        child, parent = children[order], parents[order]
        starts = np.ones(child.size, np.bool_)
        np.not_equal(parent[1:], parent[:-1], out=starts[1:])
        first = starts.nonzero()[0]
        last = np.empty_like(first)
        last[:-1] = first[1:] - 1
        last[-1] = child.size - 1
        following = np.empty(child.size, np.int64)
        following[:-1] = child[1:]
        following[last] = self.first.values[parent[last]]
        self.following.values[child] = following
        self.parent.values[child] = parent
        self.first.values[parent[first]] = child[first]

    def children(self, parents: Numbers) -> tuple[Numbers, Numbers]:
        """Return every child row of ``parents``, and for each the index of its parent there."""
        child = self.first.values[parents].astype(np.int64)
        index = (child >= 0).nonzero()[0]
        rows, owners = [], []
        while index.size:
            rows.append(child[index])
            owners.append(index)
            child[index] = self.following.values[child[index]]
            index = index[child[index] >= 0]
        if not rows:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        return np.concatenate(rows), np.concatenate(owners)

    def keep(self, children: Kept, parents: Kept) -> None:
        """Let go of the children that are not kept; those of a kept parent all are."""
        for column, owners, meant in (
            (self.first, parents, children),
            (self.following, children, children),
            (self.parent, children, parents),
        ):
            column.keep(owners.rows)
            some = column.values[: owners.rows.size]
            some[:] = meant.anew[some]

    @property
    def nbytes(self) -> int:
        """Memory in use, bytes."""
        return self.first.nbytes + self.following.nbytes + self.parent.nbytes


class Store:
    """The rows of one table."""

    def __init__(self, kind: type[Rows]) -> None:
        """Lay out the facts of ``kind``; rows come later."""
        facts = kind.facts.values()
        self.kind = kind
        self.count = 0
        self.common = Block([f for f in facts if not f.rare])
        self.aside = Block([f for f in facts if f.rare])
        self.aside.extend(1)
        self.asides = 1
        self.recorded = Column(-1)
        """Recorded time of each row's newest version (ms UTC)."""
        self.due = Column(NEVER)
        """When each row must be looked at again if nothing happens to it (ms UTC)."""
        self.last_event = Column(-1)
        """Recorded time of a journey's last event of any kind (orders only), ms UTC."""
        self.aside_of = Column(0, np.int32)
        """Where a row's rare facts are; 0 is the empty row."""
        self.key = Column(0)
        """Hash of the child's own id, unique under one parent."""
        own = (self.last_event,) if kind is Orders else (self.key,)
        self._columns = (self.recorded, self.due, self.aside_of, *own)
        self.names = Texts()
        self._earliest = Column(NEVER)

    def extend(self, count: int) -> None:
        """Hold ``count`` rows, the new ones empty."""
        if count <= self.count:
            return
        self.count = count
        self.common.extend(count)
        for column in self._columns:
            column.extend(count)
        self._earliest.extend(-(-count // BLOCK))

    def set_aside(self, rows: Numbers) -> Numbers:
        """Return where the rare facts of ``rows`` are kept, making room where there is none yet.

        ``rows`` are distinct.
        """
        places = self.aside_of.values
        fresh = rows[places[rows] == 0]
        if fresh.size:
            self.aside.extend(self.asides + fresh.size)
            places[fresh] = np.arange(self.asides, self.asides + fresh.size)
            self.asides += fresh.size
        return places[rows].astype(np.int64)

    def keep(self, rows: Numbers) -> None:
        """Let go of all rows but ``rows`` (ascending), which become the first ones."""
        self.count = rows.size
        self.common.keep(rows)
        for column in self._columns:
            column.keep(rows)
        if len(self.names):
            self.names.keep(rows)
        self._keep_asides()
        least = self.due.values.reshape(-1, BLOCK).min(axis=1)
        self._earliest = Column(NEVER)
        self._earliest.extend(least.size)
        self._earliest.values[: least.size] = least

    def _keep_asides(self) -> None:
        """Let go of the rare facts of rows that are not there any more."""
        places = self.aside_of.values[: self.count]
        known = np.zeros(self.asides, np.bool_)
        known[places] = True
        known[0] = True
        kept = Kept.of(known)
        self.asides = kept.rows.size
        self.aside.keep(kept.rows)
        places[:] = kept.anew[places]

    def block(self, fact: Fact) -> Block:
        """Return the block that holds ``fact``."""
        return self.aside if fact.rare else self.common

    def read(self, name: str, rows: Numbers) -> Numbers:
        """Return the newest value of a fact on ``rows``."""
        fact = self.kind.facts[name]
        return self.block(fact).read(fact, self.aside_of.values[rows] if fact.rare else rows)

    def inherit(self, fact: Fact, rows: Numbers, parent: "Store", parents: Numbers) -> None:
        """Let the new rows ``rows`` start with what ``parents`` know of ``fact``."""
        source = parent.kind.facts[fact.name]
        if source.rare:
            known = (parent.read(fact.name, parents) != source.unknown).nonzero()[0]
            rows, parents = rows[known], parent.aside_of.values[parents[known]].astype(np.int64)
        if rows.size:
            places = self.set_aside(rows) if fact.rare else rows
            self.block(fact).inherit(fact, places, parent.block(source), parents)

    @property
    def earliest(self) -> Numbers:
        """Smallest due time of every ``BLOCK`` rows; never later than the truth."""
        return self._earliest.values

    @property
    def nbytes(self) -> int:
        """Memory in use, bytes; the ids of orders not counted."""
        return (
            self.common.nbytes
            + self.aside.nbytes
            + sum(column.nbytes for column in self._columns)
            + self.names.nbytes
            + self._earliest.nbytes
        )
