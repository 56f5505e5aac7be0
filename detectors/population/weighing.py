"""Who has to be looked at: evidence of every subject reported on, period by period, all at once.

What is asked is the same at whatever moment the judge is called: the evidence of a subject as of
the end of each period in which it was reported on. A day's periods are weighed together, because
that costs hardly more than one; a sound upper bound leaves out whoever cannot reach any rung.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Final, NamedTuple, Self

import numpy as np

from detectors.journeys.names import Codes
from detectors.population.almanac import Almanac
from detectors.population.budgets import Rungs
from detectors.population.counts import Charge, Counts
from detectors.population.defects import DEFECTS
from detectors.population.evidence import (
    THETAS,
    WINDOW,
    Cohorts,
    Evidence,
    More,
    Prior,
    Reals,
    ceiling,
    weigh,
)
from detectors.population.subjects import Rows, Subjects
from detectors.population.told import Out, Voices
from schemas.times import Flags


class Subject(NamedTuple):
    """One subject under one charge."""

    charge: Charge
    row: int


@dataclass(frozen=True, slots=True)
class Reading:
    """The evidence about one subject at the end of one period, and what it rests on."""

    end: int
    """End of the period, ms UTC."""
    subject: Subject
    log_r: float
    log_best: float
    start: int
    """The likeliest first bad cohort day (UTC day number), -1 if there is none."""
    reports: int
    units: int
    matured: float
    expected: float
    usual: float
    was_log_r: float | None = None
    """What log R would be if nothing had been taken back in that period, where something was."""


@dataclass(frozen=True, slots=True, eq=False)
class News:
    """What one day's periods brought so far, with the subjects of every element."""

    out: Out
    out_rows: Rows
    voices: Voices
    voice_rows: Rows
    weights: Mapping[str, Codes]
    """By subject type: what each report changes."""


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """What is asked of one charge on one day: its counts, its usual rates and its rungs."""

    charge: Charge
    counts: Counts
    almanac: Almanac
    subjects: Subjects

    @property
    def rungs(self) -> Rungs:
        """From how much evidence on something is done."""
        return self.almanac.rungs[self.charge]

    def weigh(self, rows: Codes, cohorts: Cohorts) -> Evidence:
        """Return the evidence in ``cohorts`` of ``rows``, which may repeat."""
        return weigh(cohorts, self._prior(rows), self.almanac.curve(self.charge))

    def ceiling(self, rows: Codes, cohorts: Cohorts, more: More) -> Reals:
        """Return an upper bound of log R for all that ``more`` may bring."""
        return ceiling(cohorts, self._prior(rows), self.almanac.curve(self.charge), more)

    def matured(self, cohorts: Cohorts, start: Codes) -> Reals:
        """Return how many units since each ``start`` (age) have had time, waves left out."""
        shares = self.almanac.curves[self.charge.defect].shares
        sums = np.cumsum(cohorts.units * shares, axis=1)
        since: Reals = sums[np.arange(start.size), start]
        return since

    def _prior(self, rows: Codes) -> Prior:
        articles = self.subjects.articles(self.charge.subject_type, rows)
        return self.almanac.prior(self.charge, articles)


def readings(
    table: Table, news: News, probed: Collection[int] = (), done: Collection[int] = ()
) -> Iterator[Reading]:
    """Yield what is near a rung, period by period for each subject, before ``news`` are counted.

    Of ``probed`` rows every period with a report is told, near a rung or not. Those ``done`` have
    climbed as high as there is: more reports change nothing, unless one is taken back.
    """
    voices = _voices_of(table, news)
    if not voices.row.size:
        return
    rows = np.unique(voices.row)
    is_done = np.isin(rows, list(done)) & ~np.isin(rows, voices.row[voices.change < 0])
    may_matter = _may_matter(table, rows, voices) & ~is_done
    rows = rows[may_matter | np.isin(rows, list(probed))]
    if not rows.size:
        return
    voices, out = voices.among(rows), _units_of(table, news).among(rows)
    near = np.flatnonzero(_reaches(table, rows, voices, out) | np.isin(rows, list(probed)))
    rows, voices, out = rows[near], voices.among(near), out.among(near)
    for reading in _weighed(table, rows, voices, out):
        near_rung = reading.log_r >= table.rungs.watch
        if near_rung or reading.was_log_r is not None or reading.subject.row in probed:
            yield reading


@dataclass(frozen=True, slots=True, eq=False)
class _Changes:
    """Changes of counts of one kind: of whom, in which cohort, known by the end of which period."""

    row: Codes
    day: Codes
    end: Codes
    change: Codes

    def at(self, index: Codes | Flags) -> "_Changes":
        """Return some of the changes."""
        return _Changes(self.row[index], self.day[index], self.end[index], self.change[index])

    def among(self, rows: Codes) -> "_Changes":
        """Return the changes of ``rows`` (ascending), whose places there become their rows."""
        if not rows.size:
            return self.at(rows)
        place = np.minimum(np.searchsorted(rows, self.row), rows.size - 1)
        index = np.flatnonzero(rows[place] == self.row)
        return _Changes(place[index], self.day[index], self.end[index], self.change[index])

    def dense(self, size: int, today: int) -> tuple[Codes, Codes]:
        """Return the changes of ``size`` rows added up by age, and those of cohorts older still."""
        ages = today - self.day
        recent = ages < WINDOW
        table, older = np.zeros((size, WINDOW), np.int64), np.zeros(size, np.int64)
        np.add.at(table, (self.row[recent], ages[recent]), self.change[recent])
        np.add.at(older, self.row[~recent], self.change[~recent])
        return table, older


def _voices_of(table: Table, news: News) -> _Changes:
    voices, name = news.voices, table.charge.subject_type
    change = news.weights[name]
    at = np.flatnonzero((voices.defect == table.charge.defect) & (change != 0))
    return _Changes(news.voice_rows[name][at], voices.day[at], voices.end[at], change[at])


def _units_of(table: Table, news: News) -> _Changes:
    out, rows = news.out, news.out_rows[table.charge.subject_type]
    is_mine = out.clock == DEFECTS[table.charge.defect].clock
    at = np.flatnonzero(is_mine & (rows >= 0))
    return _Changes(rows[at], out.day[at], out.end[at], out.units[at])


@cache
def fewest_reports(rung: float) -> int:
    """Return how many reports in the window it takes at least to reach ``rung`` (log R).

    With n reports no ratio exceeds theta^n, and there are at most WINDOW starts.
    """
    n = 1
    while np.log(WINDOW * np.mean(np.power(THETAS, n))) < rung:
        n += 1
    return n


def _may_matter(table: Table, rows: Codes, voices: _Changes) -> Flags:
    """Return which of ``rows`` have enough reports to reach the lowest rung at all."""
    reports = table.counts.reports[table.charge]
    reports.extend(int(rows[-1]) + 1)
    added = np.bincount(voices.among(rows).row[voices.change > 0], minlength=rows.size)
    may: Flags = reports.in_window(rows) + added >= fewest_reports(table.rungs.watch)
    return may


def _reaches(table: Table, rows: Codes, voices: _Changes, out: _Changes) -> Flags:
    """Return which of ``rows`` may reach the lowest rung with all that came, in any order.

    Rows of the changes are places in ``rows``.
    """
    more = _at_most(table, voices, out, rows.size)
    bound = table.ceiling(rows, table.counts.cohorts(table.charge, rows), more)
    reaches: Flags = bound >= table.rungs.watch
    return reaches


def _at_most(table: Table, voices: _Changes, out: _Changes, size: int) -> More:
    """Return all that the news may add and remove."""
    today = table.counts.today
    more, less = (
        Cohorts(*_interleaved(out.at(sign * out.change > 0).dense(size, today),
                              voices.at(sign * voices.change > 0).dense(size, today), sign))
        for sign in (1, -1)
    )  # fmt: skip
    return More(more, less)


def _interleaved(
    units: tuple[Codes, Codes], reports: tuple[Codes, Codes], sign: int
) -> tuple[Codes, Codes, Codes, Codes]:
    return sign * units[0], sign * reports[0], sign * units[1], sign * reports[1]


def _weighed(table: Table, rows: Codes, voices: _Changes, out: _Changes) -> Iterator[Reading]:
    """Yield a reading for each period in which one of ``rows`` was reported on."""
    if not rows.size:
        return
    moments = _Moments.of(voices)
    asked = rows[moments.row]
    now = _as_of(table, rows, moments, voices, out)
    found = table.weigh(asked, now)
    matured = table.matured(now, found.start)
    was = _before(table, asked, now, moments.removals(voices, table.counts.today))
    for place, (row, end) in enumerate(zip(asked.tolist(), moments.end.tolist(), strict=True)):
        reading = _reading(table, Subject(table.charge, row), end, found, place)
        yield replace(reading, matured=float(matured[place]), was_log_r=was.get(place))


@dataclass(frozen=True, slots=True, eq=False)
class _Moments:
    """Ends of periods in which something was reported, in the order of rows and time."""

    row: Codes
    end: Codes

    @classmethod
    def of(cls, voices: _Changes) -> Self:
        """Return the moments of all reports."""
        keys = np.unique(_key(voices.row, voices.end))
        return cls(keys >> _TIME_BITS, keys & (1 << _TIME_BITS) - 1)

    def sums(self, changes: _Changes, today: int) -> tuple[Codes, Codes]:
        """Return all changes of each moment's row up to its end: by age, and older ones."""
        by_age, older = self._placed(changes).dense(self.end.size, today)
        return self._running(by_age), self._running(older)

    def removals(self, changes: _Changes, today: int) -> tuple[Codes, Codes]:
        """Return what was taken back in each moment's own period (not above 0), likewise."""
        placed = self._placed(changes)
        is_now = (placed.change < 0) & (self.end[placed.row] == placed.end)
        return placed.at(is_now).dense(self.end.size, today)

    def _placed(self, changes: _Changes) -> _Changes:
        """Return the changes with the first moment that each belongs to as its row.

        What came after a row's last moment belongs to none.
        """
        place = np.searchsorted(_key(self.row, self.end), _key(changes.row, changes.end))
        known = np.minimum(place, self.end.size - 1)
        index = np.flatnonzero((place == known) & (self.row[known] == changes.row))
        return replace(changes.at(index), row=place[index])

    def _running(self, sums: Codes) -> Codes:
        """Return running sums within each row."""
        total = np.cumsum(sums, axis=0)
        heads = np.searchsorted(self.row, self.row)
        start = total[np.maximum(heads - 1, 0)]
        start[heads == 0] = 0
        return total - start


_TIME_BITS: Final = 42
"""Room for a moment (ms UTC) beside a row."""


def _key(row: Codes, end: Codes) -> Codes:
    return row << _TIME_BITS | end


def _as_of(
    table: Table, rows: Codes, moments: _Moments, voices: _Changes, out: _Changes
) -> Cohorts:
    """Return the counts of each moment's subject at its end."""
    base, today, at = table.counts.cohorts(table.charge, rows), table.counts.today, moments.row
    units, older_units = moments.sums(out, today)
    reports, older_reports = moments.sums(voices, today)
    units, reports = base.units[at] + units, base.reports[at] + reports
    table.counts.conceal(table.charge, rows[at], units, reports)
    return Cohorts(
        np.maximum(units, 0),
        np.maximum(reports, 0),
        np.maximum(base.older_units[at] + older_units, 0),
        np.maximum(base.older_reports[at] + older_reports, 0),
    )


def _before(
    table: Table, asked: Codes, now: Cohorts, removals: tuple[Codes, Codes]
) -> dict[int, float]:
    """Return by moment what log R would be if nothing had been taken back in its period."""
    by_age, older = removals
    back = np.flatnonzero((by_age.sum(axis=1) + older) < 0)
    if not back.size:
        return {}
    kept = Cohorts(
        now.units[back],
        now.reports[back] - by_age[back],
        now.older_units[back],
        now.older_reports[back] - older[back],
    )
    found = table.weigh(asked[back], kept).log_r
    return dict(zip(back.tolist(), found.tolist(), strict=True))


def _reading(table: Table, subject: Subject, end: int, found: Evidence, place: int) -> Reading:
    start = int(found.start[place])
    return Reading(
        end=end,
        subject=subject,
        log_r=float(found.log_r[place]),
        log_best=float(found.log_best[place]),
        start=table.counts.today - start if start >= 0 else -1,
        reports=int(found.reports[place]),
        units=int(found.units[place]),
        matured=float(found.matured[place]),
        expected=float(found.expected[place]),
        usual=float(found.usual[place]),
    )


def read_now(table: Table, rows: Sequence[int], end: int) -> list[Reading]:
    """Return the evidence about ``rows`` as counted, at the end of a day (``end``, ms UTC)."""
    asked = np.array(rows, np.int64)
    found = table.weigh(asked, table.counts.cohorts(table.charge, asked))
    return [
        _reading(table, Subject(table.charge, row), end, found, place)
        for place, row in enumerate(rows)
    ]
