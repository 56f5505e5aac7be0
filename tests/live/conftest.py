"""Shops on a real Kafka and a real PostgreSQL, and the answer that all of them must give."""

import os
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from actions.testing import Receiver, loopback_receiver
from actions.testing_postgres import Server, new_database
from andon.simulate import simulate
from andon.simulate.story import decaf_story
from andon.testing_live import Answer, Shop, answer_to
from streams.testing_kafka import Broker

ORDERS = 400
"""Few enough that a test takes seconds, enough for every part to have something to do."""

_numbers = count(1)


@pytest.fixture(scope="session")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The week in which one SKU is taken off sale."""
    out = tmp_path_factory.mktemp("week")
    return simulate(ORDERS, 7, 1, out, story=decaf_story(1)).events_path


@pytest.fixture(scope="session")
def answer(recording: Path) -> Answer:
    """What a replay finds in it, and what is then done."""
    return answer_to(recording)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with loopback_receiver() as running:
        yield running


Open = Callable[..., Shop]


@pytest.fixture
def opened(broker: Broker, server: Server, receiver: Receiver, tmp_path: Path) -> Iterator[Open]:
    """Open a shop; its workers end with the test."""
    shops: list[Shop] = []

    def open_shop(partitions: int = 4, bootstrap: str = "") -> Shop:
        url = new_database(server.url, f"live{os.getpid()}x{next(_numbers)}")
        home = tmp_path / str(len(shops))
        home.mkdir()
        shop = Shop(bootstrap or broker.bootstrap, home, url, receiver.url, partitions)
        shops.append(shop)
        return shop

    yield open_shop
    for shop in shops:
        shop.close()
