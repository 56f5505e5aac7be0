"""What a large shop needs, computed from measured figures; and a peak day with a loss, simulated.

But for what an idle partition costs the judge, nothing is measured here: what was is in
:class:`Measured`, with the section of docs/benchmarks.md that it is from.

Modelled is a day of hourly demand, workers that share partitions evenly, and
one worker that is lost at the peak: its partitions stand still until their session has ended and
another worker has restored them, then the log is caught up with.

python -m benchmarks.capacity --orders 10000000
"""

import argparse
import time
from dataclasses import dataclass
from typing import Final

import numpy as np

from andon.wiring import build_rules, read_playbook
from benchmarks.measuring import machine, table
from schemas.times import ms
from streams.accounts import encoded
from streams.engine import HORIZON
from streams.group import LIVE
from streams.judging import Seat
from streams.testing_groups import TOPIC, a_group

SECONDS: Final = 86_400
SHARE: Final = 0.05
"""Of the time that may go into snapshots, on one core."""
HOURS: Final = (1, 1, 1, 1, 1, 1, 2, 3, 4, 5, 5, 5, 5, 5, 5, 5, 5, 6, 7, 8, 8, 6, 4, 2)
"""How much of a day's demand comes in which hour, in proportion; an assumption."""


TELLINGS: Final = 4
"""How often a partition tells the judge how far it is, a second: streams.live_reader.SETTLE_S."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What one core and one order cost, as measured."""

    per_cpu_s: float = 31_712
    """Events to problems a CPU-second, snapshots on (docs/benchmarks.md, live_kafka)."""
    events_per_order: float = 7.33
    """Of the simulator (a million events)."""
    event_bytes: float = 321
    """Of flat JSON, as the simulator writes it (the same million)."""
    state_bytes: float = 586
    """Of an order, open or not (memory)."""
    process_bytes: float = 1_797
    """By which the process grew for each order, problems and the judge included (memory)."""
    decisions_per_order: float = 0.54
    desk_cpu_s: float = 0.0011
    """Of a decision: what the whole worker took beyond reader and judge (live_kafka, SQLite)."""
    ledger_rows: float = 2.5
    ledger_bytes: float = 1_658
    """Of an order, on SQLite; the simulated shop is unlucky with a problem for every third."""
    snapshot_cpu_s: float = 5.3
    """To write the state of a million orders, when most of it is there already (snapshots)."""
    restore_s: float = 11.6
    """To read the state of a million orders, on a busy machine (snapshots)."""


@dataclass(frozen=True, slots=True)
class Shop:
    """What is asked for."""

    orders: float
    """A day."""
    peak: float
    """How much more than on a usual day comes on the busiest one."""
    horizon: float
    """Days that a journey is remembered for after its last event."""
    workers: int
    partitions: int
    session_s: float = 15.0


PerSecond = np.ndarray[tuple[int], np.dtype[np.float64]]


def demand(shop: Shop, measured: Measured) -> PerSecond:
    """Return events in each second of the busiest day."""
    share = np.repeat(np.array(HOURS, np.float64), SECONDS // len(HOURS))
    day = shop.orders * shop.peak * measured.events_per_order
    return np.asarray(share * (day / share.sum()), np.float64)


def idle_telling(times: int = 400) -> tuple[float, float]:
    """Measure what the judge hears of a partition where nothing happens: CPU s, and bytes."""
    group, seat = a_group(clock=LIVE), Seat(build_rules(read_playbook(None)), ms(HORIZON))
    records: list[bytes] = []
    for moment in range(1, times + 1):
        group.pass_time(TOPIC, moment * 250)
        records += encoded(group.settle().telling(0, 1))
    began = time.process_time()
    for record in records:
        seat.hear(record)
        seat.decide()
    spent = time.process_time() - began
    return spent / len(records), sum(map(len, records)) / len(records)


def needs(shop: Shop, measured: Measured) -> list[list[object]]:
    """Return what the shop needs, line by line."""
    arriving = demand(shop, measured)
    kept = shop.orders * shop.horizon
    million = kept / shop.workers / 1e6
    events = shop.orders * measured.events_per_order
    decided = arriving.max() / measured.events_per_order * measured.decisions_per_order
    return [
        ["events on a usual day", f"{events / 1e6:,.1f} million"],
        ["events a second, usual day", f"{events / SECONDS:,.0f}"],
        ["events a second, busiest hour of the busiest day", f"{arriving.max():,.0f}"],
        ["cores for that, reader and judge", f"{arriving.max() / measured.per_cpu_s:.2f}"],
        ["orders remembered", f"{kept / 1e6:,.0f} million"],
        ["state of all partitions", f"{kept * measured.state_bytes / 1e9:,.0f} GB"],
        ["memory of all processes", f"{kept * measured.process_bytes / 1e9:,.0f} GB"],
        [
            f"memory of each of {shop.workers} workers",
            f"{million * measured.process_bytes / 1e3:,.0f} GB",
        ],
        [
            "CPU seconds to write a worker's snapshots once",
            f"{million * measured.snapshot_cpu_s:,.0f}",
        ],
        [
            "time between them, at 5 % of one core",
            f"{million * measured.snapshot_cpu_s / SHARE / 60:,.0f} min",
        ],
        ["seconds to restore a worker's partitions", f"{million * measured.restore_s:,.0f}"],
        ["decisions a second, busiest hour", f"{decided:,.0f}"],
        ["cores of the one desk for that", f"{decided * measured.desk_cpu_s:.2f}"],
        ["rows in the ledger, a day", f"{shop.orders * measured.ledger_rows / 1e6:,.0f} million"],
        ["ledger, a day", f"{shop.orders * measured.ledger_bytes / 1e9:,.1f} GB"],
        ["input in Kafka, a day", f"{events * measured.event_bytes / 1e9:,.1f} GB"],
        [
            "input in Kafka, kept for the horizon",
            f"{events * measured.event_bytes * shop.horizon / 1e12:,.2f} TB",
        ],
    ]


def loss(shop: Shop, measured: Measured) -> tuple[float, float]:
    """Lose a worker when most comes in; return seconds of standing still, and until caught up.

    No event waits longer than the second. What was lost goes to the others in equal parts; each
    reads its own and its share of that, on one core, and what came since the last snapshot again.
    """
    arriving = demand(shop, measured)
    a_worker = arriving[int(arriving.argmax()) :] / shop.workers
    million = shop.orders * shop.horizon / shop.workers / 1e6
    others = shop.workers - 1
    restored = shop.session_s + million / others * measured.restore_s
    again = million * measured.snapshot_cpu_s / SHARE * a_worker[0]
    waiting = again / others
    for second, comes in enumerate(a_worker.tolist()):
        if second < restored:
            waiting += comes / others
            continue
        waiting = max(0.0, waiting + comes * (1 + 1 / others) - measured.per_cpu_s)
        if not waiting:
            return restored, float(second)
    return restored, float("inf")


def main() -> None:
    """Print the plan and what a loss does to it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--orders", type=float, default=10e6, help="on a usual day")
    parser.add_argument("--peak", type=float, default=4.0, help="busiest day over a usual one")
    parser.add_argument("--horizon", type=float, default=180.0, help="days")
    parser.add_argument("--workers", type=int, default=60)
    parser.add_argument("--partitions", type=int, default=240)
    chosen = parser.parse_args()
    shop = Shop(chosen.orders, chosen.peak, chosen.horizon, chosen.workers, chosen.partitions)
    cpu_s, size = idle_telling()
    print(
        f"{machine()}\n\nMeasured: what an idle partition tells costs the judge {cpu_s * 1e6:,.0f} "
        f"CPU microseconds and {size:,.0f} bytes; {shop.partitions} partitions that tell "
        f"{TELLINGS} times a second cost {cpu_s * TELLINGS * shop.partitions:.2f} of a core and "
        f"{size * TELLINGS * shop.partitions * SECONDS / 1e9:,.1f} GB a day.\n\n"
        "Modelled, not measured:\n"
    )
    print(table(("what", "how much"), needs(shop, Measured())))
    still, over = loss(shop, Measured())
    print(
        f"\nA worker lost in the busiest second: its partitions stand still for {still:,.0f} s, "
        f"and all is caught up {over:,.0f} s after the loss."
    )


if __name__ == "__main__":
    main()
