"""When a subject that was put right has shown that it is: the evidence, reversed.

Units shipped after the repair are asked how much likelier their silence is at the usual rate than
at the rate of the fault. Units without time to be reported say nothing either way, so a SKU that
is off sale proves nothing by waiting: it has to be sold, in small numbers, to be believed again.
"""

from typing import Final

import numpy as np

from detectors.population.evidence import THETAS, WINDOW, Cohorts, Counts, Reals

RELIST: Final = float(np.log(99))
"""Logarithm of how much likelier "put right" must be than "still bad": 99 to 1."""

_WORST: Final = 0.95
"""No fault is taken to hit every unit: one clean unit would then be proof."""


def bad_rate(reports: Counts | Reals, matured: Reals, usual: Reals) -> Reals:
    """Return the rate of a fault, reports a unit, by what came of its ``matured`` units.

    It is at least the smallest that evidence looks for, which is the hardest to refute.
    """
    least = THETAS[0] * usual
    seen = reports / np.maximum(matured, 1.0)
    return np.minimum(np.maximum(seen, least), _WORST)


def mildest(reports: int, matured: float, usual: float) -> float:
    """Return the mildest rate that the ``reports`` of a fault still allow, reports a unit.

    It is the lower 5 % bound of the rate of a Poisson count (Wilson and Hilferty, 1931): what was
    found by looking everywhere for the worst is seldom as bad as it looked.
    """
    n = max(reports, 1)
    least = n * max(1 - 1 / (9 * n) - 1.645 / (3 * n**0.5), 0.0) ** 3
    seen = bad_rate(np.array([least]), np.array([matured]), np.array([usual]))
    return float(seen[0])


def spared(cohorts: Cohorts, oldest: Counts, youngest: Counts) -> Cohorts:
    """Return the cohorts without those of ages ``oldest`` to ``youngest`` [E], both included.

    These are the ship days of a fault from its first day to its repair: neither later evidence nor
    the usual rate may rest on them. The caller keeps them out of the older totals as well.
    """
    ages = np.arange(WINDOW)
    kept = (ages > oldest[:, np.newaxis]) | (ages < youngest[:, np.newaxis])
    return Cohorts(
        cohorts.units * kept, cohorts.reports * kept, cohorts.older_units, cohorts.older_reports
    )


def soundness(units: Counts, reports: Counts, curve: Reals, usual: Reals, bad: Reals) -> Reals:
    """Return the logarithm [E] of how much likelier "put right" is than "still bad".

    ``units`` and ``reports`` [E, WINDOW] are cohorts by age shipped after the repair, ``curve``
    [WINDOW] or [E, WINDOW] the share of reports that have come by each age, ``usual`` and ``bad``
    [E] the two rates.
    """
    ratio: Reals = course(units, reports, curve, usual, bad)[:, -1]
    return ratio


def course(units: Counts, reports: Counts, curve: Reals, usual: Reals, bad: Reals) -> Reals:
    """Return :func:`soundness` of the cohorts of each age and all younger ones, [E, WINDOW]."""
    sound, still = (
        np.log1p(-np.minimum(rate[:, np.newaxis] * curve, _WORST)) for rate in (usual, bad)
    )
    silent = np.maximum(units - reports, 0) * (sound - still)
    spoken = reports * np.log(usual / bad)[:, np.newaxis]
    ratios: Reals = np.cumsum(silent, axis=1) + np.cumsum(spoken, axis=1)
    return ratios


def still_needed(soundness: Reals, usual: Reals, bad: Reals) -> Counts:
    """Return how many more clean, matured units [E] would be enough to relist; 0 if none."""
    each = np.log1p(-usual) - np.log1p(-bad)
    missing: Counts = np.ceil(np.maximum(RELIST - soundness, 0.0) / each).astype(np.int64)
    return missing
