"""Hours of traffic at a steady pace: does memory stay flat, and does the worker keep up?

A recording of a shop is sent over and over, each time later and with orders of other names, so that
far more recorded time passes than a journey is remembered for: what is never forgotten would show.

python -m benchmarks.soak --minutes 60 --rate 15000
"""

import argparse
import os
import re
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np

from andon.testing_live import Shop
from benchmarks.kafka_sending import days_later, paced, recorded
from benchmarks.live_worker import JUDGING, WHOLE, joined, metric, rss_of, shop_on
from benchmarks.measuring import MIB, machine, table
from benchmarks.worlds import recording
from streams.addresses import Routes
from streams.engine import HORIZON
from streams.sending import Record, routes
from streams.testing_kafka import Broker

SAMPLE_S: Final = 5.0

_NAMES: Final = re.compile(rb'(_id":"[OPRFCVU]-|"id":")')
_RECORDED: Final = re.compile(rb'"recordedtime":"(\d{4}-\d\d-\d\d)')


@dataclass(slots=True)
class Samples:
    """What was seen of the worker every few seconds."""

    at: list[float] = field(default_factory=list)
    """Seconds since the first event."""
    rss: list[int] = field(default_factory=list)
    lag: list[float] = field(default_factory=list)
    """Records that were there and not read."""
    events: list[float] = field(default_factory=list)

    def take(self, shop: Shop, since: float) -> None:
        """Look once; a worker that does not answer at the moment is not looked at."""
        [worker] = shop.workers
        events = metric(worker, "partition_events_total")
        if events:
            self.at.append(time.monotonic() - since)
            self.rss.append(rss_of(worker.process.pid))
            self.lag.append(metric(worker, "consumer_lag_records"))
            self.events.append(events)


def rounds(path: Path, to: Routes, gap: int) -> Iterator[tuple[int, list[Record]]]:
    """Yield the recording again and again, and how many days later each time.

    ``gap`` days without any event lie between two rounds, so that journeys are forgotten sooner.
    """
    text = path.read_bytes()
    first, last = (date.fromisoformat(found.decode()) for found in _ends(text))
    span, number = (last - first).days + 1 + gap, 0
    with tempfile.TemporaryDirectory(prefix="andon-soak-") as folder:
        later = Path(folder) / "later.jsonl"
        while True:
            renamed = _NAMES.sub(rb"\g<1>%d-" % number, text)
            later.write_bytes(days_later(renamed, number * span))
            yield number * span, recorded(later, to, has_end=False)
            number += 1


def _ends(text: bytes) -> tuple[bytes, bytes]:
    days = [found[1] for found in _RECORDED.finditer(text)]
    return days[0], max(days)


def traffic(
    every: Iterator[tuple[int, list[Record]]], until: float, told: list[int]
) -> Iterator[Record]:
    """Yield records until the moment (monotonic seconds); note the days that have passed."""
    for days, records in every:
        told.append(days)
        for record in records:
            if time.monotonic() > until:
                return
            yield record


def slope(samples: Samples, since: float) -> float:
    """Return how fast memory grows after ``since`` (s), bytes an hour, by least squares."""
    at, rss = np.array(samples.at), np.array(samples.rss, float)
    late = at >= since
    return float(np.polyfit(at[late], rss[late], 1)[0]) * 3600


@dataclass(frozen=True, slots=True)
class Wanted:
    """How the traffic is to be."""

    path: Path
    rate: float
    """Events a second."""
    minutes: float
    gap: int
    """Days of silence between two rounds."""
    desk: bool


def soak(broker: Broker, wanted: Wanted) -> None:
    """Send for so long, watch, and print what was seen."""
    samples, days, ended = Samples(), list[int](), threading.Event()
    with shop_on(broker.bootstrap) as shop:
        joined(shop, 1, WHOLE if wanted.desk else JUDGING)
        to = routes(broker.bootstrap, shop.names)
        began = time.monotonic()

        def watch() -> None:
            while not ended.wait(SAMPLE_S):
                samples.take(shop, began)

        watching = threading.Thread(target=watch)
        watching.start()
        every = rounds(wanted.path, to, wanted.gap)
        records = traffic(every, began + wanted.minutes * 60, days)
        sent = paced(broker.bootstrap, records, wanted.rate)
        took = time.monotonic() - began
        ended.set()
        watching.join()
        shop.check_alive()
    report(samples, sent, took, days[-1])


def report(samples: Samples, sent: int, took: float, days: int) -> None:
    """Print the figures, and a line for every tenth of the time."""
    marks = np.linspace(0, len(samples.at) - 1, 11).astype(int).tolist()
    rows: list[list[object]] = [
        [
            round(samples.at[i]),
            round(samples.events[i]),
            round(samples.rss[i] / MIB),
            round(samples.lag[i]),
        ]
        for i in marks
    ]
    horizon = HORIZON.days
    print(table(("second", "events decided", "RSS MiB", "lag, records"), rows))
    half = samples.at[-1] / 2
    print(
        f"\n{sent:,} records in {took / 60:.1f} minutes ({sent / took:,.0f} a second), "
        f"{days:,} days of recorded time; a journey is remembered for {horizon}.\n"
        f"RSS in the second half: {slope(samples, half) / MIB:+,.0f} MiB an hour, "
        f"from {min(samples.rss) / MIB:,.0f} to {max(samples.rss) / MIB:,.0f} MiB over all. "
        f"Lag: longest {max(samples.lag):,.0f} records, {max(samples.lag) / (sent / took):.1f} s "
        f"of traffic; {samples.lag[-1]:,.0f} at the end."
    )


def main() -> None:
    """Soak, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--rate", type=float, default=15_000, help="half of what was measured")
    parser.add_argument("--events", type=int, default=300_000, help="of one round")
    parser.add_argument("--gap", type=int, default=60, help="days of silence between two rounds")
    parser.add_argument("--desk", action="store_true", help="decide as well, on SQLite")
    chosen = parser.parse_args()
    path = recording(chosen.events)
    print(machine())
    with Broker() as broker:
        soak(broker, Wanted(path, chosen.rate, chosen.minutes, chosen.gap, chosen.desk))
    print(f"load {os.getloadavg()[0]:.1f} at the end")


if __name__ == "__main__":
    main()
