"""Live workers measured from outside: CPU seconds, wall seconds and memory while they read.

Workers start on empty topics, join, and are stopped (SIGSTOP) while the recording is sent. From the
moment they go on until the last of them is done the kernel's account of their processes is read:
joining, importing and restoring are not in it, the children that write snapshots are.
"""

import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from kafka import KafkaConsumer, TopicPartition

from andon.testing_live import Shop, Worker, wait_for
from benchmarks.kafka_sending import deliver
from benchmarks.measuring import ONE_THREAD
from streams.found import Found, decode_found
from streams.sending import Record

PARTITIONS: Final = 4
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_LONGEST_S: Final = 900.0

JUDGING: Final = ("--role", "reader", "--role", "judge")
"""From bytes to problems, without deciding about them."""

WHOLE: Final[tuple[str, ...]] = ()
"""Reader, judge and desk."""


@dataclass(frozen=True, slots=True)
class Run:
    """What reading one recording cost."""

    events: int
    cpu_s: float
    """Of all workers and their children."""
    wall_s: float
    rss_bytes: int
    """Of the largest worker, at the end."""
    snapshots: int
    digest: str
    """Of the problems in the ledger, empty if nobody decides."""


def cpu_of(pid: int) -> float:
    """Return the CPU seconds of a process and of its children that have ended (Linux)."""
    text = Path(f"/proc/{pid}/stat").read_text()
    fields = text.rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / _TICKS


def rss_of(pid: int) -> int:
    """Return how much memory a process holds, bytes (Linux)."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def metric(worker: Worker, name: str) -> float:
    """Return a figure of a worker's metrics; 0 while it has none."""
    _, text = worker.get("/metrics")
    found = re.search(rf"^andon_{name} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0.0


@contextmanager
def shop_on(bootstrap: str, partitions: int = PARTITIONS) -> Iterator[Shop]:
    """Open a shop with a ledger in a file; its workers end with it."""
    with TemporaryDirectory(prefix="andon-live-") as folder:
        shop = Shop(bootstrap, Path(folder), f"sqlite:///{folder}/ledger.db", "", partitions)
        shop.environment = dict(ONE_THREAD)
        try:
            yield shop
        finally:
            shop.close()


def joined(shop: Shop, workers: int, roles: Sequence[str], *, recording: bool = True) -> None:
    """Start workers, and wait until they share all partitions."""
    for number in range(workers):
        shop.worker(f"w{number}", *roles, recording=recording)

    def shared() -> bool:
        shop.check_alive()
        each = [metric(worker, "partitions_assigned") for worker in shop.workers]
        return all(each) and sum(each) == shop.partitions + 1

    wait_for(shared, shop.explained)


class Problems:
    """Reads what the judge tells, without being of any group."""

    def __init__(self, shop: Shop) -> None:
        self._where = TopicPartition(shop.names.problems, 0)
        self._consumer = KafkaConsumer(
            bootstrap_servers=shop.bootstrap, max_partition_fetch_bytes=16 << 20
        )
        self._consumer.assign([self._where])
        self._consumer.seek(self._where, 0)
        self.offset = 0
        """Behind the last record read."""

    def polled(self, wait_ms: int = 50) -> list[Found]:
        """Return what came."""
        found = self._consumer.poll(wait_ms).get(self._where, [])
        if found:
            self.offset = found[-1].offset + 1
        return [decode_found(record.value) for record in found]

    def close(self) -> None:
        """Disconnect."""
        self._consumer.close()


def until_the_end(shop: Shop) -> int:
    """Wait until a recording is judged to its end; return the offset behind what was told."""
    problems, until = Problems(shop), time.monotonic() + _LONGEST_S
    try:
        while time.monotonic() < until:
            if any(found.is_end for found in problems.polled()):
                return problems.offset
            shop.check_alive()
    finally:
        problems.close()
    raise TimeoutError(shop.explained())


def until_decided(shop: Shop, offset: int) -> None:
    """Wait until everything before ``offset`` is decided and stored."""
    where = TopicPartition(shop.names.problems, 0)
    desks = KafkaConsumer(bootstrap_servers=shop.bootstrap, group_id=f"{shop.names.prefix}-desks")
    try:
        wait_for(lambda: (desks.committed(where) or 0) >= offset, shop.explained, _LONGEST_S)
    finally:
        desks.close()


def measured(
    bootstrap: str, records: Mapping[str, Sequence[Record]], workers: int, roles: Sequence[str]
) -> Run:
    """Have ``workers`` read ``records`` (by the last word of their topic); return the cost."""
    with shop_on(bootstrap) as shop:
        joined(shop, workers, roles)
        pids = [worker.process.pid for worker in shop.workers]
        for worker in shop.workers:
            worker.pause()
        deliver(bootstrap, addressed(shop, records))
        cpu, began = sum(map(cpu_of, pids)), time.monotonic()
        for worker in shop.workers:
            worker.resume()
        offset = until_the_end(shop)
        if roles == WHOLE:
            until_decided(shop, offset)
        wall, spent = time.monotonic() - began, sum(map(cpu_of, pids)) - cpu
        return Run(
            sum(1 for some in records.values() for one in some if not one.headers),
            spent,
            wall,
            max(map(rss_of, pids)),
            int(sum(metric(worker, "snapshots_saved_total") for worker in shop.workers)),
            shop.digest() if roles == WHOLE else "",
        )


def addressed(shop: Shop, records: Mapping[str, Sequence[Record]]) -> Iterable[Record]:
    """Yield the records with the names of this shop's topics."""
    names = {"events": shop.names.events, "catalogue": shop.names.catalogue}
    for which, some in records.items():
        for record in some:
            yield record._replace(topic=names[which])
