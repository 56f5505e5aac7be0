"""What every test shares: Hypothesis profiles, practice ids that must exist, Kafka, PostgreSQL."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from actions.testing_postgres import NoPostgres, Server
from streams.testing_kafka import Broker
from streams.testing_kafka_jars import NoKafka

PRACTICES = Path(__file__).parents[1] / "docs" / "practices.md"

settings.register_profile("local", deadline=None)
settings.register_profile(
    "ci",
    deadline=None,
    derandomize=True,
    print_blob=True,
    # Machines that share their cores are slow now and then; that is no fault of a strategy.
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("ci" if os.environ.get("CI") else "local")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse a practice marker whose id is not a row of docs/practices.md."""
    known = set(re.findall(r"^\| (\d\.\d+) \|", PRACTICES.read_text("utf-8"), re.MULTILINE))
    for item in items:
        for marker in item.iter_markers("practice"):
            if set(marker.args) - known or len(marker.args) != 1:
                message = f"{item.nodeid}: {marker.args} is not one id of docs/practices.md"
                raise pytest.UsageError(message)


@contextmanager
def _or_skipped(missing: type[Exception]) -> Iterator[None]:
    """Skip with the reason where something is ``missing`` here, but never where CI runs."""
    try:
        yield
    except missing as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))


@contextmanager
def _running_broker() -> Iterator[Broker]:
    with _or_skipped(NoKafka):
        broker = Broker()
    with broker:
        yield broker


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A real PostgreSQL for the session; who takes it away brings it back, with its data."""
    with _or_skipped(NoPostgres):
        running = Server()
    yield running
    running.close()


@pytest.fixture(scope="session")
def broker() -> Iterator[Broker]:
    """A real Kafka for the whole session; use topics of your own and never take it away."""
    with _running_broker() as running:
        yield running


@pytest.fixture(scope="session")
def second_broker() -> Iterator[Broker]:
    """The one behind ``mortal_broker``: starting one takes seconds, so tests share it."""
    with _running_broker() as running:
        yield running


@pytest.fixture
def mortal_broker(second_broker: Broker) -> Iterator[Broker]:
    """A real Kafka that this test may stop, kill and pause; use topics of your own."""
    yield second_broker
    if second_broker.is_running:
        second_broker.resume()
    second_broker.start()
