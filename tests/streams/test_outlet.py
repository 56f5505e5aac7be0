"""What was not written stays not written: nothing behind it counts as done."""

import asyncio

import pytest

from streams.embedded import wall_clock
from streams.outlet import LARGEST, NotDelivered, Outlet
from streams.testing_kafka import Broker
from streams.topics import Topic, create

SMALL, LARGE = b"x", b"x" * 5_000
HOUR_MS = 3_600_000


@pytest.fixture(scope="module")
def narrow(broker: Broker) -> str:
    """A topic that takes no record beyond a thousand bytes, and stamps what it takes."""
    settings = {"max.message.bytes": "1000", "message.timestamp.type": "LogAppendTime"}
    create(broker.bootstrap, [Topic("narrow", 3, settings, "of a test")])
    return "narrow"


async def try_to_send(outlet: Outlet, topic: str, *values: bytes) -> list[str]:
    """Send one after the other; return what went wrong, and with the flushes behind each."""
    wrong: list[str] = []
    for value in values:
        try:
            await outlet.send(topic, value)
            await outlet.flush()
        except NotDelivered as error:
            wrong.append(str(error))
        else:
            wrong.append("")
    return wrong


async def opened(broker: Broker) -> Outlet:
    outlet = Outlet(broker.bootstrap, "a test")
    await outlet.start()
    return outlet


def test_what_was_flushed_is_written_and_the_brokers_clock_is_known(
    broker: Broker, narrow: str
) -> None:
    async def run() -> tuple[list[str], int | None, int]:
        outlet = await opened(broker)
        wrong = await try_to_send(outlet, narrow, SMALL, SMALL)
        count = await outlet.partitions(narrow)
        await outlet.stop()
        return wrong, outlet.clock_offset_ms, count

    wrong, offset, count = asyncio.run(run())

    assert (wrong, count) == (["", ""], 3)
    assert offset is not None
    assert abs(offset) < HOUR_MS < wall_clock()


@pytest.mark.parametrize("refused", [LARGE, b"x" * (LARGEST + 1)], ids=["broker", "client"])
def test_after_a_record_that_was_refused_no_flush_succeeds(
    broker: Broker, narrow: str, refused: bytes
) -> None:
    async def run() -> list[str]:
        outlet = await opened(broker)
        wrong = await try_to_send(outlet, narrow, SMALL, refused, SMALL)
        for _ in range(2):
            with pytest.raises(NotDelivered):
                await outlet.flush()
        await outlet.stop()
        return wrong

    first, second, third = asyncio.run(run())

    assert first == ""
    assert "Kafka did not take a record" in second
    assert third == second


def test_an_outlet_that_was_started_anew_has_nothing_to_make_good(
    broker: Broker, narrow: str
) -> None:
    async def run() -> list[str]:
        outlet = await opened(broker)
        await try_to_send(outlet, narrow, LARGE)
        await outlet.stop()
        await outlet.start()
        wrong = await try_to_send(outlet, narrow, SMALL)
        await outlet.stop()
        return wrong

    assert asyncio.run(run()) == [""]


def test_nothing_is_sent_before_the_start_or_after_the_stop() -> None:
    outlet = Outlet("127.0.0.1:1", "a test")

    async def run() -> None:
        await outlet.stop()
        with pytest.raises(NotDelivered, match="not connected"):
            await outlet.send("anywhere", SMALL)
        with pytest.raises(NotDelivered, match="not connected"):
            await outlet.partitions("anywhere")

    asyncio.run(run())
