"""Where the reports about an order place it: against whom each of them counts, by order."""

from collections import Counter
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import repeat
from typing import Final

import numpy as np
from msgspec import Struct

from detectors.journeys.vocabulary import Vocabulary
from detectors.observations import Reports
from detectors.population.causes import DEFECTS_OF, ONLY_BY, TELLING, Place, places_proved
from detectors.population.defects import DEFECTS
from detectors.population.evidence import WINDOW
from detectors.population.subjects import Rows, Subjects
from schemas.problems import Problem
from schemas.times import DAY

_TELLS: Final = np.isin(np.arange(len(DEFECTS)), list(TELLING))
"""By defect: whether its reports say where an order went wrong."""


class Word(Struct, frozen=True, gc=False):
    """A report, as far as it says who may be behind it."""

    unit: str
    """``order/line`` or ``order/shipment``."""
    day: int
    """The unit's cohort, days since 1970."""
    defect: int
    places: tuple[Place, ...]
    """Whom it is charged to."""

    def concerns(self, problem: Problem) -> bool:
        """Whether it says where a problem of this order happened: of all of it, or of its unit."""
        if self.defect not in DEFECTS_OF[problem.kind]:
            return False
        return problem.subject_type == "order" or self.unit == problem.subject


class Saying(Struct, frozen=True, gc=False):
    """A word that counts once more (+1) or once less (-1) from ``at`` on, ms UTC."""

    at: int
    word: Word
    units: int


def sayings(
    subjects: Subjects, source: int, reports: Reports, words: Vocabulary
) -> Iterator[Saying]:
    """Yield what the partition ``source`` reports of defects that explain problems of orders."""
    at = np.flatnonzero(_TELLS[reports.defect])
    if not at.size:
        return
    cells = {"item": reports.item[at], "place": reports.place[at], "lane": reports.lane[at]}
    rows, defects = subjects.rows(source, words, cells), reports.defect[at]
    for defect in np.unique(defects).tolist():
        mine = np.flatnonzero(defects == defect)
        index = at[mine]
        places = _places_of(subjects, defect, {n: rows[n][mine] for n in DEFECTS[defect].charged})
        units = [reports.names[i] for i in index.tolist()]
        days = reports.day[index].tolist()
        said = map(Word, units, days, repeat(defect), places)
        yield from map(Saying, reports.at[index].tolist(), said, reports.units[index].tolist())


def _places_of(subjects: Subjects, defect: int, rows: Rows) -> list[tuple[Place, ...]]:
    """Return whom each report of a defect is charged to, by the rows of the subjects."""
    known: dict[tuple[int, ...], tuple[Place, ...]] = {}
    cells = list(zip(*(codes.tolist() for codes in rows.values()), strict=True))
    for cell in dict.fromkeys(cells):
        named = zip(rows, cell, strict=True)
        known[cell] = tuple(Place(defect, n, subjects.name(n, row)) for n, row in named if row >= 0)
    return [known[cell] for cell in cells]


@dataclass(slots=True)
class Whereabouts:
    """The words that stand about orders, as long as groups are judged on their days."""

    _said: dict[str, list[Saying]] = field(default_factory=dict)
    """By order. A word may be taken back before it is told."""
    _of_day: dict[int, list[str]] = field(default_factory=dict)
    """Orders of which something was said, by the day that it was said of."""
    _oldest: int = 0
    """The first day of which words are known."""

    def take(self, saying: Saying) -> str:
        """Let a word count, or no longer; return the order that it is about."""
        order_id, day = saying.word.unit.rpartition("/")[0], saying.word.day
        if day >= self._oldest:
            self._said.setdefault(order_id, []).append(saying)
            self._of_day.setdefault(day, []).append(order_id)
        return order_id

    def forget(self, today: int) -> None:
        """Forget days that no group is judged on any more; ``today`` is days since 1970."""
        oldest = today - WINDOW + 1
        if oldest <= self._oldest:
            return
        self._oldest = oldest
        gone = [
            order for day in list(self._of_day) if day < oldest for order in self._of_day.pop(day)
        ]
        for order_id in dict.fromkeys(gone):
            left = [saying for saying in self._said.pop(order_id) if saying.word.day >= oldest]
            if left:
                self._said[order_id] = left

    def _standing(self, order_id: str) -> Iterable[Word]:
        """Return the words about an order that were told more often than taken back."""
        said = self._said.get(order_id, ())
        if all(saying.units > 0 for saying in said):
            return [saying.word for saying in said]
        units = Counter[Word]()
        for saying in said:
            units[saying.word] += saying.units
        return +units

    def places(self, problem: Problem, among: Container[Place] | None = None) -> dict[Place, int]:
        """Return where a problem of one order happened that may explain it, and the last day there.

        What is reported of its unit, or of any unit if it is about the whole order, says more than
        what its evidence proves: it is counted against those who answer for it alone. ``among``:
        only places that are there are of interest.
        """
        found, told = self._reported(problem, among)
        if not told.issuperset(DEFECTS_OF[problem.kind]):
            day = problem.opened_at // DAY
            for place in places_proved(problem):
                if place.defect not in told and (among is None or place in among):
                    found[place] = day
        only = ONLY_BY.get(problem.kind)
        if only is None:
            return found
        return {place: day for place, day in found.items() if place.subject_type in only}

    def _reported(
        self, problem: Problem, among: Container[Place] | None
    ) -> tuple[dict[Place, int], set[int]]:
        """Return where reports say that it happened, and of which defects there are any."""
        found, told = dict[Place, int](), set[int]()
        for word in self._standing(problem.order_id or ""):
            if word.concerns(problem):
                told.add(word.defect)
                for place in word.places:
                    if among is None or place in among:
                        found[place] = max(word.day, found.get(place, word.day))
        return found, told
