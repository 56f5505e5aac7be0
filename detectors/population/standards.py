"""Sellers held to a published standard, step by step: coach, warn, cap, suspend.

Once a day, from the judge's counts. A seller is over a standard when it is so with 95 % probability
after all corrections, and when the whole market is not as bad: what everybody does is no seller's
fault. Each step must have been open for a while, with new orders that are no better, before the
next one comes; suspending takes twice what is allowed, or a second cap within half a year.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
from msgspec.structs import replace

from detectors.journeys.names import Codes
from detectors.observations import Clock
from detectors.population.almanac import EVERYBODY, WEEK, Almanac
from detectors.population.counts import Counts
from detectors.population.evidence import WINDOW, Reals
from detectors.population.excuses import Excuses
from detectors.population.log import Log
from detectors.population.presets import SELLER, Measure, Standard, in_force
from detectors.population.rates import Rates, Tally, lower, tally, upper, without
from detectors.population.rules import SellerRules
from detectors.population.standing import Finding, Step, problem_of
from detectors.population.subjects import MARKET, Subjects
from detectors.population.telling import Voice
from detectors.population.told import Voices
from schemas.problems import Cause, Change, ChangeKind, Problem
from schemas.times import DAY, Flags, ms

SEVERE: Final = 2.0
"""How many times what is allowed a rate must be for a seller to be suspended the first time."""

REMEMBERED: Final = 180
"""Days for which a cap is remembered: Amazon looks at complaints over as many."""

CLOCKS: Final = (Clock.SHIPPED, Clock.HANDED_OVER)
"""The clocks that sellers' order lines are counted by."""


class Weighed(NamedTuple):
    """One measure of some sellers, as it stands today."""

    measure: Measure
    tally: Tally
    rates: Rates
    allowed: Reals
    """What is allowed, or what all others have if that is more; reports a unit."""
    excess: Reals
    """How many times that each rate is at least; 0 where orders or customers are too few."""


@dataclass(slots=True)
class Standing:
    """What is remembered of one seller."""

    problems: dict[Step, Problem] = field(default_factory=dict)
    measure: str = ""
    """The measure by which it climbed last."""
    climbed: int = 0
    """The day on which its highest problem opened."""
    since: int = 0
    """First cohort day that counts: what was before is settled."""
    capped: list[int] = field(default_factory=list)
    """Days on which a cap opened."""
    repeats: dict[str, tuple[int, int]] = field(default_factory=dict)
    """By measure: on which day it was looked at one by one, and how many reports were repeats, or
    nobody's fault but a warehouse's."""

    @property
    def top(self) -> Step | None:
        """The highest step that is open."""
        return max(self.problems, default=None)

    def was_capped(self, today: int) -> bool:
        """Whether it had been capped before the cap that is open, not too long ago."""
        return any(day >= today - REMEMBERED for day in self.capped[:-1])

    def repeated(self, measure: str, today: int) -> int:
        """Return how many reports were repeats when last looked at; a week later, none."""
        day, repeats = self.repeats.get(measure, (0, 0))
        return repeats if today - day < WEEK else 0


class Standards:
    """All sellers that were found over a standard, and what is asked of all of them day by day."""

    def __init__(
        self, subjects: Subjects, counts: Counts, log: Log, excuses: Excuses, rules: SellerRules
    ) -> None:
        """Start without problems."""
        self._excuses = excuses
        self._subjects = subjects
        self._counts = counts
        self._log = log
        self._rules = rules
        self._sellers: dict[int, Standing] = {}
        self._has_news = False
        self._appealed: dict[int, Cause] = {}
        """Sellers whose appeal was upheld since yesterday."""
        self._today: dict[int, tuple[Voices, Codes]] = {}
        """By defect: what was looked up today, and of which seller each is, -1 for an excuse."""

    @property
    def is_idle(self) -> bool:
        """Whether nothing has to be looked at when a day begins."""
        return not self._has_news and not any(one.problems for one in self._sellers.values())

    def forgiven(self, row: int, cause: Cause) -> None:
        """Know that an appeal of a seller was upheld; what rested on it ends as the day does."""
        self._appealed[row] = cause

    def note(self) -> None:
        """Know that something was counted today."""
        self._has_news = True

    def begin_day(self, almanac: Almanac) -> list[Change]:
        """Return which sellers' problems end and open at the beginning of a day."""
        self._has_news = False
        self._excuses.note(almanac.day)
        rows = self._asked()
        changes = self._looked_at(rows, almanac) if rows.size else []
        self._appealed.clear()
        return changes

    def _looked_at(self, rows: Codes, almanac: Almanac) -> list[Change]:
        """Look at sellers one by one, by name."""
        standard = in_force(self._rules.preset, almanac.day)
        weighed = [self._weighed(measure, rows, almanac) for measure in standard.measures]
        excess = np.stack([one.excess for one in weighed])
        worst, is_over = np.argmax(excess, axis=0), excess.max(axis=0) > 1
        changes: list[Change] = []
        for place in self._in_order(rows, is_over):
            row = int(rows[place])
            if self._is_back(row, place, weighed, almanac.day):
                changes += self._ended(row, almanac.day)
            elif is_over[place]:
                changes += self._climb(row, place, weighed[int(worst[place])], standard, almanac)
        self._today.clear()
        return changes

    def _asked(self) -> Codes:
        """Return the sellers with enough orders, and those with open problems."""
        enough: set[int] = {row for row, one in self._sellers.items() if one.problems}
        for clock in CLOCKS:
            rings = self._counts.units[clock, SELLER]
            recent = rings.in_window(np.arange(rings.size))
            enough.update(np.flatnonzero(recent >= self._rules.orders).tolist())
        return np.array(sorted(enough), np.int64)

    def _weighed(self, measure: Measure, rows: Codes, almanac: Almanac) -> Weighed:
        counted = tally(measure.charges, SELLER, rows, self._counts, almanac)
        market = tally(measure.charges, MARKET, EVERYBODY, self._counts, almanac)
        since = np.array([self._since(row) for row in rows.tolist()], np.int64)
        days = np.minimum(measure.days, almanac.day - since)
        rates = counted.over(days)
        others = lower(without(market.at(0, measure.days), self._raw(measure, rows, almanac, days)))
        allowed = np.maximum(measure.allowed, others)
        enough = (rates.orders >= self._rules.orders) & (rates.reports > measure.customers)
        excess = np.where(enough, lower(rates) / allowed, 0.0)
        return Weighed(measure, counted, rates, allowed, excess)

    def _raw(self, measure: Measure, rows: Codes, almanac: Almanac, days: Codes) -> Rates:
        """Return the rates with what appeals took away: it was never anybody else's either."""
        counts = self._counts
        return tally(measure.charges, SELLER, rows, counts, almanac, forgiving=False).over(days)

    def _since(self, row: int) -> int:
        standing = self._sellers.get(row)
        return 0 if standing is None else standing.since

    def _in_order(self, rows: Codes, is_over: Flags) -> list[int]:
        """Return the places of sellers to be looked at one by one, by name."""
        wanted = [
            place
            for place, row in enumerate(rows.tolist())
            if is_over[place] or (row in self._sellers and self._sellers[row].problems)
        ]
        return sorted(wanted, key=lambda place: self._name(int(rows[place])))

    def _name(self, row: int) -> str:
        return self._subjects.name(SELLER, row)

    # ----- up -----

    def _climb(
        self, row: int, place: int, weighed: Weighed, standard: Standard, almanac: Almanac
    ) -> list[Change]:
        """Open the next step if it is time for it, and put the one below under it."""
        standing = self._sellers.setdefault(row, Standing())
        step = self._next(standing, place, weighed, almanac.day)
        if step is None or not self._may_be_over(standing, place, weighed, almanac.day):
            return []
        found = self._proved(row, place, weighed, almanac)
        if found is None:
            return []
        preset = f"{self._rules.preset} {standard.version}"
        problem = problem_of(self._name(row), step, preset, found, almanac)
        return self._opened(standing, step, weighed.measure.name, problem, almanac.day)

    def _next(self, standing: Standing, place: int, weighed: Weighed, today: int) -> Step | None:
        """Return the step that a seller over the standard climbs today, if any."""
        top = standing.top
        if top is None:
            return Step.COACH
        if top is Step.SUSPEND or today - standing.climbed < ms(self._rules.step) // DAY:
            return None
        new = weighed.tally.at(place, today - standing.climbed)
        if new.means[0] <= weighed.allowed[place]:
            return None
        step = Step(top + 1)
        is_severe = weighed.excess[place] > SEVERE or standing.was_capped(today)
        return step if step < Step.SUSPEND or is_severe else None

    @staticmethod
    def _may_be_over(standing: Standing, place: int, weighed: Weighed, today: int) -> bool:
        """Whether a seller is over the standard even without the repeats of the last look."""
        seen = weighed.rates.at(place)
        single = seen.reports - standing.repeated(weighed.measure.name, today)
        least = lower(Rates(seen.orders, np.maximum(single, 0), seen.matured))
        return bool(least[0] > weighed.allowed[place])

    def _proved(self, row: int, place: int, weighed: Weighed, almanac: Almanac) -> Finding | None:
        """Return what proves a rate, ``None`` if it is less than the counts made it look.

        A customer who reports several things of one day counts once, and so does a line. What a
        warehouse or a bin explains does not count.
        """
        measure, rates = weighed.measure, weighed.rates.at(place)
        days = min(measure.days, almanac.day - self._since(row))
        voices = self._voices(row, measure, almanac.day, days)
        customers = len({voice.buyer or voice.name for _, voice in voices})
        once = len({(day, voice.buyer or voice.name) for day, voice in voices})
        exact = Rates(rates.orders, np.minimum(rates.reports, once), rates.matured)
        repeats = int(rates.reports[0] - exact.reports[0])
        self._sellers[row].repeats[measure.name] = (almanac.day, repeats)
        allowed, least = float(weighed.allowed[place]), float(lower(exact)[0])
        if customers <= measure.customers or least <= allowed:
            return None
        said = tuple(voice for _, voice in voices)
        return Finding(measure, days, exact, allowed, least, customers, said)

    def _voices(self, row: int, measure: Measure, today: int, days: int) -> list[tuple[int, Voice]]:
        """Return the reports that stand about a seller's last ``days``, with their cohort days."""
        found: list[tuple[int, Voice]] = []
        for charge in measure.charges:
            voices, sellers = self._heard(charge.defect, today)
            waived = self._counts.waivers.covers(charge, row, voices.day)
            is_mine = (sellers == row) & (voices.day >= today - days)
            index = np.flatnonzero(is_mine & ~waived)
            days_of = voices.day[index].tolist()
            found += zip(days_of, self._log.named(voices, index), strict=True)
        return found

    def _heard(self, defect: int, today: int) -> tuple[Voices, Codes]:
        """Return the reports that stand as today begins and their sellers, looked up once a day."""
        if defect not in self._today:
            voices, rows = self._log.voices(defect, today - WINDOW, today * DAY)
            excused = self._excuses.cover(defect, rows, voices.day)
            self._today[defect] = (voices, np.where(excused, -1, rows[SELLER]))
        return self._today[defect]

    @staticmethod
    def _opened(
        standing: Standing, step: Step, measure: str, problem: Problem, today: int
    ) -> list[Change]:
        changes = [Change(ChangeKind.OPENED, problem.opened_at, problem)]
        below = standing.top
        if below is not None:
            under = replace(standing.problems[below], parent=problem.id)
            standing.problems[below] = under
            changes.append(Change(ChangeKind.ATTACHED, problem.opened_at, under))
        standing.problems[step] = problem
        standing.measure, standing.climbed = measure, today
        if step is Step.CAP:
            standing.capped.append(today)
        return changes

    # ----- down -----

    def _is_back(self, row: int, place: int, weighed: Iterable[Weighed], today: int) -> bool:
        """Whether an open seller's rate is back, or its orders since the last step are proved good.

        What was before them is settled then, and is not held against the seller again.
        """
        standing = self._sellers.get(row)
        if standing is None or standing.top is None:
            return False
        high = [
            one
            for one in weighed
            if (one.excess[place] > 1 or one.measure.name == standing.measure)
            and one.rates.means[place] > one.allowed[place]
        ]
        days = today - standing.climbed
        good = [one for one in high if upper(one.tally.at(place, days))[0] <= one.allowed[place]]
        if high and len(good) == len(high):
            standing.since = standing.climbed
        return len(good) == len(high)

    def _ended(self, row: int, today: int) -> list[Change]:
        """End a seller's problems: withdrawn, if an appeal has just taken their ground away."""
        standing, now = self._sellers[row], today * DAY
        problems, appeal = standing.problems, self._appealed.get(row)
        if appeal is not None and Step.CAP in problems:
            standing.capped.pop()
        gone = [problems.pop(step) for step in sorted(problems, reverse=True)]
        if appeal is not None:
            return [
                Change(ChangeKind.WITHDRAWN, now, replace(one, withdrawn_at=now, ended_by=appeal))
                for one in gone
            ]
        cause = Cause("clock", now, now)
        return [
            Change(ChangeKind.CLEARED, now, replace(one, cleared_at=now, ended_by=cause))
            for one in gone
        ]
