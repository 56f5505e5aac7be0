"""Which subjects have gone bad: counts in, problems about populations out, period by period."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import exp
from typing import Final

import numpy as np

from detectors.journeys.names import Codes
from detectors.journeys.vocabulary import Vocabulary
from detectors.observations import Appeal, Exposures, Repair, Reports
from detectors.population.almanac import Almanac, Learning
from detectors.population.counts import Charge, Counts, Span
from detectors.population.excuses import Excuses
from detectors.population.log import Log
from detectors.population.presets import SELLER, charges_of
from detectors.population.roots import Roots
from detectors.population.rules import PopulationRules
from detectors.population.standards import Standards
from detectors.population.subjects import SUBJECT_TYPES, Subjects
from detectors.population.swaps import Swaps
from detectors.population.told import Out, Told, Voices, some
from detectors.population.tracks import IsOpen, Tracks
from detectors.population.weighing import News, Reading, Scales, Subject, readings
from schemas.problems import Change
from schemas.times import DAY

Watch = Callable[[Reading, Almanac], None]
"""Is told the evidence about a subject that somebody asks about."""

Asked = Callable[[], int]
"""The end of the next period (ms UTC) in which somebody asks what is usual."""

NOBODY: Final[Collection[int]] = ()


@dataclass(frozen=True, slots=True)
class Sitting:
    """Periods that are judged together: of one day, without a repair before the last one's end."""

    until: int
    """End of the last of them, ms UTC."""
    readings: Mapping[int, list[Reading]]
    """By end of period: the evidence that may matter."""


@dataclass(frozen=True, slots=True)
class Probe:
    """Somebody who asks about one subject: told its evidence whenever it was reported on."""

    subject_type: str | None
    """Where the subject is looked for; ``None`` for every type."""
    name: str
    watch: Watch


class Populations:
    """Counts of every subject, what is usual, and the problems that are open about subjects."""

    def __init__(self, rules: PopulationRules, probe: Probe | None = None) -> None:
        """Start without knowledge."""
        self._rules = rules
        self._probe = probe
        self.subjects = Subjects()
        self._told = Told(self.subjects, rules.ends_of)
        self._counts = Counts()
        self._learning = Learning(rules.budget)
        self._log = Log(self._told)
        roots = Roots(self.subjects, self._log, rules.budget, self._counts.waivers)
        self.tracks = Tracks(self.subjects, self._counts, roots)
        excuses = Excuses(self.tracks)
        self._standards = Standards(self.subjects, self._counts, self._log, excuses, rules.sellers)
        self._swaps = Swaps(self.subjects, self._log)
        self._almanac: Almanac | None = None
        self._mended: set[tuple[str | int, ...]] = set()
        """Repairs and appeals that have been judged: about what, and when it was so (ms UTC)."""
        self._has_begun = False
        """Whether today's beginning has been looked at."""
        self._repairs: list[tuple[int, Repair | Appeal]] = []
        """Repairs and appeals not judged yet, with the ends of their periods."""

    @property
    def nbytes(self) -> int:
        """Memory in use by counts, bytes."""
        return self._counts.nbytes

    @property
    def almanac(self) -> Almanac | None:
        """What is known today; ``None`` before anything was counted."""
        return self._frozen() if self._counts.today else None

    def subject_types(self, name: str) -> tuple[str, ...]:
        """Return the types of the subjects called ``name``."""
        return self.subjects.types_of(name)

    def is_waiting(self, end: int) -> bool:
        """Whether something was told that counts from the period that ends at ``end`` (ms UTC)."""
        return self._told.has_until(end)

    def hear(self, source: int, out: Exposures, reports: Reports, words: Vocabulary) -> None:
        """Take in what a partition tells; ``source`` names it."""
        self._told.hear(source, out, reports, words)

    def mend(self, repair: Repair | Appeal) -> None:
        """Take in that something was put right, or never was wrong."""
        self._repairs.append((self._rules.end_of(repair.at), repair))

    def customers_needed(self, sku: str) -> int:
        """Return how many customers with one wrong item each are more than chance brings.

        Large sellers have several in any fortnight; so many must have been a coincidence of less
        than one in a thousand (Poisson). 1 where nothing is known to be usual.
        """
        if not self._counts.today:
            return 1
        usual = self._frozen().usual_reports(self.subjects.row("sku", sku))
        return fewest_surprising(usual)

    # ----- days -----

    def days(self, last: int, asked: Asked) -> Iterator[tuple[int, Out, Voices]]:
        """Begin and yield each day up to the period that ended ``last`` (ms UTC), with its news.

        Days on which nothing was told, nothing is open and nobody is ``asked`` are passed over.
        """
        out, voices = self._told.take(last)
        days = [(one.end - 1) // DAY for one in (out, voices)]
        told = sorted({*days[0].tolist(), *days[1].tolist()})
        if not self._counts.today:
            if not told:
                return
            self._go_to(told[0])
        final = last // DAY
        while True:
            today = self._counts.today
            yield (
                today,
                some(out, np.flatnonzero(days[0] == today)),
                some(voices, np.flatnonzero(days[1] == today)),
            )
            if today >= final:
                return
            self._go_to(self._next(today, told, min(final, (asked() - 1) // DAY)))

    def _next(self, today: int, told: list[int], latest: int) -> int:
        if not self._is_idle:
            return today + 1
        waiting = ((end - 1) // DAY for end, _ in self._repairs)
        return min(latest, *(day for day in (*told, *waiting, latest) if day > today))

    def _go_to(self, day: int) -> None:
        self._counts.begin(day)
        self._learning.begin(day)
        self._log.forget(day)
        self._almanac = None
        self._has_begun = False

    def begin_day(self) -> list[Change]:
        """Return what the beginning of today brings, once."""
        if self._has_begun:
            return []
        self._has_begun = True
        if self._is_idle:
            return []
        almanac = self._frozen()
        return [
            *self.tracks.begin_day(almanac),
            *self._standards.begin_day(almanac),
            *self._swaps.begin_day(almanac.day),
        ]

    @property
    def _is_idle(self) -> bool:
        """Whether nothing has to be looked at when a day begins."""
        quiet = self.tracks.is_idle and self._standards.is_idle
        return quiet and self._swaps.is_idle(self._counts.today)

    def _frozen(self) -> Almanac:
        """Return what is known at the beginning of today; asked before today's news are counted."""
        if self._almanac is None:
            rows = self.tracks.rows
            self._almanac = self._learning.freeze(self._counts, self.subjects, rows)
        return self._almanac

    # ----- sittings -----

    def sittings(self, last: int, out: Out, voices: Voices) -> Iterator[Sitting]:
        """Weigh and count a day's news; yield them cut where a repair changes what counts."""
        ends = {end for end, _ in self._repairs if end <= last}
        today_ends = {end for end in ends if (end - 1) // DAY <= self._counts.today}
        stop = min(last, (self._counts.today + 1) * DAY)
        since = 0
        for until in sorted({*today_ends, stop}):
            part = some(out, _between(out.end, since, until))
            heard = some(voices, _between(voices.end, since, until))
            yield Sitting(until, self._weigh_and_count(part, heard))
            since = until

    def _weigh_and_count(self, out: Out, voices: Voices) -> dict[int, list[Reading]]:
        found: dict[int, list[Reading]] = {}
        if not len(out) and not len(voices):
            return found
        self._standards.note()
        almanac = self._frozen()
        news = self._news(out, voices)
        for reading in self._readings(almanac, news) if len(voices) else ():
            found.setdefault(reading.end, []).append(reading)
        self._counts.add_units(out, news.out_rows)
        self._counts.add_reports(news.voices, news.voice_rows, news.weights)
        skus, categories = news.out_rows["sku"], news.out_rows["category"]
        self._learning.note_categories(skus, categories, self.subjects)
        self._swaps.note(news.voices, self._counts.today)
        self._learning.record(news.voices, (news.voices.end - 1) // DAY)
        self._log.append(out, news.out_rows, news.voices, news.voice_rows)
        return found

    def _news(self, out: Out, voices: Voices) -> News:
        # A buyer's new report stands before an old one is taken back, whichever was told first.
        voices = some(voices, np.lexsort((-voices.units, voices.end)))
        rows = self._told.rows(voices)
        weights = (
            self._counts.weights(voices, rows)
            if len(voices)
            else dict.fromkeys(SUBJECT_TYPES, np.empty(0, np.int64))
        )
        return News(out, self._told.rows(out), voices, rows, weights)

    def _readings(self, almanac: Almanac, news: News) -> Iterator[Reading]:
        scales = Scales(self._counts, almanac, self.subjects)
        probed = self._probed(almanac.rungs)
        for reading in readings(scales, news, probed, self.tracks.at_the_top):
            charge, row = reading.subject
            if self._probe is not None and row in probed.get(charge, NOBODY):
                self._probe.watch(reading, almanac)
            yield reading

    def _probed(self, charges: Iterable[Charge]) -> dict[Charge, Collection[int]]:
        """Return whom somebody asks about."""
        found: dict[Charge, Collection[int]] = {}
        if self._probe is not None:
            for charge in charges:
                if self._probe.subject_type in (None, charge.subject_type):
                    row = self.subjects.find(charge.subject_type, self._probe.name)
                    found[charge] = NOBODY if row is None else (row,)
        return found

    def decide(self, end: int, found: list[Reading], is_open: IsOpen) -> list[Change]:
        """Return what the period that ended at ``end`` (ms UTC) changed."""
        return self.tracks.decide(end, found, self._frozen(), is_open)

    def repair(self, end: int) -> list[Change]:
        """Return what repairs and appeals of periods ended by ``end`` (ms UTC) put to an end."""
        due = [repair for at, repair in self._repairs if at <= end]
        self._repairs = [(at, repair) for at, repair in self._repairs if at > end]
        repairs = [one for one in due if isinstance(one, Repair)]
        repairs.sort(key=lambda repair: (repair.at, repair.sku, repair.warehouse_id))
        appeals = [one for one in due if isinstance(one, Appeal)]
        appeals.sort(key=lambda one: (one.at, one.seller, one.defect, one.first, one.last))
        return [
            *(change for repair in repairs for change in self._mend(repair, end)),
            *(change for appeal in appeals for change in self._forgive(appeal, end)),
        ]

    def _mend(self, repair: Repair, end: int) -> list[Change]:
        """Return what a repair puts to an end; one that is told again changes nothing."""
        known = (repair.sku, repair.warehouse_id, repair.cause.occurred_at)
        if known in self._mended:
            return []
        self._mended.add(known)
        self._swaps.mend(repair)
        return self.tracks.repaired(repair, end)

    def _forgive(self, appeal: Appeal, end: int) -> list[Change]:
        """Return what an upheld appeal puts to an end; one that is told again changes nothing."""
        span = Span(appeal.first, appeal.last)
        known = (appeal.seller, appeal.defect, *span, appeal.cause.occurred_at)
        if known in self._mended:
            return []
        self._mended.add(known)
        row = self.subjects.row(SELLER, appeal.seller)
        self._standards.forgiven(row, appeal.cause)
        changes: list[Change] = []
        for charge in charges_of(appeal.defect):
            subject = Subject(charge, row)
            if self.tracks.is_about(subject):
                today = self._frozen()  # frozen already: where a problem is open, each day begins
                changes += self.tracks.forgiven(subject, span, appeal.cause, end, today)
            else:
                self._counts.waivers.add(charge, row, span)
        return changes


COINCIDENCE: Final = 0.001
"""Chance below which so many reports are no coincidence."""


def fewest_surprising(usual: float) -> int:
    """Return the smallest count that a Poisson variable of mean ``usual`` seldom reaches."""
    count, term, less = 0, exp(-usual), 0.0
    while 1 - less >= COINCIDENCE:
        less += term
        count += 1
        term *= usual / count
    return max(count, 1)


def _between(ends: Codes, since: int, until: int) -> Codes:
    return np.flatnonzero((ends > since) & (ends <= until))
