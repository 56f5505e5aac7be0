"""A believable shop with injected faults: ``events.jsonl``, and the truth about it in ``truth.json``."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from andon.simulate.faults import draw_faults
from andon.simulate.journeys import play
from andon.simulate.log import recorded
from andon.simulate.world import build_world
from andon.simulate.writing import Form, Progress, Told, write_events

__all__ = ["Form", "Progress", "Summary", "Told", "simulate"]


@dataclass(frozen=True, slots=True)
class Summary:
    """What was written, and where."""

    orders: int
    events: int
    bytes: int
    events_path: Path
    truth_path: Path


def simulate(
    orders: int,
    days: int,
    seed: int,
    out: Path,
    *,
    form: Form = "flat",
    story: Sequence[Told] | None = None,
    on_progress: Progress | None = None,
) -> Summary:
    """Simulate ``orders`` orders placed within ``days`` days and write them into the folder ``out``.

    The same arguments write the same bytes. Memory grows with the orders (about half a kB each).
    """
    out.mkdir(parents=True, exist_ok=True)
    world = build_world(orders, np.random.default_rng([seed, 0]))
    faults = draw_faults(world, days, np.random.default_rng([seed, 1]))
    acts = play(world, faults, orders, days, seed)
    what = recorded((act.log for act in acts), np.random.default_rng([seed, 3]))
    scenes = (world, acts, story or ())
    path = out / "events.jsonl"
    written = write_events(path, scenes, what, form, on_progress)
    return Summary(
        sum(act.orders.size for act in acts), written.events, written.bytes, path, out / "truth.json"
    )
