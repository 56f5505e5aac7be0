"""What was counted in the last weeks, unit by unit: for who-is-guilty, named reports and swaps."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, Generic

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


@dataclass(frozen=True, slots=True, eq=False)
class _Part(Generic[Columns]):
    """What was told together, and its subjects."""

    told: Columns
    rows: Narrow

    def where(self, is_wanted: Flags, names: Collection[str] = SUBJECT_TYPES) -> "_Part[Columns]":
        """Return some of it, and under which subjects of some types it is counted."""
        index = np.flatnonzero(is_wanted)
        rows = {name: self.rows[name][index] for name in names}
        return _Part(some(self.told, index), rows)

    def wide(self) -> tuple[Columns, Rows]:
        """Return it with rows that can be reckoned with."""
        return self.told, {name: codes.astype(np.int64) for name, codes in self.rows.items()}


def _put_together(parts: Sequence[_Part[Columns]]) -> _Part[Columns]:
    """Return ``parts`` as one; there is at least one."""
    rows = {name: np.concatenate([part.rows[name] for part in parts]) for name in parts[-1].rows}
    return _Part(joined([part.told for part in parts]), rows)


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
            self._out.append(_Part(out, _narrow(out_rows)))
        if len(voices):
            self._voices.append(_Part(voices, _narrow(voice_rows)))

    def forget(self, today: int) -> None:
        """Forget days whose cohorts have all left the window, and the names told on them.

        Yesterday's parts are put together.
        """
        oldest = today - WINDOW
        self._out = _by_day(self._out, self._merged[0], oldest)
        self._voices = _by_day(self._voices, self._merged[1], oldest)
        self._merged = [len(self._out), len(self._voices)]
        needed = (int(part.told.name.min()) for part in self._voices)
        self._told.forget_names(min(needed, default=self._told.told))

    def units(self, clock: int, since: int, until: int, names: Collection[str]) -> tuple[Out, Rows]:
        """Return units of cohorts ``since`` a day that were known by the end ``until`` (ms UTC).

        ``names`` are the subject types that are asked about.
        """
        found = [
            part.where(
                (part.told.clock == clock) & (part.told.day >= since) & (part.told.end <= until),
                names,
            )
            for part in self._out
        ]
        return _put_together([_NO_UNITS, *found]).wide()

    def voices(self, defect: int, since: int, until: int) -> tuple[Voices, Rows]:
        """Return the reports that stand at the end ``until`` about cohorts ``since`` a day."""
        found = [
            part.where(
                (part.told.defect == defect) & (part.told.day >= since) & (part.told.end <= until)
            )
            for part in self._voices
        ]
        every = _put_together([_NO_VOICES, *found])
        stands = np.zeros(len(every.told), np.bool_)
        stands[self._standing(every.told)] = True
        return every.where(stands).wide()

    def _standing(self, voices: Voices) -> list[int]:
        """Return the places of the reports that were not taken back since."""
        balance: dict[tuple[object, ...], list[int]] = {}
        names = self._told.names(voices.name)
        same = ("day", *CELL, "buyer", "found")
        cells = (getattr(voices, column).tolist() for column in same)
        keys = list(zip(names, *cells, strict=True))
        for place, unit in enumerate(voices.units.tolist()):
            waiting = balance.setdefault(keys[place], [])
            if unit > 0:
                waiting.append(place)
            elif waiting:
                waiting.pop()
        return [place for waiting in balance.values() for place in waiting]

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


def _narrow(rows: Rows) -> Narrow:
    return {name: codes.astype(np.int32) for name, codes in rows.items()}


def _by_day(parts: list[_Part[Columns]], merged: int, oldest: int) -> list[_Part[Columns]]:
    """Return one part for each day of telling, less those about nothing after ``oldest``."""
    every = parts[:merged]
    if len(parts) > merged:
        every.append(_put_together(parts[merged:]))
    return [part for part in every if int(part.told.day.max()) > oldest]


_NOBODY: Final = {name: np.empty(0, np.int32) for name in SUBJECT_TYPES}
_NO_UNITS: Final = _Part(NO_UNITS, _NOBODY)
_NO_VOICES: Final = _Part(NO_VOICES, _NOBODY)
