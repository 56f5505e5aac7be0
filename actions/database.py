"""Opening the ledger's database: the right pragmas, the right schema, or a clear refusal."""

import importlib.util
from importlib import resources
from typing import Any, Final

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    create_engine,
    event,
    func,
    inspect,
    make_url,
    select,
    text,
)
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import StaticPool

from actions.errors import LedgerError
from actions.tables import metadata

HEAD: Final = "0006"
"""The schema this version of Andon reads and writes."""

MIGRATING: Final = 0x616E646F6E
"""The advisory lock of whoever changes the schema; any number that nobody else uses."""

BUSY_TIMEOUT_MS: Final = 30_000
"""How long a writer waits for another one (SQLite has one writer at a time)."""


def open_database(url: str) -> Engine:
    """Connect to ``url``, bring its schema to ``HEAD``; LedgerError if a newer Andon wrote it."""
    engine = _engine(url)
    with engine.execution_options(writes=True).begin() as connection:
        _migrate(connection)
    return engine


def upgrade(connection: Connection, revision: str) -> None:
    """Bring an older schema, or an empty database, to ``revision`` and no further."""
    from alembic import command  # noqa: PLC0415 - seldom needed, and slow to import
    from alembic.config import Config  # noqa: PLC0415 - as above

    config = Config()
    config.set_main_option("script_location", str(resources.files("actions") / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def schema_version(connection: Connection) -> str | None:
    """Return the revision of the schema, ``None`` for an empty database."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def missing_tables(connection: Connection) -> list[str]:
    """Return the tables that a ledger must have and this database does not, by name."""
    there = inspect(connection).get_table_names()
    return sorted(set(metadata.tables) - set(there))


def _engine(url: str) -> Engine:
    parsed = _parsed(url)
    if parsed.get_backend_name() == "postgresql":
        return create_engine(parsed)
    in_memory = parsed.database in {None, "", ":memory:"}
    options: dict[str, Any] = {"poolclass": StaticPool} if in_memory else {}
    engine = create_engine(parsed, connect_args={"check_same_thread": False}, **options)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _parsed(url: str) -> URL:
    """Return ``url`` with the driver we use; LedgerError if we have none for it."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise LedgerError(
            "a ledger's URL reads postgresql://host/name or sqlite:///path"
        ) from error
    kind = parsed.get_backend_name()
    if kind not in {"sqlite", "postgresql"}:
        raise LedgerError(f"a ledger cannot be kept in {kind}: use postgresql:// or sqlite://")
    if kind == "sqlite":
        return parsed
    if importlib.util.find_spec("psycopg") is None:
        raise LedgerError("PostgreSQL needs one more package: pip install 'andon[postgres]'")
    return parsed.set(drivername="postgresql+psycopg")


def _prepare_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401 - a driver's object
    connection.isolation_level = None  # transactions begin below, not behind our back
    for pragma in (
        f"busy_timeout = {BUSY_TIMEOUT_MS}",
        "journal_mode = WAL",
        "synchronous = NORMAL",
        "foreign_keys = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    """Writers take the lock at once: a reader that turns writer later could deadlock."""
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _migrate(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":  # several may start at once; SQLite has one writer
        connection.execute(select(func.pg_advisory_xact_lock(MIGRATING)))
    found = schema_version(connection)
    if found == HEAD:
        return
    if found is not None and found > HEAD:
        raise LedgerError(
            f"this ledger has schema {found}; this version of Andon knows none after {HEAD}: "
            "install the version that wrote it, or newer"
        )
    upgrade(connection, "head")
