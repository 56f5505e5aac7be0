"""What tests of snapshots need: a small shop as the state that a live worker has, step by step."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from detectors.population.defects import DEFECTS
from detectors.population.judge import Judge
from detectors.population.rules import PopulationRules
from detectors.registry import DETECTORS
from schemas.codec import Decoder
from schemas.problems import Problem
from schemas.times import DAY
from streams.engine import Batch
from streams.partition import Partition, by_type

HORIZON: Final = 180 * DAY


def _partition() -> Partition:
    return Partition(DETECTORS, HORIZON, DEFECTS)


def _judge() -> Judge:
    return Judge(PopulationRules(), HORIZON)


@dataclass(slots=True)
class Shop:
    """One partition and the judge, as they live apart on Kafka, and what they have found."""

    partition: Partition = field(default_factory=_partition)
    judge: Judge = field(default_factory=_judge)
    newest: dict[str, Problem] = field(default_factory=dict)
    """Every problem by id, as it was at the end."""

    def take(self, batch: Batch, until: int) -> None:
        """Take in events recorded before ``until`` (ms UTC), and decide up to then."""
        self.partition.write(by_type(batch.events, batch.occurred, batch.recorded, until))
        account = self.partition.settle(until)
        self.judge.observe(account.observations)
        self.judge.observe_counts(0, account.exposures, account.reports, account.words)
        changes = [*account.changes, *self.judge.judge(until)]
        self.newest |= {change.problem.id: change.problem for change in changes}


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording in steps of equal length."""

    batch: Batch
    ends: list[int]
    """Of the steps, ms UTC."""

    def steps(self, start: int = 0, end: int | None = None) -> Iterator[tuple[Batch, int]]:
        """Yield the events of some steps with the moment up to which each goes."""
        recorded = self.batch.recorded
        bounds = [0, *np.searchsorted(recorded, self.ends).tolist()]
        for step in range(start, len(self.ends) if end is None else end):
            at = slice(bounds[step], bounds[step + 1])
            events = self.batch.events[at]
            yield Batch(events, self.batch.occurred[at], recorded[at]), self.ends[step]

    def play(self, shop: Shop, start: int = 0, end: int | None = None) -> Shop:
        """Let ``shop`` take in some steps."""
        for batch, until in self.steps(start, end):
            shop.take(batch, until)
        return shop


def recording(path: Path, steps: int) -> Recording:
    """Return the recording in ``path``, cut into ``steps``, the last of which ends with it."""
    decoded = Decoder().decode_lines(path.read_bytes())
    order = decoded.recorded.argsort(kind="stable")
    events = [decoded.events[i] for i in order.tolist()]
    recorded = decoded.recorded[order]
    ends = np.linspace(int(recorded[0]), int(recorded[-1]) + 1, steps + 1).astype(np.int64)
    return Recording(Batch(events, decoded.occurred[order], recorded), ends[1:].tolist())
