"""Everything that is counted about populations: units by clock, reports by defect, per subject."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np

from detectors.journeys.names import Codes
from detectors.observations import Clock
from detectors.population.buyers import Buyers
from detectors.population.defects import DEFECTS
from detectors.population.evidence import WINDOW, Cohorts, Reals
from detectors.population.rings import Rings
from detectors.population.subjects import MARKET, SUBJECT_TYPES, Rows
from detectors.population.told import Out, Voices
from schemas.times import Flags

COUNTED: Final = tuple(
    tuple(name for name in SUBJECT_TYPES if name in {*defect.charged, MARKET}) for defect in DEFECTS
)
"""By defect: the subject types its reports are counted under; the market always is."""

TYPES_OF_CLOCK: Final[Mapping[Clock, tuple[str, ...]]] = {
    clock: tuple(
        name
        for name in SUBJECT_TYPES
        if any(name in COUNTED[i] for i, d in enumerate(DEFECTS) if d.clock is clock)
    )
    for clock in Clock
}
"""By clock: the subject types under which its units are counted."""


class Charge(NamedTuple):
    """One defect counted under one subject type: what has a threshold and a ladder of its own."""

    defect: int
    subject_type: str


class Span(NamedTuple):
    """Cohort days, both included."""

    first: int
    last: int

    def covers(self, days: Codes) -> Flags:
        """Return which of ``days`` are among them."""
        return (days >= self.first) & (days <= self.last)


@dataclass(slots=True)
class Excision:
    """Cohorts of one subject that a closed incident explains: no start, no usual rate from them."""

    spans: list[Span] = field(default_factory=list)
    older_units: int = 0
    """Of its units that have left the window."""
    older_reports: int = 0

    def covers(self, day: int) -> bool:
        """Whether the cohort of ``day`` is one of them."""
        return any(span.first <= day <= span.last for span in self.spans)

    def ages(self, today: int) -> Flags:
        """Return of which ages in the window the cohorts are among them."""
        return _covered(self.spans, today - np.arange(WINDOW))

    def forget(self, day: int) -> None:
        """Forget spans that end before ``day``: no later cohort is one of them."""
        self.spans = [span for span in self.spans if span.last >= day]


def _covered(spans: Iterable[Span], days: Codes) -> Flags:
    found = np.zeros(days.size, np.bool_)
    for span in spans:
        found |= span.covers(days)
    return found


class Waivers:
    """Cohorts whose reports do not count against a subject, because its appeal was upheld.

    Its units stay counted: what was sold and not complained of is to the subject's credit.
    """

    def __init__(self) -> None:
        """Start with none."""
        self._spans: dict[Charge, dict[int, set[Span]]] = {}
        self._older: dict[tuple[Charge, int], int] = {}

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._spans)

    def add(self, charge: Charge, row: int, span: Span) -> None:
        """Let the reports of ``span`` count no more; twice is once."""
        self._spans.setdefault(charge, {}).setdefault(row, set()).add(span)

    def covers(self, charge: Charge, row: int, days: Codes) -> Flags:
        """Return of which cohort ``days`` the reports about a subject do not count."""
        return _covered(self._spans.get(charge, {}).get(row, ()), days)

    def rows(self, charge: Charge) -> Collection[int]:
        """Return the subjects that have any under ``charge``."""
        return self._spans.get(charge, {}).keys()

    def leave(self, charge: Charge, row: int, reports: int) -> None:
        """Remember how many of them have left the window."""
        self._older[charge, row] = self.older(charge, row) + reports

    def older(self, charge: Charge, row: int) -> int:
        """Return how many of them have left the window."""
        return self._older.get((charge, row), 0)


class Counts:
    """All counts. They are sums, so that neither order nor partitions matter."""

    def __init__(self) -> None:
        """Start with nothing, on no day."""
        self.today = 0
        self.units: dict[tuple[Clock, str], Rings] = {
            (clock, name): Rings() for clock, names in TYPES_OF_CLOCK.items() for name in names
        }
        self.reports: dict[Charge, Rings] = {
            Charge(defect, name): Rings() for defect, names in enumerate(COUNTED) for name in names
        }
        self.heard: list[int] = [0] * len(DEFECTS)
        """By defect: reports counted in all."""
        self.first_day: dict[Clock, int] = {}
        """By clock: the first cohort day that had units."""
        self._buyers = Buyers()
        self._excisions: dict[Charge, dict[int, Excision]] = {}
        self.waivers = Waivers()

    @property
    def nbytes(self) -> int:
        """Memory in use by counts, bytes."""
        return sum(rings.nbytes for rings in (*self.units.values(), *self.reports.values()))

    # ----- taking in -----

    def add_units(self, out: Out, rows: Rows) -> None:
        """Count units of cohorts up to today."""
        for clock in _present(out.clock):
            at = np.flatnonzero(out.clock == clock)
            days, units = out.day[at], out.units[at]
            first = int(days.min())
            self.first_day[Clock(clock)] = min(first, self.first_day.get(Clock(clock), first))
            for name in TYPES_OF_CLOCK[Clock(clock)]:
                self._add(self.units[Clock(clock), name], rows[name][at], days, units)

    def _add(self, rings: Rings, rows: Codes, days: Codes, units: Codes) -> None:
        """Count units under the subjects that are known."""
        known = rows >= 0
        if not known.all():
            rows, days, units = rows[known], days[known], units[known]
        rings.extend(int(rows.max(initial=-1)) + 1)
        rings.add(rows, days, units, self.today)

    def weights(self, voices: Voices, rows: Rows) -> dict[str, Codes]:
        """Return by subject type what each report changes; a buyer counts once per cohort.

        To be asked once for every report, in the order of periods: it remembers who reported.
        """
        cells = np.stack([rows[name] for name in SUBJECT_TYPES], axis=1)
        buyer = np.where(voices.day > self.today - WINDOW, voices.buyer, 0)
        keys = zip(voices.defect.tolist(), voices.day.tolist(), buyer.tolist(), strict=True)
        changes = self._buyers.count(list(keys), cells, voices.units)
        changes[cells < 0] = 0
        return {name: changes[:, place] for place, name in enumerate(SUBJECT_TYPES)}

    def add_reports(self, voices: Voices, rows: Rows, weights: Mapping[str, Codes]) -> None:
        """Count reports with what they change."""
        for defect in _present(voices.defect):
            at = np.flatnonzero(voices.defect == defect)
            self.heard[defect] += int(voices.units[at].sum())
            for name in COUNTED[defect]:
                index = at[weights[name][at] != 0]
                rings, some_rows = self.reports[Charge(defect, name)], rows[name][index]
                rings.extend(int(some_rows.max(initial=-1)) + 1)
                rings.add(some_rows, voices.day[index], weights[name][index], self.today)

    def begin(self, day: int) -> None:
        """Let it be ``day``, the one after today or later."""
        # After as many days as the window has, no cohort is left in it that could leave.
        for today in range(self.today + 1, min(day, self.today + WINDOW) + 1):
            self._fold(today)
            for rings in (*self.units.values(), *self.reports.values()):
                rings.begin(today)
            self._buyers.forget(today - WINDOW)
        self.today = day

    def _fold(self, today: int) -> None:
        """Remember what leaves the window with the cohorts that incidents explain."""
        leaving = today - WINDOW
        for charge, rows in self._excisions.items():
            units, reports = self._units_of(charge), self.reports[charge]
            for row, excision in rows.items():
                if excision.covers(leaving):
                    excision.older_units += self._count(units, row, leaving)
                    excision.older_reports += self._count(reports, row, leaving)
                excision.forget(leaving)
        self._fold_waived(leaving)

    def _fold_waived(self, leaving: int) -> None:
        day = np.array([leaving])
        for charge in self.reports if self.waivers else ():
            for row in self.waivers.rows(charge):
                excision = self._excisions.get(charge, {}).get(row)
                is_gone = excision is not None and excision.covers(leaving)
                if self.waivers.covers(charge, row, day).any() and not is_gone:
                    self.waivers.leave(charge, row, self._count(self.reports[charge], row, leaving))

    def _count(self, rings: Rings, row: int, day: int) -> int:
        return rings.at(row, day) if row < rings.size else 0

    def _units_of(self, charge: Charge) -> Rings:
        return self.units[DEFECTS[charge.defect].clock, charge.subject_type]

    # ----- incidents -----

    def excise(self, charge: Charge, row: int, span: Span) -> None:
        """Leave the cohorts of ``span`` out of whatever is asked about a subject from now on."""
        mine = self._excisions.setdefault(charge, {})
        mine.setdefault(row, Excision()).spans.append(span)

    # ----- asking -----

    def cohorts(self, charge: Charge, rows: Codes) -> Cohorts:
        """Return the cohorts of ``rows`` as of today, without those that incidents explain."""
        return self.cohorts_of([(charge, rows)])

    def cohorts_of(self, asked: Sequence[tuple[Charge, Codes]]) -> Cohorts:
        """Return the cohorts of the rows of several charges, one charge after the other."""
        bounds = np.cumsum([0, *(rows.size for _, rows in asked)]).tolist()
        wide, tall = (
            np.empty((2, bounds[-1], WINDOW), np.int64),
            np.empty((2, bounds[-1]), np.int64),
        )
        parts = [slice(*ends) for ends in pairwise(bounds)]
        for part, (charge, rows) in zip(parts, asked, strict=True):
            for place, rings in enumerate((self._units_of(charge), self.reports[charge])):
                rings.extend(int(rows.max(initial=-1)) + 1)
                rings.recent(rows, self.today, wide[place, part])
                tall[place, part] = rings.older(rows)
        found = Cohorts(*np.maximum(wide, 0, out=wide), *np.maximum(tall, 0, out=tall))
        for part, (charge, rows) in zip(parts, asked, strict=True):
            if charge in self._excisions or self.waivers.rows(charge):
                self._leave_out(charge, rows, found.part(part))
        return found

    def _leave_out(self, charge: Charge, rows: Codes, found: Cohorts) -> None:
        """Take what incidents explain and appeals took away out of what was ``found``."""
        self.conceal(charge, rows, found.units, found.reports)
        for place, excision in self._excised(charge, rows):
            found.older_units[place] = max(found.older_units[place] - excision.older_units, 0)
            found.older_reports[place] = max(found.older_reports[place] - excision.older_reports, 0)
        for place, row in self._waived(charge, rows):
            older = self.waivers.older(charge, row)
            found.older_reports[place] = max(found.older_reports[place] - older, 0)

    def conceal(self, charge: Charge, rows: Codes, units: Codes, reports: Codes) -> None:
        """Blank the ages (columns) of ``rows`` whose cohorts are explained by incidents."""
        for place, excision in self._excised(charge, rows):
            hidden = excision.ages(self.today)
            units[place, hidden] = 0
            reports[place, hidden] = 0
        self.forgive(charge, rows, reports)

    def forgive(self, charge: Charge, rows: Codes, reports: Codes) -> None:
        """Blank the ages (columns) of ``rows`` whose reports an upheld appeal took away."""
        days = self.today - np.arange(WINDOW)
        for place, row in self._waived(charge, rows):
            reports[place, self.waivers.covers(charge, row, days)] = 0

    def _waived(self, charge: Charge, rows: Codes) -> Iterator[tuple[int, int]]:
        mine = self.waivers.rows(charge)
        if mine:
            yield from ((place, row) for place, row in enumerate(rows.tolist()) if row in mine)

    def _excised(self, charge: Charge, rows: Codes) -> Iterator[tuple[int, Excision]]:
        mine = self._excisions.get(charge)
        if not mine:
            return
        for place, row in enumerate(rows.tolist()):
            if row in mine:
                yield place, mine[row]

    def histories(self, charge: Charge, curve: Reals, age: int = 0) -> tuple[Codes, Reals]:
        """Return reports and matured units of every subject, of cohorts ``age`` days and older.

        Cohorts that incidents explain say nothing of what is usual.
        """
        size = max(self._units_of(charge).size, self.reports[charge].size)
        found = self.cohorts(charge, np.arange(size))
        weighed = found.units[:, age:] * curve[age:]
        matured: Reals = np.cumsum(weighed, axis=1)[:, -1] + found.older_units
        came: Codes = found.reports[:, age:].sum(axis=1) + found.older_reports
        return came, matured


def _present(codes: Codes) -> list[int]:
    """Return which of a few numbers are among ``codes``, ascending."""
    found: list[int] = np.bincount(codes).nonzero()[0].tolist()
    return found
