"""What was known of some rows at some moments, on versions where there are any."""

from collections.abc import Sequence
from typing import NamedTuple, cast

import numpy as np

from detectors.journeys.book import CUSTOMER_KEY, Book
from detectors.journeys.folds import Numbers
from detectors.journeys.names import UNKNOWN, stable_hashes
from detectors.journeys.tables import Lines, Table
from detectors.journeys.units import Cells, line_cells
from detectors.journeys.versions import Versions, stored
from detectors.journeys.vocabulary import Item, Subject
from detectors.observations import Clock
from schemas.times import Times


class Decided(NamedTuple):
    """The versions of a table that were just settled, and the cells of its units."""

    v: Versions
    cells: Cells


def orders_of(book: Book, table: Table, rows: Numbers) -> Numbers:
    """Return the order row that each row of ``table``, a child of orders, belongs to."""
    return book.chains[table, Table.ORDER].parent.values[rows].astype(np.int64)


def unit_names(book: Book, table: Table, rows: Numbers) -> list[str]:
    """Return the name of each row of ``table``, a child of orders: ``order/line``."""
    orders = book.orders.texts.many(orders_of(book, table, rows))
    names = book.stores[table].names.many(rows)
    return [f"{order}/{name}" for order, name in zip(orders, names, strict=True)]


def buyers(book: Book, orders: Versions | None, rows: Numbers, at: Times) -> Numbers:
    """Return a hash of whose order each was on what was known at ``at`` (ms UTC); 0 unknown."""
    code = book.stores[Table.ORDER].read("customer", rows)
    if orders is not None:
        version = orders.all_in_force(rows, at)
        told = version >= 0
        code[told] = orders.rows.column("customer")[version[told]]
    hashed, said = np.zeros(rows.size, np.int64), code >= 0
    hashed[said] = _hashed(book.words.customers.many(code[said]))
    hashed[~said] = _hashed([_keyed(key) for key in book.orders.texts.many(rows[~said])])
    return hashed


def _hashed(names: Sequence[str]) -> Numbers:
    """Return a hash of each name, 0 of an empty one."""
    return np.where([bool(name) for name in names], stable_hashes(names), 0)


def _keyed(key: str) -> str:
    """Return the customer that a journey without an order belongs to, else an empty text."""
    return key.removeprefix(CUSTOMER_KEY) if key.startswith(CUSTOMER_KEY) else ""


def lines_meant(
    book: Book, lines: Decided | None, orders: Numbers, at: Times, said: Sequence[Subject]
) -> tuple[Numbers, Numbers]:
    """Return the line that each is about, -1 if none, and its cell: day, item, place, lane.

    It is a line of the order that was on its way at ``at`` (ms UTC): of the SKU and the seller that
    are said, or the only one. Of several, the one whose name comes first.
    """
    rows, owner = book.chains[Table.LINE, Table.ORDER].children(orders)
    where = _cells_at(book, lines, rows, at[owner])
    names = book.stores[Table.LINE].names
    known: dict[int, list[tuple[str, int]]] = {}
    for i in (where[1] >= 0).nonzero()[0].tolist():
        known.setdefault(int(owner[i]), []).append((names[int(rows[i])], i))
    meant = np.full(orders.size, UNKNOWN)
    cells = np.full((len(where), orders.size), UNKNOWN)
    for number, subject in enumerate(said):
        there = [i for _, i in sorted(known.get(number, ()))]
        sent = [i for i in there if where[0, i] >= 0 and _fits(book, int(where[1, i]), subject)]
        if sent and (any(subject) or len(there) == 1):
            meant[number] = rows[sent[0]]
            cells[:, number] = where[:, sent[0]]
    return meant, cells


def _fits(book: Book, item: int, said: Subject) -> bool:
    it = Item(*book.words.items.values[item])
    return said.sku in ("", it.sku) and said.seller_id in ("", it.seller_id)


def _cells_at(book: Book, lines: Decided | None, rows: Numbers, at: Times) -> Numbers:
    """Return day, item, place, lane of lines at ``at`` (ms UTC), by the day of dispatch."""
    version = np.full(rows.size, -1) if lines is None else lines.v.all_in_force(rows, at)
    untouched = (version < 0).nonzero()[0]
    newest = stored(book.stores[Table.LINE], rows[untouched], 0, book.words)
    where = np.empty((4, rows.size), np.int64)
    where[:, untouched] = _shipped(line_cells(cast("Lines", newest.rows)))
    if lines is not None:
        touched = (version >= 0).nonzero()[0]
        where[:, touched] = _shipped(lines.cells)[:, version[touched]]
    return where


def _shipped(cells: Cells) -> Numbers:
    return np.stack([cells.cohorts[Clock.SHIPPED].day, cells.item, cells.place, cells.lane])
