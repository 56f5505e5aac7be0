"""One batch of writes to one table, sorted: where each version of each touched row begins."""

from collections.abc import Sequence
from dataclasses import dataclass

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
    """Whether a place is the last of its row and recorded millisecond: only that one is a version."""

    @property
    def size(self) -> int:
        """Count the places."""
        return self.segment.size

    @property
    def lasts(self) -> Numbers:
        """Return the last place of each segment."""
        return np.append(self.heads[1:], self.size) - 1

    def spread(self, values: Numbers) -> Numbers:
        """Return one value per place from one value per segment (last axis)."""
        return values[..., self.segment]

    def only(self, wanted: Flags) -> "tuple[Layout, Numbers]":
        """Return the layout of the segments that are ``wanted``, and the places that it keeps.

        Writes that fall outside get the place -1.
        """
        kept = np.flatnonzero(wanted[self.segment])
        place = np.full(self.size, -1)
        place[kept] = np.arange(kept.size)
        number = np.cumsum(wanted) - 1
        part = Layout(
            self.touched[wanted],
            place[self.heads[wanted]],
            number[self.segment[kept]],
            self.at[kept],
            tuple(place[p] for p in self.places),
            self.is_final[kept],
        )
        return part, kept


def lay_out(streams: Sequence[Stream], recorded: Numbers) -> Layout:
    """Sort ``streams`` by (row, recorded time); ``recorded`` holds every row's stored version's."""
    rows = np.concatenate([s.rows for s in streams])
    at = np.concatenate([s.at for s in streams])
    order = _by_row_and_time(rows, at)
    row = rows[order]
    starts = np.empty(row.size, np.bool_)
    starts[0] = True
    np.not_equal(row[1:], row[:-1], out=starts[1:])
    segment_of_write = np.cumsum(starts)
    place = np.empty(row.size, np.int64)
    place[order] = np.arange(row.size) + segment_of_write
    heads = np.flatnonzero(starts) + np.arange(segment_of_write[-1])
    touched = row[starts]
    size = row.size + touched.size
    segment = np.zeros(size, np.int64)
    segment[heads[1:]] = 1
    segment = np.cumsum(segment)
    when = np.empty(size, np.int64)
    when[heads] = recorded[touched]
    when[place] = at
    is_final = np.ones(size, np.bool_)
    np.not_equal(when[1:], when[:-1], out=is_final[:-1])
    is_final[heads[1:] - 1] = True
    cuts = np.cumsum([s.rows.size for s in streams])[:-1]
    return Layout(touched, heads, segment, when, tuple(np.split(place, cuts)), is_final)


def _by_row_and_time(rows: Numbers, at: Numbers) -> Numbers:
    """Return the order by (row, time): one sort of one number where both fit into it."""
    start = int(at.min())
    span = int(at.max()) - start
    if int(rows.max()).bit_length() + span.bit_length() <= _MOST_BITS:
        return np.argsort((rows << span.bit_length()) | (at - start))
    return np.lexsort((at, rows))
