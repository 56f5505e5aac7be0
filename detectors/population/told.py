"""What the partitions told the judge, as columns: units that are out, and reports about them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Final, Generic, TypeVar

import numpy as np

from detectors.journeys.names import Codes, Lookup
from detectors.journeys.vocabulary import Vocabulary
from detectors.observations import Clock, Exposures, Reports
from detectors.population.defects import DEFECTS
from detectors.population.subjects import Rows, Subjects
from detectors.population.unit_names import UnitNames
from schemas.times import DAY

CELL: Final = ("item", "place", "lane")
"""The columns that say where a unit was."""

EndOf = Callable[[Codes], Codes]
"""Moments (ms UTC) to the ends of the periods they lie in."""


@dataclass(frozen=True, slots=True, eq=False)
class Out:
    """Units in their cells, one element each; ``units`` is -1 where one is there no longer."""

    end: Codes
    """End of the period in which that became known, ms UTC."""
    clock: Codes
    day: Codes
    units: Codes
    source: Codes
    item: Codes
    place: Codes
    lane: Codes

    def __len__(self) -> int:
        return self.end.size


@dataclass(frozen=True, slots=True, eq=False)
class Voices:
    """Reports about units, one element each; ``units`` is -1 where one is taken back."""

    end: Codes
    defect: Codes
    day: Codes
    units: Codes
    source: Codes
    item: Codes
    place: Codes
    lane: Codes
    buyer: Codes
    found: Codes
    """Row of the SKU that came instead, -1 unknown."""
    name: Codes
    """Number of the unit's name in :class:`Told`, the same for all reports about it."""

    def __len__(self) -> int:
        return self.end.size


Columns = TypeVar("Columns", Out, Voices)


def some(columns: Columns, index: Codes) -> Columns:
    """Return the elements at ``index``."""
    return type(columns)(*(getattr(columns, field.name)[index] for field in fields(columns)))


def joined(parts: Sequence[Columns]) -> Columns:
    """Return all elements of ``parts``, of which there is at least one."""
    kind = type(parts[0])
    return kind(*(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(kind)))


def _slice(columns: Columns, start: int, end: int) -> Columns:
    """Return the elements from ``start`` to before ``end``, without copying them."""
    part = slice(start, end)
    return type(columns)(*(getattr(columns, field.name)[part] for field in fields(columns)))


NO_UNITS: Final = Out(*(np.empty(0, np.int64) for _ in fields(Out)))
NO_VOICES: Final = Voices(*(np.empty(0, np.int64) for _ in fields(Voices)))


class Waiting(Generic[Columns]):
    """What counts from some period to come on, by the day of that period."""

    def __init__(self, nothing: Columns) -> None:
        """Start with ``nothing``."""
        self._nothing: Columns = nothing
        self._fresh: list[Columns] = []
        self._days: dict[int, list[Columns]] = {}

    def add(self, columns: Columns) -> None:
        """Take in what waits."""
        self._fresh.append(columns)

    def take(self, until: int) -> Columns:
        """Hand over what counts from periods that ended at or before ``until`` (ms UTC)."""
        if self._fresh:
            self._sort(joined(self._fresh))
            self._fresh = []
        last = (until - 1) // DAY
        ripe = [part for day in sorted(self._days) if day <= last for part in self._days.pop(day)]
        if not ripe:
            return self._nothing
        whole: Columns = joined(ripe)
        is_ripe = whole.end <= until
        if not is_ripe.all():
            self._days[last] = [some(whole, np.flatnonzero(~is_ripe))]
            whole = some(whole, np.flatnonzero(is_ripe))
        return whole

    def _sort(self, columns: Columns) -> None:
        days = (columns.end - 1) // DAY
        order = np.argsort(days, kind="stable")
        ordered, days = some(columns, order), days[order]
        starts: list[int] = np.flatnonzero(np.diff(days, prepend=days[0] - 1)).tolist()
        for start, end in zip(starts, [*starts[1:], days.size], strict=True):
            self._days.setdefault(int(days[start]), []).append(_slice(ordered, start, end))

    def has_until(self, until: int) -> bool:
        """Whether something counts from a period that ended at or before ``until`` (ms UTC)."""
        return any(bool((part.end <= until).any()) for part in self._parts())

    def least(self, column: str, most: int) -> int:
        """Return the least number in a column of what waits, at most ``most``."""
        return min([most, *(int(getattr(part, column).min()) for part in self._parts())])

    def _parts(self) -> Iterator[Columns]:
        """Yield what waits; no part is empty."""
        yield from self._fresh
        for day in self._days.values():
            yield from day


_CLOCKS: Final = np.array([defect.clock for defect in DEFECTS])
"""By defect: what its units' days are counted from."""

_OUTCOMES: Final = np.array([clock in (Clock.PROMISED, Clock.HANDED_OVER) for clock in Clock])
"""By clock: whether its units count when their outcome is known."""


class Told:
    """What waits to be judged, and the words of every partition."""

    def __init__(self, subjects: Subjects, end_of: EndOf) -> None:
        """Start with nothing."""
        self._names = UnitNames()
        """Names of the units reported, ``order_id/line_id``, each once."""
        self._in_hand = 0
        """The least number of a name among what was last handed over."""
        self._subjects = subjects
        self._end_of = end_of
        self._words: dict[int, Vocabulary] = {}
        self._found: dict[int, Lookup] = {}
        self._out = Waiting(NO_UNITS)
        self._voices = Waiting(NO_VOICES)

    def hear(self, source: int, out: Exposures, reports: Reports, words: Vocabulary) -> None:
        """Take in what the partition ``source`` tells."""
        self._words[source] = words
        if out.at.size:
            end = self._counted(out.at, out.clock, out.day)
            whence = np.full(out.at.size, source)
            self._out.add(
                Out(end, out.clock, out.day, out.units, whence, out.item, out.place, out.lane)
            )
        if reports.at.size:
            self._voices.add(
                Voices(
                    self._counted(reports.at, _CLOCKS[reports.defect], reports.day),
                    reports.defect,
                    reports.day,
                    reports.units,
                    np.full(reports.at.size, source),
                    reports.item,
                    reports.place,
                    reports.lane,
                    reports.buyer,
                    self._rows_found(source, reports.found),
                    self._names.codes(reports.names),
                )
            )

    def names(self, numbers: Codes) -> list[str]:
        """Return the names of reported units by their numbers; none of them is forgotten."""
        return self._names.of(numbers)

    def forget_names(self, needed: int) -> None:
        """Forget the names of units before the number ``needed``.

        Those that still wait are kept, and those that were last handed over: whoever took them may
        be at work on them.
        """
        self._names.forget(self._voices.least("name", min(needed, self._in_hand)))

    @property
    def told(self) -> int:
        """Return how many different units have been reported, the number of the next one."""
        return self._names.next

    @property
    def names_kept(self) -> int:
        """Return how many names are remembered."""
        return len(self._names)

    def _counted(self, at: Codes, clock: Codes, day: Codes) -> Codes:
        """Return the end of the period from which each element counts, ms UTC.

        Outcomes count when their day is over: good ones are known before, bad ones only at its
        end. A cohort of a day to come counts when that day begins.
        """
        day_counts = np.where(_OUTCOMES[clock], (day + 1) * DAY, self._end_of(day * DAY))
        return np.maximum(self._end_of(at), day_counts)

    def _rows_found(self, source: int, found: Codes) -> Codes:
        known = self._found.setdefault(source, Lookup())
        texts = self._words[source].skus.values[known.size :]
        known.learn([self._subjects.row("sku", text) if text else -1 for text in texts])
        return known.of(found, -1)

    def take(self, until: int) -> tuple[Out, Voices]:
        """Hand over what counts from periods that ended at or before ``until`` (ms UTC)."""
        out, voices = self._out.take(until), self._voices.take(until)
        self._in_hand = int(voices.name.min(initial=self.told))
        return out, voices

    def has_until(self, until: int) -> bool:
        """Whether something counts from a period that ended at or before ``until`` (ms UTC)."""
        return self._out.has_until(until) or self._voices.has_until(until)

    def rows(self, cells: Out | Voices) -> Rows:
        """Return under which subjects each element is counted, by subject type."""
        columns = {name: getattr(cells, name) for name in CELL}
        sources = np.unique(cells.source).tolist()
        if len(sources) <= 1:
            return self._rows_of(sources[0] if sources else 0, columns)
        found: dict[str, Codes] = {}
        for source in sources:
            at = np.flatnonzero(cells.source == source)
            part = self._rows_of(source, {name: codes[at] for name, codes in columns.items()})
            for name, rows in part.items():
                found.setdefault(name, np.full(cells.source.size, -1))[at] = rows
        return found

    def _rows_of(self, source: int, columns: Mapping[str, Codes]) -> Rows:
        words = self._words.get(source)
        return self._subjects.rows(source, words or Vocabulary(), columns)
