"""The versions of every touched row: what was known, from which recorded moment to which."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from detectors.journeys.folding import APART, fold
from detectors.journeys.folds import Fold, Numbers
from detectors.journeys.layout import NO_ROWS, Layout, lay_out
from detectors.journeys.rows import Rows
from detectors.journeys.store import Store
from detectors.journeys.streams import Stream
from detectors.journeys.vocabulary import Vocabulary
from schemas.times import Flags, Times

NO_CAUSE = (1 << 62) - 1
"""The cause of a version that was there before."""


@dataclass(frozen=True, slots=True)
class Versions:
    """Versions in the order of (row, time). Version ``i`` lasts [``at[i]``, ``end[i]``), ms UTC."""

    row: Numbers
    at: Times
    end: Times
    heads: Numbers
    """Index of each touched row's version from before the batch."""
    lasts: Numbers
    """Index of each touched row's newest version."""
    cause: Numbers
    """Earliest cause among the writes that made a version (``NO_CAUSE`` in a head)."""
    rows: Rows

    def changed(self, values: Numbers) -> Numbers:
        """Return ``values`` less those of the version before; 0 in heads."""
        change = np.zeros_like(values)
        np.subtract(values[1:], values[:-1], out=change[1:])
        change[self.heads] = 0
        return change

    def in_force(self, rows: Numbers, at: Times) -> Numbers:
        """Return the version of each of ``rows`` ``at`` a moment (ms UTC), -1 if not touched."""
        touched = self.row[self.heads]
        segment = touched.searchsorted(rows)
        is_touched = touched.take(segment, mode="clip") == rows
        number = np.zeros_like(self.row)
        number[self.heads[1:]] = 1
        apart = number.cumsum() << APART
        found = (apart + self.at).searchsorted((segment << APART) + at, side="right") - 1
        found = np.maximum(found, self.heads.take(segment, mode="clip"))
        return np.where(is_touched, found, -1)

    def all_in_force(self, rows: Numbers, at: Times) -> Numbers:
        """Return the version of each of ``rows`` at ``at`` (ms UTC), -1 if it was not touched."""
        touched = self.row[self.heads]
        segment = touched.searchsorted(rows)
        segment[segment == touched.size] = 0
        known = touched[segment] == rows
        first, last = self.heads[segment], self.lasts[segment]
        while (first < last).any():
            middle = (first + last + 1) // 2
            begun = self.at[middle] <= at
            first, last = (
                np.where(begun, middle, first),
                np.where(begun, last, np.maximum(middle - 1, first)),
            )
        return np.where(known, first, -1)


class Columns(dict[str, Numbers]):
    """Facts by name; rare ones are looked up aside, when somebody asks."""

    def __init__(self, common: Mapping[str, Numbers], store: Store, row: Numbers) -> None:
        """Start from ``common`` facts of ``row`` (row number of each version)."""
        super().__init__(common)
        self._store, self._aside = store, store.aside_of.values[row]
        self._known = self._aside.nonzero()[0]
        self._blank: dict[int, Numbers] = {}
        self._fresh: Mapping[str, Numbers] = {}
        self._where = NO_ROWS

    def refresh(self, where: Numbers, fresh: Mapping[str, Numbers]) -> None:
        """Let versions ``where`` have ``fresh`` values of rare facts."""
        self._where, self._fresh = where, fresh

    def __missing__(self, name: str) -> Numbers:
        """Look up a rare fact of every version."""
        base, _, place = name.partition(".")
        fact, block = self._store.kind.facts[base], self._store.aside
        if not self._known.size:
            column = self._unknown(fact.unknown)
        elif fact.fold is Fold.RECENT:
            pair = block.pairs(fact).start + 2 * int(place)
            column = block.recents.rows[self._aside, pair]
        else:
            column = self._unknown(fact.unknown).copy()
            column[self._known] = block.read(fact, self._aside[self._known])
        if self._where.size:
            column[self._where] = self._fresh[name]
        self[name] = column
        return column

    def _unknown(self, value: int) -> Numbers:
        """Return a column of ``value``; facts about which nothing is known share it."""
        if value not in self._blank:
            self._blank[value] = np.full(self._aside.size, value)
        return self._blank[value]


def versions(
    store: Store,
    streams: Sequence[Stream],
    until: int,
    words: Vocabulary,
    others: Numbers = NO_ROWS,
) -> Versions:
    """Fold ``streams`` into ``store``; return every version of every touched row.

    Decisions reach up to ``until`` (ms UTC), the end of every newest version. Rows among ``others``
    (ascending) to which nothing happened are there too, with the version they have.
    """
    layout = lay_out(streams, store.recorded.values, others)
    touched = layout.touched
    common = fold(store.common, touched, streams, layout, words)
    final = layout.is_final.nonzero()[0]
    number = layout.is_final.cumsum() - 1
    row, at = touched[layout.segment[final]], layout.at[final]
    heads, lasts = number[layout.heads], number[layout.lasts]
    end = np.empty_like(at)
    end[:-1] = at[1:]
    end[lasts] = until
    if final.size < layout.size:
        common = {name: values.take(final) for name, values in common.items()}
    columns = Columns(common, store, row)
    wanted = _rare(store, streams, touched)
    if wanted is not None:
        part, kept = layout.only(wanted)
        fresh = fold(store.aside, store.set_aside(touched[wanted]), streams, part, words)
        columns = Columns(common, store, row)
        is_final = part.is_final
        columns.refresh(number[kept[is_final]], {n: v[is_final] for n, v in fresh.items()})
    store.recorded.values[touched] = layout.at[layout.lasts]
    cause = _causes(layout, streams, final)
    return Versions(row, at, end, heads, lasts, cause, store.kind(columns, words))


def _causes(layout: Layout, streams: Sequence[Stream], final: Numbers) -> Numbers:
    """Return the earliest cause of each version."""
    cause = np.full(layout.size, NO_CAUSE)
    for place, stream in zip(layout.places, streams, strict=True):
        cause[place] = stream.cause
    if final.size == layout.size:
        return cause
    start = np.zeros_like(final)
    start[1:] = final[:-1] + 1
    return np.minimum.reduceat(cause, start)


def _rare(store: Store, streams: Sequence[Stream], touched: Numbers) -> Flags | None:
    """Return about which of the rows ``touched`` (ascending) a rare fact is said, if any."""
    rare = store.aside.place.keys()
    said = [s.rows for s in streams if not rare.isdisjoint(s.values)]
    if not said:
        return None
    wanted = np.zeros(touched.size, np.bool_)
    wanted[touched.searchsorted(np.concatenate(said))] = True
    return wanted


def stored(store: Store, rows: Numbers, until: int, words: Vocabulary) -> Versions:
    """Return the newest versions of ``rows``: nothing happened to them before ``until`` (ms)."""
    every = np.arange(rows.size)
    view = store.kind(Columns(store.common.newest(rows), store, rows), words)
    at = store.recorded.values[rows]
    end = np.full(rows.size, until)
    return Versions(rows, at, end, every, every, np.full(rows.size, NO_CAUSE), view)
