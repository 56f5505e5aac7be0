"""How near a learned curve of delays is to the truth, after so many reports.

    python -m benchmarks.curves --reports 10000 --trials 100 --first-seed 5000

Each trial ships for a hundred days, lets log-normal delays (median 6 days, sigma 0.6) pass, learns
every day from what has been reported until then, and compares with the true share at every age. For
comparison: the largest error of as many delays that are all known, none of them still to come.
"""

import argparse
import math
from typing import Final

import numpy as np

from benchmarks.measuring import machine, table
from detectors.population.delays import ASSUMED, Delays
from detectors.population.evidence import WINDOW, Counts, Reals

DAYS: Final = 100
MEDIAN_DELAY: Final = 6.0
SPREAD: Final = 0.6
REPORTED: Final = 0.93
"""Share of the reports about a hundred days that come within them."""
POINT: Final = 0.01


def true_shares() -> Reals:
    """Return the share of delays that end by the end of each day, shipped at any hour."""
    hours = (np.arange(24) + 0.5) / 24
    ends = (np.arange(WINDOW)[:, np.newaxis] + hours).ravel()
    deviations = np.log(ends / MEDIAN_DELAY) / (SPREAD * math.sqrt(2))
    shares = np.array([0.5 + 0.5 * math.erf(one) for one in deviations.tolist()])
    by_day: Reals = shares.reshape(WINDOW, 24).mean(axis=1)
    return by_day


def delayed(chance: np.random.Generator, count: int) -> Counts:
    """Return ``count`` ages at the report, in days."""
    spent = chance.random(count) + chance.lognormal(math.log(MEDIAN_DELAY), SPREAD, count)
    return np.floor(spent).astype(np.int64)


def trial(seed: int, reports: int) -> tuple[int, float, float]:
    """Return how many reports were seen, and the largest error of the curve and of all delays."""
    chance = np.random.default_rng(seed)
    cohorts = chance.integers(0, DAYS, round(reports / REPORTED))
    ages = delayed(chance, cohorts.size)
    delays = Delays()
    for today in range(DAYS):
        delays.roll(today)
        new = cohorts + ages == today
        delays.record(cohorts[new], ages[new], np.ones(int(new.sum()), np.int64))
    known = np.bincount(delayed(chance, delays.reports), minlength=WINDOW)[:WINDOW]
    truth = true_shares()
    error = np.abs(delays.learned(ASSUMED).shares - truth).max()
    least = np.abs(np.cumsum(known) / delays.reports - truth).max()
    return delays.reports, float(error), float(least)


def main() -> None:
    """Learn many times, and print how wrong the curves are."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--reports", type=int, default=10_000)
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--first-seed", type=int, default=1)
    chosen = parser.parse_args()
    print(machine())
    seeds = range(chosen.first_seed, chosen.first_seed + chosen.trials)
    results = np.array([trial(seed, chosen.reports) for seed in seeds])
    print(f"{results[:, 0].mean():,.0f} reports on average; largest error at any age, in points:")
    rows: list[list[object]] = [
        [name, *(f"{100 * one:.2f}" for one in (np.median(errors), errors.max())),
         f"{(errors <= POINT).mean():.0%}"]
        for name, errors in (("learned as reports come", results[:, 1]),
                             ("all delays known", results[:, 2]))
    ]  # fmt: skip
    print(table(("curve", "median", "worst", "within a point"), rows))


if __name__ == "__main__":
    main()
