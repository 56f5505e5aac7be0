"""Where the reports about an order place it: against whom each of them counts, by order."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from detectors.journeys.vocabulary import Vocabulary
from detectors.observations import Reports
from detectors.population.causes import DEFECTS_OF, TELLING, Place, places_proved
from detectors.population.defects import DEFECTS
from detectors.population.evidence import WINDOW
from detectors.population.subjects import Subjects
from schemas.problems import Problem
from schemas.times import DAY


class Word(NamedTuple):
    """A report, as far as it says who may be behind it."""

    unit: str
    """``order/line`` or ``order/shipment``."""
    day: int
    """The unit's cohort, days since 1970."""
    places: tuple[Place, ...]
    """Whom it is charged to; all have its defect."""

    @property
    def order_id(self) -> str:
        """Return the order that the unit is part of."""
        return self.unit.rpartition("/")[0]


class Saying(NamedTuple):
    """A word that counts once more (+1) or once less (-1) from ``at`` on, ms UTC."""

    at: int
    word: Word
    units: int


def sayings(
    subjects: Subjects, source: int, reports: Reports, words: Vocabulary
) -> Iterator[Saying]:
    """Yield what the partition ``source`` reports of defects that explain problems of orders."""
    if not reports.at.size:
        return
    cells = {"item": reports.item, "place": reports.place, "lane": reports.lane}
    rows = {name: codes.tolist() for name, codes in subjects.rows(source, words, cells).items()}
    columns = (reports.at, reports.defect, reports.day, reports.units)
    told = zip(*(column.tolist() for column in columns), reports.names, strict=True)
    for i, (at, defect, day, units, unit) in enumerate(told):
        if defect in TELLING:
            places = tuple(
                Place(defect, name, subjects.name(name, rows[name][i]))
                for name in DEFECTS[defect].charged
                if rows[name][i] >= 0
            )
            yield Saying(at, Word(unit, day, places), units)


@dataclass(slots=True)
class Whereabouts:
    """The words that stand about orders, as long as groups are judged on their days."""

    _words: dict[str, Counter[Word]] = field(default_factory=dict)
    """By order; how often each is said. One that is taken back before it is told counts -1."""
    _of_day: dict[int, set[Word]] = field(default_factory=dict)
    _oldest: int = 0
    """The first day of which words are known."""

    def take(self, saying: Saying) -> None:
        """Let a word count, or no longer."""
        word = saying.word
        if word.day < self._oldest:
            return
        counts = self._words.setdefault(word.order_id, Counter())
        counts[word] += saying.units
        if counts[word]:
            self._of_day.setdefault(word.day, set()).add(word)
            return
        self._drop(word)
        self._of_day[word.day].discard(word)

    def forget(self, today: int) -> None:
        """Forget days that no group is judged on any more; ``today`` is days since 1970."""
        oldest = today - WINDOW + 1
        if oldest <= self._oldest:
            return
        self._oldest = oldest
        for day in [day for day in self._of_day if day < oldest]:
            for word in self._of_day.pop(day):
                self._drop(word)

    def _drop(self, word: Word) -> None:
        counts = self._words[word.order_id]
        del counts[word]
        if not counts:
            del self._words[word.order_id]

    def places(self, problem: Problem) -> dict[Place, int]:
        """Return where a problem of one order happened, and the last day on which it did there.

        What is reported of its unit, or of any unit if it is about the whole order, says more than
        what its evidence proves: it is counted against those who answer for it alone.
        """
        reported: dict[Place, int] = {}
        for word, times in self._words.get(problem.order_id or "", _NONE).items():
            if times > 0 and _is_about(word, problem):
                for place in word.places:
                    reported[place] = max(word.day, reported.get(place, word.day))
        defects = {place.defect for place in reported}
        told = DEFECTS_OF[problem.kind]
        opened = problem.opened_at // DAY
        found = {place: opened for place in places_proved(problem) if place.defect not in defects}
        return found | {place: day for place, day in reported.items() if place.defect in told}


_NONE: Counter[Word] = Counter()


def _is_about(word: Word, problem: Problem) -> bool:
    return problem.subject_type == "order" or word.unit == problem.subject
