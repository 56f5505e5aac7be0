"""A ledger is created, brought to the newest schema, or refused in plain words."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from actions import database
from actions.database import HEAD, open_database, schema_version
from actions.errors import LedgerError
from actions.ledger import Ledger
from actions.tables import metadata

MIGRATIONS = Path(database.__file__).parent / "migrations"


def test_the_migrations_make_the_tables_that_the_code_uses() -> None:
    engine = open_database("sqlite://")
    with engine.connect() as connection:
        difference = compare_metadata(MigrationContext.configure(connection), metadata)
        version = schema_version(connection)
    engine.dispose()

    assert difference == []
    assert version == HEAD


def test_the_newest_migration_is_the_one_the_code_asks_for() -> None:
    assert ScriptDirectory(MIGRATIONS).get_current_head() == HEAD


def test_a_ledger_opens_again_as_it_was(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ledger.sqlite"
    for _ in range(2):
        ledger = Ledger(url)
        with ledger.reading() as connection:
            pragmas = {
                name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            }
        ledger.close()

    assert pragmas == {
        "journal_mode": "wal",
        "synchronous": 1,
        "foreign_keys": 1,
        "busy_timeout": 30_000,
    }


def test_a_ledger_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ledger.sqlite"
    ledger = Ledger(url)
    with ledger.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    ledger.close()

    with pytest.raises(LedgerError, match=r"schema 9999.*install the version that wrote it"):
        Ledger(url)


def test_a_reader_sees_the_ledger_while_somebody_writes(tmp_path: Path) -> None:
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.sqlite")
    with ledger.writing():
        found = ledger.problems()
    ledger.close()

    assert found == []
