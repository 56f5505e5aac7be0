"""Records for Kafka made beforehand, and sent as fast as can be or at a steady pace."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import date, timedelta
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from aiokafka import AIOKafkaProducer

from schemas.codec import Decoder
from schemas.times import iso
from streams.addresses import Routes
from streams.embedded import wall_clock
from streams.recordings import find
from streams.sending import BATCH, REQUEST, Batches, Outgoing, Record
from streams.wire import END

TICK_S: Final = 0.02
"""How often a paced sender sends."""

_DAY: Final = re.compile(rb"20\d\d-\d\d-\d\d")
_OWN_TIME: Final = re.compile(rb'"time":"[^"]+"(,"recordedtime":"[^"]+")?')


def recorded(path: Path, to: Routes, *, has_end: bool = True) -> list[Record]:
    """Return all records of a recording, clocks included; the end is left out if not wanted."""
    with TemporaryDirectory(prefix="andon-") as folder:
        outgoing = Outgoing(to, lambda _done, _total: None)
        found = find([path], Path(folder))
        records = list(outgoing.recorded(found, Path(folder)))
    if has_end:
        return records
    return [one for one in records if not any(name == END for name, _ in one.headers)]


def days_later(text: bytes, days: int) -> bytes:
    """Return lines of events with every date in them ``days`` later."""
    known: dict[bytes, bytes] = {}

    def later(found: re.Match[bytes]) -> bytes:
        day = found[0]
        if day not in known:
            moved = date.fromisoformat(day.decode()) + timedelta(days=days)
            known[day] = moved.isoformat().encode()
        return known[day]

    return _DAY.sub(later, text)


def as_of_now(text: bytes, to: Routes, today: date) -> list[Record]:
    """Return the events of a recording as live senders would: it begins ``today``.

    When they happened is left open, as ``%s``: they happen when they are sent.
    """
    first = _DAY.search(text)
    days = (today - date.fromisoformat(first[0].decode())).days if first else 0
    shifted = days_later(text, days)
    events = Decoder().decode_lines(shifted).events
    lines = _OWN_TIME.sub(b'"time":"%s"', shifted.replace(b"%", b"%%")).splitlines()
    return [Record(*to.of(event), line, []) for event, line in zip(events, lines, strict=True)]


def now_stamp() -> bytes:
    """Return the present as events write it."""
    return iso(wall_clock()).encode()


def happening_now(some: Sequence[Record]) -> list[Record]:
    """Fill in the present in records of :func:`as_of_now`."""
    stamp = now_stamp()
    return [one._replace(value=one.value % stamp) for one in some]


@asynccontextmanager
async def _producing(bootstrap: str) -> AsyncIterator[Any]:
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        enable_idempotence=True,
        max_batch_size=BATCH,
        max_request_size=REQUEST,
    )
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def _deliver(bootstrap: str, records: Iterable[Record]) -> None:
    async with _producing(bootstrap) as producer:
        batches = Batches(producer)
        for record in records:
            await batches.write(record)
        await batches.flush()


def deliver(bootstrap: str, records: Iterable[Record]) -> None:
    """Send ``records`` in their order as fast as the broker takes them."""
    asyncio.run(_deliver(bootstrap, records))


def paced(
    bootstrap: str,
    records: Iterator[Record],
    a_second: float,
    finish: Callable[[Sequence[Record]], Sequence[Record]] = lambda some: some,
) -> int:
    """Send ``a_second`` records each second, ``finish`` ing each small batch just before.

    Returns how many; a sender that fell behind catches up.
    """
    return asyncio.run(_paced(bootstrap, records, a_second, finish))


async def _paced(
    bootstrap: str,
    records: Iterator[Record],
    a_second: float,
    finish: Callable[[Sequence[Record]], Sequence[Record]],
) -> int:
    sent = 0
    async with _producing(bootstrap) as producer:
        batches, began = Batches(producer), time.monotonic()
        while some := list(islice(records, _due(began, a_second, sent))):
            for record in finish(some):
                await batches.write(record)
            await batches.flush()
            sent += len(some)
            await asyncio.sleep(TICK_S)
    return sent


def _due(began: float, a_second: float, sent: int) -> int:
    """Return how many records to send now, one at least."""
    return max(1, int((time.monotonic() - began) * a_second) - sent)
