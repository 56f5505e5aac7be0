"""One root cause, one problem: which subject is guilty, and who only looks so because of it.

Whoever shares a fault looks bad: a faulty SKU drags its warehouse along, a slow lane its carrier,
and a wave over the whole market everybody. So before a problem opens, all units of the period in
question are divided by every dimension at once, and the likeliest cause is named
(:mod:`detectors.population.blame`). The problems of the others are put under it.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol, Self

import numpy as np

from detectors.journeys.names import Codes
from detectors.observations import Clock
from detectors.population.almanac import Almanac
from detectors.population.blame import Cells, Culprit, Dimension, Suspect, blame
from detectors.population.counts import Charge, Waivers
from detectors.population.defects import DEFECTS
from detectors.population.evidence import WINDOW, Reals
from detectors.population.log import Log, Units
from detectors.population.numbering import combined
from detectors.population.subjects import SUBJECT_TYPES, Rows, Subjects
from detectors.population.telling import Proof
from detectors.population.told import Voices
from detectors.population.weighing import Reading, Subject

FEWEST_REPORTS: Final = 2
"""One report accuses nobody."""

LEAST_EXPECTED: Final = 1e-9
"""Expected reports of a unit that has had next to no time, so that it is none to divide by."""

GRAIN: Final = float(1 << 30)
"""Expected reports of a unit are whole numbers of its inverse, so that sums of them are exact."""

MOST_SHARED: Final = 0.5
"""Share of its reports from which on a problem is put under the one it shares them with."""


ARTICLE: Final = frozenset({"sku", "sku_warehouse", "bin", "batch", "sku_size"})
"""Subjects that are one article, or where it lies."""


class Standing(Protocol):
    """A subject with an open problem."""

    subject: Subject

    @property
    def is_root(self) -> bool:
        """Whether its problem is under no other one."""


class Family(NamedTuple):
    """Charges that tell of one thing: what one of them explains, the others need not."""

    slug: str
    clock: Clock


def family_of(charge: Charge) -> Family:
    """Return the family of a charge."""
    defect = DEFECTS[charge.defect]
    return Family(defect.slug, defect.clock)


def members(family: Family) -> Iterator[Charge]:
    """Yield the charges of a family."""
    for number, defect in enumerate(DEFECTS):
        if Family(defect.slug, defect.clock) == family:
            for name in defect.charged:
                yield Charge(number, name)


@dataclass(frozen=True, slots=True)
class SortedOut:
    """Who is under whom, and what else each new problem says."""

    parents: Mapping[Subject, Subject]
    proofs: Mapping[Subject, Proof]


@dataclass(frozen=True, slots=True, eq=False)
class _Scene:
    """The reports about the units of one fault period."""

    defect: int
    since: int
    end: int
    voices: Voices
    rows: Rows


class Roots:
    """Asks the log of units and reports who is guilty."""

    def __init__(
        self, subjects: Subjects, log: Log, budget: Mapping[str, float], waivers: Waivers
    ) -> None:
        """Join what is asked."""
        self._waivers = waivers
        self._subjects = subjects
        self._log = log
        self._budget = budget

    def sort_out(
        self, end: int, fresh: Sequence[Reading], standing: Sequence[Standing], almanac: Almanac
    ) -> SortedOut:
        """Return who is guilty at ``end`` (ms UTC) among ``fresh`` and ``standing`` subjects.

        All are of one family. Whoever is only to be watched is not looked into: it is put under a
        problem that is open already, if it shares most of its reports.
        """
        widest = max(fresh, key=lambda r: (r.subject.charge.defect, r.log_r))
        defect, since = widest.subject.charge.defect, min(r.start for r in fresh)
        scene = _Scene(defect, since, end, *self._log.voices(defect, since, end))
        open_already = [one.subject for one in standing]
        culprits: list[Culprit] = []
        if any(reading.log_r >= _hold(reading, almanac) for reading in fresh):
            culprits = self._culprits(scene, family_of(widest.subject.charge), almanac)
        guilty = self._guilty(scene, fresh, standing, culprits)
        known = dict.fromkeys([*open_already, *(r.subject for r in fresh)])
        proofs = {r.subject: self._proof(r, scene, almanac, culprits) for r in fresh}
        return SortedOut(self._parents(scene, known, guilty), proofs)

    # ----- who is guilty -----

    def _culprits(self, scene: _Scene, family: Family, almanac: Almanac) -> list[Culprit]:
        """Return the causes with the rows of subjects as their elements."""
        names = [n for n in SUBJECT_TYPES if any(c.subject_type == n for c in members(family))]
        clock = DEFECTS[scene.defect].clock
        asked = dict.fromkeys(["sku", *names])
        out, rows = self._log.units(clock, scene.since, scene.end, asked)
        expected = _expected(out, rows["sku"], scene.defect, almanac)
        columns = [
            _Column.of(name, rows[name], scene.rows[name], self._subjects.names(name))
            for name in names
        ]
        found = blame(_cells(columns, expected))
        suspects = {column.name: column.suspects for column in columns}
        return [_by_row(culprit, suspects) for culprit in found]

    def _guilty(
        self,
        scene: _Scene,
        fresh: Sequence[Reading],
        standing: Sequence[Standing],
        culprits: Sequence[Culprit],
    ) -> list[Subject]:
        """Return the subjects that others may be put under, the guiltiest first."""
        if not culprits:
            return [one.subject for one in standing if one.is_root]
        open_already = [one.subject for one in standing]
        by_place = {
            (subject.charge.subject_type, subject.row): subject
            for subject in (*open_already, *(r.subject for r in fresh))
        }
        named = [culprit.suspect.place for culprit in culprits]
        found = [by_place[place] for place in named if place in by_place]
        return self._first_of_article(scene, found, open_already)

    def _parents(
        self, scene: _Scene, known: Collection[Subject], guilty: Sequence[Subject]
    ) -> dict[Subject, Subject]:
        """Return under which guilty subject each other one belongs.

        Several causes together may explain it: it is put under the one it shares most with.
        """
        parents: dict[Subject, Subject] = {}
        for subject in known:
            if subject not in guilty and self._shared(scene, subject, *guilty) > MOST_SHARED:
                shares = [self._shared(scene, subject, root) for root in guilty]
                parents[subject] = guilty[shares.index(max(shares))]
        return parents

    def _first_of_article(
        self, scene: _Scene, guilty: list[Subject], standing: Collection[Subject]
    ) -> list[Subject]:
        """Return the guilty, but of one article whoever has had an open problem for longest.

        A SKU, its place in one warehouse and its bin are one thing to those who act on it; which
        of them is named first may not change with every report.
        """
        firsts = (
            next(
                (
                    one
                    for one in standing
                    if {one.charge.subject_type, subject.charge.subject_type} <= ARTICLE
                    and self._shared(scene, subject, one) > MOST_SHARED
                ),
                subject,
            )
            for subject in guilty
        )
        return list(dict.fromkeys(firsts))

    def _shared(self, scene: _Scene, subject: Subject, *roots: Subject) -> float:
        """Return the share of a subject's reports that are those of any of ``roots`` as well."""
        mine = scene.rows[subject.charge.subject_type] == subject.row
        theirs = np.zeros(mine.size, np.bool_)
        for root in roots:
            theirs |= scene.rows[root.charge.subject_type] == root.row
        both = mine & theirs
        return float(np.count_nonzero(both)) / max(int(np.count_nonzero(mine)), 1)

    # ----- what each problem says -----

    def _proof(
        self, reading: Reading, scene: _Scene, almanac: Almanac, culprits: Sequence[Culprit]
    ) -> Proof:
        charge, row = reading.subject
        voices, rows = scene.voices, scene.rows
        if charge.defect != scene.defect:
            voices, rows = self._log.voices(charge.defect, reading.start, scene.end)
        is_mine = (rows[charge.subject_type] == row) & (voices.day >= reading.start)
        index = np.flatnonzero(is_mine & ~self._waivers.covers(charge, row, voices.day))
        runner_up = _runner_up(reading.subject, culprits)
        return Proof(
            category=self._category(reading.subject, almanac),
            voices=self._log.named(voices, index) if _is_small(charge) else (),
            runner_up="" if runner_up is None else self._called(runner_up),
            runner_up_share="" if runner_up is None else f"{runner_up.score:.1f}",
            swapped_with=self._swapped(reading.subject, voices, rows, index),
            allowed=self._budget[charge.subject_type],
        )

    def _called(self, suspect: Suspect) -> str:
        return f"{suspect.dimension} {self._subjects.name(suspect.dimension, suspect.element)}"

    def _category(self, subject: Subject, almanac: Almanac) -> str:
        [sku] = self._subjects.articles(
            subject.charge.subject_type, np.array([subject.row])
        ).tolist()
        if not 0 <= sku < almanac.categories.size or almanac.categories[sku] < 0:
            return ""
        return self._subjects.name("category", int(almanac.categories[sku]))

    def _swapped(self, subject: Subject, voices: Voices, rows: Rows, index: Codes) -> str:
        """Return the SKU that came instead of this one, if this one came instead of it, too."""
        if not index.size or subject.charge.subject_type not in ("sku", "sku_warehouse"):
            return ""
        mine = int(rows["sku"][index[0]])
        instead, counts = np.unique(voices.found[index], return_counts=True)
        pairs = [
            (int(count), self._subjects.name("sku", sku))
            for sku, count in zip(instead.tolist(), counts.tolist(), strict=True)
            if sku >= 0 and np.any((rows["sku"] == sku) & (voices.found == mine))
        ]
        return max(pairs, default=(0, ""))[1]


def _hold(reading: Reading, almanac: Almanac) -> float:
    """Return log R from which a subject is held and looked into."""
    return almanac.rungs[reading.subject.charge].hold


def _is_small(charge: Charge) -> bool:
    """Whether the customers of a problem are few enough to be named."""
    return charge.subject_type in ("sku", "sku_warehouse", "bin", "batch", "sku_size")


def _runner_up(subject: Subject, culprits: Sequence[Culprit]) -> Suspect | None:
    """Return who else was likely: beside the guilty one, or before it where somebody else is."""
    element = (subject.charge.subject_type, subject.row)
    for culprit in culprits:
        if (culprit.suspect.dimension, culprit.suspect.element) == element:
            return culprit.runner_up
    return culprits[0].suspect if culprits else None


def _expected(out: Units, skus: Codes, defect: int, almanac: Almanac) -> Reals:
    """Return how many reports each unit brings at its SKU's usual rate, by its age."""
    ages = np.clip(almanac.day - out.day, 0, WINDOW - 1)
    rates = almanac.rates.get(defect)
    rate = np.full(skus.size, almanac.pooled[defect])
    if rates is not None:
        known = (skus >= 0) & (skus < rates.size)
        rate[known] = rates[skus[known]]
    expected: Reals = out.units * np.round(almanac.curves[defect].shares[ages] * rate * GRAIN)
    return expected / GRAIN


class _Column(NamedTuple):
    """One dimension of a scene: whoever has two reports is told apart, the others are not."""

    name: str
    codes: Codes
    """By unit, then by report: the place in ``suspects``, -1 for whoever is not told apart."""
    suspects: Codes
    """Rows of subjects."""
    ranks: Codes
    elements: int

    @classmethod
    def of(cls, name: str, units: Codes, voices: Codes, names: Sequence[str]) -> Self:
        """Return the column of a dimension by the rows of units and of reports."""
        heard = np.bincount(voices[voices >= 0], minlength=len(names))
        suspects = np.flatnonzero(heard >= FEWEST_REPORTS)
        place = np.full(len(names) + 1, -1)
        place[suspects] = np.arange(suspects.size)
        codes = place[np.concatenate([units, voices])]
        elements = np.count_nonzero(np.bincount(units + 1)[1:])
        ranks = np.argsort(np.argsort([names[row] for row in suspects.tolist()], kind="stable"))
        return cls(name, codes, suspects, ranks, int(elements))


def _cells(columns: Sequence[_Column], expected: Reals) -> Cells:
    """Put units of one cell together; sums of ``expected`` are exact in any order."""
    cell, first = combined([column.codes for column in columns])
    units = cell[: expected.size]
    due = np.bincount(units, expected, first.size)
    dimensions = [Dimension(c.name, c.codes[first], c.ranks, c.elements) for c in columns]
    came = np.bincount(cell[expected.size :], minlength=first.size)
    return Cells(dimensions, came, np.maximum(due, LEAST_EXPECTED))


def _by_row(culprit: Culprit, suspects: Mapping[str, Codes]) -> Culprit:
    """Return a culprit whose elements are rows of subjects."""

    def named(one: Suspect) -> Suspect:
        return one._replace(element=int(suspects[one.dimension][one.element]))

    runner_up = None if culprit.runner_up is None else named(culprit.runner_up)
    return Culprit(named(culprit.suspect), runner_up, tuple(map(named, culprit.explained)))
