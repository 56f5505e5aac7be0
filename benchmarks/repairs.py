"""After a repair: how often late reports of units already sold open the problem again.

    python -m benchmarks.repairs --trials 300 --first-seed 120

Each trial is a SKU with a history of its own that turns bad (20 to 60 % of units), is found, and is
repaired on the same day: all later units are good. Counted are trials in which the evidence of the
45 days after the repair reaches the rung to act again, first with the faulty ship days left in,
then without them. It also tells how many units it took to propose selling again.
"""

import argparse
import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from benchmarks.measuring import machine, median, table
from detectors.population.budgets import Rungs
from detectors.population.delays import ASSUMED, Delays
from detectors.population.evidence import WINDOW, Cohorts, Counts, Prior, Reals, weigh
from detectors.population.recovery import RELIST, bad_rate, soundness, spared

USUAL: Final = 0.015
PRIOR: Final = Prior(np.array([3.0]), np.array([200.0]))
HISTORY: Final = 40
"""Sound days before the fault."""
AFTER: Final = 45
"""Days that are watched after the repair."""
LAST: Final = 60
"""Day of the fault on which it is repaired at the latest, found or not."""
RUNGS: Final = Rungs.of(248_000, 6.3)
"""Twenty thousand SKUs, 1.26 million units a month, at most five wrong alarms a million units."""
MEDIAN_DELAY: Final = 6.0
SPREAD: Final = 0.6


@dataclass(frozen=True, slots=True, eq=False)
class Sku:
    """Units by ship day, and the ship day and the day of each report."""

    units: Counts
    shipped: Counts
    told: Counts

    def cohorts(self, today: int) -> Cohorts:
        """Return what is known at the end of ``today``."""
        days = today - np.arange(WINDOW)
        known = self.told <= today
        reports = np.bincount(self.shipped[known], minlength=self.units.size)
        here = days >= 0
        old = max(0, today - WINDOW + 1)
        return Cohorts(
            np.where(here, self.units[days], 0)[np.newaxis],
            np.where(here, reports[days], 0)[np.newaxis],
            np.array([self.units[:old].sum()]),
            np.array([reports[:old].sum()]),
        )


def reported(chance: np.random.Generator, units: Counts, rates: Reals) -> Sku:
    """Let units shipped at ``rates`` be reported, each after its delay."""
    shipped = np.repeat(np.arange(units.size), chance.binomial(units, rates))
    delays = chance.lognormal(math.log(MEDIAN_DELAY), SPREAD, shipped.size)
    return Sku(units, shipped, np.floor(shipped + chance.random(shipped.size) + delays).astype(int))


def learned_curve(chance: np.random.Generator) -> Reals:
    """Return the curve that a shop learns from three months of reports."""
    others = reported(chance, np.full(90, 10_000), np.full(90, USUAL))
    known = others.told < others.units.size
    delays = Delays()
    delays.roll(others.units.size - 1)
    ages = others.told[known] - others.shipped[known]
    delays.record(others.shipped[known], ages, np.ones(ages.size, np.int64))
    return delays.learned(ASSUMED).shares


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one fault."""

    found: bool
    left_in: bool
    """Whether it opened again with the faulty ship days left in."""
    left_out: bool
    relisted_after: int | None
    """Units shipped after the repair until it is proposed to sell again."""


def trial(seed: int) -> Outcome:
    """Let one SKU turn bad, be found and repaired, and watch what follows."""
    chance = np.random.default_rng(seed)
    curve = learned_curve(chance)
    volume, bad = math.exp(chance.uniform(0, math.log(100))), chance.uniform(0.2, 0.6)
    units = chance.poisson(volume, HISTORY + LAST + AFTER)
    days = np.arange(units.size)
    faulty = reported(chance, units, np.where(days >= HISTORY, bad, USUAL))
    repaired = found_on(faulty, curve)
    good = reported(chance, units, np.full(units.size, USUAL))
    old, new = faulty.shipped <= repaired, good.shipped > repaired
    sku = Sku(
        units,
        np.concatenate((faulty.shipped[old], good.shipped[new])),
        np.concatenate((faulty.told[old], good.told[new])),
    )
    return watched(sku, curve, repaired)


def found_on(sku: Sku, curve: Reals) -> int:
    """Return the first day of the fault on which it is found, or the last."""
    for today in range(HISTORY, HISTORY + LAST - 1):
        if weigh(sku.cohorts(today), PRIOR, curve).log_r[0] >= RUNGS.act:
            return today
    return HISTORY + LAST - 1


def watched(sku: Sku, curve: Reals, repaired: int) -> Outcome:
    """Watch a SKU that was bad until the day ``repaired``."""
    at_repair = weigh(sku.cohorts(repaired), PRIOR, curve)
    first = repaired - int(at_repair.start[0])
    usual = at_repair.usual
    rate = bad_rate(at_repair.reports, at_repair.matured, usual)
    left_in = left_out = False
    relisted_after = None
    for today in range(repaired + 1, repaired + AFTER + 1):
        whole = sku.cohorts(today)
        rest = spared(whole, np.array([today - first]), np.array([today - repaired]))
        left_in |= bool(weigh(whole, PRIOR, curve).log_r[0] >= RUNGS.act)
        left_out |= bool(weigh(rest, PRIOR, curve).log_r[0] >= RUNGS.act)
        since = np.arange(WINDOW) < today - repaired
        sound = soundness(rest.units * since, rest.reports * since, curve, usual, rate)
        if relisted_after is None and sound[0] >= RELIST:
            relisted_after = int((rest.units * since).sum())
    found = bool(at_repair.log_r[0] >= RUNGS.act)
    return Outcome(found, left_in, left_out, relisted_after)


def main() -> None:
    """Repair many faults, and print how often they came back."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--trials", type=int, default=300)
    parser.add_argument("--first-seed", type=int, default=1)
    chosen = parser.parse_args()
    print(machine())
    seeds = range(chosen.first_seed, chosen.first_seed + chosen.trials)
    found = [one for one in map(trial, seeds) if one.found]
    again = [one.relisted_after for one in found if one.relisted_after is not None]
    rows: list[list[object]] = [
        ["faults found and repaired", len(found)],
        ["opened again, faulty ship days left in", sum(one.left_in for one in found) / len(found)],
        [
            "opened again, faulty ship days left out",
            sum(one.left_out for one in found) / len(found),
        ],
        [f"proposed to sell again within {AFTER} days", len(again) / len(found)],
        ["units shipped until then, median", median(again)],
    ]
    print(table(("after a repair", "measured"), rows))


if __name__ == "__main__":
    main()
