"""Reads the input in batches, decides on it by partition, and tells judge and desk.

Beside Faust, whose path for single records is eighty times slower (see docs/adr/0004): a service in
the Faust app with a consumer group of its own.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
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

from actions.tracing import span
from streams.accounts import encoded
from streams.embedded import wall_clock
from streams.group import CATALOGUE, Group
from streams.joining import member_of
from streams.keeping import Keeper, Kept
from streams.live_settings import POLL_MS, LiveSettings
from streams.outlet import Outlet
from streams.partition import Partition
from streams.snapshots import Loaded
from streams.tracing import trace_headers
from streams.wire import DeadLetter, dead_letter_record

MOST_RECORDS: Final = 20_000
"""Records taken in at a time."""

MANY: Final = 60_000
"""Events that may wait in all groups together before they are decided on."""

SETTLE_S: Final = 0.25
"""How long events wait for others when the log has been read to its end."""

PAUSE_S: Final = 1.0
"""A worker that stood still longer does not believe what it was told of ends meanwhile."""

_log = structlog.get_logger("andon")


@dataclass(slots=True)
class ReaderStatus:
    """How the reading fares, for health and metrics."""

    assigned: int = 0
    lag: int = 0
    """Records that are there and not read yet."""
    decided: int = 0
    """Smallest moment (ms UTC) decided up to."""
    events: int = 0
    letters: int = 0
    told_again: int = 0
    """How often a partition told the judge again what was lost on the way to it."""
    late: int = 0
    doubts: Counter[str] = field(default_factory=Counter)
    """How many facts were not taken as they came, by why."""
    progress_at: int = 0
    """When something was last decided, ms UTC."""
    is_restoring: bool = True


class Reader(Service, ConsumerRebalanceListener):  # type: ignore[misc]  # it has no types
    """The partitions of this worker."""

    def __init__(
        self,
        settings: LiveSettings,
        outlet: Outlet,
        keeper: Keeper,
        make: Callable[[], Partition],
    ) -> None:
        """Read nothing before the service is started; ``make`` returns an empty partition."""
        super().__init__()
        self.status = ReaderStatus()
        self._settings = settings
        self._outlet = outlet
        self._keeper = keeper
        self._make = make
        self._groups: dict[int, Group] = {}
        self._parked: dict[int, Group] = {}
        self._settled_at: dict[int, float] = {}
        self._of = 0
        self._busy = asyncio.Lock()
        self._trusted_ms = 0.0
        self._is_whole = True
        """Whether all that the states know was told; not while it is, nor after that failed."""
        self._consumer: AIOKafkaConsumer | None = None

    @property
    def kept(self) -> Kept:
        """How its snapshots fare."""
        return self._keeper.told

    # ----- life -----

    async def on_start(self) -> None:
        """Join the consumer group."""
        await self._outlet.start()
        consumer = self._consumer = member_of(self._settings, "reader", 4 << 20)
        await consumer.start()
        inputs = self._settings.names.inputs
        counts = {topic: await self._outlet.partitions(topic) for topic in inputs}
        self._of = counts[inputs[0]]
        if differing := [topic for topic in inputs if counts[topic] != self._of]:
            raise NotReadable(f"{', '.join(differing)}: not {self._of} partitions like {inputs[0]}")
        consumer.subscribe([*inputs, self._settings.names.catalogue], listener=self)

    async def on_stop(self) -> None:
        """Finish what was begun, keep the state, leave the group."""
        consumer, self._consumer = self._consumer, None
        if consumer is None:
            return
        try:
            async with self._busy:
                await self._keep_all()
        finally:
            await consumer.stop()
            await self._outlet.stop()

    @Service.task
    async def _read(self) -> None:
        last = time.monotonic()
        while not self.should_stop and self._consumer is not None:
            records = await self._consumer.getmany(timeout_ms=POLL_MS, max_records=MOST_RECORDS)
            now = time.monotonic()
            if now - last > PAUSE_S:
                self._trusted_ms = wall_clock() + PAUSE_S * 1000
            last = now
            async with self._busy:
                if self._consumer is None:
                    return
                self._is_whole = False
                await self._take(records)
                await self._settle_ripe()
                self._is_whole = True
                await self._keep_oldest()

    # ----- partitions come and go -----

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Keep the state of what goes; if it comes straight back, it goes on from there."""
        async with self._busy:
            numbers = {self._number(one) for one in revoked}
            for number in sorted(numbers & self._groups.keys()):
                group = self._parked[number] = self._groups.pop(number)
                await self._keep(group)
            self.status.assigned = len(self._groups)

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Restore what comes, and read on from where its state ends."""
        async with self._busy:
            self.status.is_restoring = True
            numbers = sorted({self._number(one) for one in assigned})
            for number in numbers:
                if number not in self._groups:
                    parked = self._parked.get(number)
                    self._groups[number] = parked or await self._restored(number)
                self._seek(self._groups[number])
            self._parked.clear()
            self.status.assigned = len(self._groups)
            self.status.is_restoring = False
            _log.info("partitions assigned", partitions=numbers)

    def _number(self, where: TopicPartition) -> int:
        return CATALOGUE if where.topic == self._settings.names.catalogue else where.partition

    def _topics(self, number: int) -> tuple[str, ...]:
        names = self._settings.names
        return (names.catalogue,) if number == CATALOGUE else names.inputs

    async def _restored(self, number: int) -> Group:
        """Return a group as it was kept, or one that has read nothing."""
        loaded = await asyncio.to_thread(self._keeper.load, _name(number))
        if loaded is None:
            return await self._anew(number, None)
        return self._group(number, loaded, int(loaded.header.get("answered", 0)))

    async def _anew(self, number: int, loaded: Loaded | None) -> Group:
        """Return a group that tells anew all since ``loaded``, whoever asked for it by now."""
        if loaded is None:
            _log.info("no snapshot: the log is read from its beginning", partition=number)
        return self._group(number, loaded, await self._end(number))

    def _group(self, number: int, loaded: Loaded | None, answered: int) -> Group:
        kept = loaded.header["offsets"] if loaded else {}
        offsets = {topic: kept.get(topic, 0) for topic in self._topics(number)}
        state = loaded.state if loaded else self._make()
        return Group(number, state, offsets, self._settings.clock, answered)

    async def _end(self, number: int) -> int:
        """Return the offset behind the last record of the topic in which the judge asks."""
        if self._consumer is None:
            return 0
        where = TopicPartition(self._topics(number)[0], 0 if number == CATALOGUE else number)
        return int((await self._consumer.end_offsets([where]))[where])

    async def _tell_again(self, group: Group, since: int) -> None:
        """Go back to a state of ``since`` (ms UTC) or before: what it told then was lost."""
        _log.warning("accounts were lost: they are told again", partition=group.number, since=since)
        self.status.told_again += 1
        loaded = await asyncio.to_thread(self._keeper.load, _name(group.number), since)
        again = self._groups[group.number] = await self._anew(group.number, loaded)
        self._seek(again)

    def _seek(self, group: Group) -> None:
        if self._consumer is None:
            return
        for topic, tail in group.tails.items():
            where = _place(topic, group)
            if where in self._consumer.assignment():
                self._consumer.seek(where, tail.next_offset)

    # ----- reading -----

    async def _take(self, records: dict[TopicPartition, list[ConsumerRecord]]) -> None:
        for where, some in records.items():
            group = self._groups.get(self._number(where))
            if group is None:
                continue
            for letter in group.take(where.topic, some):
                await self._bury(letter)
        for group in list(self._groups.values()):
            if group.again is not None:
                await self._tell_again(group, group.again)
        for group in self._groups.values():
            for topic in group.tails:
                await self._pass_time(group, topic)

    async def _pass_time(self, group: Group, topic: str) -> None:
        """Believe that a partition read to its end was so at the broker's time of that look."""
        where = _place(topic, group)
        offset_ms = self._outlet.clock_offset_ms
        if self._consumer is None or where not in self._consumer.assignment():
            return
        end = self._consumer.last_stable_offset(where)
        looked_ms = self._consumer.last_poll_timestamp(where)
        if end is None or not looked_ms or await self._consumer.position(where) < end:
            return
        if looked_ms > self._trusted_ms:
            group.pass_time(topic, looked_ms + (offset_ms or 0) - self._settings.skew_ms)

    async def _bury(self, letter: DeadLetter) -> None:
        self.status.letters += 1
        _log.warning("no event", at=letter.id, reason=letter.reason, path=letter.path)
        headers, value = dead_letter_record(letter)
        topic = self._settings.names.dead_letters
        await self._outlet.send(topic, value, key=letter.key, headers=headers)

    # ----- deciding -----

    async def _settle_ripe(self) -> None:
        now = time.monotonic()
        lag = 0
        many = MANY // max(1, len(self._groups))
        for group in self._groups.values():
            behind = self._behind(group)
            lag += behind
            since = now - self._settled_at.get(group.number, 0.0)
            waited = since > SETTLE_S and behind < many
            if group.has_news and (group.count >= many or waited):
                self._settled_at[group.number] = now
                await decide(group, self._of, self._outlet, self._settings.names.observations)
                self.status.progress_at = wall_clock()
        self._note(lag)

    def _behind(self, group: Group) -> int:
        if self._consumer is None:
            return 0
        lag = 0
        for topic, tail in group.tails.items():
            where = _place(topic, group)
            if where in self._consumer.assignment():
                lag += max(0, (self._consumer.highwater(where) or 0) - tail.next_offset)
        return lag

    def _note(self, lag: int) -> None:
        groups = self._groups.values()
        self.status.lag = lag
        self.status.decided = min((group.state.clock for group in groups), default=0)
        doubts: Counter[str] = sum((group.state.counts for group in groups), Counter())
        self.status.events = doubts.pop("events", 0)
        self.status.doubts = doubts
        self.status.late = sum(tail.late for group in groups for tail in group.tails.values())

    # ----- keeping -----

    async def _keep_oldest(self) -> None:
        """Begin a snapshot if one is due, of the group that has waited longest for it."""
        due = self._keeper.due(_name(number) for number in self._groups)
        if due is None:
            return
        group = next(one for one in self._groups.values() if _name(one.number) == due)
        await self._outlet.flush()
        self._keeper.begin(due, _header(group), group.state)
        await self._commit(group)

    async def _keep_all(self) -> None:
        for group in self._groups.values():
            await self._keep(group)

    async def _keep(self, group: Group) -> None:
        if not self._is_whole:
            return
        await self._outlet.flush()
        await asyncio.to_thread(self._keeper.save, _name(group.number), _header(group), group.state)
        await self._commit(group)

    async def _commit(self, group: Group) -> None:
        """Tell Kafka how far this group is, for those who watch the lag; nothing depends on it."""
        if self._consumer is None:
            return
        offsets = {_place(topic, group): offset for topic, offset in group.offsets.items()}
        try:
            await self._consumer.commit(offsets)
        except KafkaError as error:
            _log.info("lag not told to Kafka", error=repr(error))


async def decide(group: Group, of: int, outlet: Outlet, topic: str) -> None:
    """Decide on what ``group`` has read, one of ``of``, and tell the judge in ``topic``."""
    newest = group.passed - 1
    origins = group.origins.between(0, newest)
    group.origins.forget(newest)
    with span("andon.decide", {"andon.partition": group.number}, origins) as step:
        waiting = group.count
        settled = group.settle()
        decided = {"andon.events": waiting - group.count, "andon.until": settled.until}
        step.set_attributes(decided)
        for data in encoded(settled.telling(group.number, of)):
            await outlet.send(topic, data, headers=trace_headers())


class NotReadable(Exception):  # noqa: N818 - read as a sentence: this is not readable
    """The topics are not as they must be; the message says what differs."""


def _name(number: int) -> str:
    return "catalogue" if number == CATALOGUE else f"partition-{number}"


def _place(topic: str, group: Group) -> TopicPartition:
    return TopicPartition(topic, 0 if group.number == CATALOGUE else group.number)


def _header(group: Group) -> dict[str, object]:
    return {"offsets": group.offsets, "clock": group.state.clock, "answered": group.answered}
