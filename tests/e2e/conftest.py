"""A shop with the shipped playbook, its ledger, and the system of its own that is asked to act."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from actions.ledger import Ledger
from actions.playbook import load_playbook
from actions.testing import Receiver, loopback_receiver
from andon.testing_shop import Shop


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    book = Ledger(f"sqlite:///{tmp_path}/ledger.sqlite")
    yield book
    book.close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with loopback_receiver() as found:
        yield found
        assert not found.refused


@pytest.fixture
def shop(ledger: Ledger, receiver: Receiver) -> Shop:
    return Shop(ledger, receiver, load_playbook())
