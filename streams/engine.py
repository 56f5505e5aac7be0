"""Batch in, problems out. Synchronous, without I/O; every driver runs this and nothing else."""

import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from detectors.journeys.journeys import Journeys, journey_key
from detectors.journeys.writes import WRITES
from detectors.question import Question
from detectors.registry import DETECTORS, registered
from schemas.events import Event
from schemas.problems import Change
from schemas.times import Times, ms

HORIZON = timedelta(days=180)
"""How long a journey is remembered after its last event."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Some events in any order; ``occurred`` and ``recorded`` are their clocks, ms UTC."""

    events: Sequence[Event]
    occurred: Times
    recorded: Times


class Engine:
    """Journeys in one or more partitions, and the judge over all of them."""

    def __init__(
        self,
        detectors: Sequence[Question] = DETECTORS,
        *,
        partitions: int = 1,
        horizon: timedelta = HORIZON,
    ) -> None:
        """Start with empty tables and ``detectors`` (checked: ``NEVER`` on an empty row)."""
        self._journeys = [Journeys(registered(*detectors), ms(horizon)) for _ in range(partitions)]
        self._held: list[tuple[Event, int, int]] = []
        self.clock = 0
        """Everything recorded strictly before is decided, ms UTC."""
        self.counts: Counter[str] = Counter()

    def step(self, batch: Batch) -> list[Change]:
        """Take in a batch; decide strictly before its newest recorded millisecond.

        What was recorded at that millisecond waits, because the next batch may know more of it.
        """
        if not batch.events:
            return []
        events, occurred, recorded = self._with_held(batch)
        late = int(np.count_nonzero(recorded < self.clock))
        if late:
            self.counts["late: clamped"] += late
            recorded = np.maximum(recorded, self.clock)
        until = int(recorded.max())
        newest = np.flatnonzero(recorded == until)
        self._held = [(events[i], int(occurred[i]), until) for i in newest.tolist()]
        kept = np.flatnonzero(recorded < until)
        self.counts["events"] += len(batch.events)
        return self._decide(events, occurred, recorded, kept, until)

    def _with_held(self, batch: Batch) -> tuple[list[Event], Times, Times]:
        if not self._held:
            return list(batch.events), batch.occurred, batch.recorded
        events = [event for event, _, _ in self._held] + list(batch.events)
        occurred = np.array([at for _, at, _ in self._held], np.int64)
        recorded = np.array([at for _, _, at in self._held], np.int64)
        return (
            events,
            np.concatenate((occurred, batch.occurred)),
            np.concatenate((recorded, batch.recorded)),
        )

    def advance(self, clock: int) -> list[Change]:
        """Let time pass: decide strictly before ``clock`` (ms UTC)."""
        held, self._held = self._held, []
        if clock <= self.clock:
            self._held = held
            return []
        if held and held[0][2] >= clock:
            self._held = held
            clock = held[0][2]
            return self._decide(
                [], np.empty(0, np.int64), np.empty(0, np.int64), np.arange(0), clock
            )
        events = [event for event, _, _ in held]
        occurred = np.array([at for _, at, _ in held], np.int64)
        recorded = np.array([at for _, _, at in held], np.int64)
        return self._decide(events, occurred, recorded, np.arange(len(events)), clock)

    def flush(self) -> list[Change]:
        """End the input: decide up to and including its newest millisecond."""
        return self.advance(self._held[0][2] + 1) if self._held else []

    def _decide(
        self,
        events: Sequence[Event],
        occurred: Times,
        recorded: Times,
        kept: Times,
        until: int,
    ) -> list[Change]:
        changes: list[Change] = []
        parts = self._partitioned(events, kept)
        for journeys, part in zip(self._journeys, parts, strict=True):
            changes += journeys.step(_by_type(events, occurred, recorded, part), until)
        self.clock = until
        return sorted(changes, key=lambda change: (change.at, change.problem.id))

    def _partitioned(self, events: Sequence[Event], kept: Times) -> list[Times]:
        if len(self._journeys) == 1:
            return [kept]
        partition = [partition_of(events[i], len(self._journeys)) for i in kept.tolist()]
        return [kept[np.flatnonzero(np.array(partition) == p)] for p in range(len(self._journeys))]


def partition_of(event: Event, partitions: int) -> int:
    """Return which partition an event's journey belongs to (CRC-32 of its key)."""
    return zlib.crc32(journey_key(event).encode()) % partitions


_CODE = {kind: code for code, kind in enumerate(WRITES)}
_KINDS = tuple(WRITES)
_OTHER = len(_KINDS)


def _by_type(
    events: Sequence[Event], occurred: Times, recorded: Times, part: Times
) -> list[tuple[type[Event], list[Event], Times, Times]]:
    """Return the journey events at ``part`` by type, with their clocks."""
    chosen: Iterable[Event] = (
        events if part.size == len(events) else [events[i] for i in part.tolist()]
    )
    code = np.fromiter((_CODE.get(type(x), _OTHER) for x in chosen), np.int8, part.size)
    order = np.argsort(code, kind="stable")
    place = part[order]
    bounds = np.searchsorted(code[order], np.arange(_OTHER + 1))
    found = []
    for kind, start, end in zip(_KINDS, bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        if end > start:
            at = place[start:end]
            found.append((kind, [events[i] for i in at.tolist()], occurred[at], recorded[at]))
    return found
