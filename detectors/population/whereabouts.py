"""Where the reports about an order place it: against whom each of them counts, by order."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from detectors.journeys.vocabulary import Vocabulary
from detectors.observations import Reports
from detectors.population.causes import DEFECTS_OF, ONLY_BY, TELLING, Place, places_proved
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
    defect: int
    places: tuple[Place, ...]
    """Whom it is charged to."""

    def concerns(self, problem: Problem) -> bool:
        """Whether it says where a problem of this order happened: of all of it, or of its unit."""
        if self.defect not in DEFECTS_OF[problem.kind]:
            return False
        return problem.subject_type == "order" or self.unit == problem.subject


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
            yield Saying(at, Word(unit, day, defect, places), units)


@dataclass(slots=True)
class Whereabouts:
    """The words that stand about orders, as long as groups are judged on their days."""

    _words: dict[str, dict[Word, int]] = field(default_factory=dict)
    """By order; how often each is said. One that is taken back before it is told counts -1."""
    _of_day: dict[int, list[str]] = field(default_factory=dict)
    """Orders of which something was said, by the day that it was said of."""
    _oldest: int = 0
    """The first day of which words are known."""

    def take(self, saying: Saying) -> str:
        """Let a word count, or no longer; return the order that it is about."""
        word = saying.word
        order_id = word.unit.rpartition("/")[0]
        if word.day < self._oldest:
            return order_id
        words = self._words.setdefault(order_id, {})
        units = words.get(word, 0) + saying.units
        if units:
            words[word] = units
            self._of_day.setdefault(word.day, []).append(order_id)
        else:
            del words[word]
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
            left = {
                w: units for w, units in self._words.pop(order_id, {}).items() if w.day >= oldest
            }
            if left:
                self._words[order_id] = left

    def places(self, problem: Problem) -> dict[Place, int]:
        """Return where a problem of one order happened that may explain it, and the last day there.

        What is reported of its unit, or of any unit if it is about the whole order, says more than
        what its evidence proves: it is counted against those who answer for it alone.
        """
        found, only = self._places(problem), ONLY_BY.get(problem.kind)
        if only is None:
            return found
        return {place: day for place, day in found.items() if place.subject_type in only}

    def _places(self, problem: Problem) -> dict[Place, int]:
        proved = dict.fromkeys(places_proved(problem), problem.opened_at // DAY)
        words = self._words.get(problem.order_id or "")
        if not words:
            return proved
        reported: dict[Place, int] = {}
        for word, units in words.items():
            if units > 0 and word.concerns(problem):
                for place in word.places:
                    reported[place] = max(word.day, reported.get(place, word.day))
        if not reported or not proved:
            return reported or proved
        defects = {place.defect for place in reported}
        return {p: day for p, day in proved.items() if p.defect not in defects} | reported
