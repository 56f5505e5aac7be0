"""Recordings into Kafka: each event to its partition, and the clocks that a recording needs.

Lines are sent as they are. Each partition gets its records in order and once, also if a broker is
away in between: the producer is idempotent and waits for one batch before it sends the next.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

from aiokafka import AIOKafkaProducer

from schemas.codec import Decoded, Decoder
from schemas.times import ms
from streams.addresses import Routes
from streams.engine import RULES
from streams.reaching import administering, plainly
from streams.recordings import Recording, find
from streams.replay import Unread
from streams.sorting import in_order
from streams.topics import Names
from streams.trouble import KafkaTrouble
from streams.wire import Headers, clock_record

PERIOD: Final = ms(RULES.period)
"""Recorded time between clocks, ms: what the judge judges at a time."""

CLOCK_EVERY: Final = 1000
"""Fewest events between clocks, so that quiet years are not filled with them."""

BATCH: Final = 1 << 18
REQUEST: Final = 4 << 20
CHUNK: Final = 1 << 21
"""Bytes of a batch for one partition, of a request, and of lines read at a time."""

Progress = Callable[[int, int], None]
"""Told how much is sent, and how much there is in all."""


class Record(NamedTuple):
    """One record as it goes to the broker."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes
    headers: Headers


@dataclass(slots=True)
class Sent:
    """What became of some recordings."""

    events: int = 0
    clocks: int = 0
    """Moments that every partition was told of."""
    rejected: list[Unread] = field(default_factory=list)
    """Lines that are no events; they are not sent."""


class Outgoing:
    """The records that recordings make, one after the other; counts what it hands out."""

    def __init__(self, to: Routes, on_progress: Progress, clock_every: int = CLOCK_EVERY) -> None:
        """Address events ``to`` their topics; leave ``clock_every`` events between clocks."""
        self.sent = Sent()
        self._to = to
        self._tell = on_progress
        self._clock_every = clock_every
        self._decoder = Decoder()

    def as_it_comes(self, found: Sequence[Recording]) -> Iterator[Record]:
        """Yield the events of live senders: in the order of the files, stamped by the broker."""
        done, total = 0, sum(recording.size for recording in found)
        for recording in found:
            for piece in recording.pieces(CHUNK):
                self._tell(done + piece.before, total)
                decoded = self._decode(piece.text, piece.line, recording.name)
                refused = {one.position for one in decoded.rejected}
                lines = enumerate(piece.text.split(b"\n"))
                kept = (line for at, line in lines if line.strip() and at not in refused)
                for event, line in zip(decoded.events, kept, strict=True):
                    self.sent.events += 1
                    yield Record(*self._to.of(event), line, [])
            done += recording.size
        self._tell(total, total)

    def recorded(self, found: Sequence[Recording], scratch: Path) -> Iterator[Record]:
        """Yield all events in recorded order, with clocks between them and one behind them all."""
        counted = 0

        def decode(text: bytes, line: int, name: str) -> Decoded:
            nonlocal counted
            decoded = self._decode(text, line, name)
            counted += len(decoded.events)
            return decoded

        told, clock, due = 0, 0, self._clock_every
        for text in in_order(found, decode, scratch):
            decoded = self._decoder.decode_lines(text)
            lines = zip(decoded.events, decoded.recorded.tolist(), text.split(b"\n"), strict=True)
            for event, at, line in lines:
                period = at - at % PERIOD
                if period > told and self.sent.events >= due:
                    yield from self._clock(period)
                    told, due = period, self.sent.events + self._clock_every
                self.sent.events += 1
                clock = at
                yield Record(*self._to.of(event), line, [])
            self._tell(self.sent.events, counted)
        if self.sent.events:
            decided = max(recording.decided for recording in found)
            yield from self._clock(max(clock + 1, decided), is_end=True)

    def _decode(self, text: bytes, line: int, name: str) -> Decoded:
        decoded = self._decoder.decode_lines(text)
        self.sent.rejected += [
            Unread(line + one.position, one.path, one.reason, one.raw, name)
            for one in decoded.rejected
        ]
        return decoded

    def _clock(self, clock: int, *, is_end: bool = False) -> Iterator[Record]:
        """Yield a clock for every partition of every topic: none has to wait for another."""
        self.sent.clocks += 1
        headers, value = clock_record(clock, is_end=is_end)
        for topic, partitions in self._to.partitions.items():
            for partition in range(partitions):
                yield Record(topic, partition, None, value, headers)


def routes(bootstrap: str, names: Names, topic: str | None = None) -> Routes:
    """Return where events go on the cluster; ``topic`` is an input topic other than the first.

    Raises:
        KafkaTrouble: No broker answers, or a topic is missing or no input.
    """
    events = topic or names.events
    if events not in names.inputs:
        known = ", ".join(names.inputs)
        raise KafkaTrouble(f"{events} is no input topic; there are {known} (ANDON_KAFKA_INPUTS)")
    wanted = [*names.inputs, names.catalogue]
    with administering(bootstrap) as admin:
        described = admin.describe_topics(wanted)
    counts = {one["name"]: len(one["partitions"]) for one in described if one["partitions"]}
    if missing := [name for name in wanted if name not in counts]:
        raise KafkaTrouble(f"no topic {', '.join(missing)} at {bootstrap}: andon topics create")
    return Routes(events, names.catalogue, counts)


def send(
    bootstrap: str,
    to: Routes,
    paths: Sequence[Path],
    *,
    recording: bool = False,
    on_progress: Progress = lambda _done, _total: None,
) -> Sent:
    """Send the events in ``paths``; as a ``recording`` in recorded order, with clocks.

    Raises:
        KafkaTrouble: No broker answers for longer than the client waits (40 s), or it refuses.
        NotARecording: A folder without recordings, or a damaged file.
        OSError: A file cannot be read.
    """
    outgoing = Outgoing(to, on_progress)
    with plainly(bootstrap), TemporaryDirectory(prefix="andon-") as folder:
        scratch = Path(folder)
        found = find(paths, scratch)
        records = outgoing.recorded(found, scratch) if recording else outgoing.as_it_comes(found)
        asyncio.run(write(bootstrap, records))
    return outgoing.sent


async def write(bootstrap: str, records: Iterable[Record]) -> None:
    """Write ``records`` in their order; they are stored when this returns.

    Raises:
        KafkaError: No broker answers for longer than the client waits (40 s), or it refuses.
    """
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        enable_idempotence=True,
        max_batch_size=BATCH,
        max_request_size=REQUEST,
    )
    batches = Batches(producer)
    try:
        await producer.start()
        for record in records:
            await batches.write(record)
        await batches.flush()
    finally:
        await producer.stop()
        await batches.forget()


class Batches:
    """For each partition one batch that fills up, and one before it that is under way."""

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self._producer = producer
        self._filling: dict[tuple[str, int], Any] = {}
        self._under_way: dict[tuple[str, int], asyncio.Future[object]] = {}

    async def write(self, record: Record) -> None:
        """Put ``record`` behind what its partition got before."""
        place = (record.topic, record.partition)
        batch = self._filling.get(place)
        if batch is None or not _added(batch, record):
            await self._send(place)
            batch = self._filling[place] = self._producer.create_batch()
            _added(batch, record)

    async def flush(self) -> None:
        """Send what is left, and wait until all is stored."""
        for place in list(self._filling):
            await self._send(place)
        await asyncio.gather(*self._under_way.values())

    async def forget(self) -> None:
        """Leave no answer unheard: of several failures the first one is told."""
        await asyncio.gather(*self._under_way.values(), return_exceptions=True)

    async def _send(self, place: tuple[str, int]) -> None:
        if before := self._under_way.pop(place, None):
            await before
        batch = self._filling.pop(place, None)
        if batch is not None:
            topic, partition = place
            future = await self._producer.send_batch(batch, topic, partition=partition)
            self._under_way[place] = future


def _added(batch: Any, record: Record) -> bool:  # noqa: ANN401 - aiokafka has no types
    """Append ``record`` unless the batch is full; the first one always has room."""
    head = {"timestamp": None, "key": record.key, "headers": record.headers}
    return batch.append(value=record.value, **head) is not None
