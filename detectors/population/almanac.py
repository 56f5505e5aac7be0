"""What is taken as usual during one day: delay curves, usual rates, thresholds, the whole market.

It is frozen at each day's roll, so that an answer does not depend on when in the day it was asked,
and named by a version that every problem carries.
"""

import hashlib
from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np

from detectors.journeys.blocks import Column
from detectors.journeys.names import Codes
from detectors.observations import Clock
from detectors.population.baselines import Usual, default, likeliest, rollup
from detectors.population.budgets import MONTH, Rungs, active_days_a_month
from detectors.population.counts import COUNTED, Charge, Counts
from detectors.population.defects import DEFECTS
from detectors.population.delays import ASSUMED, AT_ONCE, Curve, Delays
from detectors.population.evidence import WINDOW, Prior, Reals
from detectors.population.numbering import distinct
from detectors.population.subjects import MARKET, OF_ONE_ITEM, Subjects
from detectors.population.told import Voices
from schemas.times import Flags

LEARNING_DAYS: Final = 14
"""Cohort days of history before evidence is judged: before that nothing is known to be usual."""

WEEK: Final = 7
"""Days between two fits of what is usual: it changes slowly, and a fit costs more than a day."""

SETTLED_AGE: Final = 28
"""Cohorts so old say what was usual before a fault that is looked into now, days."""

STEADY: Final = 40.0
"""Expected reports of a day that weigh as much as those that came, when the whole market is asked:
a day is believed to be up to 16 % off by chance (1 / sqrt(40))."""

LEAST: Final = 100_000
"""The least R to act on, however small the shop: then a watch asks for R of 1 000, sixteen times
what the WINDOW starts add up to while nothing is wrong."""

NEARLY_NONE: Final = 1e-4
"""The lowest usual rate that is believed, reports a unit."""

EVERYBODY: Final = np.zeros(1, np.int64)
"""The row of the market."""

LEARNT: Final = frozenset({Clock.SHIPPED, Clock.PARCEL})
"""Clocks whose reports come later, by a curve that is learnt."""

WRONG_ITEM: Final = next(i for i, one in enumerate(DEFECTS) if one.name == "wrong_item")

COMING: Final = 14
"""Days for which it is reckoned how many reports are usual: the window of the floor."""

NOTHING: Final = np.zeros(0)

Budget = Mapping[str, float]
"""Wrong alarms allowed in a month, for each defect of a subject type."""


@dataclass(frozen=True, eq=False)
class Almanac:
    """The frozen knowledge of one ``day`` (UTC day number)."""

    day: int
    curves: tuple[Curve, ...]
    """By defect."""
    swells: Reals
    """By defect and age: how many times the usual the whole market reports of that cohort day."""
    fits: Mapping[Charge, tuple[Usual, ...]]
    """By charge: one for each category, the last for subjects without one; or just one."""
    rungs: Mapping[Charge, Rungs]
    """Charges that are judged today."""
    categories: Codes
    """By row of a SKU: its category's row, or -1."""
    rates: Mapping[int, Reals]
    """By defect: the usual rate of each SKU from its settled cohorts, reports a unit."""
    pooled: tuple[float, ...]
    """By defect: reports a unit over everything."""
    coming: Reals
    """By row of a SKU: reports of a wrong item that usually come within COMING days now."""
    active: Mapping[Charge, int]
    """Subject-days a month on which something went out, from which the rungs follow."""

    @cached_property
    def version(self) -> str:
        """A short name of all that was learnt, the same on every machine and partition."""
        digest = hashlib.blake2b(digest_size=6)
        digest.update(repr((self.day, [curve.version for curve in self.curves])).encode())
        fits = [(c, sorted((fit.a, fit.b) for fit in self.fits[c])) for c in sorted(self.fits)]
        digest.update(repr((fits, sorted(self.rungs.items()))).encode())
        return digest.hexdigest()

    @cached_property
    def _shares(self) -> tuple[Reals, Reals]:
        """By defect and age: the shares of the market's reports, and of everybody else's."""
        market = np.stack([curve.shares for curve in self.curves])
        return market, market * self.swells

    def usual_reports(self, sku: int) -> float:
        """Return how many reports of a wrong item are usual for a SKU within COMING days."""
        return float(self.coming[sku]) if sku < self.coming.size else 0.0

    def curve(self, charge: Charge) -> Reals:
        """Return how many of a cohort's usual reports have come by each age, waves included."""
        market, others = self._shares
        shares: Reals = (market if charge.subject_type == MARKET else others)[charge.defect]
        return shares

    def prior(self, charge: Charge, skus: Codes) -> Prior:
        """Return the prior of each subject, by the rows of the SKUs they are articles of."""
        fits = self.fits[charge]
        if len(fits) == 1:
            place = np.zeros(skus.size, np.int64)
        else:
            known = (skus >= 0) & (skus < self.categories.size)
            place = np.where(known, self.categories[np.where(known, skus, 0)], -1)
            place = np.where(place < len(fits) - 1, place, -1)
        a, b = np.array([fit.a for fit in fits]), np.array([fit.b for fit in fits])
        return Prior(a[place], b[place])


@dataclass(slots=True)
class _Fit:
    """A fit, and the number of reports it rests on."""

    reports: int
    usual: tuple[Usual, ...]

    def is_outgrown(self, reports: int) -> bool:
        """Whether it would rest on twice as many reports, or more."""
        return reports >= 2 * self.reports


@dataclass(slots=True)
class Learning:
    """What is learnt from day to day."""

    budget: Budget
    _delays: tuple[Delays, ...] = field(default_factory=lambda: tuple(Delays() for _ in DEFECTS))
    _active: dict[tuple[Clock, str], deque[int]] = field(default_factory=dict)
    """By clock and subject type: subjects with units, by day of the last MONTH."""
    _fits: dict[Charge, _Fit] = field(default_factory=dict)
    _category_of: dict[int, str] = field(default_factory=dict)
    _noted: Column = field(default_factory=lambda: Column(-1))
    """By row of a SKU: a category that it was told of before, -1 for none."""
    _renamed: set[int] = field(default_factory=set)
    """SKUs whose category became known, or another one, since the last day was frozen."""
    _categories_known: Codes = field(default_factory=lambda: np.empty(0, np.int64))
    """By row of a SKU, as of then."""
    _rates: dict[int, Reals] = field(default_factory=dict)

    def record(self, voices: Voices, days: Codes) -> None:
        """Learn from new reports how late they come; ``days`` are the days of their periods."""
        is_new = (voices.units > 0) & (voices.day <= days)
        for defect in np.unique(voices.defect).tolist():
            if DEFECTS[defect].clock in LEARNT:
                at = np.flatnonzero((voices.defect == defect) & is_new)
                ages = days[at] - voices.day[at]
                self._delays[defect].record(voices.day[at], ages, voices.units[at])

    def begin(self, day: int) -> None:
        """Let it be ``day``."""
        for defect, delays in zip(DEFECTS, self._delays, strict=True):
            if defect.clock in LEARNT:
                delays.roll(day)

    def note_categories(self, skus: Codes, categories: Codes, subjects: Subjects) -> None:
        """Learn which SKU is of which category; of several the first by name."""
        known = (skus >= 0) & (categories >= 0)
        skus, categories = skus[known], categories[known]
        known_skus, count = subjects.count("sku"), subjects.count("category")
        self._noted.extend(known_skus)
        new = self._noted.values[skus] != categories
        pairs, _ = distinct(skus[new] * count + categories[new], count * known_skus)
        self._noted.values[pairs // count] = pairs % count
        for pair in pairs.tolist():
            sku, category = divmod(pair, count)
            name = subjects.name("category", category)
            before = self._category_of.get(sku)
            if before is None or name < before:
                self._category_of[sku] = name
                self._renamed.add(sku)

    def freeze(
        self, counts: Counts, subjects: Subjects, open_rows: Mapping[Charge, Collection[int]]
    ) -> Almanac:
        """Return what is known as today begins; subjects with open problems teach nothing."""
        today = counts.today
        curves = tuple(self._curve(defect) for defect in range(len(DEFECTS)))
        categories = self._categories(subjects)
        pooled, swells = _of_market(counts, curves)
        self._count_active(counts)
        judged = [charge for charge in counts.reports if self._is_judged(counts, charge)]
        for charge in judged:
            self._renew(counts, charge, curves[charge.defect], categories, open_rows)
        if today % WEEK == 0 or not self._rates:
            self._rates = self._settled_rates(counts, curves, categories)
        fits = {charge: self._fits[charge].usual for charge in judged}
        active = self._active_days(counts, judged)
        rungs = {charge: self._rungs(charge, days) for charge, days in active.items()}
        return Almanac(
            today,
            curves,
            swells,
            fits,
            rungs,
            categories,
            self._rates,
            pooled,
            self._coming(counts, curves),
            active,
        )

    def _coming(self, counts: Counts, curves: tuple[Curve, ...]) -> Reals:
        rates = self._rates.get(WRONG_ITEM)
        if rates is None:
            return NOTHING
        shares = curves[WRONG_ITEM].shares
        before = np.concatenate([np.zeros(COMING), shares[:-COMING]])
        units = counts.units[DEFECTS[WRONG_ITEM].clock, "sku"]
        sold = units.recent(np.arange(min(units.size, rates.size)), counts.today)
        came = np.cumsum(np.maximum(sold, 0) * (shares - before), axis=1)[:, -1]
        coming: Reals = came * rates[: came.size]
        return coming

    def _curve(self, defect: int) -> Curve:
        is_learnt = DEFECTS[defect].clock in LEARNT
        return self._delays[defect].learned(ASSUMED) if is_learnt else AT_ONCE

    def _categories(self, subjects: Subjects) -> Codes:
        """Return the row of each SKU's category, -1 unknown; not to be changed."""
        known = self._categories_known
        size = subjects.count("sku")
        if self._renamed or known.size < size:
            known = np.full(size, -1)
            known[: self._categories_known.size] = self._categories_known
            skus = list(self._renamed)
            known[skus] = [subjects.row("category", self._category_of[sku]) for sku in skus]
            self._renamed.clear()
            self._categories_known = known
        return known

    def _count_active(self, counts: Counts) -> None:
        """Count the subjects that had units yesterday."""
        for key, rings in counts.units.items():
            active = rings.active(counts.today - 1)
            if active or key in self._active:
                self._active.setdefault(key, deque(maxlen=MONTH)).append(active)

    def _is_judged(self, counts: Counts, charge: Charge) -> bool:
        """Whether there is history and a report; once judged, always judged: problems must end."""
        if charge in self._fits:
            return True
        first = counts.first_day.get(DEFECTS[charge.defect].clock)
        enough = first is not None and counts.today - first >= LEARNING_DAYS
        return enough and counts.heard[charge.defect] > 0

    def _renew(
        self,
        counts: Counts,
        charge: Charge,
        curve: Curve,
        categories: Codes,
        open_rows: Mapping[Charge, Collection[int]],
    ) -> None:
        heard, before = counts.heard[charge.defect], self._fits.get(charge)
        if before is not None and not (counts.today % WEEK == 0 and before.is_outgrown(heard)):
            return
        if charge.subject_type in OF_ONE_ITEM - {"sku"}:
            usual = self._fits[Charge(charge.defect, "sku")].usual
        else:
            came, matured = counts.histories(charge, curve.shares)
            taught = np.ones(came.size, np.bool_)
            taught[list(open_rows.get(charge, ()))] = False
            taught &= matured > 0
            usual = _usual(charge, came, matured, taught, categories)
        self._fits[charge] = _Fit(heard, usual)

    def _active_days(self, counts: Counts, judged: Iterable[Charge]) -> dict[Charge, int]:
        """Return how many active days the coming month may have, by charge that has rungs."""
        found: dict[Charge, int] = {}
        known: dict[tuple[Clock, str], int] = {}
        for charge in judged:
            defect = DEFECTS[charge.defect]
            if charge.subject_type in defect.charged:
                key = (defect.clock, charge.subject_type)
                if key not in known:
                    seen = np.array(self._active.get(key, [0]))
                    known[key] = active_days_a_month(seen, counts.units[key].subjects)
                found[charge] = known[key]
        return found

    def _rungs(self, charge: Charge, active: int) -> Rungs:
        allowed = self.budget[charge.subject_type]
        return Rungs.of(max(active, round(LEAST * allowed)), allowed)

    def _settled_rates(
        self,
        counts: Counts,
        curves: tuple[Curve, ...],
        categories: Codes,
    ) -> dict[int, Reals]:
        found: dict[int, Reals] = {}
        for defect, names in enumerate(COUNTED):
            charge = Charge(defect, "sku")
            if "sku" in names and charge in self._fits:
                came, matured = counts.histories(charge, curves[defect].shares, SETTLED_AGE)
                prior = _priors(self._fits[charge].usual, categories, came.size)
                found[defect] = (prior.a + came) / (prior.b + matured)
        return found


def _priors(fits: tuple[Usual, ...], categories: Codes, size: int) -> Prior:
    place = np.full(size, -1)
    place[: categories.size] = categories[:size]
    place = np.where(place < len(fits) - 1, place, -1)
    a, b = np.array([fit.a for fit in fits]), np.array([fit.b for fit in fits])
    return Prior(a[place], b[place])


def _rate(came: int, matured: float) -> float:
    """Return reports a unit, never quite none."""
    return max(max(came, 0.5) / max(matured, 1.0), NEARLY_NONE)


def _likeliest(came: Codes, matured: Reals, around: Usual) -> Usual:
    """Return the fit, in an order of subjects that does not depend on their rows."""
    order = np.lexsort((matured, came))
    return likeliest(came[order], matured[order], around)


def _usual(
    charge: Charge, came: Codes, matured: Reals, taught: Flags, categories: Codes
) -> tuple[Usual, ...]:
    """Return what is usual for subjects of a charge by those that are ``taught`` to be so."""
    rate = _rate(int(came.sum()), float(np.cumsum(np.sort(matured))[-1:].sum()))
    if charge.subject_type == "sku":
        return _by_category(came, matured, taught, categories, default(rate))
    if np.count_nonzero(taught) > 1:
        return (_likeliest(came[taught], matured[taught], default(rate)),)
    return (rollup(rate),)


def _by_category(
    came: Codes, matured: Reals, taught: Flags, categories: Codes, around: Usual
) -> tuple[Usual, ...]:
    place = np.full(came.size, -1)
    place[: min(categories.size, came.size)] = categories[: came.size]
    pooled = _likeliest(came[taught], matured[taught], around)
    fits = []
    for category in range(int(categories.max(initial=-1)) + 1):
        mine = taught & (place == category)
        fits.append(_likeliest(came[mine], matured[mine], pooled))
    return (*fits, pooled)


def _of_market(counts: Counts, curves: Sequence[Curve]) -> tuple[tuple[float, ...], Reals]:
    """Return reports a unit over the whole market by defect, and its swells by defect and age.

    They are how many times the usual it reports of each cohort, at least 1.
    """
    pooled, swells = [NEARLY_NONE] * len(DEFECTS), np.ones((len(DEFECTS), WINDOW))
    heard = [defect for defect, reports in enumerate(counts.heard) if reports]
    if not heard:
        return tuple(pooled), swells
    market = counts.cohorts_of([(Charge(defect, MARKET), EVERYBODY) for defect in heard])
    units = market.units * np.stack([curves[defect].shares for defect in heard])
    matured = np.cumsum(units, axis=1)[:, -1] + market.older_units
    came = market.reports.sum(axis=1) + market.older_reports
    rates = [_rate(*one) for one in zip(came.tolist(), matured.tolist(), strict=True)]
    for defect, rate in zip(heard, rates, strict=True):
        pooled[defect] = rate
    expected = units * np.array(rates)[:, np.newaxis]
    swells[heard] = np.maximum(1.0, (market.reports + STEADY) / (expected + STEADY))
    return tuple(pooled), swells
