"""One batch of writes to one table, sorted: where each version of each touched row begins."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from detectors.journeys.folds import Numbers
from detectors.journeys.streams import Stream
from schemas.times import Flags

_MOST_BITS = 62


@dataclass(frozen=True, slots=True)
class Layout:
    """Places in time order, segment by segment: a touched row's stored version, then its writes.

    A *place* is an index below ``size``. All arrays are in the order of places or of segments.
    """

    touched: Numbers
    """Row of each segment, ascending."""
    heads: Numbers
    """Place of each segment's stored version."""
    segment: Numbers
    """Segment of each place."""
    at: Numbers
    """Recorded time of each place, ms UTC; of the stored version in a head."""
    places: tuple[Numbers, ...]
    """Place of each write, one array per stream."""
    is_final: Flags
    """Whether a place is the last of its row and recorded millisecond, and so a version."""
    lasts: Numbers
    """Last place of each segment."""

    @property
    def size(self) -> int:
        """Count the places."""
        return self.segment.size

    def spread(self, values: Numbers) -> Numbers:
        """Return one value per place from one value per segment (last axis)."""
        return values.take(self.segment, axis=-1)

    def only(self, wanted: Flags) -> "tuple[Layout, Numbers]":
        """Return the layout of the segments that are ``wanted``, and the places that it keeps.

        Writes that fall outside get the place -1.
        """
        kept = wanted.take(self.segment).nonzero()[0]
        place = np.full(self.size, -1)
        place[kept] = np.arange(kept.size)
        number = wanted.cumsum() - 1
        part = Layout(
            self.touched[wanted],
            place[self.heads[wanted]],
            number[self.segment[kept]],
            self.at[kept],
            tuple(place[p] for p in self.places),
            self.is_final[kept],
            place[self.lasts[wanted]],
        )
        return part, kept


NO_ROWS: Final = np.empty(0, np.int64)


def lay_out(streams: Sequence[Stream], recorded: Numbers, others: Numbers = NO_ROWS) -> Layout:
    """Sort ``streams`` by (row, recorded time); ``recorded`` holds every row's stored version's.

    Rows among ``others`` (ascending) that nobody writes to are segments of their own.
    """
    rows = np.concatenate([s.rows for s in streams])
    at = np.concatenate([s.at for s in streams])
    order = _by_row_and_time(rows, at)
    row = rows[order]
    starts = np.empty(row.size, np.bool_)
    starts[0] = True
    np.not_equal(row[1:], row[:-1], out=starts[1:])
    number = starts.cumsum()
    heads = starts.nonzero()[0]
    touched = row[heads]
    heads += np.arange(heads.size)
    placed = number + np.arange(row.size)
    if others.size:
        touched, heads, shift = _with_others(touched, heads, others, row.size + heads.size)
        placed += shift[number - 1]
    place = np.empty(row.size, np.int64)
    place[order] = placed
    size = row.size + touched.size
    segment = np.zeros(size, np.int64)
    segment[heads[1:]] = 1
    segment = segment.cumsum()
    when = np.empty(size, np.int64)
    when[heads] = recorded[touched]
    when[place] = at
    lasts = np.empty_like(heads)
    lasts[:-1] = heads[1:] - 1
    lasts[-1] = size - 1
    is_final = np.ones(size, np.bool_)
    np.not_equal(when[1:], when[:-1], out=is_final[:-1])
    is_final[lasts] = True
    return Layout(touched, heads, segment, when, _cut(place, streams), is_final, lasts)


def _with_others(
    touched: Numbers, heads: Numbers, others: Numbers, size: int
) -> tuple[Numbers, Numbers, Numbers]:
    """Insert a segment of one place for each of ``others`` that is not ``touched``.

    Returns the rows and heads of all segments, and how far each old one has moved.
    """
    before = touched.searchsorted(others)
    is_new = touched.take(before, mode="clip") != others
    others, before = others[is_new], before[is_new]
    shift = others.searchsorted(touched)
    own = np.append(heads, size)[before] + np.arange(others.size)
    every = np.concatenate((heads + shift, own))
    order = every.argsort()
    return np.concatenate((touched, others))[order], every[order], shift


def _cut(places: Numbers, streams: Sequence[Stream]) -> tuple[Numbers, ...]:
    """Return each stream's share of ``places``."""
    parts, start = [], 0
    for stream in streams:
        end = start + stream.rows.size
        parts.append(places[start:end])
        start = end
    return tuple(parts)


def _by_row_and_time(rows: Numbers, at: Numbers) -> Numbers:
    """Return the order by (row, time): one sort of one number where both fit into it."""
    start = int(at.min())
    span = int(at.max()) - start
    if int(rows.max()).bit_length() + span.bit_length() <= _MOST_BITS:
        return ((rows << span.bit_length()) | (at - start)).argsort()
    return np.lexsort((at, rows))
