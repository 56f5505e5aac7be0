"""The judge on a real Kafka: what it does about accounts that are missing or foreign or none."""

import asyncio
import os
import time
from collections.abc import Callable
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Final

import pytest
from kafka import KafkaProducer

from detectors.journeys.vocabulary import Vocabulary
from schemas.times import HOUR, ms
from streams.accounts import Telling, encoded
from streams.engine import HORIZON, RULES
from streams.judging import Mismatch, Seat
from streams.keeping import Keeper
from streams.live import Work
from streams.live_judge import JudgeService
from streams.live_settings import LiveSettings
from streams.outlet import Outlet
from streams.reaching import administering
from streams.snapshots import Settings, Snapshots
from streams.tailing import Stored, newest
from streams.testing_kafka import Broker
from streams.topics import Names, create, topics
from streams.wire import again_of, dead_letter_of

T: Final = 490_000 * HOUR
"""An end of a period, ms UTC."""

PATIENCE_S: Final = 60.0
_numbers = count(1)


@pytest.fixture
def settings(broker: Broker) -> LiveSettings:
    """Topics of this test's own."""
    names = Names(f"judge{os.getpid()}x{next(_numbers)}")
    create(broker.bootstrap, topics(names, 2))
    return LiveSettings(broker.bootstrap, names=names)


def an_account(partition: int, since: int, until: int, of: int = 1) -> bytes:
    [data] = encoded(
        Telling(
            partition=partition, of=of, since=since, until=until, offsets={}, words=Vocabulary()
        )
    )
    return data


def write(settings: LiveSettings, *accounts: bytes) -> None:
    with closing(KafkaProducer(bootstrap_servers=settings.bootstrap)) as producer:
        for data in accounts:
            producer.send(settings.names.observations, data, partition=0).get(timeout=30)


def written_anew(settings: LiveSettings, *accounts: bytes) -> None:
    """Lose the topic of accounts, and make another one with ``accounts`` in it."""
    name = settings.names.observations
    with administering(settings.bootstrap) as admin:
        admin.delete_topics([name])
    until = time.monotonic() + PATIENCE_S
    while name not in create(settings.bootstrap, topics(settings.names, 2)):
        assert time.monotonic() < until
        time.sleep(0.2)
    write(settings, *accounts)


def a_judge(settings: LiveSettings, where: Path) -> JudgeService:
    keeper = Keeper(Snapshots(where), "same", Settings(rules=RULES))
    outlet = Outlet(settings.bootstrap, "judge")
    return JudgeService(settings, outlet, keeper, lambda: Seat(RULES, ms(HORIZON)))


def judged(judge: JudgeService, enough: Callable[[], bool]) -> BaseException | None:
    """Let ``judge`` hear until ``enough`` holds or it breaks off; return what broke it off."""

    async def hear() -> BaseException | None:
        await judge.start()
        until = time.monotonic() + PATIENCE_S
        while not enough() and judge.crash_reason is None:
            assert time.monotonic() < until, judge.status
            await asyncio.sleep(0.05)
        await judge.stop()
        return judge.crash_reason

    return asyncio.run(hear())


def asked(settings: LiveSettings) -> list[tuple[str, int, int | None]]:
    """Return where the judge asked, and since when."""
    inputs = [settings.names.events, settings.names.catalogue]
    records: list[Stored] = newest(settings.bootstrap, inputs)
    return [(one.topic, one.partition, again_of(one.headers)) for one in records]


def test_what_a_partition_left_out_is_asked_for_once_where_its_reader_reads(
    settings: LiveSettings, tmp_path: Path
) -> None:
    write(settings, an_account(0, 0, T), an_account(0, T + 5, T + 9), an_account(-1, 7, T))
    judge = a_judge(settings, tmp_path)
    more = iter(range(3))

    def enough() -> bool:
        """Tell more behind the gap once it was asked for, and see whether that is heard."""
        if judge.status.asked == 2 and next(more, None) is not None:
            write(settings, an_account(0, T + 9, T + HOUR), b"no account")
        return judge.status.letters == 3

    broken = judged(judge, enough)

    assert broken is None
    names = settings.names
    assert asked(settings) == [(names.catalogue, 0, 0), (names.events, 0, T)]
    assert (judge.status.gaps, judge.status.asked, judge.status.clock) == (2, 2, 0)


def test_a_gap_is_closed_by_who_tells_again_and_nothing_is_asked_for_by_the_next_judge(
    settings: LiveSettings, tmp_path: Path
) -> None:
    write(settings, an_account(0, 0, T), an_account(-1, 0, T + HOUR), an_account(0, T + 5, T + 9))
    first = a_judge(settings, tmp_path)
    judged(first, lambda: first.status.asked == 1)
    write(settings, an_account(0, 0, T + 5), an_account(0, T + 5, T + 9))
    second = a_judge(settings, tmp_path)
    judged(second, lambda: second.status.clock == T + 9)

    assert (first.status.clock, second.status.asked, second.status.gaps) == (T, 0, 0)


def test_a_log_that_was_made_anew_is_heard_by_whoever_knew_the_one_before(
    settings: LiveSettings, tmp_path: Path
) -> None:
    write(settings, *(an_account(0, 0, T + i) for i in range(9)), an_account(-1, 0, T + HOUR))
    first = a_judge(settings, tmp_path)
    judged(first, lambda: first.status.clock == T + 8)
    written_anew(settings, an_account(0, T + 8, T + 20))
    second = a_judge(settings, tmp_path)
    judged(second, lambda: second.status.clock == T + 20)

    assert second.status.asked == 0


def test_what_is_no_account_is_put_aside(settings: LiveSettings, tmp_path: Path) -> None:
    write(settings, an_account(0, 0, T), b"no account", an_account(-1, 0, T))
    judge = a_judge(settings, tmp_path)
    broken = judged(judge, lambda: judge.status.clock == T)
    [stored] = newest(settings.bootstrap, [settings.names.dead_letters])
    letter = dead_letter_of(stored.headers, stored.key, stored.value)

    assert (broken, judge.status.letters) == (None, 1)
    assert letter is not None
    assert (letter.topic, letter.offset) == (settings.names.observations, 1)
    assert letter.value == b"no account"


def test_a_judge_of_another_number_of_partitions_starts_over(
    settings: LiveSettings, tmp_path: Path
) -> None:
    write(settings, *(an_account(one, 0, T, of=3) for one in (-1, 0, 1, 2)))
    first = a_judge(settings, tmp_path)
    judged(first, lambda: first.status.clock == T)
    written_anew(settings, an_account(0, 0, T + 5), an_account(-1, 0, T + 9))
    second = a_judge(settings, tmp_path)
    broken = judged(second, lambda: second.status.clock == T + 5)

    assert (broken, second.status.started_over) == (None, 1)


def test_a_log_of_several_numbers_of_partitions_ends_the_judge(
    settings: LiveSettings, tmp_path: Path
) -> None:
    write(
        settings, an_account(0, 0, T, of=2), an_account(1, 0, T, of=2), an_account(-1, 0, T, of=2)
    )
    first = a_judge(settings, tmp_path)
    judged(first, lambda: first.status.clock == T)
    write(settings, an_account(0, T, T + 5, of=4))
    second = a_judge(settings, tmp_path)
    broken = judged(second, lambda: False)

    assert second.status.started_over == 1
    assert isinstance(broken, Mismatch)
    assert "one of 4 partitions among those of 2" in str(broken)


def test_a_judge_that_waits_for_what_was_lost_is_alive_and_not_ready(
    settings: LiveSettings, tmp_path: Path
) -> None:
    judge = a_judge(settings, tmp_path)
    work = Work(settings, Outlet(settings.bootstrap, "judge"), judge=judge)
    judge.status.is_judge, judge.status.lag, judge.status.gaps = True, 3, 2

    assert work.troubles() == []
    assert work.not_yet() == ["judge: 2 partitions tell again what was lost of their accounts"]
    judge.status.gaps = 0
    assert work.troubles() == ["judge: 3 accounts wait and nothing was judged"]
