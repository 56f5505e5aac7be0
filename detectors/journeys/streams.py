"""Streams of writes: what events of one kind say about rows of one table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from detectors.journeys.folds import Numbers
from schemas.events import EVENT_TYPES, TYPE_NAME, Event

KIND: Final[dict[type[Event], int]] = {event: code for code, event in enumerate(TYPE_NAME)}
"""Event type to its number inside a cause."""

KIND_NAMES: Final = tuple(EVENT_TYPES)

KIND_BITS: Final = 5
"""Room for 32 event types beside the time in one cause."""


def causes(occurred: Numbers, kind: int) -> Numbers:
    """Return (occurred_at, event type) as one sortable number per event: its cause."""
    return (occurred << KIND_BITS) | kind


def occurred(cause: Numbers) -> Numbers:
    """Return when each cause occurred, ms UTC."""
    return cause >> KIND_BITS


def told_by(cause: int) -> tuple[str, int]:
    """Return which type of event a cause was, and when it occurred (ms UTC)."""
    return KIND_NAMES[cause & (1 << KIND_BITS) - 1], cause >> KIND_BITS


@dataclass(frozen=True, slots=True)
class Stream:
    """Writes to one table, one element each.

    ``at`` is the recorded time (ms UTC), ``cause`` comes from :func:`causes`, and ``values`` maps
    facts to what is written: times, numbers, or codes (-1 writes nothing).
    """

    rows: Numbers
    at: Numbers
    cause: Numbers
    values: Mapping[str, Numbers]

    @property
    def occurred(self) -> Numbers:
        """When each write's event occurred, ms UTC."""
        return self.cause >> KIND_BITS

    def take(self, index: Numbers, rows: Numbers, facts: Sequence[str]) -> "Stream":
        """Return some ``facts`` of the writes at ``index`` again, for other ``rows``."""
        values = {fact: self.values[fact][index] for fact in facts}
        return Stream(rows, self.at[index], self.cause[index], values)


@dataclass(frozen=True, slots=True)
class Happenings:
    """The events of one type in a batch: their orders and clocks, one element per event."""

    orders: Numbers
    at: Numbers
    cause: Numbers

    @property
    def occurred(self) -> Numbers:
        """When each event occurred, ms UTC."""
        return self.cause >> KIND_BITS

    def write(self, rows: Numbers, values: Mapping[str, Numbers]) -> Stream:
        """Return one write per event."""
        return Stream(rows, self.at, self.cause, values)

    def some(self, index: Numbers) -> "Happenings":
        """Return the events at ``index`` (repeats allowed: one per nested line)."""
        return Happenings(self.orders[index], self.at[index], self.cause[index])

    def each(self, counts: list[int]) -> "Happenings":
        """Return every event as often as it has nested lines."""
        return self.some(np.repeat(np.arange(self.at.size), counts))


def joined(streams: Sequence[Stream]) -> list[Stream]:
    """Return ``streams`` with those that write the same facts put end to end."""
    alike: dict[tuple[str, ...], list[Stream]] = {}
    for stream in streams:
        alike.setdefault(tuple(stream.values), []).append(stream)
    return [some[0] if len(some) == 1 else _end_to_end(some) for some in alike.values()]


def _end_to_end(streams: Sequence[Stream]) -> Stream:
    facts = streams[0].values
    return Stream(
        np.concatenate([s.rows for s in streams]),
        np.concatenate([s.at for s in streams]),
        np.concatenate([s.cause for s in streams]),
        {fact: np.concatenate([s.values[fact] for s in streams]) for fact in facts},
    )
