"""Rates of sellers by count, corrected for reports that are still to come, with their bounds.

A seller's rate is reports / matured units: the units of each day, weighed with the share of their
reports that has come by now and with how much the whole market reports of that day. So a young
cohort does not look better than it is, and a wave that hits everybody is nobody's doing.

With n reports of m matured units the rate is Gamma(n + 1/2, m) distributed (Jeffreys' prior for a
Poisson rate). Its quantiles are those of Wilson and Hilferty (1931), built of products and a square
root alone, so that they are the same on every machine.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from detectors.journeys.names import Codes
from detectors.observations import Clock
from detectors.population.almanac import Almanac
from detectors.population.counts import Charge, Counts
from detectors.population.defects import DEFECTS
from detectors.population.evidence import WINDOW, Reals
from detectors.population.rings import Rings

NORMAL_95: Final = 1.6448536269514722
"""95 % of a normal distribution lie below it: bounds are one-sided 95 % credible."""

NEARLY_NOTHING: Final = 1.0
"""Matured units that are taken to be there at least: of less than one, nothing can be said."""


def lower(rates: "Rates") -> Reals:
    """Return what each rate exceeds with 95 % probability, reports a unit."""
    return _quantile(rates, -NORMAL_95)


def upper(rates: "Rates") -> Reals:
    """Return what each rate stays below with 95 % probability, reports a unit."""
    return _quantile(rates, NORMAL_95)


def _quantile(rates: "Rates", z: float) -> Reals:
    shape = rates.reports + 0.5
    ninth = 1 / (9 * shape)
    root = np.maximum(1 - ninth + z * np.sqrt(ninth), 0.0)
    quantile: Reals = shape * root * root * root / np.maximum(rates.matured, NEARLY_NOTHING)
    return quantile


@dataclass(frozen=True, slots=True, eq=False)
class Rates:
    """What is known of sellers over some days, one element each."""

    orders: Codes
    """Order lines of these days."""
    reports: Codes
    matured: Reals
    """Order lines that have had time to be reported, a wave of the whole market included."""

    @property
    def means(self) -> Reals:
        """Reports a matured unit; 0 where there are none."""
        means: Reals = self.reports / np.maximum(self.matured, NEARLY_NOTHING)
        return means

    def at(self, place: int) -> "Rates":
        """Return one of them, as an array of one."""
        some = slice(place, place + 1)
        return Rates(self.orders[some], self.reports[some], self.matured[some])


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """The same, summed up by age [E, WINDOW]: column j holds cohorts of today and j days before."""

    orders: Codes
    reports: Codes
    matured: Reals

    def over(self, days: Codes) -> Rates:
        """Return the rates over the last ``days`` [E] before today, and of today."""
        here = (np.arange(days.size), np.clip(days, 0, WINDOW - 1))
        return Rates(self.orders[here], self.reports[here], self.matured[here])

    def at(self, place: int, days: int) -> Rates:
        """Return one of them over the last ``days``."""
        some = slice(place, place + 1)
        one = Tally(self.orders[some], self.reports[some], self.matured[some])
        return one.over(np.array([days]))


def tally(  # noqa: PLR0913 - all but the last say whose rate it is
    charges: Sequence[Charge],
    subject_type: str,
    rows: Codes,
    counts: Counts,
    almanac: Almanac,
    *,
    forgiving: bool = True,
) -> Tally:
    """Count some defects together of the subjects ``rows``: sellers, or the whole market.

    Each defect matures by its own curve and clock; together they do by the market's mixture.
    Incidents that are closed stay counted: they were the seller's. Orders are counted on the clock
    of the first defect. ``forgiving``: reports that an upheld appeal took away do not count.
    """
    reports = np.zeros((rows.size, WINDOW), np.int64)
    matured = np.zeros((rows.size, WINDOW))
    whole = sum(almanac.pooled[charge.defect] for charge in charges)
    units: dict[Clock, Codes] = {}
    for charge in charges:
        clock = DEFECTS[charge.defect].clock
        if clock not in units:
            units[clock] = _recent(counts.units[clock, subject_type], rows, counts.today)
        mine = charge._replace(subject_type=subject_type)
        share = almanac.pooled[charge.defect] / whole
        came = _recent(counts.reports[mine], rows, counts.today)
        if forgiving:
            counts.forgive(mine, rows, came)
        reports += came
        matured += units[clock] * (almanac.curve(charge) * share)
    orders = units[DEFECTS[charges[0].defect].clock]
    return Tally(np.cumsum(orders, axis=1), np.cumsum(reports, axis=1), np.cumsum(matured, axis=1))


def _recent(rings: Rings, rows: Codes, today: int) -> Codes:
    rings.extend(int(rows.max(initial=-1)) + 1)
    return np.maximum(rings.recent(rows, today), 0)


def without(whole: Rates, part: Rates) -> Rates:
    """Return the rates of everybody but each ``part`` [E] of the ``whole`` [1]."""
    return Rates(
        np.maximum(whole.orders - part.orders, 0),
        np.maximum(whole.reports - part.reports, 0),
        np.maximum(whole.matured - part.matured, 0.0),
    )
