"""The one judge of a shop, on whichever worker has the topic of observations."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import structlog
from aiokafka import (
    AIOKafkaConsumer,
    ConsumerRebalanceListener,
    ConsumerRecord,
    TopicPartition,
)
from mode import Service

from actions.tracing import span
from schemas.times import NEVER
from streams.accounts import AccountError, VersionError
from streams.embedded import wall_clock
from streams.found import Found, encode_found
from streams.group import CATALOGUE
from streams.joining import member_of
from streams.judging import Gap, Judged, Mismatch, Seat
from streams.keeping import Keeper, Kept
from streams.live_deciding import letter_of
from streams.live_settings import POLL_MS, LiveSettings
from streams.outlet import Outlet
from streams.snapshots import Loaded
from streams.tracing import Origins, trace_headers
from streams.wire import again_record, dead_letter_record

NAME: Final = "judge"
CHANGES: Final = 500
MOST_RECORDS: Final = 500

_log = structlog.get_logger("andon")


@dataclass(slots=True)
class JudgeStatus:
    """How the judging fares, for health and metrics."""

    is_judge: bool = False
    """Whether this worker has the seat."""
    lag: int = 0
    clock: int = 0
    """Everything before was judged, ms UTC."""
    repeated: int = 0
    gaps: int = 0
    """Partitions that left something out and have not told it again yet."""
    asked: int = 0
    """How often a partition was asked to tell again what was lost."""
    started_over: int = 0
    """How often it forgot everything and heard the log from its beginning."""
    letters: int = 0
    """Records that were no accounts."""
    progress_at: int = 0
    """When it last told the desk how far it is, ms UTC."""


class JudgeService(Service, ConsumerRebalanceListener):  # type: ignore[misc]  # it has no types
    """Hears accounts in the order of their topic."""

    def __init__(
        self,
        settings: LiveSettings,
        outlet: Outlet,
        keeper: Keeper,
        make: Callable[[], Seat],
    ) -> None:
        """Hear nothing before the service is started; ``make`` returns an empty seat."""
        super().__init__()
        self.status = JudgeStatus()
        self._settings = settings
        self._outlet = outlet
        self._keeper = keeper
        self._make = make
        self._seat: Seat | None = None
        self._origins = Origins()
        self._where = TopicPartition(settings.names.observations, 0)
        self._offset = 0
        self._is_anew = False
        """Whether the seat was not restored: it heard the log from its beginning."""
        self._asked: set[Gap] = set()
        """What was asked for and is not told yet."""
        self._told = (-1, False)
        self._is_whole = True
        """Whether all that the seat decided was told; not while it is, nor after that failed."""
        self._busy = asyncio.Lock()
        self._consumer: AIOKafkaConsumer | None = None

    @property
    def kept(self) -> Kept:
        """How its snapshots fare."""
        return self._keeper.told

    async def on_start(self) -> None:
        """Join the group of those who could judge."""
        await self._outlet.start()
        consumer = self._consumer = member_of(self._settings, "judge", 8 << 20)
        await consumer.start()
        consumer.subscribe([self._where.topic], listener=self)

    async def on_stop(self) -> None:
        """Keep the state, leave the group."""
        consumer, self._consumer = self._consumer, None
        if consumer is None:
            return
        try:
            async with self._busy:
                await self._keep()
        finally:
            await consumer.stop()
            await self._outlet.stop()

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Keep the state; somebody else judges."""
        if not list(revoked):
            return
        async with self._busy:
            await self._keep()
            self._seat, self.status.is_judge = None, False

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Take the seat where it was left."""
        if self._where not in set(assigned) or self._consumer is None:
            return
        async with self._busy:
            loaded = await asyncio.to_thread(self._keeper.load, NAME)
            self._sit(loaded)
            self._consumer.seek(self._where, self._offset)
            self.status.is_judge = True
            _log.info("judging", offset=self._offset)

    def _sit(self, loaded: Loaded | None) -> None:
        self._seat = loaded.state if loaded else self._make()
        self._offset = int(loaded.header["offset"]) if loaded else 0
        self._is_anew = loaded is None
        self._asked.clear()
        self._told = (-1, False)
        self._origins.clear()

    @Service.task
    async def _judge(self) -> None:
        while not self.should_stop and self._consumer is not None:
            records = await self._consumer.getmany(timeout_ms=POLL_MS, max_records=MOST_RECORDS)
            async with self._busy:
                if self._consumer is None:
                    return
                if self._seat is None:
                    continue
                self._is_whole = False
                for some in records.values():
                    await self._hear_all(self._seat, some)
                    highwater = self._consumer.highwater(self._where) or 0
                    self.status.lag = max(0, highwater - self._offset)
                await self._decide(self._seat, has_news=bool(records))
                await self._ask(self._seat)
                self._is_whole = True
                await self._keep_if_due(self._seat)

    async def _hear_all(self, seat: Seat, records: Iterable[ConsumerRecord]) -> None:
        """Hear accounts in their order, also those of a log that goes back to before what is known.

        The seat goes by recorded time and not by offsets: what it heard before it passes over.
        """
        for record in records:
            seat.is_from_beginning |= record.offset == 0
            self._offset = record.offset + 1
            try:
                hear(seat, record.value or b"", record.headers, self._origins)
            except VersionError:
                raise
            except AccountError as error:
                await self._bury(record, error)
            except Mismatch as error:
                self._start_over(error)
                return

    async def _bury(self, record: ConsumerRecord, why: AccountError) -> None:
        """Put aside what is no account; if it was one, its partition leaves a gap."""
        self.status.letters += 1
        letter = letter_of(record, record.headers or (), str(why))
        _log.warning("no account", at=letter.id, reason=letter.reason)
        headers, value = dead_letter_record(letter)
        await self._outlet.send(self._settings.names.dead_letters, value, headers=headers)

    def _start_over(self, why: Mismatch) -> None:
        """Forget everything and hear the log from its beginning; raise ``why`` if that was done."""
        if self._is_anew or self._consumer is None:
            raise why
        _log.warning("judging starts over from the beginning of the log", reason=str(why))
        self.status.started_over += 1
        self._sit(None)
        self._consumer.seek(self._where, 0)

    async def _ask(self, seat: Seat) -> None:
        """Ask for what partitions left out, once each, when there is nothing more to hear.

        What the seat knows is sound, and hearing the same log again would end at the same gap: who
        can close it is the reader of that partition.
        """
        gaps = set(seat.gaps.values())
        self.status.gaps = len(gaps)
        self._asked &= gaps
        if self._consumer is None or self._offset != self._consumer.highwater(self._where):
            return
        for gap in sorted(gaps - self._asked):
            _log.warning("accounts are missing, they are asked for again", reason=str(gap))
            headers, value = again_record(gap.since)
            topic, partition = self._reader_of(gap.partition)
            await self._outlet.send(topic, value, partition=partition, headers=headers)
            self.status.asked += 1
        self._asked = gaps

    def _reader_of(self, partition: int) -> tuple[str, int]:
        """Return topic and partition in which whoever reads ``partition`` sees what is asked."""
        names = self._settings.names
        return (names.catalogue, 0) if partition == CATALOGUE else (names.events, partition)

    async def _decide(self, seat: Seat, *, has_news: bool) -> None:
        if has_news:
            await judge(seat, self._origins, lambda judged: self._publish(seat, judged))
        else:
            await self._publish(seat, seat.decide())

    async def _publish(self, seat: Seat, judged: Judged) -> None:
        told = (judged.clock, seat.is_end)
        if told == self._told and not judged.changes and not judged.said:
            return
        await tell(judged, self._outlet, self._settings.names.problems, is_end=seat.is_end)
        self._told = told
        self.status.clock, self.status.repeated = seat.clock, seat.repeated
        self.status.progress_at = wall_clock()

    async def _keep_if_due(self, seat: Seat) -> None:
        if self._keeper.due([NAME]) is None:
            return
        await self._outlet.flush()
        self._keeper.begin(NAME, {"offset": self._offset, "clock": seat.clock}, seat)

    async def _keep(self) -> None:
        if self._seat is None or not self._is_whole:
            return
        await self._outlet.flush()
        header = {"offset": self._offset, "clock": self._seat.clock}
        await asyncio.to_thread(self._keeper.save, NAME, header, self._seat)


def hear(
    seat: Seat, data: bytes, headers: Iterable[tuple[str, bytes]] | None, origins: Origins
) -> None:
    """Take in a record of accounts, and remember where it comes from until it is judged."""
    if seat.hear(data):
        origins.note(headers, last=max(seat.heard.values()))


async def judge(seat: Seat, origins: Origins, publish: Callable[[Judged], Awaitable[None]]) -> None:
    """Judge what all partitions have passed, in a span linked to the steps that told of it."""
    with span("andon.judge", origins=origins.between(0, NEVER)) as step:
        judged = seat.decide()
        step.set_attributes({"andon.changes": len(judged.changes), "andon.until": judged.clock})
        await publish(judged)
    origins.forget(judged.clock)


async def tell(judged: Judged, outlet: Outlet, topic: str, *, is_end: bool) -> None:
    """Tell whoever decides, in ``topic``."""
    for found in founds(judged, is_end=is_end):
        await outlet.send(topic, encode_found(found), headers=trace_headers())


def founds(judged: Judged, *, is_end: bool) -> Iterator[Found]:
    """Yield what was decided as records; only the last of them says how far it is."""
    changes, said = judged.changes, judged.said
    size = max(len(changes), len(said), 1)
    for start in range(0, size, CHANGES):
        is_last = start + CHANGES >= size
        yield Found(
            clock=judged.clock if is_last else 0,
            is_end=is_end and is_last,
            changes=tuple(changes[start : start + CHANGES]),
            events=tuple(said[start : start + CHANGES]),
            orders=judged.orders if is_last else 0,
        )
