"""Problems about populations from their first sign to their end, and who stands behind whom."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import log
from typing import Final, NamedTuple

from msgspec.structs import replace

from detectors.observations import Repair
from detectors.population.almanac import Almanac
from detectors.population.counts import Charge, Counts, Span
from detectors.population.evidence import WINDOW
from detectors.population.excuses import Fault
from detectors.population.ladders import Rung, kind_of, reached, threshold
from detectors.population.probation import CLOCK, Probation, Probations, clean_since
from detectors.population.recovery import mildest
from detectors.population.roots import Roots, family_of
from detectors.population.subjects import PAIR, Subjects
from detectors.population.telling import Proof, problem_of
from detectors.population.weighing import Reading, Scales, Subject, read_now
from schemas.problems import Cause, Change, ChangeKind, Problem
from schemas.times import DAY

TAKEN_BACK: Final = "report taken back"
"""The cause of an end that came because reports no longer stand."""

FADED: Final = log(10)
"""A problem is over when log R is so far below the lowest rung: healthy units outweigh it."""

IsOpen = Callable[[str, str], bool]
"""Whether a problem of a kind about a SKU is open already for another reason."""


@dataclass(slots=True)
class Track:
    """The open problems about one subject and charge, one for each rung it climbed."""

    subject: Subject
    start: int
    """The likeliest first bad cohort day when the highest rung was reached."""
    usual: float = 0.0
    """The usual rate, reports a unit."""
    bad: float = 0.0
    """The rate of the fault, likewise."""
    problems: dict[Rung, Problem] = field(default_factory=dict)

    @property
    def is_root(self) -> bool:
        """Whether its highest problem is under no other one."""
        return self.top.parent is None

    @property
    def top(self) -> Problem:
        """The problem of the highest rung."""
        return self.problems[max(self.problems)]


class Kept(NamedTuple):
    """Where an open problem is kept."""

    track: Track
    rung: Rung


class Tracks:
    """All open problems about populations, and what is asked of them day by day."""

    def __init__(self, subjects: Subjects, counts: Counts, roots: Roots) -> None:
        """Start without problems."""
        self._subjects = subjects
        self._counts = counts
        self._roots = roots
        self._open: dict[Subject, Track] = {}
        self._by_id: dict[str, Kept] = {}
        """By the ids of open problems."""
        self._repaired = Probations(subjects, counts)

    @property
    def is_idle(self) -> bool:
        """Whether nothing has to be looked at when a day begins."""
        return not self._open and self._repaired.is_idle

    @property
    def rows(self) -> Mapping[Charge, set[int]]:
        """The subjects with open problems, by charge."""
        found: dict[Charge, set[int]] = {}
        for charge, row in self._open:
            found.setdefault(charge, set()).add(row)
        return found

    @property
    def at_the_top(self) -> Mapping[Charge, set[int]]:
        """The subjects whose problem of the last rung is open, by charge."""
        found: dict[Charge, set[int]] = {}
        for (charge, row), track in self._open.items():
            if max(track.problems) is Rung.ACT:
                found.setdefault(charge, set()).add(row)
        return found

    def faults(self, subject_type: str) -> Iterator[Fault]:
        """Yield the open problems of a type, those that are only watched left out."""
        for subject, track in self._open.items():
            if subject.charge.subject_type == subject_type and max(track.problems) > Rung.WATCH:
                yield Fault(subject, track.start, track.is_root)

    def is_open(self, kind: str, sku: str) -> bool:
        """Whether a problem of ``kind`` is open about a SKU."""
        row = self._subjects.row("sku", sku)
        return any(
            problem.kind == kind
            for subject, track in self._open.items()
            if subject.row == row and subject.charge.subject_type == "sku"
            for problem in track.problems.values()
        )

    # ----- periods -----

    def decide(
        self, end: int, readings: Sequence[Reading], almanac: Almanac, is_open: IsOpen
    ) -> list[Change]:
        """Return what the period that ended at ``end`` (ms UTC) began and took back."""
        changes: list[Change] = []
        for reading in self._ordered(readings):
            changes += self._take_back(reading, almanac)
        fresh = [r for r in self._ordered(readings) if self._is_news(r, almanac, is_open)]
        families: dict[object, list[Reading]] = {}
        for reading in fresh:
            families.setdefault(family_of(reading.subject.charge), []).append(reading)
        for some in families.values():
            changes += self._begin(end, some, almanac)
        return changes

    def _ordered(self, readings: Iterable[Reading]) -> list[Reading]:
        return sorted(readings, key=lambda r: (r.subject.charge, self._name(r.subject)))

    def _name(self, subject: Subject) -> str:
        return self._subjects.name(subject.charge.subject_type, subject.row)

    def _is_news(self, reading: Reading, almanac: Almanac, is_open: IsOpen) -> bool:
        charge = reading.subject.charge
        rungs = reached(charge, almanac.rungs[charge], reading.log_r)
        if not rungs:
            return False
        rung = rungs[-1]
        track = self._open.get(reading.subject)
        if track is not None and max(track.problems) >= rung:
            return False
        known = charge.subject_type == "sku"
        return not (known and is_open(kind_of(charge, rung), self._name(reading.subject)))

    def _take_back(self, reading: Reading, almanac: Almanac) -> list[Change]:
        """Withdraw what the reports taken back in this period had carried over its rung."""
        track = self._open.get(reading.subject)
        if track is None or reading.was_log_r is None:
            return []
        rungs = almanac.rungs[reading.subject.charge]
        fallen = [
            rung
            for rung in sorted(track.problems, reverse=True)
            if reading.log_r < threshold(rungs, rung) <= reading.was_log_r
        ]
        return [self._end(track, rung, reading.end, ChangeKind.WITHDRAWN, TAKEN_BACK)
                for rung in fallen]  # fmt: skip

    def _end(self, track: Track, rung: Rung, end: int, what: ChangeKind, fact: str) -> Change:
        problem, cause = track.problems.pop(rung), Cause(fact, end, end)
        del self._by_id[problem.id]
        if not track.problems:
            del self._open[track.subject]
        if what is ChangeKind.WITHDRAWN:
            return Change(what, end, replace(problem, withdrawn_at=end, ended_by=cause))
        return Change(what, end, replace(problem, cleared_at=end, ended_by=cause))

    def _begin(self, end: int, fresh: Sequence[Reading], almanac: Almanac) -> list[Change]:
        """Open the problems of one family, root causes first, and put the rest under them."""
        standing = self._standing(family_of(fresh[0].subject.charge))
        sorted_out = self._roots.sort_out(end, fresh, standing, almanac)
        changes: list[Change] = []
        for reading in sorted(fresh, key=lambda r: r.subject in sorted_out.parents):
            parent = self._above(reading.subject, sorted_out.parents.get(reading.subject))
            changes += self._open_one(reading, almanac, sorted_out.proofs[reading.subject], parent)
        for subject, above in sorted_out.parents.items():
            changes += self._attach(self._open[subject], self._above(subject, above), end)
        return changes

    def _standing(self, family: object) -> list[Track]:
        return [t for s, t in self._open.items() if family_of(s.charge) == family]

    def _above(self, subject: Subject, root: Subject | None) -> Problem | None:
        """Return the problem that one about ``subject`` is put under, if ``root`` is its cause.

        Nothing is put under what is itself under it: who was taken for the cause first stays so.
        """
        track = None if root is None else self._open.get(root)
        if track is None:
            return None
        mine = (subject.charge.subject_type, self._name(subject))
        above: Problem | None = track.top
        while above is not None and (above.subject_type, above.subject) != mine:
            above = self._find(above.parent)
        return track.top if above is None else None

    def _find(self, id_: str | None) -> Problem | None:
        """Return the open problem with an id."""
        kept = self._by_id.get(id_ or "")
        return None if kept is None else kept.track.problems[kept.rung]

    def _open_one(
        self, reading: Reading, almanac: Almanac, proof: Proof, parent: Problem | None
    ) -> list[Change]:
        subject, charge = reading.subject, reading.subject.charge
        rung = reached(charge, almanac.rungs[charge], reading.log_r)[-1]
        problem = problem_of(reading, rung, self._name(subject), almanac, proof)
        if parent is not None:
            problem = replace(problem, parent=parent.id)
        track = self._open.setdefault(subject, Track(subject, reading.start))
        track.start, track.usual = reading.start, reading.usual
        track.bad = mildest(reading.reports, reading.matured, reading.usual)
        below = dict(track.problems)
        track.problems[rung] = problem
        self._by_id[problem.id] = Kept(track, rung)
        self._repaired.end(subject)
        changes = [Change(ChangeKind.OPENED, reading.end, problem)]
        for lower in sorted(below):
            changes += self._under(track, lower, problem, reading.end)
        return changes

    def _under(self, track: Track, rung: Rung, parent: Problem, end: int) -> list[Change]:
        before = track.problems[rung]
        if before.parent is not None or before.id == parent.id:
            return []
        track.problems[rung] = replace(before, parent=parent.id)
        return [Change(ChangeKind.ATTACHED, end, track.problems[rung])]

    def _attach(self, track: Track, parent: Problem | None, end: int) -> list[Change]:
        """Put the highest problem of a track under another one, unless it is under one already."""
        if parent is None:
            return []
        return self._under(track, max(track.problems), parent, end)

    # ----- days -----

    def begin_day(self, almanac: Almanac) -> list[Change]:
        """Return which problems are over at the beginning of a day, and who has proved clean."""
        end = almanac.day * DAY
        scales = Scales(self._counts, almanac, self._subjects)
        changes: list[Change] = []
        for reading in self._ordered(read_now(scales, self.rows, end)):
            changes += self._review(almanac, reading)
        return changes + self._repaired.review(almanac, end)

    def _review(self, almanac: Almanac, reading: Reading) -> list[Change]:
        """End what is over: cohorts since then are clean, or healthy units outweigh the fault."""
        track, end = self._open[reading.subject], reading.end
        faulty = Probation(track.start + 1, track.usual, track.bad)
        clean = clean_since(self._counts, almanac, track.subject, faulty)
        if clean is not None:
            span = Span(track.start, almanac.day - clean.age - 1)
            self._counts.excise(track.subject.charge, track.subject.row, span)
        elif reading.log_r >= almanac.rungs[track.subject.charge].watch - FADED:
            return []
        gone = sorted(track.problems, reverse=True)
        return [self._end(track, rung, end, ChangeKind.CLEARED, CLOCK) for rung in gone]

    # ----- appeals -----

    def forgiven(
        self, subject: Subject, span: Span, cause: Cause, end: int, almanac: Almanac
    ) -> list[Change]:
        """Withdraw what the reports of ``span`` had carried over its rung; they count no more."""
        track = self._open[subject]
        scales = Scales(self._counts, almanac, self._subjects)
        mine = {subject.charge: {subject.row}}
        [before] = read_now(scales, mine, end)
        self._counts.waivers.add(subject.charge, subject.row, span)
        [after] = read_now(scales, mine, end)
        fallen = [
            rung
            for rung in sorted(track.problems, reverse=True)
            if after.log_r < threshold(almanac.rungs[subject.charge], rung)
            and after.log_r < before.log_r
        ]
        return [self._end(track, rung, end, ChangeKind.WITHDRAWN, cause.fact) for rung in fallen]

    def is_about(self, subject: Subject) -> bool:
        """Whether a problem about a subject is open."""
        return subject in self._open

    # ----- repairs -----

    def repaired(self, repair: Repair, end: int) -> list[Change]:
        """End what is open about a SKU that was put right, and count cohorts from tomorrow on.

        What left before the end of the day of the repair may still have been bad: it is evidence
        neither for a new fault nor for what is usual.
        """
        day = repair.cause.occurred_at // DAY
        changes = self._repaired.drop(repair.sku, end)
        for subject in self._mended(repair):
            track = self._open.get(subject)
            start = track.start if track is not None else day - WINDOW + 1
            self._counts.excise(subject.charge, subject.row, Span(min(start, day), day))
            if track is None:
                continue
            if subject.charge.subject_type == "sku":
                self._repaired.begin(subject, Probation(day + 1, track.usual, track.bad))
            for rung in sorted(track.problems, reverse=True):
                changes.append(self._end(track, rung, end, ChangeKind.CLEARED, repair.cause.fact))
        return changes

    def _mended(self, repair: Repair) -> list[Subject]:
        """Return the subjects that a repair is about: the SKU, and it in the warehouses meant."""
        skus = self._subjects.row("sku", repair.sku)
        pairs = self._subjects.pairs_of(skus, repair.warehouse_id)
        found = []
        for charge in sorted(self._counts.reports):
            if charge.subject_type == "sku":
                found.append(Subject(charge, skus))
            elif charge.subject_type == PAIR:
                found += [Subject(charge, row) for row in pairs]
        return found
