"""Many rows at a time, in the fastest way each database has."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import chain, islice
from operator import itemgetter
from typing import Any, Final

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    Text,
    any_,
    bindparam,
    cast,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError

CHUNK: Final = 5_000
"""Values of one ``IN (...)``; SQLite takes 32 766."""

WORTH_A_COPY: Final = 20
"""Rows from which ``COPY`` beats single inserts, its extra round trips included."""

Rows = Iterable[Mapping[str, Any]]
"""Rows by column; all with the same columns, in the same order."""


def insert_all(connection: Connection, table: Table, rows: Rows) -> None:
    """Insert ``rows``, none of which may be there already.

    They are taken one by one while the database stores those before them, so ``rows`` must not use
    ``connection`` themselves.
    """
    coming = iter(rows)
    first = list(islice(coming, WORTH_A_COPY))
    if connection.dialect.name == "postgresql" and len(first) == WORTH_A_COPY:
        _copy(connection, table, tuple(first[0]), chain(first, coming))
    elif first:
        connection.execute(table.insert(), [*first, *coming])


def _copy(connection: Connection, table: Table, names: tuple[str, ...], rows: Rows) -> None:
    """Send rows by PostgreSQL's ``COPY``: several times as fast as inserts, same transaction.

    Raises:
        DBAPIError: The database refuses a row, or is gone; the same errors as from an insert.
    """
    columns = ", ".join(f'"{name}"' for name in names)
    statement = f'COPY "{table.name}" ({columns}) FROM STDIN'
    values = itemgetter(*names)
    driver: Any = connection.connection.driver_connection
    errors = connection.dialect.loaded_dbapi.Error
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(values(row))
    except errors as error:
        raise DBAPIError.instance(
            statement, None, error, errors, dialect=connection.dialect
        ) from error


def select_among(
    connection: Connection,
    query: Select[Any],
    column: ColumnElement[Any],
    wanted: Collection[str],
) -> Iterator[Any]:
    """Yield the rows of ``query`` whose ``column`` is one of many ``wanted`` texts.

    PostgreSQL is sent them as JSON, which costs a tenth of writing one of its arrays.
    """
    values = list(wanted)
    if not values:
        return
    if connection.dialect.name == "postgresql":
        told = bindparam("wanted", msgspec.json.encode(values).decode(), Text)
        each = select(func.jsonb_array_elements_text(cast(told, JSONB))).scalar_subquery()
        yield from connection.execute(query.where(column == any_(func.array(each))))
        return
    for start in range(0, len(values), CHUNK):
        yield from connection.execute(query.where(column.in_(values[start : start + CHUNK])))
