"""Batch in, problems out. Synchronous, without I/O; every driver runs this and nothing else."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from detectors.journeys.journeys import Typed, journey_keys
from detectors.journeys.thrift import Thrift
from detectors.journeys.vocabulary import Vocabulary
from detectors.journeys.writes import WRITES
from detectors.observations import Exposures, Reports
from detectors.population.almanac import Almanac
from detectors.population.defects import DEFECTS, Defect
from detectors.population.judge import Judge
from detectors.population.populations import Probe
from detectors.population.rules import PopulationRules
from detectors.question import Question
from detectors.registry import DETECTORS, registered
from schemas.events import Event
from schemas.problems import Change
from schemas.times import Times, ms
from streams.partition import THRIFT, Partition, by_type
from streams.wire import partition_of_key

HORIZON = timedelta(days=180)
"""How long a journey is remembered after its last event."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Some events in any order; ``occurred`` and ``recorded`` are their clocks, ms UTC."""

    events: Sequence[Event]
    occurred: Times
    recorded: Times


RULES = PopulationRules()
"""What the judge goes by unless told otherwise."""

NOTHING = Batch([], np.empty(0, np.int64), np.empty(0, np.int64))
"""A batch without events."""


Listen = Callable[[int, Exposures, Reports, Vocabulary], None]
"""Told by partition which units came to which cells, and what was reported, with the words."""


def unheard(partition: int, exposures: Exposures, reports: Reports, words: Vocabulary) -> None:
    """Let what became known of units and defects pass."""


class Engine:
    """Journeys in one or more partitions, and the judge over all of them."""

    def __init__(  # noqa: PLR0913 - settings, all but one by name
        self,
        detectors: Sequence[Question] = DETECTORS,
        *,
        rules: PopulationRules = RULES,
        partitions: int = 1,
        horizon: timedelta = HORIZON,
        defects: Sequence[Defect] = DEFECTS,
        listen: Listen = unheard,
        probe: Probe | None = None,
        thrift: Thrift = THRIFT,
    ) -> None:
        """Start with empty tables and ``detectors`` (checked: ``NEVER`` on an empty row).

        ``defects`` are counted for the judge; without any, groups are judged by the floor alone.
        ``listen`` is told what became known of units and defects, each time that is decided, and
        ``probe`` the evidence about one subject, whenever it was reported on. ``thrift`` says when
        memory of forgotten journeys is given back, which changes no answer.
        """
        asked, span = registered(*detectors), ms(horizon)
        self.partitions = [Partition(asked, span, defects, thrift) for _ in range(partitions)]
        self._judge = Judge(rules, ms(horizon), probe)
        self.probe = probe
        """Who asks about one subject; what it was told is of this engine alone."""
        self._listen = listen
        self._held: list[tuple[Event, int, int]] = []
        self.clock = 0
        """Everything recorded strictly before is decided, ms UTC."""
        self.counts: Counter[str] = Counter()
        for partition in self.partitions:
            partition.counts = self.counts

    @property
    def nbytes(self) -> int:
        """Memory held by what is known of journeys, bytes; problems and the judge not counted."""
        return sum(partition.nbytes for partition in self.partitions)

    @property
    def counts_nbytes(self) -> int:
        """Memory held by counts of populations, bytes."""
        return self._judge.nbytes

    @property
    def almanac(self) -> Almanac | None:
        """What is usual and how much evidence is needed today; ``None`` before the first unit."""
        return self._judge.almanac

    def subject_types(self, name: str) -> tuple[str, ...]:
        """Return the types of the subjects called ``name`` that units were counted under."""
        return self._judge.subject_types(name)

    def step(self, batch: Batch) -> list[Change]:
        """Take in a batch; decide strictly before its newest recorded millisecond.

        What was recorded at that millisecond waits, because the next batch may know more of it.
        """
        self.take(batch)
        return self.decide()

    def take(self, batch: Batch) -> None:
        """Take in a batch without deciding yet: small ones are read faster, large ones decided."""
        if not batch.events:
            return
        events, occurred, recorded = self._with_held(batch)
        late = int(np.count_nonzero(recorded < self.clock))
        if late:
            self.counts["late: clamped"] += late
            recorded = np.maximum(recorded, self.clock)
        newest = int(recorded.max())
        waiting = np.flatnonzero(recorded == newest).tolist()
        self._held = [(events[i], int(occurred[i]), newest) for i in waiting]
        self.counts["events"] += len(batch.events)
        self._write(events, occurred, recorded, newest)

    def decide(self) -> list[Change]:
        """Decide strictly before the newest recorded millisecond that was taken in."""
        return self._settle(self._held[0][2]) if self._held else []

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
        """Let time pass: decide strictly before ``clock`` (ms UTC), or all taken in if later."""
        if clock <= self.clock:
            return []
        if self._held:
            clock = max(clock, self._held[0][2])
        if self._held and self._held[0][2] < clock:
            events, occurred, recorded = self._with_held(NOTHING)
            self._held = []
            self._write(events, occurred, recorded, clock)
        return self._settle(clock)

    def flush(self) -> list[Change]:
        """End the input: decide up to and including its newest millisecond.

        The judge's open period ends with it, as it would if time went on and nothing else came.
        """
        changes = self.advance(self._held[0][2] + 1) if self._held else []
        return _sorted([*changes, *self._judge.place([], self._judge.close(self.clock))])

    def _write(self, events: Sequence[Event], occurred: Times, recorded: Times, until: int) -> None:
        parts = _partitioned(by_type(events, occurred, recorded, until), len(self.partitions))
        for partition, part in zip(self.partitions, parts, strict=True):
            partition.write(part)

    def _settle(self, until: int) -> list[Change]:
        changes: list[Change] = []
        for number, partition in enumerate(self.partitions):
            account = partition.settle(until)
            changes += account.changes
            heard = account.exposures, account.reports, account.words
            self._judge.observe(account.observations)
            self._judge.observe_counts(number, *heard)
            self._listen(number, *heard)
        self.clock = until
        return _sorted(self._judge.place(changes, self._judge.judge(until)))


def _sorted(changes: list[Change]) -> list[Change]:
    return sorted(changes, key=lambda change: (change.at, change.problem.id))


def partition_of(event: Event, partitions: int) -> int:
    """Return which partition an event's journey belongs to (CRC-32 of its key)."""
    [key] = journey_keys(type(event), [event])
    return partition_of_key(key, partitions)


def _partitioned(typed: list[Typed], partitions: int) -> list[list[Typed]]:
    """Return the events of each partition, by type; what has no journey goes to the first."""
    if partitions == 1:
        return [typed]
    parts: list[list[Typed]] = [[] for _ in range(partitions)]
    parts[0] += [part for part in typed if part[0] not in WRITES]
    for kind, events, occurred, recorded in (part for part in typed if part[0] in WRITES):
        partition = np.array([partition_of(event, partitions) for event in events])
        for number in np.unique(partition).tolist():
            at = np.flatnonzero(partition == number)
            some = [events[i] for i in at.tolist()]
            parts[number].append((kind, some, occurred[at], recorded[at]))
    return parts
