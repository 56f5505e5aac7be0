"""The chain: every row that is written for good is bound to all rows before it.

An entry's hash is the SHA-256 of ``{"entry", "previous", "row", "table"}`` as canonical JSON
(RFC 8785, https://www.rfc-editor.org/rfc/rfc8785), where ``previous`` is the hash of the entry
before it. Entries count from 1 without a gap over all append-only tables. So nothing can be
changed, removed, put in or exchanged without breaking the chain at a place that can be named.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from heapq import merge
from operator import attrgetter
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Table, select

from actions.bulk import insert_all
from actions.tables import APPEND_ONLY, chain

BEGINNING: Final = "0" * 64
"""What the first entry takes for the hash before it."""

EXACT: Final = 2**53 - 1
"""The largest whole number that every reader of JSON keeps exactly (RFC 7493)."""

NOT_SAID: Final = frozenset({"entry", "hash", "seq"})
"""Columns beside the content of a row: its place in the chain, and the database's own count."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the ledger at its place in the chain; ``hash`` is what is stored beside it."""

    number: int
    table: str
    row: Mapping[str, Any]
    hash: str


@dataclass(frozen=True, slots=True)
class Head:
    """The newest entry: how many there are, and the hash that stands for them all."""

    number: int
    hash: str

    def __str__(self) -> str:
        return f"{self.number}:{self.hash}"


def canonical(value: Mapping[str, object]) -> bytes:
    """Return ``value`` as canonical JSON (RFC 8785); keys must be ASCII, numbers exact."""
    return msgspec.json.encode(value, order="sorted")


def _refuse_inexact(row: Mapping[str, Any]) -> None:
    """Refuse numbers that JSON writes in more than one way, or that not every reader keeps."""
    for value in row.values():
        if type(value) is str:  # most are: the others are asked no more than needed
            continue
        if (type(value) is int and abs(value) > EXACT) or type(value) is float:
            raise ValueError(f"{value!r} has no exact form in JSON")


def link(number: int, table: str, row: Mapping[str, Any], previous: str) -> str:
    """Return the hash (64 hex digits) of one entry behind the entry whose hash is ``previous``.

    The four members stand in the order of RFC 8785, which sorts them; none needs an escape.
    """
    _refuse_inexact(row)
    head, tail = f'{{"entry":{number},"previous":"{previous}","row":', f',"table":"{table}"}}'
    return sha256(b"%b%b%b" % (head.encode(), canonical(row), tail.encode())).hexdigest()


def head(connection: Connection) -> Head:
    """Return the newest entry; number 0 for an empty ledger."""
    return Head(*connection.execute(select(chain.c.entry, chain.c.hash)).one())


def append(connection: Connection, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
    """Add ``rows``, which must be new, to ``table`` and to the end of the chain.

    The caller holds the ledger's one right to write (:meth:`actions.ledger.Ledger.writing`). Rows
    are taken one by one while those before them are stored, see :func:`actions.bulk.insert_all`.
    """
    last = head(connection)
    end = _End(last.number, last.hash)
    insert_all(connection, table, end.bound(table, rows))
    if end.number > last.number:
        connection.execute(chain.update().values(entry=end.number, hash=end.hash))


@dataclass(slots=True)
class _End:
    """The end of the chain while rows are added to it."""

    number: int
    hash: str

    def bound(self, table: Table, rows: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
        """Yield ``rows`` with their place in the chain, each behind the one before it."""
        name = f"{table.name}"
        for row in rows:
            self.number += 1
            self.hash = link(self.number, name, row, self.hash)
            yield {**row, "entry": self.number, "hash": self.hash}


def entries(connection: Connection) -> Iterator[Entry]:
    """Yield what is stored for good in the order in which it was, without holding it all."""
    yield from merge(
        *(_of_table(connection, table) for table in APPEND_ONLY), key=attrgetter("number")
    )


def _of_table(connection: Connection, table: Table) -> Iterator[Entry]:
    query = select(table).order_by(table.c.entry).execution_options(yield_per=1_000)
    with connection.execute(query) as result:  # closed also where the reader stops early
        for found in result.mappings():
            row = {name: value for name, value in found.items() if name not in NOT_SAID}
            yield Entry(found["entry"], f"{table.name}", row, found["hash"])
