"""What was counted in the last weeks, unit by unit: for who-is-guilty, named reports and swaps."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, Self

import numpy as np
from numpy.typing import NDArray

from detectors.journeys.names import Codes
from detectors.population.evidence import WINDOW
from detectors.population.subjects import SUBJECT_TYPES, Rows
from detectors.population.telling import Voice
from detectors.population.told import (
    CELL,
    NO_UNITS,
    NO_VOICES,
    Columns,
    Out,
    Told,
    Voices,
    joined,
    some,
)
from schemas.times import Flags

Narrow = dict[str, NDArray[np.int32]]
"""Under which subjects each element is counted, in half the room."""


_NOWHERE: Final = np.empty(0, np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class _Part(Generic[Columns]):
    """What was told together and its subjects, in the order of its codes, then of telling."""

    told: Columns
    rows: Narrow
    bounds: list[int]
    """Where each code begins, and behind the last one where it ends."""
    newest: int
    """The last cohort day in it."""

    @classmethod
    def of(cls, told: Columns, rows: Narrow, codes: Codes) -> Self:
        """Return what was told, which is not nothing; ``codes`` are its clocks or defects."""
        if (codes[1:] < codes[:-1]).any():
            order = codes.argsort(kind="stable")
            told = some(told, order)
            rows = {name: one[order] for name, one in rows.items()}
        ends: list[int] = np.cumsum(np.bincount(codes)).tolist()
        return cls(told, rows, [0, *ends], int(told.day.max()))

    def where(self, code: int, since: int, until: int) -> Codes:
        """Return the places of a code whose cohorts are not before ``since`` and known by then."""
        if self.newest < since or code + 1 >= len(self.bounds):
            return _NOWHERE
        start = self.bounds[code]
        part = slice(start, self.bounds[code + 1])
        known = (self.told.day[part] >= since) & (self.told.end[part] <= until)
        return known.nonzero()[0] + start


def _codes(told: Out | Voices) -> Codes:
    """Return what its parts are ordered by."""
    return told.clock if isinstance(told, Out) else told.defect


def _put_together(parts: Sequence[_Part[Columns]]) -> _Part[Columns]:
    """Return ``parts`` as one; there is at least one."""
    if len(parts) == 1:
        return parts[0]
    told = joined([part.told for part in parts])
    rows = {name: np.concatenate([part.rows[name] for part in parts]) for name in parts[0].rows}
    return _Part.of(told, rows, _codes(told))


def _gathered(
    parts: Sequence[_Part[Columns]], index: Sequence[Codes], nothing: Columns, names: Iterable[str]
) -> tuple[Columns, Rows]:
    """Return what is at the places ``index`` of each part, with rows that can be reckoned with."""
    told: list[Columns] = [nothing]
    rows: dict[str, list[Codes]] = {name: [_NOWHERE] for name in names}
    for part, at in zip(parts, index, strict=True):
        if at.size:
            told.append(some(part.told, at))
            for name, found in rows.items():
                found.append(part.rows[name][at].astype(np.int64))
    return joined(told), {name: np.concatenate(found) for name, found in rows.items()}


class Log:
    """Units and reports of the cohorts in the window, in the order of telling."""

    def __init__(self, told: Told) -> None:
        """Start empty; ``told`` knows the names of units."""
        self._told = told
        self._out: list[_Part[Out]] = []
        self._voices: list[_Part[Voices]] = []
        self._merged = [0, 0]
        """How many parts of each hold a whole day."""

    def append(self, out: Out, out_rows: Rows, voices: Voices, voice_rows: Rows) -> None:
        """Remember what is counted from now on."""
        if len(out):
            self._out.append(_Part.of(out, _narrow(out_rows), out.clock))
        if len(voices):
            self._voices.append(_Part.of(voices, _narrow(voice_rows), voices.defect))

    def forget(self, today: int) -> None:
        """Forget days whose cohorts have all left the window; put yesterday's parts together."""
        oldest = today - WINDOW
        self._out = _by_day(self._out, self._merged[0], oldest)
        self._voices = _by_day(self._voices, self._merged[1], oldest)
        self._merged = [len(self._out), len(self._voices)]

    def units(self, clock: int, since: int, until: int, names: Collection[str]) -> tuple[Out, Rows]:
        """Return units of cohorts ``since`` a day that were known by the end ``until`` (ms UTC).

        ``names`` are the subject types that are asked about.
        """
        index = [part.where(clock, since, until) for part in self._out]
        return _gathered(self._out, index, NO_UNITS, names)

    def voices(self, defect: int, since: int, until: int) -> tuple[Voices, Rows]:
        """Return the reports that stand at the end ``until`` about cohorts ``since`` a day."""
        index = [part.where(defect, since, until) for part in self._voices]
        told, rows = _gathered(self._voices, index, NO_VOICES, SUBJECT_TYPES)
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
        names = [self._told.names[name] for name in voices.name.tolist()]
        gone = {names[place] for place in (~stands).nonzero()[0].tolist()}
        asked = [place for place, name in enumerate(names) if name in gone]
        same = ("units", "day", *CELL, "buyer", "found")
        columns = [getattr(voices, column)[asked].tolist() for column in same]
        balance: dict[tuple[object, ...], list[int]] = {}
        for place, unit, *cell in zip(asked, *columns, strict=True):
            waiting = balance.setdefault((names[place], *cell), [])
            if unit > 0:
                waiting.append(place)
            elif waiting:
                stands[waiting.pop()] = False
        return stands

    def named(self, voices: Voices, index: Codes) -> list[Voice]:
        """Return some reports by name."""
        names = self._told.names
        return [
            Voice(at, names[name], buyer)
            for at, name, buyer in zip(
                voices.end[index].tolist(),
                voices.name[index].tolist(),
                voices.buyer[index].tolist(),
                strict=True,
            )
        ]


def _narrow(rows: Rows) -> Narrow:
    return {name: codes.astype(np.int32) for name, codes in rows.items()}


def _by_day(parts: list[_Part[Columns]], merged: int, oldest: int) -> list[_Part[Columns]]:
    """Return one part for each day of telling, less those about nothing after ``oldest``."""
    every = parts[:merged]
    if len(parts) > merged:
        every.append(_put_together(parts[merged:]))
    return [part for part in every if part.newest > oldest]
