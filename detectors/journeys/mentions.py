"""Reports about a unit by rows that only mention it: reviews, contacts."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from detectors.journeys.book import Book
from detectors.journeys.folds import Numbers
from detectors.journeys.kept import Kept
from detectors.journeys.lookups import Decided, lines_meant, orders_of, unit_names
from detectors.journeys.names import UNKNOWN
from detectors.journeys.notes import Notes
from detectors.journeys.standing import Columns, Edge, What
from detectors.journeys.tables import Contacts, Reviews, Table
from detectors.journeys.versions import Versions
from detectors.journeys.vocabulary import Subject


def _reviewed(review: Reviews, version: Numbers) -> list[Subject]:
    subjects = review.words.subjects.values
    return [subjects[code] for code in review.about[version].tolist()]


def _complained_of(contact: Contacts, version: Numbers) -> list[Subject]:
    sellers = contact.words.sellers.values
    return [Subject("", sellers[code]) for code in contact.seller[version].tolist()]


SAID: Final[dict[Table, Callable[[Any, Numbers], list[Subject]]]] = {
    Table.REVIEW: _reviewed,
    Table.CONTACT: _complained_of,
}
"""By table: what the rows of some versions are about."""


class Mentions:
    """Reports that stay in the cell in which their unit was when they were made.

    What mentions nothing that was on its way then is not counted.
    """

    def __init__(self, book: Book, notes: Notes) -> None:
        """Start without reports; ``notes`` take what is to be told."""
        self._book = book
        self._notes = notes
        self._told: dict[tuple[int, int], tuple[Numbers, str]] = {}
        """By defect and row: the column of the report that stands, and its unit."""

    def forget(self, kept: Mapping[int, Kept]) -> None:
        """Let go of the reports by rows that are not kept; those are told by defect."""
        self._told = {
            (defect, row): told
            for (defect, before), told in self._told.items()
            if (row := int(kept[defect].anew[before])) >= 0
        }

    def tell(self, table: Table, v: Versions, columns: Columns, lines: Decided | None) -> None:
        """Note the reports that begin and end with the edges of ``columns`` in ``table``."""
        edges = [Edge(*edge) for edge in columns.T.tolist()]
        opened = [edge for edge in edges if edge.what == What.OPENED]
        cells = dict(zip(opened, self._cells(table, v, opened, lines), strict=True))
        for edge in edges:
            key = edge.defect, int(v.row[edge.version])
            if edge.what == What.OPENED:
                self._open(key, edge, *cells[edge])
            elif key in self._told:
                self._end(key, edge.at)

    def _cells(
        self, table: Table, v: Versions, opened: Sequence[Edge], lines: Decided | None
    ) -> list[tuple[int, list[int]]]:
        """Return the line that each of ``opened`` is about (-1 for none), and its cell."""
        if not opened:
            return []
        version = np.array([edge.version for edge in opened])
        at = np.array([edge.at for edge in opened])
        orders = orders_of(self._book, table, v.row[version])
        said = SAID[table](v.rows, version)
        meant, where = lines_meant(self._book, lines, orders, at, said)
        return list(zip(meant.tolist(), where.T.tolist(), strict=True))

    def _open(self, key: tuple[int, int], edge: Edge, line: int, where: list[int]) -> None:
        if line < 0:
            return
        column = [edge.at, edge.defect, *where, edge.buyer, UNKNOWN, 1]
        [name] = unit_names(self._book, Table.LINE, np.array([line]))
        self._told[key] = np.array(column)[:, None], name
        self._note(key)

    def _end(self, key: tuple[int, int], at: int) -> None:
        column, _ = self._told[key]
        column[0], column[-1] = at, -1
        self._note(key)
        del self._told[key]

    def _note(self, key: tuple[int, int]) -> None:
        column, name = self._told[key]
        self._notes.report(column.copy(), [name])
