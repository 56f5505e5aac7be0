"""Ledgers on both databases: what holds on one must hold on the other."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from actions.ledger import Ledger
from actions.testing_postgres import Server, empty, new_database

DATABASES = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def postgres_server(server: Server) -> str:
    """The URL of the server."""
    return server.url


@pytest.fixture(scope="session")
def postgres_ledger(postgres_server: str) -> str:
    """A database with the tables of a ledger; making one for each test would take longer."""
    url = new_database(postgres_server, "ledger")
    Ledger(url).close()
    return url


@pytest.fixture
def postgres_url(postgres_ledger: str) -> str:
    """An empty ledger on PostgreSQL."""
    empty(postgres_ledger)
    return postgres_ledger


@pytest.fixture(params=DATABASES)
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A new ledger of this test's own, on each database in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/ledger.sqlite"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def open_ledger(ledger_url: str) -> Iterator[Callable[[], Ledger]]:
    """Open the test's ledger, as often as it wants."""
    opened: list[Ledger] = []

    def open_one() -> Ledger:
        opened.append(Ledger(ledger_url))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


@pytest.fixture
def ledger(open_ledger: Callable[[], Ledger]) -> Ledger:
    return open_ledger()
