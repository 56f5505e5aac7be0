"""Whatever is taken away in the middle: it catches up, the same answer, nothing twice or lost."""

import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from actions.testing import Receiver
from actions.testing_postgres import Server
from andon.testing_live import Answer, Shop, wait_for
from andon.testing_live_faults import begun, kill_again_and_again
from streams.testing_kafka import Broker

Open = Callable[..., Shop]
AWAY_S = 4.0


@pytest.fixture
def shop(opened: Open, recording: Path) -> Shop:
    """A shop of four partitions whose recording waits to be read."""
    shop = opened()
    shop.send(recording)
    return shop


def settled(shop: Shop, receiver: Receiver, answer: Answer) -> None:
    """Wait for the answer, and see that each effect came, once by its id, and no other."""
    shop.settle(answer.digest)
    assert shop.action_ids() == answer.action_ids
    assert shop.effects() == answer.effects
    assert set(answer.effects) <= receiver.effects.keys()


@pytest.mark.slow
def test_workers_killed_twenty_times_change_nothing(
    opened: Open, recording: Path, receiver: Receiver, answer: Answer
) -> None:
    shop, dice = opened(), random.Random(5)  # noqa: S311 - when to kill, no secret
    shop.worker("one")
    shop.worker("two")
    kill_again_and_again(shop, recording, 20, dice, 20)

    settled(shop, receiver, answer)


def test_a_worker_that_was_away_longer_than_its_session_does_no_harm_when_it_returns(
    shop: Shop, receiver: Receiver, answer: Answer
) -> None:
    paused = shop.worker("one")
    begun(shop)
    paused.pause()
    shop.worker("two")
    time.sleep(AWAY_S + 6)
    paused.resume()

    settled(shop, receiver, answer)


def test_a_second_worker_takes_partitions_over_in_the_middle(
    shop: Shop, receiver: Receiver, answer: Answer
) -> None:
    shop.worker("one")
    begun(shop)
    shop.worker("two")

    settled(shop, receiver, answer)


def test_a_ledger_that_goes_away_is_waited_for(
    shop: Shop, receiver: Receiver, answer: Answer, server: Server
) -> None:
    shop.worker("one")
    begun(shop)
    server.stop()
    time.sleep(AWAY_S)
    server.start()

    settled(shop, receiver, answer)


def test_a_broker_that_goes_away_is_waited_for(
    opened: Open, recording: Path, receiver: Receiver, answer: Answer, mortal_broker: Broker
) -> None:
    shop = opened(bootstrap=mortal_broker.bootstrap)
    shop.send(recording)
    shop.worker("one")
    begun(shop)
    mortal_broker.stop()
    time.sleep(AWAY_S)
    mortal_broker.start()

    settled(shop, receiver, answer)


def test_a_snapshot_store_that_refuses_costs_time_and_nothing_else(
    shop: Shop, receiver: Receiver, answer: Answer
) -> None:
    shop.snapshots.mkdir()
    (shop.snapshots / "partition-0").write_text("a file where a folder should be")
    worker = shop.worker("one")
    settled(shop, receiver, answer)

    assert worker.stop() == 0
    assert "snapshot not written" in worker.said


def test_a_truncated_snapshot_is_passed_over_for_the_one_before(
    shop: Shop, receiver: Receiver, answer: Answer
) -> None:
    worker = shop.worker("one")
    settled(shop, receiver, answer)
    assert worker.stop() == 0
    newest = max(shop.snapshots.glob("partition-1/*.json"))
    newest.write_bytes(newest.read_bytes()[:100])
    again = shop.worker("one")
    wait_for(again.is_ready, shop.explained)

    assert "snapshot passed over" in again.said
    settled(shop, receiver, answer)


def test_a_poison_record_is_put_aside_and_the_stream_goes_on(
    shop: Shop, receiver: Receiver, answer: Answer
) -> None:
    shop.poison(b"{not json")
    worker = shop.worker("one")
    settled(shop, receiver, answer)

    [letter] = shop.dead_letters()
    assert letter.value == b"{not json"
    assert worker.get("/readyz") == (200, "ok\n")
