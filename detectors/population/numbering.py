"""Numbers for what is different: which keys there are, and where each is among them."""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from detectors.journeys.names import Codes

PLACES_A_KEY: Final = 16
"""With at most so many possible keys for each key, those that are there are ticked off in a list,
which is up to fifty times as fast as sorting; else keys are sorted."""


def distinct(keys: Codes, room: int) -> tuple[Codes, Codes]:
    """Return the different ``keys``, ascending, and the place of each key among them.

    They are from 0 to below ``room``.
    """
    if room > PLACES_A_KEY * keys.size:
        known, place = np.unique(keys, return_inverse=True)
        return known, place
    there = np.zeros(room, np.bool_)
    there[keys] = True
    return np.flatnonzero(there), (np.cumsum(there) - 1)[keys]


def combined(columns: Sequence[Codes]) -> tuple[Codes, Codes]:
    """Return the number of what each line of ``columns`` says together, and where each is first.

    Numbers go without gaps in the order of the first column, then of the second, and so on.
    ``columns`` are equally long, and there is at least one.
    """
    number = np.zeros(columns[0].size, np.int64)
    count = min(number.size, 1)
    for column in columns if count else ():
        least = int(column.min())
        size = int(column.max()) - least + 1
        if size > 1:
            known, number = distinct(number * size + (column - least), count * size)
            count = known.size
    first = np.empty(count, np.int64)
    first[number[::-1]] = np.arange(number.size - 1, -1, -1)
    return number, first


class Sorted:
    """Rows by key, for many keys at once; new keys are rare."""

    def __init__(self) -> None:
        """Start without keys."""
        self._keys = np.empty(0, np.int64)
        self._rows = np.empty(0, np.int64)

    def rows(self, keys: Codes, made: Callable[[int], int]) -> Codes:
        """Return the row of each of ``keys`` (ascending), ``made`` for those that are new."""
        place = self._keys.searchsorted(keys)
        is_new = self._keys.take(place, mode="clip") != keys if self._keys.size else place == 0
        if is_new.any():
            new = keys[is_new]
            rows = np.array([made(key) for key in new.tolist()], np.int64)
            self._keys = np.insert(self._keys, place[is_new], new)
            self._rows = np.insert(self._rows, place[is_new], rows)
            place = self._keys.searchsorted(keys)
        return self._rows[place]
