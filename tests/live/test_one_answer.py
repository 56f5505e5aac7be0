"""One recording through one and several workers on a real Kafka: one answer, each effect once."""

from collections.abc import Callable
from pathlib import Path

import pytest

from actions.testing import Receiver
from andon.testing_live import Answer, Shop


@pytest.mark.parametrize("workers", [1, 2])
def test_workers_find_what_a_replay_finds(
    opened: Callable[..., Shop], receiver: Receiver, recording: Path, answer: Answer, workers: int
) -> None:
    shop = opened()
    shop.send(recording)
    for _ in range(workers):
        shop.worker()
    shop.settle(answer.digest)

    assert set(receiver.deliveries.values()) == {1}
    assert shop.action_ids() == answer.action_ids
    assert shop.effects() == answer.effects
    assert not receiver.refused


def test_parts_in_processes_of_their_own_find_what_a_replay_finds(
    opened: Callable[..., Shop], receiver: Receiver, recording: Path, answer: Answer
) -> None:
    shop = opened()
    shop.send(recording)
    for part in ("reader", "judge", "desk"):
        shop.worker(part, "--role", part)
    shop.settle(answer.digest)

    assert shop.action_ids() == answer.action_ids
    assert shop.effects() == answer.effects
    assert not receiver.refused
