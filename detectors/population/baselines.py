"""What defect rate is usual in a category, before a subject has a history of its own.

Rates of sound subjects of a category are taken to follow a Gamma(a, b) distribution; their reports
are then negative binomial, and a and b are those under which the reports seen are likeliest. Few
subjects say little about a category, so each fit is drawn towards that of all categories together,
and that one towards Gamma(2, 2 / rate).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from detectors.population.evidence import Counts, Prior, Reals

USUAL_RATE: Final = 0.015
"""Reports a unit where nothing is known: the mean of the simulated shops; playbooks may state
another."""

DEFAULT_SHAPE: Final = 2.0
"""Shape where nothing is known: rates of most subjects within a factor of three of their mean."""

ROLLUP_SHAPE: Final = 40.0
"""Shape for roll-ups, whose exposure is counted in expected reports: the ratio of a sound warehouse
or lane is known to 16 % (1 / sqrt(40))."""

OUTGROWN: Final = 1.25
"""A fit is renewed when the reports it rests on have changed by this factor."""

_PULL: Final = 0.5
"""Standard deviation of log shape and of log mean rate between categories. The simulated shops have
0.25 between means; twice that lets a category that is really different be so after few reports."""

_SHAPES: Final = (0.25, 100.0)
"""Narrowest and widest shape believed: no fit may be worth more than a few thousand units."""

_GOLDEN: Final = (5**0.5 - 1) / 2
_SECTIONS: Final = 14
"""Golden sections: the shape is found to a hundredth, far finer than it is known."""
_STEPS: Final = 40
"""Most Newton steps for the rate; four or five are usual."""
_CLOSE: Final = 1e-4
"""Newton steps in the logarithm of the rate end below this one: the next would be its square."""


@dataclass(frozen=True, slots=True)
class Usual:
    """One Gamma distribution of usual rates: mean a / b reports a unit, worth b units."""

    a: float
    b: float


def default(rate: float = USUAL_RATE) -> Usual:
    """Return what is assumed of subjects about which nothing is known but a ``rate``."""
    return Usual(DEFAULT_SHAPE, DEFAULT_SHAPE / rate)


def rollup(rate: float = 1.0) -> Usual:
    """Return the prior of a roll-up; its exposure is in expected reports unless ``rate`` is given.

    ``rate`` is the usual number of reports for one unit of exposure.
    """
    return Usual(ROLLUP_SHAPE, ROLLUP_SHAPE / rate)


def usual_rates(
    categories: Counts, reports: Counts, matured: Reals, count: int, assumed: Usual
) -> Prior:
    """Return the prior of each of ``count`` categories.

    One element for each subject: its category's place, its reports, and its units that have had
    time to be reported. Subjects with an open problem are to be left out. ``assumed`` is what the
    fit of all subjects together is drawn towards.
    """
    known = matured > 0
    place, n, m = categories[known], reports[known], matured[known]
    pooled = likeliest(n, m, assumed)
    fits = [likeliest(n[place == one], m[place == one], pooled) for one in range(count)]
    return Prior(np.array([fit.a for fit in fits]), np.array([fit.b for fit in fits]))


def likeliest(reports: Counts, matured: Reals, around: Usual) -> Usual:
    """Return the Gamma under which ``reports`` of ``matured`` units are likeliest.

    It is drawn ``around`` another, and equal to that if there are no subjects. The shape is found
    by golden sections, for each of which the rate is the root of a monotone function.
    """
    if not reports.size:
        return around
    at_least = _at_least(reports)
    came, below = reports.astype(np.float64), np.arange(float(at_least.size))
    subjects = _Subjects(came, float(reports.sum()), matured, at_least, below, around)
    low, high = (float(np.log(shape)) for shape in _SHAPES)
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_left, at_right = subjects.likelihood(left), subjects.likelihood(right)
    for _ in range(_SECTIONS):
        if at_left < at_right:
            low, left, at_left = left, right, at_right
            right = low + _GOLDEN * (high - low)
            at_right = subjects.likelihood(right)
        else:
            high, right, at_right = right, left, at_left
            left = high - _GOLDEN * (high - low)
            at_left = subjects.likelihood(left)
    a = float(np.exp((low + high) / 2))
    return Usual(a, subjects.rate(a))


def outgrown(reports_then: int, reports_now: int) -> bool:
    """Say whether a fit made from ``reports_then`` should be renewed."""
    low, high = sorted((reports_then, reports_now))
    return high > low * OUTGROWN


def _at_least(reports: Counts) -> Reals:
    """Return how many subjects have more than j reports, for each j that any has."""
    return np.cumsum(np.bincount(reports)[:0:-1])[::-1].astype(np.float64)


def _total(values: Reals) -> float:
    """Return the sum from left to right, whatever the machine; 0 of nothing."""
    return float(values.cumsum()[-1]) if values.size else 0.0


@dataclass(slots=True, eq=False)
class _Subjects:
    """Counts of subjects, and how likely they are."""

    came: Reals
    """Reports of each; whole numbers, made real once for all steps."""
    all_came: float
    matured: Reals
    at_least: Reals
    """How many subjects have more than j reports, for each j ``below`` the most that any has."""
    below: Reals
    around: Usual
    near: float = 0.0
    """Logarithm of the last rate that was found, relative to ``around``: the next is near it."""

    def likelihood(self, log_shape: float) -> float:
        """Return the logarithm of the likelihood at a shape with its best rate, and the pull."""
        a = float(np.exp(log_shape))
        b = self.rate(a)
        # lgamma(a + n) - lgamma(a) is the sum of log(a + j) over j < n.
        rising = _total(self.at_least * np.log(a + self.below))
        spread = _total((a + self.came) * np.log1p(self.matured / b))
        drawn = float(np.log(b)) * self.all_came
        away = np.log(a / self.around.a) ** 2 + self._away(a, b) ** 2
        return float(rising - spread - drawn - away / (2 * _PULL**2))

    def rate(self, a: float) -> float:
        """Return the likeliest rate for the shape ``a``, by Newton steps in its logarithm."""
        start = float(np.log(self.around.b * a / self.around.a))
        log_b, step, steps = start + self.near, 1.0, 0
        shapes = a + self.came
        while abs(step) > _CLOSE and steps < _STEPS:
            step, steps = self._step(a, float(np.exp(log_b)), shapes), steps + 1
            log_b += step
        self.near = log_b - start
        return float(np.exp(log_b))

    def _step(self, a: float, b: float, shapes: Reals) -> float:
        """Return a Newton step in the logarithm of the rate, at most one to either side."""
        share: Reals = self.matured + b
        np.divide(b, share, out=share)
        known: Reals = shapes * share
        slope = self.came.size * a - _total(known) + self._away(a, b) / _PULL**2
        np.subtract(1, share, out=share)
        share *= known
        bend = _total(share) + 1 / _PULL**2
        return min(max(slope / bend, -1.0), 1.0)

    def _away(self, a: float, b: float) -> float:
        """Return the logarithm of the mean rate relative to the one it is drawn to."""
        return float(np.log((a / b) * (self.around.b / self.around.a)))
