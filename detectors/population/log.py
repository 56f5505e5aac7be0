"""What was counted in the last weeks, unit by unit: for who-is-guilty, named reports and swaps."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, fields, replace
from typing import Final, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from detectors.journeys.names import Codes
from detectors.observations import Clock
from detectors.population.counts import TYPES_OF_CLOCK
from detectors.population.evidence import WINDOW
from detectors.population.numbering import combined
from detectors.population.subjects import SUBJECT_TYPES, Rows
from detectors.population.telling import Voice
from detectors.population.told import CELL, Out, Told, Voices, some
from schemas.times import Flags


@dataclass(frozen=True, slots=True, eq=False)
class Counted:
    """Units that are told apart by nothing that they are counted under, put together."""

    end: Codes
    """End of the period in which that became known, ms UTC."""
    clock: Codes
    day: Codes
    units: Codes
    """Below 0 where some are there no longer."""

    def __len__(self) -> int:
        return self.end.size


Columns = TypeVar("Columns", Counted, Voices)


def gathered(out: Counted, rows: Rows) -> tuple[Counted, Rows]:
    """Return units with the subjects they are counted under, -1 for those they are not.

    Where each article is counted, hardly two units are alike: they stay as they are.
    """
    index, units = [_NOTHING], [_NOTHING]
    for clock, names in TYPES_OF_CLOCK.items():
        at = np.flatnonzero(out.clock == clock)
        of_clock = out.units[at]
        if at.size and "sku" not in names:
            number, first = combined([out.end[at], out.day[at], *(rows[n][at] for n in names)])
            total = np.zeros(first.size, np.int64)
            np.add.at(total, number, of_clock)
            left = np.flatnonzero(total)
            at, of_clock = at[first[left]], total[left]
        index.append(at)
        units.append(of_clock)
    every = np.concatenate(index)
    some_rows = {name: rows[name][every] for name in SUBJECT_TYPES}
    clocks = out.clock[every]
    for name, codes in some_rows.items():
        codes[~_COUNTS[name][clocks]] = -1
    return Counted(out.end[every], clocks, out.day[every], np.concatenate(units)), some_rows


def of_whole_days(out: Counted, rows: Rows) -> tuple[Counted, Rows]:
    """Return units gathered without regard to the period: days that are over are known whole."""
    return gathered(replace(out, end=np.full_like(out.end, out.end.max(initial=0))), rows)


_COUNTS: Final = {
    name: np.array([name in TYPES_OF_CLOCK[clock] for clock in Clock]) for name in SUBJECT_TYPES
}
"""By subject type and clock: whether units are counted under it."""


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """What was told together, in the order of its codes, then of telling."""

    told: NDArray[np.int64]
    """One line for each column, one column for each element."""
    rows: NDArray[np.int32]
    """The subjects of each element, likewise, one line for each subject type."""
    bounds: list[int]
    """Where each code begins, and behind the last one where it ends."""
    oldest: int
    """The first cohort day in it."""
    newest: int
    """The last one."""
    end: int
    """The last end of a period in it, ms UTC."""

    def least(self, line: int) -> int:
        """Return the least number in a column."""
        return int(self.told[line].min())


class _Shelf(Generic[Columns]):
    """All that was told of one kind, by the codes of one of its columns."""

    def __init__(self, kind: type[Columns], code: str, together: "_Together[Columns]") -> None:
        """Start empty; columns of ``kind`` are kept in the order of the one called ``code``.

        ``together``: what is made of a day that is over.
        """
        self._kind: type[Columns] = kind
        self._together: _Together[Columns] = together
        self._names = [field.name for field in fields(kind)]
        self._code = self._names.index(code)
        self._day, self._end = self._names.index("day"), self._names.index("end")
        self._parts: list[_Part] = []
        self._whole = 0
        """How many parts hold a whole day."""

    def append(self, columns: Columns, rows: Rows) -> None:
        """Take in what was told."""
        if len(columns):
            self._parts.append(self._part(columns, rows))

    def _part(self, columns: Columns, rows: Rows) -> _Part:
        told = np.stack([getattr(columns, name) for name in self._names])
        of_types = np.stack([rows[name] for name in SUBJECT_TYPES]).astype(np.int32)
        codes, days, ends = told[self._code], told[self._day], told[self._end]
        if (codes[1:] < codes[:-1]).any():
            order = codes.argsort(kind="stable")
            told, of_types = told[:, order], of_types[:, order]
        bounds: list[int] = np.cumsum(np.bincount(codes)).tolist()
        reach = int(days.min()), int(days.max()), int(ends.max())
        return _Part(told, of_types, [0, *bounds], *reach)

    def forget(self, oldest: int) -> None:
        """Forget days about nothing after ``oldest``; put what was told since then together."""
        fresh = self._parts[self._whole :]
        del self._parts[self._whole :]
        if fresh:
            told = np.concatenate([part.told for part in fresh], axis=1)
            rows = np.concatenate([part.rows for part in fresh], axis=1)
            of_types = dict(zip(SUBJECT_TYPES, rows, strict=True))
            self.append(*self._together(self._kind(*told), of_types))
        self._parts = [part for part in self._parts if part.newest > oldest]
        self._whole = len(self._parts)

    def least(self, name: str, most: int) -> int:
        """Return the least number in a column of what is kept, at most ``most``."""
        line: int = self._names.index(name)
        return min([most, *(part.least(line) for part in self._parts)])

    def find(self, code: int, since: int, until: int) -> "_Found":
        """Return what was told of a code about cohorts ``since`` a day and known by ``until``."""
        found = _Found(self._names, [], [])
        for part in self._parts:
            if part.newest >= since and code + 1 < len(part.bounds):
                mine = slice(part.bounds[code], part.bounds[code + 1])
                told, rows = part.told[:, mine], part.rows[:, mine]
                if part.oldest < since or part.end > until:
                    known = (told[self._day] >= since) & (told[self._end] <= until)
                    at = known.nonzero()[0]
                    told, rows = told[:, at], rows[:, at]
                found.told.append(told)
                found.rows.append(rows)
        return found


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """Pieces of what was told; a column is put together when it is asked for."""

    names: Sequence[str]
    told: list[NDArray[np.int64]]
    rows: list[NDArray[np.int32]]

    def column(self, name: str) -> Codes:
        """Return one column."""
        line = self.names.index(name)
        return np.concatenate([_NOTHING, *(piece[line] for piece in self.told)])

    def rows_of(self, names: Collection[str]) -> dict[str, Codes]:
        """Return under which subjects of some types each element is counted."""
        found: dict[str, Codes] = {}
        for name in names:
            line = SUBJECT_TYPES.index(name)
            found[name] = np.concatenate([_NOTHING, *(piece[line] for piece in self.rows)])
        return found


_NOTHING: Final = np.empty(0, np.int64)

_Together = Callable[[Columns, Rows], tuple[Columns, Rows]]
"""Makes what is kept of columns and their subjects."""


def _as_told(voices: Voices, rows: Rows) -> tuple[Voices, Rows]:
    """Keep reports one by one: they are named, and may be taken back."""
    return voices, rows


class Units(NamedTuple):
    """Units in the order of telling, one element each."""

    day: Codes
    units: Codes
    """-1 where one is there no longer."""


class Log:
    """Units and reports of the cohorts in the window, in the order of telling."""

    def __init__(self, told: Told) -> None:
        """Start empty; ``told`` knows the names of units."""
        self._told = told
        self._out = _Shelf(Counted, "clock", of_whole_days)
        self._voices = _Shelf(Voices, "defect", _as_told)

    def append(self, out: Out, out_rows: Rows, voices: Voices, voice_rows: Rows) -> None:
        """Remember what is counted from now on."""
        self._out.append(*gathered(Counted(out.end, out.clock, out.day, out.units), out_rows))
        self._voices.append(voices, voice_rows)

    def forget(self, today: int) -> None:
        """Forget days whose cohorts have all left the window, and the names told on them.

        Yesterday's parts are put together.
        """
        self._out.forget(today - WINDOW)
        self._voices.forget(today - WINDOW)
        self._told.forget_names(self._voices.least("name", self._told.told))

    def units(
        self, clock: int, since: int, until: int, names: Collection[str]
    ) -> tuple[Units, Rows]:
        """Return units of cohorts ``since`` a day that were known by the end ``until`` (ms UTC).

        ``names`` are the subject types that are asked about.
        """
        found = self._out.find(clock, since, until)
        return Units(found.column("day"), found.column("units")), found.rows_of(names)

    def voices(self, defect: int, since: int, until: int) -> tuple[Voices, Rows]:
        """Return the reports that stand at the end ``until`` about cohorts ``since`` a day."""
        found = self._voices.find(defect, since, until)
        told = Voices(*(found.column(name) for name in found.names))
        rows = found.rows_of(SUBJECT_TYPES)
        stands = self._standing(told)
        if stands.all():
            return told, rows
        at = stands.nonzero()[0]
        return some(told, at), {name: codes[at] for name, codes in rows.items()}

    def _standing(self, voices: Voices) -> Flags:
        """Return which of the reports were not taken back since."""
        stands = voices.units > 0
        if stands.all():
            return stands
        is_gone = np.zeros(int(voices.name.max()) + 1, np.bool_)
        is_gone[voices.name[~stands]] = True
        asked = is_gone[voices.name].nonzero()[0]
        same = ("units", "name", "day", *CELL, "buyer", "found")
        columns = [getattr(voices, column)[asked].tolist() for column in same]
        balance: dict[tuple[object, ...], list[int]] = {}
        for place, unit, *cell in zip(asked.tolist(), *columns, strict=True):
            waiting = balance.setdefault(tuple(cell), [])
            if unit > 0:
                waiting.append(place)
            elif waiting:
                stands[waiting.pop()] = False
        return stands

    def named(self, voices: Voices, index: Codes) -> list[Voice]:
        """Return some reports by name."""
        return [
            Voice(at, name, buyer)
            for at, name, buyer in zip(
                voices.end[index].tolist(),
                self._told.names(voices.name[index]),
                voices.buyer[index].tolist(),
                strict=True,
            )
        ]
