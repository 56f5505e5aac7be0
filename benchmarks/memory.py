"""How many bytes of state an order costs, table by table.

python -m benchmarks.memory --orders 1000000
"""

import argparse
import gc
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.live import warmed
from benchmarks.measuring import MIB, machine, module, run, table
from benchmarks.worlds import Rush, rush
from detectors.journeys.book import Book
from detectors.journeys.tables import Table

LIMIT: Final = 600
"""The most that state may cost for each open order, bytes."""

HEAD = ("table", "rows", "rows per order", "MiB", "bytes per order")


def parts(book: Book) -> dict[str, tuple[int, int]]:
    """Return rows and bytes of every table, and of what belongs to none."""
    found = {table.name.lower(): _table(book, table) for table in Table}
    found["order ids"] = len(book.orders), book.orders.nbytes
    found["customers' names"] = len(book.words.customers), book.words.customers.nbytes
    return found


def _table(book: Book, which: Table) -> tuple[int, int]:
    store = book.stores[which]
    chains = [chain for (child, _), chain in book.chains.items() if child is which]
    return store.count, store.nbytes + sum(chain.nbytes for chain in chains)


def open_orders(book: Book) -> int:
    """Count the orders of which a customer still waits for a line."""
    orders = book.stores[Table.ORDER]
    return int(np.count_nonzero(orders.read("lines_open", np.arange(orders.count)) > 0))


def resident() -> int:
    """Return how much memory this process holds now, bytes (Linux)."""
    with Path("/proc/self/statm").open() as file:
        pages = int(file.read().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def measure(world: Rush) -> dict[str, object]:
    """Fill an engine with ``world`` until its last order is placed; return what it holds."""
    before = resident()
    with world.path.open("rb") as file:
        live = warmed(file, world.before)
    gc.collect()
    journeys = live.engine.partitions[0].journeys
    return {
        "parts": parts(journeys.book),
        "open": open_orders(journeys.book),
        "problems": len(live.open),
        "nbytes": live.engine.nbytes,
        "resident": resident() - before,
    }


def rows(found: Mapping[str, tuple[int, int]], orders: int) -> list[list[object]]:
    """Return the lines of the table, the sum last."""
    lines: list[list[object]] = [
        [name, count, round(count / orders, 2), round(size / MIB), round(size / orders)]
        for name, (count, size) in found.items()
    ]
    total = sum(size for _, size in found.values())
    return [*lines, ["all", orders, 1.0, round(total / MIB), round(total / orders)]]


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
    found = json.loads(run(module("memory", "--here", "--orders", chosen.orders)).said)
    held = found["parts"]["order"][0]
    print(table(HEAD, rows(found["parts"], held)))
    each = found["nbytes"] / held
    print(
        f"\n{world.before:,} events; {found['open']:,} of {held:,} orders are open, "
        f"with {found['problems']:,} open problems.\n"
        f"State: {each:,.0f} bytes an order (at most {LIMIT} asked for); the process grew by "
        f"{found['resident'] / held:,.0f} bytes an order, problems and the judge included."
    )


if __name__ == "__main__":
    main()
