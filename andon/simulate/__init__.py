"""A believable shop with injected faults: ``events.jsonl``, and the truth, ``truth.json``."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from andon.simulate.faults import Faults, draw_faults
from andon.simulate.journeys import play
from andon.simulate.log import Kind, Told, recorded
from andon.simulate.truth import KnownFault, Truth, counts, known_faults, write_truth
from andon.simulate.world import WAREHOUSES, build_world, sku_name
from andon.simulate.writing import Form, Progress, write_events

__all__ = ["Form", "Progress", "Story", "Summary", "Told", "simulate"]


@dataclass(frozen=True, slots=True)
class Story:
    """Events told by hand among those that are simulated, and the faults behind them."""

    told: tuple[Told, ...] = ()
    faults: tuple[KnownFault, ...] = ()


@dataclass(frozen=True, slots=True)
class Summary:
    """What was written, and where."""

    orders: int
    events: int
    bytes: int
    events_path: Path
    truth_path: Path


def simulate(  # noqa: PLR0913 - the size of a world, where it goes, and three options
    orders: int,
    days: int,
    seed: int,
    out: Path,
    *,
    form: Form = "flat",
    story: Story | None = None,
    on_progress: Progress | None = None,
) -> Summary:
    """Simulate ``orders`` orders placed within ``days`` days, and write them to the folder ``out``.

    What follows from the orders (deliveries, returns, contacts) goes on after the last day. The
    same arguments write the same bytes. Memory grows with the orders, by about 1 kB for each.
    """
    out.mkdir(parents=True, exist_ok=True)
    world = build_world(orders, np.random.default_rng([seed, 0]))
    faults = draw_faults(world, days, np.random.default_rng([seed, 1]))
    acts = play(world, faults, orders, days, seed)
    story = story or Story()
    told = [*_repairs(faults), *story.told]
    what = recorded([act.log for act in acts], told, np.random.default_rng([seed, 3]))
    found = [*known_faults(world, faults, acts), *story.faults]
    write_truth(out / "truth.json", Truth(seed, orders, days, found, counts(acts, what)))
    path = out / "events.jsonl"
    written = write_events(path, (world, acts, told), what, form, on_progress)
    placed = sum(act.orders.size for act in acts)
    return Summary(placed, written.events, written.bytes, path, out / "truth.json")


def _repairs(faults: Faults) -> list[Told]:
    """Return the notes with which the warehouse closes each misplaced bin."""
    return [
        Told(
            Kind.SKU_REPAIRED,
            bad.end,
            bad.end + 1_500,
            f'"sku":"{sku_name(bad.row)}","warehouse_id":"{WAREHOUSES[bad.warehouse]}",'
            '"note":"bin emptied and counted"',
        )
        for bad in faults.misplaced
    ]
