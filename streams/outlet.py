"""What a live worker writes to Kafka: acknowledged by all replicas, once each, in order."""

import asyncio
from collections import deque
from typing import Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from streams.embedded import wall_clock
from streams.wire import Headers

PATIENCE_MS: Final = 120_000
"""How long a record may wait for a broker that is away before the worker gives up and ends."""

LARGEST: Final = 4 << 20
"""Bytes of the largest record, in the client; the topics allow 2 MiB and more."""

BY_BROKER: Final = 1
"""Type of a stamp that the broker gave (log-append time)."""

_BATCH: Final = 1 << 19
_MOST_WAITING: Final = 5_000


class NotDelivered(Exception):  # noqa: N818 - read as a sentence: this was not delivered
    """A record could not be written for long; nothing behind it counts as done."""


class Outlet:
    """A producer that remembers what is on its way."""

    def __init__(self, bootstrap: str, name: str) -> None:
        """Write to the cluster at ``bootstrap`` as the client ``name``, once started."""
        self._bootstrap = bootstrap
        self._name = name
        self._producer: AIOKafkaProducer | None = None
        self._waiting: deque[asyncio.Future[object]] = deque()
        self._failed: NotDelivered | None = None
        self.clock_offset_ms: int | None = None
        """How far the broker's clock is ahead of ours, at least; ``None`` while unknown."""

    async def start(self) -> None:
        """Connect; raise KafkaError if no broker answers."""
        producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap,
            client_id=self._name,
            enable_idempotence=True,
            linger_ms=2,
            max_batch_size=_BATCH,
            max_request_size=LARGEST,
            request_timeout_ms=PATIENCE_MS,
        )
        await producer.start()
        self._producer, self._failed = producer, None

    async def partitions(self, topic: str) -> int:
        """Return how many partitions ``topic`` has."""
        if self._producer is None:
            raise NotDelivered("not connected to Kafka")
        return len(await self._producer.partitions_for(topic))

    async def stop(self) -> None:
        """Deliver what is on its way, and disconnect."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await producer.stop()

    async def send(
        self,
        topic: str,
        value: bytes | None,
        *,
        key: bytes | None = None,
        partition: int = 0,
        headers: Headers | None = None,
    ) -> None:
        """Put a record on its way; it is written when :meth:`flush` returns.

        Raises:
            NotDelivered: This record cannot be, or an earlier one was not.
        """
        if self._producer is None:
            raise NotDelivered("not connected to Kafka")
        self._look()
        if len(self._waiting) >= _MOST_WAITING:
            await self.flush()
        try:
            sent = await self._producer.send(
                topic, value, key=key, partition=partition, headers=headers or ()
            )
        except KafkaError as error:
            raise self._lost(error) from error
        sent.add_done_callback(self._compare_clocks)
        self._waiting.append(sent)

    async def flush(self) -> None:
        """Wait until everything is written; raise NotDelivered if anything ever was not.

        Whoever ends because of that flushes once more: what is missing stays missing.
        """
        self._look()
        while self._waiting:
            await asyncio.wait([self._waiting[0]])
            self._look()

    def _look(self) -> None:
        """Forget what was written."""
        if self._failed is not None:
            raise self._failed
        while self._waiting and self._waiting[0].done():
            sent = self._waiting.popleft()
            try:
                sent.result()
            except (KafkaError, asyncio.CancelledError) as error:
                raise self._lost(error) from error

    def _lost(self, error: BaseException) -> NotDelivered:
        self._failed = NotDelivered(f"Kafka did not take a record: {error!r}")
        return self._failed

    def _compare_clocks(self, sent: "asyncio.Future[object]") -> None:
        """Note what the broker's clock said when it took a record, if it stamps this topic."""
        if sent.cancelled() or sent.exception() is not None:
            return
        written = sent.result()
        if getattr(written, "timestamp_type", None) == BY_BROKER:
            stamp = getattr(written, "timestamp", 0)
            self.clock_offset_ms = int(stamp) - wall_clock()
