"""Which cell each unit is in: its cohort day, what it is, where it was packed and who carries it.

A unit is an order line, or a parcel. Cells are compared between consecutive versions of a row, so
what is told of them depends on nothing but versions.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NamedTuple

import numpy as np

from detectors.journeys.folds import Numbers
from detectors.journeys.names import UNKNOWN
from detectors.journeys.standing import Columns
from detectors.journeys.tables import Lines, Shipments, Table
from detectors.journeys.versions import Versions
from detectors.observations import Clock
from schemas.times import DAY, NEVER, Flags, Times


class Cohort(NamedTuple):
    """Which day units count for by one clock, -1 for none, and where they count by themselves.

    Where the outcome is not known to be good a report has to tell it, if it is not.
    """

    day: Numbers
    counts: Flags


@dataclass(frozen=True)
class Cells:
    """The cells of one unit per row; -1 where something is unknown."""

    item: Numbers
    place: Numbers
    lane: Numbers
    found: Numbers
    """The SKU that came instead; no part of the cell, but told with it."""
    cohorts: dict[Clock, Cohort]

    @cached_property
    def _elsewhere(self) -> Flags:
        """Whether each row but the first differs from the one before in all but the day."""
        item, place, lane = self.item, self.place, self.lane
        other: Flags = (item[1:] != item[:-1]) | (place[1:] != place[:-1])
        other |= lane[1:] != lane[:-1]
        return other

    def moved(self, v: Versions, clock: Clock) -> Numbers:
        """Return the versions in which a cell, or what was found, is not as in the one before."""
        day = self.cohorts[clock].day
        other = self._elsewhere | (day[1:] != day[:-1])
        return _between(v, other | (self.found[1:] != self.found[:-1]))

    def exposures(self, v: Versions, clock: Clock) -> Numbers:
        """Return one column per unit that comes to a cell or leaves it, as ``Exposures`` has them.

        A unit that moves leaves one cell and comes to another.
        """
        day, counts = self.cohorts[clock]
        moved = (self._elsewhere | (day[1:] != day[:-1])) & counts[1:]
        now = _between(v, moved | (counts[1:] != counts[:-1]))
        left, come = now[counts[now - 1]], now[counts[now]]
        version = np.concatenate([left - 1, come])
        return np.stack(
            [
                v.at[np.concatenate([left, come])],
                np.full(version.size, clock),
                day[version],
                self.item[version],
                self.place[version],
                self.lane[version],
                np.repeat([-1, 1], [left.size, come.size]),
            ]
        )

    def reports(self, clock: Clock, told: Columns) -> tuple[Numbers, Numbers]:
        """Return one column per report ``told`` of a unit in a cell, as ``Reports`` has them.

        The second array has the version of each.
        """
        version, defect, at, buyer, units = told
        day = self.cohorts[clock].day[version]
        item, place, lane = self.item[version], self.place[version], self.lane[version]
        found = self.found[version]
        inside = day >= 0
        rows = np.stack([at, defect, day, item, place, lane, buyer, found, units])
        return rows[:, inside], version[inside]


def _between(v: Versions, changed: Flags) -> Numbers:
    """Return the versions that are ``changed`` against the one before, which is of their row."""
    other = np.zeros(v.at.size, np.bool_)
    other[1:] = changed
    other[v.heads] = False
    return other.nonzero()[0]


def _day(times: Times) -> Numbers:
    return np.where(times < NEVER, times // DAY, UNKNOWN)


def line_cells(line: Lines) -> Cells:
    """Return the cells of order lines by dispatch, by promise and by cut-off.

    Only lines known to be ordered are in one: a row that merely inherited says nothing.
    """
    named = line.first_dispatched_at < NEVER
    unnamed = np.where(line.sent_at < NEVER, line.unnamed_lane, UNKNOWN)
    lane = np.where(named, line.lane, unnamed)
    place = np.where(line.place >= 0, line.place, line.words.places_left(lane))
    sent = np.where(line.is_known, _day(line.sent_at), UNKNOWN)
    promised, ship_by = _day(line.promised_by), _day(line.ship_by)
    in_time = (promised >= 0) & line.is_known & (line.delivered_at <= line.promised_by)
    settled_at = np.minimum(line.sent_at, line.not_supplied_at)
    handed_over = (ship_by >= 0) & line.is_known & (settled_at <= line.ship_by)
    cohorts = {
        Clock.SHIPPED: Cohort(sent, sent >= 0),
        Clock.PROMISED: Cohort(promised, in_time),
        Clock.HANDED_OVER: Cohort(ship_by, handed_over),
    }
    return Cells(line.item, place, lane, line.found, cohorts)


def parcel_cells(shipment: Shipments) -> Cells:
    """Return the cells of parcels by dispatch; what is inside does not matter to their carrier."""
    sent = _day(shipment.dispatched_at)
    none = np.full(sent.size, UNKNOWN)
    return Cells(none, none, shipment.lane, none, {Clock.PARCEL: Cohort(sent, sent >= 0)})


CELLS: Final[dict[Table, Callable[[Any], Cells]]] = {
    Table.LINE: line_cells,
    Table.SHIPMENT: parcel_cells,
}
"""The tables whose rows are units."""
