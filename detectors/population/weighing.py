"""Who has to be looked at: evidence of every subject reported on, period by period, all at once.

What is asked is the same at whatever moment the judge is called: the evidence of a subject as of
the end of each period in which it was reported on. A day's periods are weighed together, because
that costs hardly more than one; a sound upper bound leaves out whoever cannot reach any rung.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np

from detectors.journeys.names import Codes
from detectors.observations import Clock
from detectors.population.almanac import Almanac
from detectors.population.changes import Changes, Moments
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
from detectors.population.subjects import SUBJECT_TYPES, Rows, Subjects
from detectors.population.told import Out, Voices
from schemas.times import Flags

_HALF: Final = 32
"""Bits of a row beside the place of its charge."""

_LOW: Final = (1 << _HALF) - 1


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
class Asked:
    """Subjects of several charges, one element each, charge after charge; they may repeat."""

    charges: Sequence[Charge]
    number: Codes
    """Place in ``charges``, ascending."""
    row: Codes

    def at(self, index: Codes) -> "Asked":
        """Return some of the subjects; ``index`` is ascending, its elements may repeat."""
        return Asked(self.charges, self.number[index], self.row[index])

    def parts(self) -> Iterator[tuple[Charge, slice]]:
        """Yield each charge of which a subject is there, and where its subjects are."""
        starts = np.flatnonzero(np.diff(self.number, prepend=-1)).tolist()
        for start, end in pairwise([*starts, self.number.size]):
            yield self.charges[self.number[start]], slice(start, end)

    def subjects(self) -> Iterator[Subject]:
        """Yield each subject."""
        for number, row in zip(self.number.tolist(), self.row.tolist(), strict=True):
            yield Subject(self.charges[number], row)


RowsOf = Mapping[Charge, Collection[int]]
"""Rows of subjects by charge."""


class Scales:
    """What evidence is weighed with on one day: counts, usual rates and rungs of all charges."""

    def __init__(self, counts: Counts, almanac: Almanac, subjects: Subjects) -> None:
        """Weigh the charges that are judged today."""
        self.counts = counts
        self.charges = list(almanac.rungs)
        self.watch = np.array([rungs.watch for rungs in almanac.rungs.values()])
        """By charge: the lowest rung."""
        self._number = {charge: number for number, charge in enumerate(self.charges)}
        self._almanac = almanac
        self._subjects = subjects
        self._curves = np.array([almanac.curve(charge) for charge in self.charges])
        self._shares = np.array([almanac.curves[c.defect].shares for c in self.charges])

    def asked(self, keys: Codes) -> Asked:
        """Return the subjects behind ``keys`` (ascending)."""
        return Asked(self.charges, keys >> _HALF, keys & _LOW)

    def keys(self, rows: RowsOf) -> list[int]:
        """Return one number for each subject: its charge's place, then its row."""
        known = self._number
        return [known[c] << _HALF | row for c, some in rows.items() if c in known for row in some]

    def numbers(self) -> Codes:
        """Return the place of each charge by defect and subject type, -1 where none is judged."""
        found = np.full((len(DEFECTS), len(SUBJECT_TYPES)), -1)
        for charge, number in self._number.items():
            found[charge.defect, SUBJECT_TYPES.index(charge.subject_type)] = number
        return found

    def cohorts(self, asked: Asked) -> Cohorts:
        """Return what is counted of each subject."""
        return self.counts.cohorts_of([(c, asked.row[part]) for c, part in asked.parts()])

    def weigh(self, asked: Asked, cohorts: Cohorts) -> Evidence:
        """Return the evidence in ``cohorts`` of the subjects."""
        return weigh(cohorts, self._prior(asked), self._curves[asked.number])

    def ceiling(self, asked: Asked, cohorts: Cohorts, more: More) -> Reals:
        """Return an upper bound of log R for all that ``more`` may bring."""
        return ceiling(cohorts, self._prior(asked), self._curves[asked.number], more)

    def matured(self, asked: Asked, cohorts: Cohorts, start: Codes) -> Reals:
        """Return how many units since each ``start`` (age) have had time, waves left out."""
        sums = np.cumsum(cohorts.units * self._shares[asked.number], axis=1)
        since: Reals = sums[np.arange(start.size), start]
        return since

    def _prior(self, asked: Asked) -> Prior:
        prior = Prior(np.empty(asked.row.size), np.empty(asked.row.size))
        for charge, part in asked.parts():
            articles = self._subjects.articles(charge.subject_type, asked.row[part])
            mine = self._almanac.prior(charge, articles)
            prior.a[part], prior.b[part] = mine.a, mine.b
        return prior


def readings(scales: Scales, news: News, probed: RowsOf, done: RowsOf) -> Iterator[Reading]:
    """Yield what is near a rung, period by period for each subject, before ``news`` are counted.

    Of ``probed`` rows every period with a report is told, near a rung or not. Those ``done`` have
    climbed as high as there is: more reports change nothing, unless one is taken back.
    """
    voices = _voices_of(scales, news)
    keys = np.unique(voices.row)
    is_probed = np.isin(keys, scales.keys(probed))
    is_done = np.isin(keys, scales.keys(done)) & ~np.isin(keys, voices.row[voices.change < 0])
    may_matter = _may_matter(scales, keys, voices) & ~is_done | is_probed
    keys, is_probed = keys[may_matter], is_probed[may_matter]
    if not keys.size:
        return
    asked = scales.asked(keys)
    some = _Some(
        asked, is_probed, scales.cohorts(asked), voices.among(keys), _units_of(asked, news)
    )
    near = np.flatnonzero(_reaches(scales, some) | is_probed)
    if near.size:
        yield from _weighed(scales, some.at(near))


@dataclass(frozen=True, slots=True, eq=False)
class _Some:
    """Some subjects, what is counted of them, and what came; rows of changes are their places."""

    asked: Asked
    is_probed: Flags
    cohorts: Cohorts
    voices: Changes
    out: Changes

    def at(self, index: Codes) -> "_Some":
        """Return some of them; ``index`` is ascending."""
        return _Some(
            self.asked.at(index),
            self.is_probed[index],
            self.cohorts.part(index),
            self.voices.among(index),
            self.out.among(index),
        )


def _voices_of(scales: Scales, news: News) -> Changes:
    """Return what each report changes, of whom by the keys of ``scales``."""
    voices, number = news.voices, scales.numbers()[news.voices.defect]
    change = np.stack([news.weights[name] for name in SUBJECT_TYPES], axis=1)
    rows = np.stack([news.voice_rows[name] for name in SUBJECT_TYPES], axis=1)
    counts = (change != 0) & (number >= 0)
    at = counts.nonzero()[0]
    keys = number[counts] << _HALF | rows[counts]
    return Changes(keys, voices.day[at], voices.end[at], change[counts])


def _units_of(asked: Asked, news: News) -> Changes:
    """Return the units of those who are ``asked`` about, whose places there become their rows."""
    places, index = [], []
    of_clock = [np.flatnonzero(news.out.clock == clock) for clock in Clock]
    for charge, part in asked.parts():
        mine = asked.row[part]
        place = np.full(int(mine.max()) + 3, -1)
        place[mine + 1] = np.arange(part.start, part.stop)
        at = of_clock[DEFECTS[charge.defect].clock]
        found = place.take(news.out_rows[charge.subject_type][at] + 1, mode="clip")
        known = np.flatnonzero(found >= 0)
        places.append(found[known])
        index.append(at[known])
    every = np.concatenate(index)
    out = news.out
    return Changes(np.concatenate(places), out.day[every], out.end[every], out.units[every])


_MOST: Final = np.log(WINDOW * np.mean(np.power.outer(THETAS, np.arange(1.0, 65.0)), axis=0))
"""By reports, from one on: the highest log R they can amount to. With n reports no ratio exceeds
theta^n, and there are at most WINDOW starts."""


def fewest_reports(rungs: Reals) -> Codes:
    """Return how many reports in the window it takes to reach each of ``rungs`` (log R)."""
    return np.searchsorted(_MOST, rungs) + 1


def _may_matter(scales: Scales, keys: Codes, voices: Changes) -> Flags:
    """Return which subjects have enough reports to reach the lowest rung at all."""
    asked = scales.asked(keys)
    reports = np.bincount(voices.among(keys).row[voices.change > 0], minlength=keys.size)
    for charge, part in asked.parts():
        rings, rows = scales.counts.reports[charge], asked.row[part]
        rings.extend(int(rows[-1]) + 1)
        reports[part] += rings.in_window(rows)
    may: Flags = reports >= fewest_reports(scales.watch)[asked.number]
    return may


def _reaches(scales: Scales, some: _Some) -> Flags:
    """Return who may reach the lowest rung with all that came, in any order."""
    bound = scales.ceiling(some.asked, some.cohorts, _at_most(some, scales.counts.today))
    reaches: Flags = bound >= scales.watch[some.asked.number]
    return reaches


def _at_most(some: _Some, today: int) -> More:
    """Return all that the news may add and remove."""
    voices, out, size = some.voices, some.out, some.asked.row.size
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


def _weighed(scales: Scales, near: _Some) -> Iterator[Reading]:
    """Yield what is near a rung, or fell, or is probed, of each period with a report."""
    moments = Moments.of(near.voices)
    then = near.asked.at(moments.row)
    now = _as_of(scales, near, then, moments)
    found = scales.weigh(then, now)
    matured = scales.matured(then, now, found.start).tolist()
    was = _before(scales, then, now, moments.removals(near.voices, scales.counts.today))
    wanted = (found.log_r >= scales.watch[then.number]) | near.is_probed[moments.row]
    wanted[list(was)] = True
    index = np.flatnonzero(wanted)
    ends = moments.end[index].tolist()
    for place, end, subject in zip(index.tolist(), ends, then.at(index).subjects(), strict=True):
        reading = _reading(scales.counts.today, subject, end, found, place)
        yield replace(reading, matured=matured[place], was_log_r=was.get(place))


def _as_of(scales: Scales, near: _Some, then: Asked, moments: Moments) -> Cohorts:
    """Return the counts of each moment's subject at its end."""
    base, today, at = near.cohorts, scales.counts.today, moments.row
    units, older_units = moments.sums(near.out, today)
    reports, older_reports = moments.sums(near.voices, today)
    units, reports = base.units[at] + units, base.reports[at] + reports
    for charge, part in then.parts():
        scales.counts.conceal(charge, then.row[part], units[part], reports[part])
    return Cohorts(
        np.maximum(units, 0),
        np.maximum(reports, 0),
        np.maximum(base.older_units[at] + older_units, 0),
        np.maximum(base.older_reports[at] + older_reports, 0),
    )


def _before(
    scales: Scales, asked: Asked, now: Cohorts, removals: tuple[Codes, Codes]
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
    found = scales.weigh(asked.at(back), kept).log_r
    return dict(zip(back.tolist(), found.tolist(), strict=True))


def _reading(today: int, subject: Subject, end: int, found: Evidence, place: int) -> Reading:
    start = int(found.start[place])
    return Reading(
        end=end,
        subject=subject,
        log_r=float(found.log_r[place]),
        log_best=float(found.log_best[place]),
        start=today - start if start >= 0 else -1,
        reports=int(found.reports[place]),
        units=int(found.units[place]),
        matured=float(found.matured[place]),
        expected=float(found.expected[place]),
        usual=float(found.usual[place]),
    )


def read_now(scales: Scales, rows: RowsOf, end: int) -> list[Reading]:
    """Return the evidence about subjects as counted, at the end of a day (``end``, ms UTC)."""
    asked = scales.asked(np.array(sorted(scales.keys(rows)), np.int64))
    if not asked.row.size:
        return []
    found, today = scales.weigh(asked, scales.cohorts(asked)), scales.counts.today
    return [_reading(today, one, end, found, i) for i, one in enumerate(asked.subjects())]
