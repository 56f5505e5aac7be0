"""A buyer counts once per subject and cohort: one customer with twelve returns is one voice."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from detectors.journeys.names import Codes

Key = tuple[int, int, int]
"""Defect, cohort day, buyer."""

Cell = bytes
"""The row of the unit's subject of each type, as numbers of _ROW side by side."""

_ROW: Final = np.dtype(np.int32)


@dataclass(slots=True)
class Buyers:
    """The reports that stand, by who made them, as long as their cohorts are counted."""

    _standing: dict[Key, list[Cell]] = field(default_factory=dict)
    _days: dict[int, list[Key]] = field(default_factory=dict)

    def count(self, keys: Sequence[Key], cells: Codes, units: Codes) -> Codes:
        """Return what each report changes, by subject type: +1, -1 or nothing.

        ``cells`` has one line per report, one column per subject type; ``units`` is +1 for a report
        and -1 for one that is taken back. Who is unknown (buyer 0) counts every time.
        """
        changes = np.repeat(units[:, None], cells.shape[1], axis=1)
        width = cells.shape[1]
        lines: list[Cell] = cells.astype(_ROW).view(f"V{width * _ROW.itemsize}").ravel().tolist()
        places: list[int] = []
        known: list[Cell] = []
        for i, (key, unit) in enumerate(zip(keys, units.tolist(), strict=True)):
            others = self._others(key, lines[i], unit) if key[2] else ()
            places += [i] * len(others)
            known += others
        if known:
            theirs = np.frombuffer(b"".join(known), _ROW).reshape(-1, width)
            report, column = (cells[places] == theirs).nonzero()
            changes[np.array(places)[report], column] = 0
        return changes

    def _others(self, key: Key, cell: Cell, unit: int) -> Sequence[Cell]:
        """Take a report in or out; return the other ones that stand under its key."""
        known = self._standing.get(key)
        if unit < 0:
            if known is None or cell not in known:
                return ()
            known.remove(cell)
            return tuple(known)
        if known is None:
            self._standing[key] = [cell]
            self._days.setdefault(key[1], []).append(key)
            return ()
        known.append(cell)
        return tuple(known[:-1])

    def forget(self, day: int) -> None:
        """Forget who reported about the cohort of ``day``; it is not told apart any more."""
        for key in self._days.pop(day, ()):
            del self._standing[key]
