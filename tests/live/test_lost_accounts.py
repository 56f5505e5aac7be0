"""Accounts that the broker lost although it had acknowledged them: told again, the same answer."""

import asyncio
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from kafka import KafkaProducer

from actions.testing import Receiver
from andon.testing_live import Answer, Shop, wait_for
from andon.testing_live_faults import begun
from streams.reaching import administering
from streams.recordings import find
from streams.sending import Batches, Outgoing, Record, routes
from streams.tailing import Stored, newest
from streams.topics import create, topics

CLOCK_EVERY = 100
"""Events between clocks: few, so that the first half of the recording is told of."""


def records_of(shop: Shop, recording: Path, scratch: Path) -> list[Record]:
    outgoing = Outgoing(routes(shop.bootstrap, shop.names), lambda _done, _of: None, CLOCK_EVERY)
    return list(outgoing.recorded(find([recording], scratch), scratch))


def write(shop: Shop, records: Sequence[Record]) -> None:
    async def all_of_them() -> None:
        producer = AIOKafkaProducer(bootstrap_servers=shop.bootstrap)
        await producer.start()
        batches = Batches(producer)
        for record in records:
            await batches.write(record)
        await batches.flush()
        await producer.stop()

    asyncio.run(all_of_them())


def accounts(shop: Shop) -> list[Stored]:
    return newest(shop.bootstrap, [shop.names.observations])


def lose(shop: Shop, kept: Sequence[Stored]) -> None:
    """Make the topic of accounts anew, with ``kept`` of them in it."""
    name = shop.names.observations
    with administering(shop.bootstrap) as admin:
        admin.delete_topics([name])
    wait_for(
        lambda: name in create(shop.bootstrap, topics(shop.names, shop.partitions)), shop.explained
    )
    with closing(KafkaProducer(bootstrap_servers=shop.bootstrap)) as producer:
        for one in kept:
            producer.send(name, one.value, partition=0, headers=list(one.headers)).get(timeout=30)


def quiet(shop: Shop) -> int:
    """Wait until nothing more is told; return how many accounts there are."""
    told = -1
    while told != (now := len(accounts(shop))):
        told = now
        time.sleep(1.5)
    return told


@pytest.mark.parametrize("kept", [0.5, 0.0], ids=["half of them", "all of them"])
def test_accounts_that_are_lost_are_told_again_by_workers_that_had_gone_on(  # noqa: PLR0913, PLR0917 - one fixture for each system
    opened: Callable[..., Shop],
    recording: Path,
    receiver: Receiver,
    answer: Answer,
    tmp_path: Path,
    kept: float,
) -> None:
    shop = opened()
    records = records_of(shop, recording, tmp_path)
    write(shop, records[: len(records) // 2])
    before = shop.worker("one")
    begun(shop)
    told = quiet(shop)
    assert before.stop() == 0
    lose(shop, accounts(shop)[: int(told * kept)])
    shutil.rmtree(shop.snapshots / "judge")
    write(shop, records[len(records) // 2 :])
    after = shop.worker("one")
    shop.settle(answer.digest)

    assert "accounts are missing, they are asked for again" in after.said
    assert "accounts were lost: they are told again" in after.said
    assert (shop.action_ids(), shop.effects()) == (answer.action_ids, answer.effects)
    assert set(answer.effects) <= receiver.effects.keys()
    wait_for(after.is_ready, shop.explained)
    assert "andon_judge_gaps 0.0" in after.get("/metrics")[1]
