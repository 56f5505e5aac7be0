"""What the journeys of a partition tell the judge as columns: units in cells, reports of defects.

A report stands from the moment its question is true until it is taken back. It is told as long as
its unit is in a cell, and follows it from cell to cell, so that the two are always counted
together.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from detectors.journeys.asked import asked
from detectors.journeys.blocks import Column
from detectors.journeys.book import Book
from detectors.journeys.episodes import Settled
from detectors.journeys.folds import Numbers
from detectors.journeys.kept import Kept
from detectors.journeys.lookups import Decided, buyers, orders_of, unit_names
from detectors.journeys.mentions import Mentions
from detectors.journeys.notes import Notes
from detectors.journeys.standing import Columns, Standing, What, in_order, tellings
from detectors.journeys.tables import Table
from detectors.journeys.units import CELLS, Cells
from detectors.journeys.versions import Versions
from detectors.journeys.vocabulary import Vocabulary
from detectors.observations import Exposures, Reports
from detectors.population.defects import Defect
from detectors.question import Question
from schemas.times import Times


class Heard(NamedTuple):
    """What was decided of one table, kept until all tables are settled."""

    table: Table
    v: Versions
    settled: Settled
    cells: Cells | None
    """Of its units, unless it only mentions those of another table."""


class Hearing:
    """What became known since the judge was last told."""

    def __init__(
        self,
        book: Book,
        defects: Sequence[Defect],
        detectors: Mapping[Table, Sequence[Question]],
    ) -> None:
        """Count ``defects``, reported by ``detectors`` or by questions of their own."""
        self.asked = asked(detectors, defects)
        self._book = book
        self._clocks = np.array([defect.clock for defect in defects], np.int64)
        self._exposes = np.array([defect.exposes for defect in defects], np.bool_)
        self._notes = Notes()
        self._mentions = Mentions(book, self._notes)
        self._standing = [Standing() for _ in defects]
        self._marked = {table: Column(0, np.int32) for table in CELLS}
        """By row: the defects (as bits) of which reports stand or stood."""
        self._heard: list[Heard] = []

    def forget(self, kept: Mapping[Table, Kept]) -> None:
        """Let go of what is remembered of rows that are not kept."""
        of_defect = {
            defect: kept[table]
            for table, one in self.asked.items()
            for defect in one.defects[one.defects >= 0].tolist()
        }
        for defect, some in of_defect.items():
            self._standing[defect].forget(some)
        self._mentions.forget(of_defect)
        for table, marked in self._marked.items():
            rows = kept[table].rows
            marked.keep(rows[rows < marked.values.size])

    def hear(self, table: Table, v: Versions, settled: Settled) -> None:
        """Take in what was decided of ``table``."""
        if not self.asked[table].reports:
            return
        cells = CELLS[table](v.rows) if table in CELLS else None
        if cells is not None:
            for clock in cells.cohorts:
                self._notes.expose(cells.exposures(v, clock))
        self._heard.append(Heard(table, v, settled, cells))

    def note(self, orders: Versions | None) -> None:
        """Note the reports, now that all tables are settled.

        ``orders`` are the versions of the orders to which anything happened.
        """
        lines: Decided | None = None
        for heard in self._heard:
            edges = self._edges(heard, orders)
            if heard.cells is None:
                self._mentions.tell(heard.table, heard.v, edges, lines)
            else:
                self._follow(heard, heard.cells, edges)
            if heard.table is Table.LINE and heard.cells is not None:
                lines = Decided(heard.v, heard.cells)
        self._heard.clear()

    def told(self) -> tuple[Exposures, Reports, Vocabulary]:
        """Return what became known since this was last asked, and the words behind its codes."""
        return *self._notes.take(), self._book.words

    def _edges(self, heard: Heard, orders: Versions | None) -> Columns:
        def buyers_of(rows: Numbers, at: Times) -> Numbers:
            return buyers(self._book, orders, orders_of(self._book, heard.table, rows), at)

        return self.asked[heard.table].edges(heard.v, heard.settled, buyers_of)

    def _follow(self, heard: Heard, cells: Cells, edges: Columns) -> None:
        """Note the reports about the rows of a table themselves: lines, parcels."""
        every = in_order([edges, *self._moves(heard, cells, edges)])
        if not every.size:
            return
        told = tellings(every, heard.v.row, self._standing)
        clocks, exposes = self._clocks[told[1]], self._exposes[told[1]]
        for clock in cells.cohorts:
            mine = clocks == clock
            if mine.any():
                columns, version = cells.reports(clock, told[:, mine])
                names = unit_names(self._book, heard.table, heard.v.row[version])
                self._notes.report(columns, names)
            bad = mine & exposes
            if bad.any():
                self._notes.expose_reported(cells.reports(clock, told[:, bad])[0], clock)

    def _moves(self, heard: Heard, cells: Cells, edges: Columns) -> Iterator[Columns]:
        """Yield where units that may have been reported come to another cell, by defect."""
        v, marked = heard.v, self._marked[heard.table]
        marked.extend(self._book.stores[heard.table].count)
        version, _, defect, *_ = edges[:, edges[1] == What.OPENED]
        np.bitwise_or.at(marked.values, v.row[version], 1 << defect.astype(np.int32))
        for clock in cells.cohorts:
            moved = cells.moved(v, clock)
            marks = marked.values[v.row[moved]]
            for place in np.flatnonzero(self._clocks == clock).tolist() if marks.any() else ():
                some = moved[marks >> place & 1 > 0]
                alike = (np.full_like(some, one) for one in (What.MOVED, place))
                yield np.stack([some, *alike, v.at[some], np.zeros_like(some)])
