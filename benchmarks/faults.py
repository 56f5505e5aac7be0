"""What is seen of faults that are known, because they were put into a simulated shop.

python -m benchmarks.faults --orders 50000 --days 45 --seeds 1 2 3
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

import msgspec

from andon.measures import KnewFirst, Listening
from andon.simulate import simulate
from andon.simulate.truth import KnownFault, Truth
from benchmarks.measuring import table
from benchmarks.worlds import CACHE
from schemas.codec import Decoder
from schemas.events import Event, OrderPlaced, ShipmentDispatched, ShipmentPacked
from schemas.problems import Problem
from schemas.stamps import parse_one
from schemas.times import DAY, HOUR, ms
from streams.engine import Engine
from streams.replay import CHUNK, replay_paths

GRACE: Final = ms(timedelta(days=14))
"""A fault may still be found so long after it ended: reports of it come late."""

ANSWERED_BY: Final[Mapping[str, tuple[str, ...]]] = {
    "parcels_delivered_late": ("late-delivery",),
    "parcels_dispatched_late": ("late-dispatch",),
    "parcels_lost": ("lost-shipment",),
    "lines_delivered_wrong": ("wrong-item",),
    "lines_delivered_damaged": ("damaged-item",),
    "lines_delivered_short": ("missing-item",),
    "lines_unfillable": ("line-unfillable",),
    "refunds_over_5_days": ("refund-overdue",),
    "contacts_unanswered_in_5_minutes": ("unanswered-contact",),
}
"""What truly happened, and the kinds of problems that should say so."""


@dataclass(slots=True)
class Told:
    """What the recording says of each order that faults are told apart by."""

    placed_at: dict[str, int] = field(default_factory=dict)
    sellers: dict[str, frozenset[str]] = field(default_factory=dict)
    packed: list[tuple[str, str, int]] = field(default_factory=list)
    """Order, warehouse, ms UTC."""
    sent: list[tuple[str, str, str, str, int]] = field(default_factory=list)
    """Order, carrier, region of the start and of the end, ms UTC."""
    listening: Listening = field(default_factory=Listening)

    def hear(self, event: Event, at: int, recorded: int) -> None:
        """Take note of ``event`` that occurred ``at`` and was ``recorded`` then, ms UTC."""
        self.listening.hear(event, recorded)
        if isinstance(event, OrderPlaced):
            self.placed_at[event.order_id] = at
            self.sellers[event.order_id] = frozenset(line.seller_id for line in event.lines)
        elif isinstance(event, ShipmentPacked):
            self.packed.append((event.order_id, event.warehouse_id, at))
        elif isinstance(event, ShipmentDispatched):
            start = event.origin.region if event.origin else ""
            end = event.destination.region if event.destination else ""
            self.sent.append((event.order_id, event.carrier, start, end, at))


def told(path: Path) -> Told:
    """Read what ``path`` says."""
    found, decoder = Told(), Decoder()
    with path.open("rb") as file:
        while text := file.read(CHUNK):
            some = decoder.decode_lines(text + file.readline())
            clocks = zip(some.occurred.tolist(), some.recorded.tolist(), strict=True)
            for event, (at, recorded) in zip(some.events, clocks, strict=True):
                found.hear(event, at, recorded)
    return found


def touched(fault: KnownFault, what: Told) -> set[str]:
    """Return the orders that went through the faulty place while it was faulty."""
    start, end = _window(fault)
    match fault.subject_type:
        case "sku":
            return {
                order
                for order, warehouse, at in what.packed
                if start <= at < end
                and warehouse == fault.warehouse_id
                and fault.subject in what.listening.skus.get(order, ())
            }
        case "lane":
            return {
                order for order, _, a, b, at in what.sent
                if start <= at < end and f"{a}->{b}" == fault.subject
            }  # fmt: skip
        case "hub":
            return {
                order for order, carrier, a, b, at in what.sent
                if start <= at < end and fault.subject in {f"{carrier}-hub-{x}" for x in (a, b)}
            }  # fmt: skip
        case _:
            return {
                order for order, sellers in what.sellers.items()
                if fault.subject in sellers and start <= what.placed_at[order] < end
            }  # fmt: skip


def _window(fault: KnownFault) -> tuple[int, int]:
    return parse_one(fault.onset) or 0, parse_one(fault.end) or 0


def found_at(fault: KnownFault, problems: Sequence[Problem]) -> int | None:
    """Return when the problem that names the fault opened, ms UTC; ``None`` if none did."""
    start, end = _window(fault)
    about = (fault.kind, fault.subject)
    times = [p.opened_at for p in problems if (p.kind, p.subject) == about]
    return min((at for at in times if start <= at < end + GRACE), default=None)


def knew_first(orders: set[str], what: Told, problems: Sequence[Problem]) -> KnewFirst:
    """Return the measure over the contacts about ``orders``."""
    asked = [one for one in what.listening.asked if one.order_id in orders]
    return Listening(asked, what.listening.skus).measure(problems)


@dataclass(frozen=True, slots=True)
class World:
    """One simulated shop, its truth and what Andon said of it."""

    truth: Truth
    what: Told
    problems: list[Problem]


def played(orders: int, days: int, seed: int) -> World:
    """Simulate a shop and replay it."""
    made = simulate(orders, days, seed, CACHE / f"faults-{orders}-{days}-{seed}")
    truth = msgspec.json.decode(made.truth_path.read_bytes(), type=Truth)
    problems = replay_paths([made.events_path], Engine()).problems
    return World(truth, told(made.events_path), problems)


def fault_rows(world: World) -> Iterator[list[object]]:
    """Yield one line for each fault of a world."""
    for fault in world.truth.faults:
        start, _ = _window(fault)
        at = found_at(fault, world.problems)
        orders = touched(fault, world.what)
        knew = knew_first(orders, world.what, world.problems)
        yield [
            str(world.truth.seed),
            fault.fault,
            fault.subject,
            fault.affected_units,
            "missed" if at is None else f"{(at - start) / DAY:.1f} days",
            knew.contacts,
            "-" if knew.rate is None else f"{knew.rate:.0%}",
            "-" if knew.median_lead is None else f"{knew.median_lead / HOUR:.0f} h",
        ]


def count_rows(worlds: Sequence[World]) -> Iterator[list[object]]:
    """Yield what truly happened beside the problems that say so, over all worlds."""
    problems = [problem for world in worlds for problem in world.problems]
    kept = Counter(p.kind for p in problems if p.withdrawn_at is None)
    back = Counter(p.kind for p in problems if p.withdrawn_at is not None)
    for what, kinds in ANSWERED_BY.items():
        truly = sum(world.truth.counts[what] for world in worlds)
        yield [
            what.replace("_", " "),
            truly,
            " ".join(kinds),
            sum(kept[kind] for kind in kinds),
            sum(back[kind] for kind in kinds),
        ]


def wrong_alarms(worlds: Sequence[World]) -> tuple[int, int]:
    """Return how many problems about a SKU named none of the faults, and how many there were."""
    alarms, wrong = 0, 0
    for world in worlds:
        guilty = {fault.subject for fault in world.truth.faults}
        about = [p for p in world.problems if p.kind == "sku-wrong-item"]
        alarms += len(about)
        wrong += sum(problem.subject not in guilty for problem in about)
    return wrong, alarms


def main() -> None:
    """Play every world, and print what was seen of its faults."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--orders", type=int, default=50_000)
    parser.add_argument("--days", type=int, default=45)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    chosen = parser.parse_args()
    worlds = [played(chosen.orders, chosen.days, seed) for seed in chosen.seeds]
    head = (
        "seed",
        "fault",
        "subject",
        "units hit",
        "named after",
        "contacts",
        "knew first",
        "lead",
    )
    print(table(head, [row for world in worlds for row in fault_rows(world)]), end="\n\n")
    head_of_counts = ("what truly happened", "how often", "problem", "stood", "withdrawn")
    print(table(head_of_counts, list(count_rows(worlds))), end="\n\n")
    wrong, alarms = wrong_alarms(worlds)
    every = [knew_first(set(w.what.placed_at), w.what, w.problems) for w in worlds]
    contacts, known = sum(one.contacts for one in every), sum(one.known for one in every)
    print(f"{wrong} of {alarms} sku-wrong-item problems named a SKU that was not at fault.")
    print(f"Knew first, over all contacts about trouble: {json.dumps(known)} of {contacts:,}.")


if __name__ == "__main__":
    main()
