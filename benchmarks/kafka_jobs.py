"""The jobs that a live worker is compared with: the same topic read by others, events counted.

Each runs in a process of its own and counts from the first batch or event it gets, so that neither
its start nor its joining of a group is counted.

python -m benchmarks.kafka_jobs raw|count|faust HOST:PORT TOPIC EVENTS
"""

import asyncio
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import faust
from aiokafka import AIOKafkaConsumer

AT_ONCE: Final = 5_000
"""Records that aiokafka hands over at most."""

FAUST_AT_ONCE: Final = 500
"""The one setting that makes Faust faster by much: without it everything fetched is queued."""


@dataclass(slots=True)
class Watch:
    """Counts what was read, and what that cost since the first of it came."""

    wanted: int
    read: int = 0
    _first: int = 0
    _began: tuple[float, float] | None = None
    types: Counter[bytes] = field(default_factory=Counter)

    def add(self, events: int) -> bool:
        """Note ``events`` more; return whether that is enough."""
        self.read += events
        if self._began is None:
            self._began, self._first = (time.process_time(), time.monotonic()), self.read
        return self.read >= self.wanted

    def told(self) -> str:
        """Return the figures as JSON; what came first is not among the events."""
        cpu, wall = self._began or (0.0, 0.0)
        return json.dumps(
            {
                "events": self.read - self._first,
                "cpu_s": time.process_time() - cpu,
                "wall_s": time.monotonic() - wall,
            }
        )


def type_of(value: bytes) -> bytes:
    """Return the type of an event as the simulator writes it: first in flat JSON."""
    return value[9 : value.find(b'"', 9)]


async def _getmany(bootstrap: str, topic: str, watch: Watch, *, counts: bool) -> None:
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=bootstrap,
        group_id=f"bench-{os.getpid()}",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        max_partition_fetch_bytes=4 << 20,
    )
    await consumer.start()
    is_enough = False
    while not is_enough:
        found = await consumer.getmany(timeout_ms=200, max_records=AT_ONCE)
        if counts:
            for records in found.values():
                watch.types.update(type_of(record.value) for record in records)
        events = sum(map(len, found.values()))
        is_enough = watch.add(events) if events else False
    print(watch.told())
    await consumer.stop()


def raw(bootstrap: str, topic: str, events: int) -> None:
    """Read bytes in batches, and do nothing with them."""
    asyncio.run(_getmany(bootstrap, topic, Watch(events), counts=False))


def count(bootstrap: str, topic: str, events: int) -> None:
    """Read bytes in batches, and count events by type."""
    asyncio.run(_getmany(bootstrap, topic, Watch(events), counts=True))


def by_faust(bootstrap: str, topic: str, events: int) -> None:
    """Count events by type in a plain Faust agent over raw bytes."""
    watch = Watch(events)
    app = faust.App(
        f"bench-{os.getpid()}",
        broker=f"kafka://{bootstrap}",
        datadir=tempfile.mkdtemp(prefix="andon-faust-"),
        consumer_auto_offset_reset="earliest",
        broker_max_poll_records=FAUST_AT_ONCE,
        topic_disable_leader=True,
        web_enabled=False,
    )

    @app.agent(app.topic(topic, key_type=bytes, value_type=bytes, value_serializer="raw"))
    async def counting(stream: faust.StreamT[bytes]) -> None:
        async for value in stream:
            watch.types[type_of(value)] += 1
            if watch.add(1):
                print(watch.told(), flush=True)
                os._exit(0)  # Faust would take seconds to end, which nobody asks for here

    worker = faust.Worker(app, loglevel="ERROR", quiet=True, redirect_stdouts=False)
    worker.execute_from_commandline()


JOBS: Final[dict[str, Callable[[str, str, int], None]]] = {
    "raw": raw,
    "count": count,
    "faust": by_faust,
}

if __name__ == "__main__":
    JOBS[sys.argv[1]](sys.argv[2], sys.argv[3], int(sys.argv[4]))
