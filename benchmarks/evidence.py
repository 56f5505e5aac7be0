"""Alarms about a simulated catalogue, from the kernel that judges shops: a referee scores them.

    python -m benchmarks.evidence --events e.csv --alarms a.csv [--budget 5]

``--events`` is what ``fault_sim.py emit`` writes: day, kind (ship or report), key, category, ship
day, count. It is read day by day: the curve of delays, the usual rates and the threshold of a day
are frozen before it, from what was read until then. Nothing is tuned. ``--budget`` allows so many
wrong alarms for each million units shipped.
"""

import argparse
import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import process_time
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.population.baselines import default, outgrown, usual_rates
from detectors.population.budgets import MONTH, Rungs, active_days_a_month
from detectors.population.delays import ASSUMED, Curve, Delays
from detectors.population.evidence import WINDOW, Cohorts, Counts, Evidence, Prior, Reals, weigh

MILLION: Final = 1_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Day:
    """What one day brought: units by key, and reports by key and ship day."""

    day: int
    shipped: Counts
    units: Counts
    reported: Counts
    ship_days: Counts
    reports: Counts


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """A catalogue's history: the category of each key, and its days."""

    keys: Counts
    categories: Counts
    days: list[Day]


def read(path: Path) -> World:
    """Read what the simulator emitted."""
    rows = pd.read_csv(path, dtype={"kind": "category"})
    keys, first = np.unique(rows["key"].to_numpy(), return_index=True)
    codes = np.searchsorted(keys, rows["key"].to_numpy())
    return World(keys, rows["category"].to_numpy()[first], list(_days(rows, codes)))


def _days(rows: pd.DataFrame, codes: Counts) -> Iterator[Day]:
    days, ship_days = rows["day"].to_numpy(), rows["ship_day"].to_numpy()
    counts, is_ship = rows["count"].to_numpy(), (rows["kind"] == "ship").to_numpy()
    ends = np.searchsorted(days, np.arange(int(days[-1]) + 2))
    for day in range(ends.size - 1):
        here = slice(ends[day], ends[day + 1])
        ship, code, count = is_ship[here], codes[here], counts[here]
        yield Day(day, code[ship], count[ship], code[~ship], ship_days[here][~ship], count[~ship])


@dataclass(frozen=True, slots=True)
class Beliefs:
    """By how much what was learned is made wrong, to see what breaks."""

    baseline: float = 1.0
    """The usual rate is believed this many times as high."""
    delay: float = 1.0
    """Reports are believed to take this many times as long."""

    def prior(self, learned: Prior) -> Prior:
        """Return what is believed of usual rates."""
        return Prior(learned.a, learned.b / self.baseline)

    def curve(self, learned: Curve) -> Reals:
        """Return what is believed of delays."""
        # The end of age j is j + 1 days away from the beginning of the ship day.
        ends = np.arange(WINDOW + 1, dtype=np.float64)
        shares = np.concatenate(([0.0], learned.shares))
        return np.interp(ends[1:] / self.delay, ends, shares)


BELIEVED: Final = Beliefs()
"""What was learned, as it was learned."""


@dataclass(slots=True, eq=False)
class Shop:
    """All that is remembered of a catalogue, and what was learned from it until yesterday."""

    categories: Counts
    budget: float
    beliefs: Beliefs
    units: NDArray[np.int32] = field(init=False)
    """[keys, WINDOW], by ship day modulo WINDOW; so are ``reports``."""
    reports: NDArray[np.int16] = field(init=False)
    older_units: Counts = field(init=False)
    older_reports: Counts = field(init=False)
    delays: Delays = field(default_factory=Delays)
    curve: Curve = ASSUMED
    prior: Prior = field(init=False)
    fitted: int = 0
    """Reports that the usual rates rest on."""
    active: list[int] = field(default_factory=list)
    sold: list[int] = field(default_factory=list)
    suspects: set[int] = field(default_factory=set)
    """Keys with an alarm: the usual rates are learned from the others."""

    def __post_init__(self) -> None:
        """Start empty."""
        keys = self.categories.size
        self.units = np.zeros((keys, WINDOW), np.int32)
        self.reports = np.zeros((keys, WINDOW), np.int16)
        self.older_units, self.older_reports = np.zeros((2, keys), np.int64)
        assumed, count = default(), int(self.categories.max()) + 1
        self.prior = Prior(np.full(count, assumed.a), np.full(count, assumed.b))

    def take(self, day: Day) -> None:
        """Count what ``day`` brought."""
        slot = day.day % WINDOW
        self.older_units += self.units[:, slot]
        self.older_reports += self.reports[:, slot]
        self.units[:, slot], self.reports[:, slot] = 0, 0
        np.add.at(self.units[:, slot], day.shipped, day.units.astype(np.int32))
        recent = day.ship_days > day.day - WINDOW
        cells = (day.reported[recent], day.ship_days[recent] % WINDOW)
        np.add.at(self.reports, cells, day.reports[recent].astype(np.int16))
        np.add.at(self.older_reports, day.reported[~recent], day.reports[~recent])
        self.delays.roll(day.day)
        self.delays.record(day.ship_days, day.day - day.ship_days, day.reports)
        self.active.append(np.unique(day.shipped).size)
        self.sold.append(int(day.units.sum()))

    @property
    def bytes_a_key(self) -> float:
        """What is remembered of one key."""
        state = (self.units, self.reports, self.older_units, self.older_reports)
        return sum(part.nbytes for part in state) / self.categories.size

    def weigh(self, keys: Counts, today: int) -> Evidence:
        """Return the evidence about ``keys`` at the end of ``today``."""
        slots = (today - np.arange(WINDOW)) % WINDOW
        cohorts = Cohorts(
            self.units[keys][:, slots].astype(np.int64),
            self.reports[keys][:, slots].astype(np.int64),
            self.older_units[keys],
            self.older_reports[keys],
        )
        prior = self.beliefs.prior(self.prior).at(self.categories[keys])
        return weigh(cohorts, prior, self.beliefs.curve(self.curve))

    def threshold(self) -> float:
        """Return the log R from which tomorrow's evidence is an alarm."""
        days = active_days_a_month(np.array(self.active, np.int64), self.categories.size)
        sold = self.sold[-MONTH:]
        allowed = self.budget * sum(sold) / len(sold) * MONTH / MILLION if sold else 1.0
        return Rungs.of(days, allowed).act

    def learn(self, today: int) -> None:
        """Learn from all that was counted by the end of ``today``."""
        self.curve = self.delays.learned(ASSUMED)
        if outgrown(self.fitted, self.delays.reports):
            self.fitted = self.delays.reports
            shares = self.curve.shares[(today - np.arange(WINDOW)) % WINDOW]
            matured = self.older_units + self.units @ shares
            matured[sorted(self.suspects)] = 0
            reports = self.older_reports + self.reports.sum(axis=1)
            self.prior = usual_rates(
                self.categories, reports, matured, self.prior.a.size, default()
            )


@dataclass(frozen=True, slots=True, eq=False)
class Weighed:
    """Every evaluation: which key on which day, what R was, and what it needed."""

    key: Counts
    day: Counts
    log_r: Reals
    needed: Reals
    seconds: float
    """CPU time of the kernel and of gathering its rows."""
    bytes_a_key: float
    """State."""


def judged(world: World, budget: float, beliefs: Beliefs) -> Weighed:
    """Play a world day by day; weigh every key on each day that brought a report of it."""
    shop = Shop(world.categories, budget, beliefs)
    found: list[tuple[Counts, Counts, Reals, Reals]] = []
    seconds = 0.0
    for day in world.days:
        needed = shop.threshold()
        shop.take(day)
        keys = np.unique(day.reported)
        began = process_time()
        log_r = shop.weigh(keys, day.day).log_r
        seconds += process_time() - began
        found.append((world.keys[keys], np.full(keys.size, day.day), log_r,
                      np.full(keys.size, needed)))  # fmt: skip
        shop.suspects.update(keys[log_r >= needed].tolist())
        shop.learn(day.day)
    key, days, log_r, needs = (np.concatenate(column) for column in zip(*found, strict=True))
    return Weighed(key, days, log_r, needs, seconds, shop.bytes_a_key)


def write_alarms(path: Path, keys: Counts, days: Counts) -> None:
    """Write alarms as the referee reads them."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("key", "day"))
        writer.writerows(zip(keys.tolist(), days.tolist(), strict=True))


def main() -> None:
    """Read events, write alarms."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--events", type=Path, required=True)
    parser.add_argument("--alarms", type=Path, required=True)
    parser.add_argument("--budget", type=float, default=5.0, help="wrong alarms a million units")
    parser.add_argument("--believe-baseline", type=float, default=1.0)
    parser.add_argument("--believe-delay", type=float, default=1.0)
    parser.add_argument("--weighed", type=Path, help="every evaluation, as .npz")
    chosen = parser.parse_args()
    beliefs = Beliefs(chosen.believe_baseline, chosen.believe_delay)
    weighed = judged(read(chosen.events), chosen.budget, beliefs)
    over = weighed.log_r >= weighed.needed
    write_alarms(chosen.alarms, weighed.key[over], weighed.day[over])
    if chosen.weighed:
        np.savez(
            chosen.weighed,
            key=weighed.key, day=weighed.day, log_r=weighed.log_r, needed=weighed.needed,
        )  # fmt: skip
    rate = weighed.key.size / weighed.seconds
    print(f"{weighed.key.size:,} evaluations, {rate:,.0f} a CPU-second; {over.sum()} alarms")
    print(f"state: {weighed.bytes_a_key:.0f} bytes a key")


if __name__ == "__main__":
    main()
