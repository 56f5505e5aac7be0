"""The evidence that a defect rate has become bad: one kernel, for live running and for replay.

Shiryaev-Roberts over the ship days of the last nine weeks. For every start ``c`` with units the
likelihood ratio compares "the usual rate p ~ Gamma(a, b) until ``c``, theta times p from then on"
with "p all along", given the reports of each ship day and the units of it that have had time to be
reported. With n reports and m matured units since ``c``, N reports in all and B = b + all matured
units it is, in closed form (Poisson counts, so for small rates),

    theta^n * (B / (B + (theta - 1) m))^(a + N)

averaged over THETAS. R is the sum over the starts; under the usual rate its expectation grows by at
most one for each day on which something is shipped, whatever the dependence between subjects, so
that "R >= c" opens at most (active days / c) wrong problems. Method: Shin, Ramdas and Rinaldo,
arXiv 2203.03532; window limits: arXiv 2206.06777.

Every row is computed by itself and summed from left to right, so that an answer does not depend on
which other rows were asked about in the same call.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
"""How many, as whole numbers."""

Reals = NDArray[np.float64]

WINDOW: Final = 63
"""How many ship days back a fault may have begun; 42 find almost the same (measured)."""

THETAS: Final = (2.5, 6.5, 17.0, 40.0)
"""How many times the usual rate a bad one may be: from "become bad" to "all of them", each weighed
the same. Four values lose nothing measurable against eleven."""

_LOGS: Final = tuple(float(log) for log in np.log(THETAS))

_BLOCK: Final = 256
"""Rows at a time: their intermediate columns fit into a core's cache."""

_ROUNDING: Final = 1e-12
"""Far above the rounding of 63 sums and a logarithm (2e-14), far below what matters."""


@dataclass(frozen=True, slots=True, eq=False)
class Cohorts:
    """Units and reports by ship day; one row for each subject and defect.

    Column j of ``units`` and ``reports`` [E, WINDOW] is the cohort shipped j days before the day of
    evaluation. ``older_units`` and ``older_reports`` [E] are all cohorts before those.
    """

    units: Counts
    reports: Counts
    older_units: Counts
    older_reports: Counts

    def __post_init__(self) -> None:
        """Refuse what are no counts.

        Raises:
            ValueError: shapes do not fit each other, or a count is negative.
        """
        rows = len(self.units)
        wide, tall = (rows, WINDOW), (rows,)
        shapes = (wide, wide, tall, tall)
        for name, shape in zip(self.__slots__, shapes, strict=True):
            counts = getattr(self, name)
            if counts.shape != shape:
                raise ValueError(f"{name} must be shaped {shape}, not {counts.shape}")
            if (least := counts.min(initial=0)) < 0:
                raise ValueError(f"{name} must not be negative, not {least}")

    def __len__(self) -> int:
        return len(self.units)

    def part(self, rows: slice | Counts) -> "Cohorts":
        """Return some ``rows``."""
        return Cohorts(
            self.units[rows], self.reports[rows], self.older_units[rows], self.older_reports[rows]
        )


@dataclass(frozen=True, slots=True, eq=False)
class Prior:
    """What is known of the usual defect rate before a subject's own history.

    A Gamma distribution of shape ``a`` [E] and rate ``b`` [E]: its mean is a / b reports a unit,
    and it is worth ``b`` units of own history.
    """

    a: Reals
    b: Reals

    def at(self, rows: Counts | slice) -> "Prior":
        """Return the priors at ``rows``: places, which may repeat, or a slice."""
        return Prior(self.a[rows], self.b[rows])


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """How strongly the counts of each row speak for a rate that has become bad.

    Rows without a unit in the window have ``start`` -1, minus infinity as logarithms, and zeros.
    """

    log_r: Reals
    """Natural logarithm of R, which decides."""
    start: Counts
    """Age in days of the likeliest first bad ship day."""
    log_best: Reals
    """Natural logarithm of the likelihood ratio at ``start``: the odds that people are shown."""
    reports: Counts
    """Reports of units shipped since ``start``."""
    units: Counts
    """Units shipped since ``start``."""
    matured: Reals
    """How many of ``units`` have had time to be reported."""
    expected: Reals
    """Reports that ``matured`` units bring at the usual rate."""
    usual: Reals
    """The usual rate, reports a unit: the prior and the subject's history before ``start``."""

    @classmethod
    def joined(cls, parts: list[Self]) -> Self:
        """Return the rows of all ``parts``, one after the other."""
        names = [field.name for field in fields(cls)]
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


@dataclass(frozen=True, slots=True, eq=False)
class More:
    """What may still come before evidence is asked for again, at most: one row each, as Cohorts.

    ``added`` may be counted besides; ``removed`` may be taken back, of what is there already.
    """

    added: Cohorts
    removed: Cohorts

    def part(self, rows: slice) -> "More":
        """Return some ``rows``."""
        return More(self.added.part(rows), self.removed.part(rows))


def weigh(cohorts: Cohorts, prior: Prior, curve: Reals) -> Evidence:
    """Return the evidence of every row.

    ``curve`` is the share of all reports that have come by each age in days, [WINDOW] or
    [E, WINDOW]; a factor of the whole market may be multiplied into it.
    """
    blocks = _blocks(len(cohorts))
    return Evidence.joined(
        [_weigh(cohorts.part(rows), prior.at(rows), _rows_of(curve, rows)) for rows in blocks]
    )


def ceiling(cohorts: Cohorts, prior: Prior, curve: Reals, more: More) -> Reals:
    """Return the logarithm of a bound [E] that R of no state within ``more`` exceeds.

    The ratio of each start grows with reports since it and with units before it, and shrinks with
    reports before it and with units since it. So it is largest where each of these is at its own
    end. Whoever is below every rung by this bound need not be weighed again.
    """
    blocks = _blocks(len(cohorts))
    return np.concatenate(
        [
            _ceiling(cohorts.part(rows), prior.at(rows), _rows_of(curve, rows), more.part(rows))
            for rows in blocks
        ]
    )


def _blocks(rows: int) -> Iterator[slice]:
    """Yield slices that cover all ``rows``, at least one."""
    for first in range(0, max(rows, 1), _BLOCK):
        yield slice(first, first + _BLOCK)


def _rows_of(curve: Reals, rows: slice) -> Reals:
    return curve if curve.ndim == 1 else curve[rows]


def _weigh(cohorts: Cohorts, prior: Prior, curve: Reals) -> Evidence:
    matured = np.cumsum(cohorts.units * curve, axis=1)
    reports = np.cumsum(cohorts.reports, axis=1)
    shape = prior.a + (cohorts.older_reports + reports[:, -1])
    rate = prior.b + (cohorts.older_units + matured[:, -1])
    starts = np.flatnonzero(cohorts.units)
    row = starts // WINDOW
    ratio = matured.ravel()[starts] / rate[row]
    found = _search(starts, reports.ravel()[starts], ratio, shape[row], len(cohorts))
    here = (np.arange(len(cohorts)), found.start)
    known = found.start >= 0
    n, m = np.where(known, reports[here], 0), np.where(known, matured[here], 0.0)
    units = np.where(known, np.cumsum(cohorts.units, axis=1)[here], 0)
    usual = np.where(known, (shape - n) / (rate - m), 0.0)
    return Evidence(found.log_r, found.start, found.log_best, n, units, m, usual * m, usual)


def _ceiling(cohorts: Cohorts, prior: Prior, curve: Reals, more: More) -> Reals:
    added, removed = more.added, more.removed
    most = cohorts.units + added.units
    reports = np.cumsum(cohorts.reports + added.reports, axis=1)
    matured = np.cumsum(np.maximum(cohorts.units - removed.units, 0) * curve, axis=1)
    before = _before(np.maximum(cohorts.reports - removed.reports, 0)) + _column(
        np.maximum(cohorts.older_reports - removed.older_reports, 0)
    )
    grown = _before(most * curve) + _column(cohorts.older_units + added.older_units)
    starts = np.flatnonzero(most)
    shape = (_column(prior.a) + before + reports).ravel()[starts]
    ratio = (matured / (_column(prior.b) + grown + matured)).ravel()[starts]
    found = _search(starts, reports.ravel()[starts], ratio, shape, len(cohorts))
    most_reports = prior.a + cohorts.older_reports + added.older_reports + reports[:, -1]
    return found.log_r + _ROUNDING * _LOGS[-1] * (1 + most_reports)


def _column(values: Reals | Counts) -> Reals:
    return values[:, np.newaxis].astype(np.float64)


def _before(cohorts: Reals | Counts) -> Reals:
    """Return for each start the sum of the cohorts before it, which are those of higher age."""
    sums = np.zeros(cohorts.shape)
    np.cumsum(cohorts[:, :0:-1], axis=1, out=sums[:, -2::-1])
    return sums


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """R, the likeliest start and its ratio, by row."""

    log_r: Reals
    start: Counts
    log_best: Reals


def _search(starts: Counts, reports: Counts, ratio: Reals, shape: Reals, rows: int) -> _Found:
    """Sum the likelihood ratios of all ``starts`` (places in [rows, WINDOW]) by row.

    ``ratio`` is matured units since the start over B, ``shape`` is a + N.
    """
    terms = np.empty((len(THETAS), starts.size))
    for place, theta in enumerate(THETAS):
        np.log1p((theta - 1) * ratio, out=terms[place])
        terms[place] *= -shape
        terms[place] += reports * _LOGS[place]
    highest = np.full((rows, WINDOW), -np.inf)
    highest.ravel()[starts] = terms.max(axis=0)
    top = highest.max(axis=1)
    terms -= top[starts // WINDOW]
    np.exp(terms, out=terms)
    ratios = np.zeros((rows, WINDOW))
    ratios.ravel()[starts] = ((terms[0] + terms[1]) + terms[2]) + terms[3]
    best = ratios.argmax(axis=1)
    with np.errstate(divide="ignore"):
        mean = top - np.log(len(THETAS))
        log_r = mean + np.log(np.cumsum(ratios, axis=1)[:, -1])
        log_best = mean + np.log(ratios[np.arange(rows), best])
    return _Found(log_r, np.where(top > -np.inf, best, -1), log_best)
