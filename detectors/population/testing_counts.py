"""What tests of counting ask with: units and reports by name in, columns and counts out."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from detectors.journeys.names import Codes
from detectors.journeys.vocabulary import Item, Lane, PackedItem, Vocabulary
from detectors.observations import Clock, Exposures, Reports
from detectors.population.almanac import Learning
from detectors.population.counts import Charge, Counts
from detectors.population.defects import DEFECTS
from detectors.population.log import Log
from detectors.population.rules import PopulationRules
from detectors.population.subjects import SUBJECT_TYPES, Rows, Subjects
from detectors.population.told import Out, Told, Voices, some
from schemas.times import DAY

TODAY: Final = 20_000
"""The day on which counting begins unless a test says otherwise (UTC day number)."""


class Cell(NamedTuple):
    """Where a unit is counted."""

    item: Item = Item("sku-1", "seller-1", "shirts", "alba", "M")
    place: PackedItem = PackedItem("sku-1", "w-1", "A-1", "7")
    lane: Lane = Lane("acme", "", "DE", "HH", "DE", "BE", "w-1")


HERE: Final = Cell()
"""The cell of whatever names no other."""


def of_sku(sku: str) -> Cell:
    """Return the cell of another SKU, which is like the usual one but for its name."""
    return Cell(HERE.item._replace(sku=sku), HERE.place._replace(sku=sku))


class Sent(NamedTuple):
    """A unit of the cohort ``day`` that is in its cell from ``at`` (ms UTC) on, or left it (-1)."""

    at: int
    day: int
    cell: Cell = HERE
    clock: Clock = Clock.SHIPPED
    units: int = 1


class Said(NamedTuple):
    """A report that became known ``at`` (ms UTC) about a unit of the cohort ``day``."""

    at: int
    day: int
    buyer: int = 0
    cell: Cell = HERE
    name: str = "o-1/1"
    defect: int = 0
    found: str = ""
    units: int = 1

    def taken_back(self, at: int) -> "Said":
        """Return what takes the report back ``at`` (ms UTC)."""
        return self._replace(at=at, units=-1)


News = Sent | Said


def noon(day: int) -> int:
    """Return the middle of a day, ms UTC."""
    return day * DAY + DAY // 2


def charge_of(defect: str, subject_type: str) -> Charge:
    """Return the charge of a defect, by its name, against a type of subject."""
    [place] = [i for i, d in enumerate(DEFECTS) if d.name == defect and subject_type in d.charged]
    return Charge(place, subject_type)


def _column(numbers: Sequence[int]) -> Codes:
    return np.array(numbers, np.int64)


def _coded(words: Vocabulary, cells: Sequence[Cell]) -> tuple[Codes, Codes, Codes]:
    return (
        words.items.codes([cell.item for cell in cells]),
        words.packed.codes([cell.place for cell in cells]),
        words.lanes.codes([cell.lane for cell in cells]),
    )


def exposures(words: Vocabulary, sent: Sequence[Sent]) -> Exposures:
    """Return units as a partition with the vocabulary ``words`` tells them."""
    return Exposures(
        _column([one.at for one in sent]),
        _column([one.clock for one in sent]),
        _column([one.day for one in sent]),
        *_coded(words, [one.cell for one in sent]),
        _column([one.units for one in sent]),
    )


def reports(words: Vocabulary, said: Sequence[Said]) -> Reports:
    """Return reports as a partition with the vocabulary ``words`` tells them."""
    found = words.skus.codes([one.found for one in said])
    return Reports(
        _column([one.at for one in said]),
        _column([one.defect for one in said]),
        _column([one.day for one in said]),
        *_coded(words, [one.cell for one in said]),
        _column([one.buyer for one in said]),
        np.where([bool(one.found) for one in said], found, -1),
        _column([one.units for one in said]),
        [one.name for one in said],
    )


class Tally:
    """The judge's counting half: all that is told is counted, and nothing is decided."""

    def __init__(self, today: int = TODAY, rules: PopulationRules | None = None) -> None:
        """Begin on the day ``today`` with nothing told."""
        rules = PopulationRules() if rules is None else rules
        self.subjects = Subjects()
        self.counts = Counts()
        self.told = Told(self.subjects, rules.ends_of)
        self.log = Log(self.told)
        self.learning = Learning(rules.budget)
        self._words: dict[int, Vocabulary] = {}
        self.begin(today)

    def begin(self, day: int) -> None:
        """Let it be ``day``."""
        self.counts.begin(day)
        self.learning.begin(day)
        self.log.forget(day)

    def hear(self, *news: News, source: int = 0) -> None:
        """Take in what a partition tells, without counting it yet."""
        words = self._words.setdefault(source, Vocabulary())
        sent = [one for one in news if isinstance(one, Sent)]
        said = [one for one in news if isinstance(one, Said)]
        self.told.hear(source, exposures(words, sent), reports(words, said), words)

    def count(self, until: int = 0) -> tuple[Out, Voices]:
        """Count what was told by the end ``until`` (ms UTC), or today; return it."""
        out, voices = self.told.take(until or (self.counts.today + 1) * DAY)
        voices = some(voices, np.lexsort((-voices.units, voices.end)))
        out_rows, rows = self.told.rows(out), self.told.rows(voices)
        self.counts.add_units(out, out_rows)
        self.counts.add_reports(voices, rows, self.counts.weights(voices, rows))
        self.learning.note_categories(out_rows["sku"], out_rows["category"], self.subjects)
        self.learning.record(voices, (voices.end - 1) // DAY)
        self.log.append(out, out_rows, voices, rows)
        return out, voices

    def live(self, news: Sequence[News], until: int) -> None:
        """Count ``news`` day by day until the end of the day ``until``."""
        self.hear(*news)
        self.count()
        for day in range(self.counts.today + 1, until + 1):
            self.begin(day)
            self.count()

    def row(self, charge: Charge, name: str) -> Codes:
        """Return the row of one subject, as an array."""
        return _column([self.subjects.row(charge.subject_type, name)])

    def units(self, charge: Charge, name: str) -> dict[int, int]:
        """Return how many units of a subject are counted, by cohort day; -1 are all older ones."""
        found = self.counts.cohorts(charge, self.row(charge, name))
        return self._by_day(found.units[0], int(found.older_units[0]))

    def reports(self, charge: Charge, name: str) -> dict[int, int]:
        """Return how many reports of a subject are counted, likewise."""
        found = self.counts.cohorts(charge, self.row(charge, name))
        return self._by_day(found.reports[0], int(found.older_reports[0]))

    def _by_day(self, by_age: Codes, older: int) -> dict[int, int]:
        days = {self.counts.today - age: n for age, n in enumerate(by_age.tolist()) if n}
        return days | ({-1: older} if older else {})

    def everything(self) -> dict[tuple[Charge, str], list[int]]:
        """Return all counts by name: units by age, reports by age, older units, older reports.

        This is what must not depend on how it was told.
        """
        found: dict[tuple[Charge, str], list[int]] = {}
        for charge in self.counts.reports:
            names = self.subjects.names(charge.subject_type)
            every = self.counts.cohorts(charge, np.arange(len(names)))
            older = np.stack([every.older_units, every.older_reports], axis=1)
            counts = np.concatenate([every.units, every.reports, older], axis=1)
            for row in np.flatnonzero(counts.any(axis=1)).tolist():
                found[charge, names[row]] = counts[row].tolist()
        return found


def names_of(subjects: Subjects, rows: Rows, place: int) -> dict[str, str]:
    """Return what the element at ``place`` is counted under, by subject type."""
    return {
        name: subjects.name(name, int(rows[name][place]))
        for name in SUBJECT_TYPES
        if rows[name][place] >= 0
    }
