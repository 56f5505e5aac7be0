"""How fast batches are decided live, from bytes of JSON, with a table warm from many open orders.

python -m benchmarks.live --orders 1000000 --runs 3
"""

import argparse
import json
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import IO, Final

from benchmarks.measuring import ONE_THREAD, machine, median, module, percentile, run, table
from benchmarks.worlds import Rush, rush
from schemas.codec import Decoder
from schemas.forms import Flat
from streams.engine import Batch, Engine

BATCHES: Final = {1: 1_000, 10: 1_000, 100: 600, 500: 400, 5_000: 40}
"""How many batches of each size one run decides."""

WARMING: Final = 10_000
"""Events at a time while the table is being filled."""

HEAD = (
    "batch",
    "batches",
    "p50 ms",
    "p99 ms",
    "events per CPU-second",
    "msgspec alone",
    "share of it",
)


@dataclass(frozen=True, slots=True)
class Pace:
    """How one run of batches of one size went."""

    batch: int
    wall_ms: list[float]
    cpu_s: float
    decoding_s: float
    """CPU seconds that msgspec takes for the same bytes, decoding into the same structs."""

    @property
    def events(self) -> int:
        """How many events were decided."""
        return self.batch * len(self.wall_ms)


class Live:
    """One engine as it runs live: bytes in, changes out."""

    def __init__(self) -> None:
        self.engine = Engine()
        self.open: set[str] = set()
        """Ids of the problems that are open now."""
        self._decoder = Decoder()

    def take(self, text: bytes) -> None:
        """Decide one batch of lines."""
        decoded = self._decoder.decode_lines(text)
        for change in self.engine.step(Batch(decoded.events, decoded.occurred, decoded.recorded)):
            if change.problem.is_open:
                self.open.add(change.problem.id)
            else:
                self.open.discard(change.problem.id)


def warmed(file: IO[bytes], events: int) -> Live:
    """Return an engine that has taken in the next ``events`` lines of ``file``."""
    live = Live()
    for text in batches(file, WARMING, events // WARMING):
        live.take(text)
    return live


def batches(file: IO[bytes], size: int, count: int) -> Iterator[bytes]:
    """Yield ``count`` times the next ``size`` lines of ``file``."""
    for _ in range(count):
        yield b"".join(islice(file, size))


def pace(live: Live, texts: Sequence[bytes], size: int) -> Pace:
    """Decide ``texts``, ``size`` lines each, one after the other."""
    walls = []
    began = time.process_time()
    for text in texts:
        start = time.perf_counter()
        live.take(text)
        walls.append((time.perf_counter() - start) * 1000)
    spent = time.process_time() - began
    return Pace(size, walls, spent, _decoding(texts))


def _decoding(texts: Sequence[bytes]) -> float:
    lines = Flat().lines
    began = time.process_time()
    for text in texts:
        lines(text)
    return time.process_time() - began


def row(paces: Sequence[Pace]) -> list[object]:
    """Return one line of the table: medians over the runs."""
    rate = median([one.events / one.cpu_s for one in paces])
    alone = median([one.events / one.decoding_s for one in paces])
    return [
        paces[0].batch,
        len(paces[0].wall_ms),
        round(median([percentile(one.wall_ms, 0.50) for one in paces]), 2),
        round(median([percentile(one.wall_ms, 0.99) for one in paces]), 2),
        round(rate),
        round(alone),
        f"{rate / alone:.0%}",
    ]


def measure(world: Rush, runs: int) -> list[list[object]]:
    """Warm an engine, then decide batches of every size ``runs`` times; return the table."""
    with world.path.open("rb") as file:
        live = warmed(file, world.before)
        paces = [
            pace(live, list(batches(file, size, count)), size)
            for _ in range(runs)
            for size, count in BATCHES.items()
        ]
    return [row([one for one in paces if one.batch == size]) for size in BATCHES]


def main() -> None:
    """Measure in a process of its own, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.here:
        print(json.dumps(measure(rush(chosen.orders), chosen.runs)))
        return
    world = rush(chosen.orders)
    print(machine())
    spent = run(module("live", "--here", "--orders", chosen.orders, "--runs", chosen.runs))
    print(f"warm from {world.orders:,} orders, {world.before:,} events\n")
    print(table(HEAD, json.loads(spent.said)))


if __name__ == "__main__":
    os.environ.update(ONE_THREAD)
    main()
