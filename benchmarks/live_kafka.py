"""How fast events from a real Kafka become problems, beside others that read the same topic.

python -m benchmarks.live_kafka --events 300000 --runs 3 --quix /tmp/quix/bin/python
"""

import argparse
import os
import sys
import time
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from andon.testing_live import Shop
from benchmarks.kafka_sending import deliver, recorded
from benchmarks.live_latency import Waits, waits
from benchmarks.live_worker import JUDGING, WHOLE, Run, addressed, measured, shop_on
from benchmarks.measuring import MIB, machine, median, module, percentile, run, table
from benchmarks.worlds import recording
from streams.sending import Record, routes
from streams.testing_kafka import Broker

FAUST_EVENTS: Final = 20_000
"""Faust reads so much slower that more would only take longer."""

HEAD = (
    "who reads",
    "events",
    "CPU s",
    "wall s",
    "events per CPU-second",
    "events per second",
    "aiokafka = 1",
    "peak MiB",
)

Figures = Mapping[str, Any]


def job(name: str, shop: Shop, events: int) -> Figures:
    """Run one of the jobs that Andon is compared with, in a process of its own."""
    return run(module("kafka_jobs", name, shop.bootstrap, shop.names.events, events)).figures


def by_quix(python: str, shop: Shop, events: int) -> Figures:
    """Run the job of Quix Streams in its own environment."""
    program = str(Path(__file__).with_name("quix_job.py"))
    return run([python, program, shop.bootstrap, shop.names.events, str(events)]).figures


def jobs(broker: Broker, records: Mapping[str, list[Record]], quix: str) -> dict[str, Figures]:
    """Read the topic in every way that is not Andon's; return the figures of each."""
    with shop_on(broker.bootstrap) as shop:
        deliver(broker.bootstrap, addressed(shop, {"events": records["events"]}))
        there = len(records["events"])
        found = {
            "aiokafka getmany, bytes": job("raw", shop, there),
            "aiokafka getmany, counting types": job("count", shop, there),
            "Faust agent, counting types": job("faust", shop, FAUST_EVENTS),
        }
        if quix:
            found["Quix Streams, counting types"] = by_quix(quix, shop, there)
        return found


def by_topic(records: Sequence[Record], to_events: str) -> dict[str, list[Record]]:
    """Return records by what their topic is for, in their order."""
    found: dict[str, list[Record]] = {"events": [], "catalogue": []}
    for topic, some in groupby(records, lambda record: record.topic):
        found["events" if topic == to_events else "catalogue"] += some
    return found


def figures(one: Run) -> Figures:
    """Return what a run of workers has in common with the other jobs."""
    return {
        "events": one.events,
        "cpu_s": one.cpu_s,
        "wall_s": one.wall_s,
        "peak": one.rss_bytes / MIB,
    }


def row(who: str, runs: Sequence[Figures], unit: float) -> list[object]:
    """Return one line of the table: medians of the runs; ``unit`` is aiokafka's rate."""
    rate = median([one["events"] / one["cpu_s"] for one in runs])
    peak = [one["peak"] for one in runs if "peak" in one]
    return [
        who,
        runs[0]["events"],
        round(median([one["cpu_s"] for one in runs]), 2),
        round(median([one["wall_s"] for one in runs]), 2),
        round(rate),
        round(median([one["events"] / one["wall_s"] for one in runs])),
        f"{rate / unit:.3f}",
        str(round(median(peak))) if peak else "",
    ]


WORKERS: Final = {
    "Andon: reader and judge": (1, JUDGING),
    "Andon: reader and judge, 2 workers": (2, JUDGING),
    "Andon: whole worker, SQLite": (1, WHOLE),
}


def measure(
    broker: Broker, records: Mapping[str, list[Record]], runs: int, quix: str
) -> tuple[dict[str, list[Figures]], set[str]]:
    """Run everything in turn; return figures by who reads, and the hashes of the problems."""
    found: dict[str, list[Figures]] = {}
    digests = set()
    for _ in range(runs):
        for who, one in jobs(broker, records, quix).items():
            found.setdefault(who, []).append(one)
        for who, (workers, roles) in WORKERS.items():
            ours = measured(broker.bootstrap, records, workers, roles)
            found.setdefault(who, []).append(figures(ours))
            digests |= {ours.digest} - {""}
            print(f"{who}: {ours.snapshots} snapshots", file=sys.stderr)
    return found, digests


def told(found: Waits) -> str:
    """Return what was found about waiting as a sentence."""
    p50, p99 = (percentile(found.seconds, share) for share in (0.50, 0.99))
    return (
        f"At {found.a_second:,.0f} events a second ({found.events:,} events, "
        f"{len(found.seconds):,} problems opened by an event), from the broker's stamp of the "
        f"event to the problem in a consumer: p50 {p50:.2f} s, p99 {p99:.2f} s, "
        f"longest {max(found.seconds):.2f} s."
    )


def main() -> None:
    """Measure everything on one broker, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--events", type=int, default=300_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--quix", default="", help="a python that has quixstreams; none: left out")
    parser.add_argument("--seconds", type=float, default=30, help="how long the paced part lasts")
    chosen = parser.parse_args()
    path = recording(chosen.events)
    print(machine())
    with Broker() as broker:
        with shop_on(broker.bootstrap) as shop:
            made = recorded(path, routes(broker.bootstrap, shop.names))
            records = by_topic(made, shop.names.events)
        found, digests = measure(broker, records, chosen.runs, chosen.quix)
        replayed = run([*_replay(), str(path)]).said.split()[-1]
        [unit] = [row("", found["aiokafka getmany, bytes"], 1.0)[4]]
        print(table(HEAD, [row(who, some, float(str(unit))) for who, some in found.items()]))
        if not chosen.quix:
            print("\nQuix Streams: left out, its pins need an environment of its own (--quix).")
        print(f"\nThe problems of a replay: {'yes' if digests == {replayed} else 'NO'}.")
        ours = found["Andon: reader and judge"]
        half = 0.5 * median([one["events"] / one["wall_s"] for one in ours])
        print("\n" + told(waits(broker, path, half, chosen.seconds)))
        print(f"load {os.getloadavg()[0]:.1f} at the end ({time.strftime('%H:%M')})")


def _replay() -> list[str]:
    return [str(Path(sys.executable).parent / "andon"), "replay", "--hash"]


if __name__ == "__main__":
    main()
