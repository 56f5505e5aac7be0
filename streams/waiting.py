"""What was read of one topic and waits until all topics have passed it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import NamedTuple

import numpy as np

from schemas.events import Event
from schemas.times import Times


@dataclass(frozen=True, slots=True)
class Piece:
    """Events of one topic that wait, in the order of the log."""

    events: Sequence[Event]
    occurred: Times
    recorded: Times
    """Never going back within a topic, ms UTC."""
    offset: Times

    def cut(self, start: int, end: int) -> "Piece":
        """Return the events from ``start`` to before ``end``."""
        part = slice(start, end)
        return Piece(self.events[part], self.occurred[part], self.recorded[part], self.offset[part])


def joined(pieces: Sequence[Piece]) -> Piece:
    """Return pieces that follow one another as one: many small batches cost more than one."""
    if len(pieces) == 1:
        return pieces[0]
    return Piece(
        list(chain.from_iterable(piece.events for piece in pieces)),
        np.concatenate([piece.occurred for piece in pieces]),
        np.concatenate([piece.recorded for piece in pieces]),
        np.concatenate([piece.offset for piece in pieces]),
    )


class Promise(NamedTuple):
    """A clock among records."""

    place: int
    """How many other records came before it."""
    offset: int
    clock: int
    """Nothing behind it was recorded before this moment, ms UTC."""
    is_end: bool


@dataclass(slots=True)
class Tail:
    """What was read of one topic and is not decided yet."""

    next_offset: int
    newest: int = 0
    """Newest stamp so far, ms UTC; what claims to be earlier is cut to it."""
    passed: int = 0
    """Nothing to come bears a stamp before this moment, ms UTC."""
    is_end: bool = False
    """Whether a recording has ended here."""
    waiting: list[Piece] = field(default_factory=list)
    late: int = 0
    """How many stamps were cut."""
    clocks: list[tuple[int, int]] = field(default_factory=list)
    """Offsets of clock records, and what they promised (ms UTC), until that is decided."""

    @property
    def count(self) -> int:
        """How many events wait."""
        return sum(len(piece.events) for piece in self.waiting)

    def resume_at(self) -> int:
        """Return the offset at which reading must begin again to have what waits.

        A clock waits as well: idle topics would be waited for in vain without what it promised.
        """
        first = int(self.waiting[0].offset[0]) if self.waiting else self.next_offset
        return min(first, self.clocks[0][0]) if self.clocks else first

    def add(self, piece: Piece, promised: Times) -> None:
        """Take in events; stamps are made to never go back, nor below what clocks promised.

        ``promised`` is by event what clocks in front of it said, ms UTC.
        """
        stamps = np.maximum.accumulate(
            np.maximum(piece.recorded, np.maximum(promised, self.newest))
        )
        self.late += int(np.count_nonzero(stamps > piece.recorded))
        self.newest = int(stamps[-1])
        self.passed = max(self.passed, self.newest)
        self.waiting.append(Piece(piece.events, piece.occurred, stamps, piece.offset))

    def promise(self, clock: int) -> None:
        """Believe that nothing to come was recorded before ``clock`` (ms UTC)."""
        self.passed = max(self.passed, clock)
        self.newest = max(self.newest, clock)

    def take(self, until: int) -> Piece | None:
        """Hand over what was recorded before ``until`` (ms UTC)."""
        ripe = self._ripe(until)
        return joined(ripe) if ripe else None

    def _ripe(self, until: int) -> list[Piece]:
        ripe: list[Piece] = []
        while self.waiting:
            first = self.waiting[0]
            end = int(first.recorded.searchsorted(until))
            if end < len(first.events):
                ripe += [first.cut(0, end)] if end else []
                self.waiting[0] = first.cut(end, len(first.events))
                break
            ripe.append(self.waiting.pop(0))
        return ripe

    def forget_clocks(self, until: int) -> None:
        """Let go of clocks that promised no more than what is decided now: ``until`` (ms UTC)."""
        self.clocks = [clock for clock in self.clocks if clock[1] > until]


def floors(at: Sequence[int], clocks: Sequence[Promise]) -> Times:
    """Return for each place what the clocks in front of it promised at most, ms UTC."""
    promised = np.maximum.accumulate(np.array([0, *(clock.clock for clock in clocks)], np.int64))
    places = np.array([clock.place for clock in clocks], np.int64)
    return promised[places.searchsorted(np.array(at, np.int64), side="right")]
