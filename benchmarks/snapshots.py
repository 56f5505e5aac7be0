"""What snapshots cost: seconds and CPU seconds to write and to read, and how much is written anew.

python -m benchmarks.snapshots --orders 1000000
"""

import argparse
import json
import resource
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from benchmarks.live import Live, batches, warmed
from benchmarks.measuring import MIB, machine, module, run, table
from benchmarks.memory import open_orders
from benchmarks.worlds import Rush, rush
from streams.snapshots import Background, Saved, Settings, Snapshots

SHARE: Final = 0.01
"""Events taken in between two snapshots, as a share of those before."""

LIMIT_S: Final = 10
"""Seconds in which a million open orders are to be restored."""

HEAD = ("what", "seconds", "CPU seconds", "state MiB", "written MiB", "chunks written")


class Spent(NamedTuple):
    """What something took, and what it returned."""

    wall_s: float
    cpu_s: float
    """Children included."""
    found: Any


def cpu() -> float:
    """Return the CPU seconds of this process and of its children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def spent(work: Callable[[], object]) -> Spent:
    """Do ``work``; return what it took."""
    before, began = cpu(), time.monotonic()
    found = work()
    return Spent(time.monotonic() - began, cpu() - before, found)


def in_background(store: Snapshots, live: Live) -> tuple[Spent, Spent]:
    """Save by a child; return what stopped the stream, and what it took until the end."""
    background = Background(store)
    state = live.engine.partitions[0]
    before, began = cpu(), time.monotonic()
    stopped = spent(lambda: background.start("orders-0", {}, state, "bench"))
    ended = background.wait(600)
    whole = Spent(time.monotonic() - began, cpu() - before, ended)
    return stopped, whole


def saved_row(what: str, one: Spent) -> list[object]:
    """Return the line of a snapshot that was written."""
    saved: Saved = one.found
    if not isinstance(saved, Saved):
        raise TypeError(saved)
    sizes = saved.bytes_total / MIB, saved.bytes_written / MIB, saved.chunks_new
    return [what, one.wall_s, one.cpu_s, *sizes]


@contextmanager
def store() -> Iterator[Snapshots]:
    """Give an empty store, which is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="andon-snapshots-"))
    try:
        yield Snapshots(folder)
    finally:
        shutil.rmtree(folder)


def measure(world: Rush) -> dict[str, object]:
    """Fill an engine with ``world``; save, go on a little, save, load."""
    with world.path.open("rb") as file, store() as snapshots:
        live = warmed(file, world.before)
        stopped, full = in_background(snapshots, live)
        for text in batches(file, 1_000, int(world.before * SHARE) // 1_000):
            live.take(text)
        stopped_again, again = in_background(snapshots, live)
        for text in batches(file, 1_000, 10):
            live.take(text)
        _, soon = in_background(snapshots, live)
        loading = spent(lambda: snapshots.load("orders-0", "bench", Settings()))
    size = full.found.bytes_total / MIB
    nothing: list[object] = ["-", "-"]
    book = live.engine.partitions[0].journeys.book
    return {
        "open": open_orders(book),
        "rows": [
            saved_row("first snapshot", full),
            saved_row(f"after {SHARE:.0%} more events", again),
            saved_row("after 10 000 more events", soon),
            ["stream stopped by the fork", stopped.wall_s, stopped.cpu_s, size, *nothing],
            ["... the second time", stopped_again.wall_s, stopped_again.cpu_s, size, *nothing],
            ["restore", loading.wall_s, loading.cpu_s, size, *nothing],
        ],
    }


def main() -> None:
    """Measure in a process of its own, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.here:
        print(json.dumps(measure(rush(chosen.orders))))
        return
    world = rush(chosen.orders)
    print(machine())
    found = json.loads(run(module("snapshots", "--here", "--orders", chosen.orders)).said)
    print(f"{world.before:,} events, {found['open']:,} open orders\n")
    print(table(HEAD, found["rows"]))
    print(f"\nRestore is to take at most {LIMIT_S} s.")


if __name__ == "__main__":
    main()
