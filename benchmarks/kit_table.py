"""The peer kit's jobs side by side: Andon, DuckDB and a plain Python loop on the same file.

    PEERS_VENVS=PREFIX python -m benchmarks.kit_table --events 1000000 --runs 3

The kit is no part of this project; where it is not at hand, this says so and measures nothing. It
looks for its peers' environments at ``PEERS_VENVS`` followed by ``cols``.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.measuring import ONE_THREAD, ROOT, machine, run, table
from benchmarks.worlds import CACHE

KIT: Final = ROOT.parent / "shared" / "bench" / "peers"
PEERS: Final = "duckdb,plain-msgspec"
HEAD = ("engine", "CPU s", "wall s", "events per CPU-second", "peak MiB", "alerts")


def own_command() -> str:
    """Return how the kit runs Andon's jobs."""
    settings = " ".join(f"{name}={value}" for name, value in ONE_THREAD.items())
    kit = "benchmarks.kit {events} {out}"
    return f"env {settings} PYTHONPATH={ROOT} {sys.executable} -m {kit}"


def measure(kit: Path, events: int, runs: int) -> list[dict[str, object]]:
    """Let the kit measure all engines on ``events`` events; return what it says of each."""
    folder = CACHE / "kit"
    folder.mkdir(parents=True, exist_ok=True)
    results = folder / f"results-{events}.jsonl"
    results.unlink(missing_ok=True)
    if not (folder / f"events-{events}.jsonl").exists():
        run([sys.executable, str(kit / "gen.py"), "--events", str(events), "--out", str(folder)])
    size = ["--data", str(folder), "--events", str(events), "--runs", str(runs)]
    wanted = ["--only", PEERS, "--cmd", f"andon={own_command()}", "--out", str(results)]
    print(run([sys.executable, str(kit / "run.py"), *size, *wanted]).said)
    return [json.loads(line) for line in results.read_text().splitlines()]


def rows(results: Sequence[dict[str, object]]) -> list[list[object]]:
    """Return the lines of the table."""
    names = ("peer", "cpu_s", "wall_s", "eps_cpu", "rss_mib", "verdict")
    return [[one[name] for name in names] for one in results]


def main() -> None:
    """Measure where the kit is at hand, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--kit", type=Path, default=KIT)
    chosen = parser.parse_args()
    if not (chosen.kit / "run.py").exists():
        print(f"not measured: no {chosen.kit.name}/run.py here; name the kit with --kit")
        return
    print(machine())
    print(table(HEAD, rows(measure(chosen.kit, chosen.events, chosen.runs))))


if __name__ == "__main__":
    main()
