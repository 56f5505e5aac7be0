"""Deadlines in hours or in business days, each parcel's by its destination's calendar."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import numpy as np

from detectors.journeys.tables import Shipments
from schemas.times import DAY, NEVER, Flags, Times, ms


@dataclass(frozen=True, slots=True, eq=False)
class Calendar:
    """The working days of one country, in its local time.

    ``starts`` and ``ends`` are the local midnights (ms UTC) around each working day, ascending.
    """

    starts: Times
    ends: Times
    _began: Times = field(init=False, repr=False)
    """By day in UTC since 1970: the place of the last working day that began before it, or -1."""
    _most: int = field(init=False, repr=False)
    """How many working days at most begin on one day in UTC: 2 where clocks are set forward."""

    def __post_init__(self) -> None:
        """Refuse a calendar on which nobody ever works; prepare to find days without searching."""
        if not self.starts.size:
            raise ValueError("a calendar needs at least one working day")
        began = np.searchsorted(self.starts, np.arange(0, NEVER, DAY)) - 1
        object.__setattr__(self, "_began", began)
        object.__setattr__(self, "_most", int(np.bincount(self.starts // DAY).max()))

    def add_business_days(self, times: Times, days: int) -> Times:
        """Return the same local time ``days`` working days after each of ``times``, ms UTC.

        ``times`` lie between 1970 and ``NEVER``. What happens between working days counts as
        happening when the next one begins. The time of day is what has passed since local midnight,
        so that on Monday to Friday it is exact in every zone that changes its clocks at the
        weekend. Beyond the calendar's last day five days of seven work.
        """
        last = self._last_begun(times)
        passed = times - self.starts[last]
        between = (last < 0) | (times >= self.ends[last])
        target = last + between + days
        passed[between] = 0
        known = np.minimum(target, self.starts.size - 1)
        due: Times = np.minimum(self.starts[known] + passed, self.ends[known])
        beyond = target > known
        if beyond.any():
            due[beyond] = due[beyond] + (target - known)[beyond] * 7 * DAY // 5
        return due

    def _last_begun(self, times: Times) -> Times:
        """Return the place of the last working day that has begun; -1 before the first.

        Looking up the day and stepping on takes half as long as a binary search.
        """
        last = self._began[times // DAY]
        for _ in range(self._most):
            following = np.minimum(last + 1, self.starts.size - 1)
            last = np.where(times >= self.starts[following], following, last)
        return last


def calendar(
    midnights: Times,
    first_weekday: int,
    holidays: Iterable[int] = (),
    weekend: Iterable[int] = (5, 6),
) -> Calendar:
    """Return the calendar of consecutive local ``midnights`` (ms UTC; one more than days).

    The first day is a ``first_weekday``; it and ``weekend`` count from Monday, 0. ``holidays`` are
    places in ``midnights``.
    """
    weekday = (first_weekday + np.arange(midnights.size - 1)) % 7
    works = ~np.isin(weekday, list(weekend))
    works[list(holidays)] = False
    return Calendar(midnights[:-1][works], midnights[1:][works])


_THURSDAY: Final = 3

WEEKDAYS: Final = calendar(np.arange(0, NEVER, DAY), _THURSDAY)
"""Monday to Friday in UTC since 1970, without holidays: where nothing better is known."""


def weekdays(country: str) -> Calendar:  # noqa: ARG001 - the same in every country
    """Return Monday to Friday in UTC, whatever the ``country``."""
    return WEEKDAYS


@dataclass(frozen=True, slots=True)
class BusinessDays:
    """A span of working days; ``calendar_of`` finds the calendar of a country (ISO 3166, or "")."""

    days: int
    calendar_of: Callable[[str], Calendar] = field(default=weekdays, repr=False, compare=False)

    def __str__(self) -> str:
        """Write it as playbooks do: ``3bd``."""
        return f"{self.days}bd"


Span = timedelta | BusinessDays
"""How long something may take."""


def after(times: Times, span: Span, country: str = "") -> Times:
    """Return ``times`` (ms UTC) and ``span``, counted in ``country``."""
    if isinstance(span, timedelta):
        return times + ms(span)
    return span.calendar_of(country).add_business_days(times, span.days)


def deadlines(
    shipment: Shipments, counts: Flags, since: Times, span: Span, abroad: Span | None = None
) -> Times:
    """Return ``since`` and ``span`` where it ``counts``, ``NEVER`` elsewhere; ms UTC.

    Days are counted where the parcel goes; ``abroad`` is the span of parcels that cross a border.
    """
    due = np.full(since.size, NEVER)
    rows = np.flatnonzero(counts)
    if rows.size:
        due[rows] = _counted(shipment, shipment.lane[rows], since[rows], span, abroad or span)
    return due


def _counted(shipment: Shipments, lane: Times, since: Times, span: Span, abroad: Span) -> Times:
    if span == abroad:
        return _by_country(shipment, lane, since, span)
    far = shipment.words.lanes.abroad(lane)
    due = np.empty_like(since)
    for some, allowed in ((far, abroad), (~far, span)):
        due[some] = _by_country(shipment, lane[some], since[some], allowed)
    return due


def _by_country(shipment: Shipments, lane: Times, since: Times, span: Span) -> Times:
    """Return ``since`` and ``span``, with one pass for each country."""
    if isinstance(span, timedelta):
        return since + ms(span)
    lanes = shipment.words.lanes
    country = lanes.country(lane)
    present = np.flatnonzero(np.bincount(country)).tolist()
    due = np.empty_like(since)
    for place in present:
        here = country == place
        due[here] = after(since[here], span, lanes.countries[place])
    return due
