"""``andon simulate``: a believable shop with known faults, as events."""

from pathlib import Path
from typing import Annotated

import typer

from andon.cli.options import examples
from andon.cli.output import progress, say

EXAMPLES = examples(
    "andon simulate --out world",
    "andon simulate --orders 1000000 --days 90 --seed 7 --out big",
    "andon simulate --out world && andon replay world/events.jsonl",
)


def simulate(
    out: Annotated[Path, typer.Option("--out", help="Folder to write into.", file_okay=False)],
    orders: Annotated[int, typer.Option("--orders", min=1, help="How many orders.")] = 10_000,
    days: Annotated[int, typer.Option("--days", min=1, help="Over how many days.")] = 30,
    seed: Annotated[int, typer.Option("--seed", help="The same seed, the same bytes.")] = 1,
) -> None:
    """Write a simulated shop: events.jsonl, and in truth.json the faults that were put into it."""
    from andon.simulate import simulate as write

    with progress("simulating") as advance:
        summary = write(orders, days, seed, out, on_progress=advance)
    say(f"{summary.orders:,} orders, {summary.events:,} events in {summary.events_path}")
    say(f"the truth about them in {summary.truth_path}")
    say(f"next: andon replay {summary.events_path}")
