"""Recordings to measure with: simulated shops of an exact size, kept in the temporary folder."""

import json
import sys
import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Final, cast

from andon.simulate import Form, simulate
from benchmarks.measuring import module, run

CACHE: Final = Path(tempfile.gettempdir()) / "andon-benchmarks"
"""Where recordings are kept between runs; may be deleted at any time."""

SEED: Final = 7
EVENTS_PER_ORDER: Final = 7.4
"""A little less than what an order says on average, so that there are enough."""

ORDERS_A_DAY: Final = 5_000

_RECORDED: Final = b'"recordedtime":"'

RUSH_DAYS: Final = 7
"""Over how many days the orders of a rush come in."""

AFTER_RUSH: Final = 1_500_000
"""How many events a rush goes on for after its last order."""


def recording(events: int, form: Form = "flat") -> Path:
    """Return a recording of exactly ``events`` events, in the order of recorded time as they come.

    It is made in a process of its own, whose memory does not count as the caller's.
    """
    path = CACHE / f"{form}-{events}.jsonl"
    if not path.exists():
        run(module("worlds", events, form))
    return path


def days_for(orders: int) -> int:
    """Return over how many days a shop of ``ORDERS_A_DAY`` takes ``orders`` orders, at least 14."""
    return max(14, orders // ORDERS_A_DAY)


def write(events: int, form: Form, folder: Path) -> Path:
    """Write the first ``events`` events of a simulated shop into ``folder``; return the file."""
    orders = int(events / EVENTS_PER_ORDER) + 10
    whole = simulate(orders, days_for(orders), SEED, folder / f"{form}-{events}", form=form)
    path = folder / f"{form}-{events}.jsonl"
    part = path.with_suffix(".part")
    with whole.events_path.open("rb") as source, part.open("wb") as target:
        target.writelines(islice(source, events))
    whole.events_path.unlink()
    part.rename(path)
    return path


@dataclass(frozen=True, slots=True)
class Rush:
    """So many orders in a week that most are still on their way when the last one is placed."""

    path: Path
    orders: int
    before: int
    """Events until the last order was placed; those after it are there to measure with."""


def rush(orders: int) -> Rush:
    """Return a rush of ``orders`` orders, made in a process of its own."""
    facts = CACHE / f"rush-{orders}.json"
    if not facts.exists():
        run(module("worlds", orders, "rush"))
    return Rush(CACHE / f"rush-{orders}.jsonl", orders, json.loads(facts.read_text())["before"])


def write_rush(orders: int, folder: Path) -> None:
    """Write a rush, and beside it how many events come before the last order."""
    path = folder / f"rush-{orders}.jsonl"
    whole = simulate(orders, RUSH_DAYS, SEED, folder / f"rush-{orders}")
    end = _recorded(whole.events_path, RUSH_DAYS)
    before, after = 0, 0
    with whole.events_path.open("rb") as source, path.open("wb") as target:
        for line in source:
            is_before = _stamp(line) < end
            before, after = before + is_before, after + (not is_before)
            if after > AFTER_RUSH:
                break
            target.write(line)
    whole.events_path.unlink()
    path.with_suffix(".json").write_text(json.dumps({"before": before}))


def _recorded(path: Path, days: int) -> bytes:
    """Return the recorded stamp ``days`` days after the first event."""
    with path.open("rb") as file:
        first = datetime.fromisoformat(_stamp(file.readline()).decode())
    return f"{first + timedelta(days=days):%Y-%m-%dT%H:%M:%S}".encode()


def _stamp(line: bytes) -> bytes:
    start = line.index(_RECORDED) + len(_RECORDED)
    return line[start : line.index(b'"', start)]


if __name__ == "__main__":
    if sys.argv[2] == "rush":
        write_rush(int(sys.argv[1]), CACHE)
    else:
        write(int(sys.argv[1]), cast("Form", sys.argv[2]), CACHE)
