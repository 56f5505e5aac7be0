"""Decides and acts, on whichever worker has the topic of problems.

Beside Faust like the reader: in one of three runs a second worker that joined left Faust's consumer
without its partition for good (docs/adr/0004), and what it reads must never be left lying.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Final

import structlog
from aiokafka import (
    AIOKafkaConsumer,
    ConsumerRebalanceListener,
    ConsumerRecord,
    TopicPartition,
)
from aiokafka.errors import KafkaError
from mode import Service

from schemas.codec import encode
from schemas.events import Event
from streams.addresses import key_of
from streams.embedded import wall_clock
from streams.found import BadRecord
from streams.joining import member_of
from streams.live_desk import LiveDesk
from streams.live_settings import POLL_MS, LiveSettings
from streams.outlet import Outlet
from streams.wire import DeadLetter, dead_letter_record

MOST_RECORDS: Final = 500
TICK_S: Final = 0.5
"""How often whoever has the desk looks at the clock, at people's wishes and at what is due."""

Speak = Callable[[int], list[tuple[int, Event]]]
"""What people said behind a number that is an event, oldest first, each with its number."""


def nobody_speaks(_number: int) -> list[tuple[int, Event]]:
    """Say nothing: there is no ledger in which people speak."""
    return []


_log = structlog.get_logger("andon")


class DeskService(Service, ConsumerRebalanceListener):  # type: ignore[misc]  # it has no types
    """Reads problems, and counts as read what has been decided: the rest is read again."""

    def __init__(
        self,
        settings: LiveSettings,
        outlet: Outlet,
        desk: LiveDesk[int],
        speak: Speak = nobody_speaks,
    ) -> None:
        """Read nothing before the service is started.

        What people have said that the judge must hear is asked of ``speak``, behind a number.
        """
        super().__init__()
        self.desk = desk
        self.is_desk = False
        """Whether this worker has the topic of problems."""
        self.ticked_at = 0
        """When it last looked at the clock, ms UTC."""
        self._settings = settings
        self._outlet = outlet
        self._where = TopicPartition(settings.names.problems, 0)
        self._speak = speak
        self._spoken = 0
        self._busy = asyncio.Lock()
        self._consumer: AIOKafkaConsumer | None = None

    async def on_start(self) -> None:
        """Join the group of those who could decide."""
        await self._outlet.start()
        consumer = self._consumer = member_of(self._settings, "desk", 1 << 20)
        await consumer.start()
        consumer.subscribe([self._where.topic], listener=self)

    async def on_stop(self) -> None:
        """Leave the group; what waits is read again by whoever comes next."""
        consumer, self._consumer = self._consumer, None
        if consumer is None:
            return
        async with self._busy:
            self.is_desk = False
        await consumer.stop()
        await self._outlet.stop()

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Forget what waits: somebody else reads it again."""
        async with self._busy:
            if self._where in set(revoked):
                self.is_desk = False
                self.desk.reset()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Go on with the oldest record that is not done with."""
        async with self._busy:
            self.is_desk = self._where in set(assigned)
            self.desk.reset()
            self._spoken = 0  # what was said before is said again: the judge knows it
            if self.is_desk:
                _log.info("deciding")

    @Service.task
    async def _decide(self) -> None:
        while not self.should_stop and self._consumer is not None:
            records = await self._consumer.getmany(timeout_ms=POLL_MS, max_records=MOST_RECORDS)
            async with self._busy:
                if self._consumer is None:
                    return
                for some in records.values():
                    await self._offer(some)
                if self.is_desk:
                    await self._commit(await self.desk.decide())

    async def _offer(self, records: Iterable[ConsumerRecord]) -> None:
        for record in records:
            try:
                self.desk.offer(record.value, record.offset, record.headers)
            except BadRecord as error:
                await self.bury(letter_of(record, record.headers or (), str(error)))

    async def _commit(self, done: list[int]) -> None:
        if not done or self._consumer is None:
            return
        try:
            await self._consumer.commit({self._where: done[-1] + 1})
        except KafkaError as error:
            _log.info("what was decided may be read again", error=repr(error))

    @Service.task
    async def _look_at_clock(self) -> None:
        while not self.should_stop:
            performed = self.is_desk and await asyncio.to_thread(self.desk.tick)
            if self.is_desk:
                await self._pass_on()
            self.ticked_at = wall_clock()
            await asyncio.sleep(0.0 if performed else TICK_S)

    async def _pass_on(self) -> None:
        """Put what people have said into the catalogue, for the judge."""
        topic = self._settings.names.catalogue
        for number, event in await asyncio.to_thread(self._speak, self._spoken):
            await self._outlet.send(topic, encode(event), key=key_of(event).encode())
            await self._outlet.flush()
            self._spoken = number

    async def bury(self, letter: DeadLetter) -> None:
        """Put a record aside that says nothing sensible; return when it is there."""
        headers, value = dead_letter_record(letter)
        await self._outlet.send(self._settings.names.dead_letters, value, headers=headers)
        await self._outlet.flush()


def letter_of(record: ConsumerRecord, headers: Iterable[tuple[str, bytes]], why: str) -> DeadLetter:
    """Return the dead letter that a record, whose ``headers`` are pairs, becomes."""
    where = (record.topic, record.partition, record.offset)
    return DeadLetter(*where, why, "$", record.key, record.value, tuple(headers))
