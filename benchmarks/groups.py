"""What judging whole groups by evidence costs: the same replay with it and without, in turn.

python -m benchmarks.groups --events 1000000 --runs 3
"""

import argparse
import json
from pathlib import Path

from benchmarks.measuring import alternating, machine, median, module, table
from benchmarks.worlds import recording
from detectors.population.defects import DEFECTS
from streams.engine import Engine
from streams.replay import replay_paths

WITH, WITHOUT = "with evidence", "without"


def replayed(path: Path, way: str) -> dict[str, float]:
    """Replay ``path`` in this process; return CPU seconds and problems about groups."""
    engine = Engine(defects=DEFECTS if way == WITH else ())
    found = replay_paths([path], engine)
    groups = [p for p in found.problems if p.defect is not None]
    return {"cpu_s": found.cpu_seconds, "events": found.events, "groups": len(groups)}


def main() -> None:
    """Measure both ways in processes of their own, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--way", choices=(WITH, WITHOUT), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    path = recording(chosen.events)
    if chosen.way:
        print(json.dumps(replayed(path, chosen.way)))
        return
    print(machine())
    size = ["--events", str(chosen.events)]
    ways = {way: module("groups", *size, "--way", way) for way in (WITHOUT, WITH)}
    spent = alternating(ways, chosen.runs)
    cost = {way: median([one.figures["cpu_s"] for one in runs]) for way, runs in spent.items()}
    rows: list[list[object]] = [
        [
            way,
            round(cost[way], 2),
            round(chosen.events / cost[way]),
            round(cost[way] / cost[WITHOUT], 2),
            int(spent[way][0].figures["groups"]),
        ]
        for way in ways
    ]
    head = ("replay", "CPU s", "events per CPU-second", "times without", "problems of groups")
    print(table(head, rows))


if __name__ == "__main__":
    main()
