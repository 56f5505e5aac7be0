"""Events that come over HTTP, into Kafka: a sender is answered once every replica has them.

Deliveries that came together go out together: one batch for each partition, acknowledged before the
next ones are taken. While Kafka does not answer nothing is taken at all, so nothing piles up; a
sender is told to come again, and sending twice is harmless.
"""

import asyncio
import threading
import zlib
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from schemas.codec import Decoder, encode
from schemas.events import Event
from streams.addresses import Routes
from streams.embedded import Clock, wall_clock
from streams.inbox import Arrival, Inbox, NotStored, Receipt
from streams.intake import received
from streams.journal import Refusal
from streams.wire import HTTP, DeadLetter, Headers, dead_letter_record
from streams.workers import Worker

PATIENCE_S: Final = 8.0
"""How long a delivery waits for its acknowledgement; less than a server waits for it at the end."""

LOOK_S: Final = 2.0
"""How often Kafka is asked whether it is there; it must say so within three seconds."""

WAITING: Final = 1_000
"""Most deliveries that wait; the application limits their bytes."""

BATCH: Final = 1 << 19
LARGEST: Final = 2 << 20
"""Bytes of a batch for one partition, and of the largest record; an event has at most 1 MiB."""

_TURN_S: Final = 0.25
_ANSWER_S: Final = 3.0

_CLOSE_S: Final = 5.0
_AWAY: Final = "Kafka does not answer; what it has of these events is unknown, so send all again"

_log = structlog.get_logger("andon")

Place = tuple[str, int]
"""Topic and partition."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One record on its way to a partition."""

    key: bytes | None
    value: bytes
    headers: Headers = field(default_factory=list)


@dataclass(slots=True)
class IngestStatus:
    """How the intake fares, for health and metrics; written by one thread."""

    accepted: int = 0
    """Events acknowledged by Kafka."""
    refused: int = 0
    """Records that were no events."""
    unstored: int = 0
    """Deliveries that were not acknowledged in time: their senders come again."""
    waiting_s: float = 0.0
    """How long the last acknowledged deliveries waited for it."""
    is_answering: bool = False
    """Whether Kafka answers, and leads every partition that events go to."""


@dataclass(frozen=True, slots=True)
class _Taken:
    """What one delivery held."""

    arrival: Arrival
    events: list[Event]
    refusals: list[Refusal]

    def receipt(self) -> Receipt:
        return Receipt(len(self.events), self.refusals)


class KafkaIntake:
    """Takes deliveries out of an inbox and puts their events into their partitions."""

    def __init__(  # noqa: PLR0913 - each is one part or one limit
        self,
        bootstrap: str,
        to: Routes,
        dead_letters: str,
        inbox: Inbox,
        *,
        wall: Clock = wall_clock,
        patience_s: float = PATIENCE_S,
        look_s: float = LOOK_S,
    ) -> None:
        """Send events ``to`` their topics, and what is no event to the topic ``dead_letters``."""
        self.status = IngestStatus()
        self._bootstrap = bootstrap
        self._to = to
        self._dead_letters = dead_letters
        self._inbox = inbox
        self._wall = wall
        self._patience_s = patience_s
        self._look_s = look_s
        self._decoder = Decoder()
        self._producer: AIOKafkaProducer | None = None
        self._on_way: set[asyncio.Future[object]] = set()
        self._is_late = False

    def is_ready(self) -> bool:
        """Whether what is sent now would be stored, as far as one can know."""
        return self.status.is_answering

    def run(self, server: Worker, stopping: threading.Event) -> None:
        """Serve until ``stopping`` is set; then answer everybody who is waiting.

        Raises:
            Exception: Whatever ended the ``server`` before its time.
        """
        asyncio.run(self._run(server, stopping))
        if server.error:
            raise server.error

    async def _run(self, server: Worker, stopping: threading.Event) -> None:
        watching = asyncio.create_task(self._watch())
        server.start()
        try:
            while server.is_alive() and not (stopping.is_set() or watching.done()):
                await self._turn()
            server.stop()
            while server.is_alive() or not self._inbox.is_empty:
                await self._turn()
        finally:
            self.status.is_answering = False
            watching.cancel()
            await self._disconnect()
            with suppress(asyncio.CancelledError):
                await watching

    async def _turn(self) -> None:
        """Take in what has arrived, and answer for it."""
        arrivals = await asyncio.to_thread(self._inbox.collect, _TURN_S)
        if not arrivals:
            return
        taken = await asyncio.to_thread(lambda: [self._taken(one) for one in arrivals])
        try:
            await self._store(taken)
        except (KafkaError, NotStored) as error:
            self._fail(taken, error)
        else:
            for one in taken:
                one.arrival.answer(one.receipt())
                self.status.accepted += len(one.events)
                self.status.refused += len(one.refusals)

    def _taken(self, arrival: Arrival) -> _Taken:
        return _Taken(arrival, *received(self._decoder, arrival.delivery, self._wall()))

    def _fail(self, taken: Sequence[_Taken], error: Exception) -> None:
        """Promise nothing; where Kafka refused, the way into it is made anew."""
        self.status.is_answering = False
        self.status.unstored += len(taken)
        _log.warning("not stored", deliveries=len(taken), error=str(error) or repr(error))
        told = error if isinstance(error, NotStored) else NotStored(_refused(error))
        for one in taken:
            one.arrival.fail(told)

    # ----- into Kafka -----

    async def _store(self, taken: Sequence[_Taken]) -> None:
        """Return when all of it is acknowledged.

        Raises:
            NotStored: It takes too long.
            KafkaError: A broker refuses.
        """
        producer = self._producer
        if producer is None or self._on_way:
            raise NotStored(_AWAY)
        began = asyncio.get_running_loop().time()
        records = await asyncio.to_thread(self._addressed, taken)
        sending = [
            asyncio.create_task(self._send(producer, place, those))
            for place, those in records.items()
        ]
        if not sending:
            return
        done, late = await asyncio.wait(sending, timeout=self._patience_s)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        faults = [fault for task in done if (fault := task.exception())]
        if faults:
            await self._disconnect()
            raise faults[0]
        if late:
            self._is_late = True
            raise NotStored(_AWAY)
        self.status.waiting_s = asyncio.get_running_loop().time() - began

    def _addressed(self, taken: Sequence[_Taken]) -> dict[Place, list[Outgoing]]:
        records: defaultdict[Place, list[Outgoing]] = defaultdict(list)
        for one in taken:
            trace = list(one.arrival.delivery.trace)
            for event in one.events:
                topic, partition, key = self._to.of(event)
                records[topic, partition].append(Outgoing(key, encode(event), trace))
            for refusal in one.refusals:
                headers, value = dead_letter_record(_letter(refusal, trace))
                records[self._dead_letters, 0].append(Outgoing(None, value, headers))
        return records

    async def _send(
        self, producer: AIOKafkaProducer, place: Place, records: Sequence[Outgoing]
    ) -> None:
        """Send ``records`` in their order, in as few batches as they fit; wait for all of them."""
        sent: list[asyncio.Future[object]] = []
        batch = producer.create_batch()
        for record in records:
            if not _added(batch, record):
                sent.append(await self._sent(producer, place, batch))
                batch = producer.create_batch()
                _added(batch, record)
        sent.append(await self._sent(producer, place, batch))
        await asyncio.wait(sent)
        for future in sent:
            future.result()

    async def _sent(
        self,
        producer: AIOKafkaProducer,
        place: Place,
        batch: Any,  # noqa: ANN401 - aiokafka has no types
    ) -> asyncio.Future[object]:
        topic, partition = place
        future: asyncio.Future[object] = await producer.send_batch(
            batch, topic, partition=partition
        )
        self._on_way.add(future)
        future.add_done_callback(self._arrived)
        return future

    def _arrived(self, future: asyncio.Future[object]) -> None:
        self._on_way.discard(future)
        if not future.cancelled():
            future.exception()  # heard, also where nobody waits for it any more

    # ----- the way into Kafka -----

    async def _watch(self) -> None:
        """Know whether Kafka answers; connect again where the way into it was given up."""
        while True:
            if self._producer is None:
                await self._connect()
            self._note(await self._missing())
            await asyncio.sleep(self._look_s)

    async def _missing(self) -> str:
        """Return what is wrong; empty if events can be sent."""
        producer = self._producer
        if producer is None:
            return "no broker answers"
        if self._is_late and self._on_way:
            return "records sent earlier are not acknowledged"
        self._is_late = False
        try:
            if not await asyncio.wait_for(producer.client.force_metadata_update(), _ANSWER_S):
                return "no broker answers"
        except TimeoutError:
            return "no broker answers in time"
        led = {name: _led(producer, name) for name in self._to.partitions}
        wrong = [
            f"{name} has {led[name]} partitions with a leader, not {count}"
            for name, count in self._to.partitions.items()
            if led[name] != count
        ]
        return "; ".join(wrong)

    def _note(self, trouble: str) -> None:
        if trouble and self.status.is_answering:
            _log.warning("Kafka is away", why=trouble)
        if not trouble and not self.status.is_answering:
            _log.info("Kafka answers")
        self.status.is_answering = not trouble

    async def _connect(self) -> None:
        producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap,
            enable_idempotence=True,
            max_batch_size=BATCH,
            max_request_size=LARGEST,
        )
        try:
            await producer.start()
            for topic in (*self._to.partitions, self._dead_letters):
                await producer.partitions_for(topic)
        except KafkaError as error:
            _log.warning("cannot connect to Kafka", error=type(error).__name__)
            await producer.stop()
            return
        self._producer = producer

    async def _disconnect(self) -> None:
        """Deliver what can be delivered soon, and forget the rest: nobody was promised it."""
        producer, self._producer = self._producer, None
        if producer is not None:
            with suppress(TimeoutError, KafkaError):
                await asyncio.wait_for(producer.stop(), _CLOSE_S)
        self._on_way.clear()


def _added(batch: Any, record: Outgoing) -> bool:  # noqa: ANN401 - aiokafka has no types
    """Append ``record`` unless the batch is full; the first one always has room."""
    head = {"timestamp": None, "key": record.key, "headers": record.headers}
    return batch.append(value=record.value, **head) is not None


def _led(producer: AIOKafkaProducer, topic: str) -> int:
    return len(producer.client.cluster.available_partitions_for_topic(topic) or ())


def _letter(refusal: Refusal, trace: Headers) -> DeadLetter:
    """Return what was refused as a dead letter; the same bytes are the same letter."""
    place = (HTTP, 0, zlib.crc32(refusal.raw))
    return DeadLetter(*place, refusal.reason, refusal.path, None, refusal.raw, tuple(trace))


def _refused(error: Exception) -> str:
    return f"Kafka refused ({type(error).__name__}); send all again"
