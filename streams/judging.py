"""The judge's seat: accounts of all partitions in, in any order; problems about groups out."""

from dataclasses import dataclass
from typing import Final, NamedTuple

from detectors.journeys.vocabulary import Vocabulary
from detectors.population.judge import Judge
from detectors.population.rules import PopulationRules
from schemas.problems import Change
from streams.accounts import Telling, after, before, decoded

ONE_SOURCE: Final = 0
"""All partitions speak the judge's own words, so to the judge they are one."""


class Mismatch(Exception):  # noqa: N818 - read as a sentence: this is a mismatch
    """Accounts of another number of partitions than those before."""


class Gap(NamedTuple):
    """A stretch of time that a partition left out; all since then must be told again."""

    partition: int
    since: int
    """Up to when it was heard, ms UTC."""
    until: int
    """When what it told next begins, ms UTC."""

    def __str__(self) -> str:
        """Say which partition left out what."""
        return f"partition {self.partition} told nothing of {self.since} to {self.until} (ms UTC)"


@dataclass(frozen=True, slots=True)
class Judged:
    """What was decided."""

    changes: list[Change]
    """Of all problems, in the order of time."""
    said: list[tuple[int, str]]
    """What customers said before ``clock``: when it was recorded (ms UTC), flat JSON."""
    orders: int
    """How many orders were placed."""
    clock: int
    """No further change will come from before this moment, ms UTC."""


class Seat:
    """Hears every partition's accounts once each, and judges what all of them have passed."""

    def __init__(self, rules: PopulationRules, horizon: int) -> None:
        """Start without having heard anybody; ``horizon`` ms as for journeys."""
        self.judge = Judge(rules, horizon)
        self.heard: dict[int, int] = {}
        """By partition: up to when (ms UTC) its accounts were heard."""
        self.repeated = 0
        """Accounts that had been heard before."""
        self.gaps: dict[int, Gap] = {}
        """By partition: what it left out, until it tells it again. Its time stands still."""
        self.is_from_beginning = False
        """Whether the log was heard from its very first record: nothing was told before that."""
        self._words = Vocabulary()
        self.of = 0
        """How many partitions there are, the catalogue not counted; 0 before any spoke."""
        self._ended: set[int] = set()
        self._held: list[Telling] = []
        """What was told of times that some partition has not passed."""

    @property
    def is_end(self) -> bool:
        """Whether a recording has ended in every partition, and in the catalogue."""
        return len(self._ended) > self.of > 0

    @property
    def clock(self) -> int:
        """Everything that became known strictly before was heard, of all partitions; ms UTC."""
        return min(self.heard.values()) if len(self.heard) > self.of > 0 else 0

    def hear(self, data: bytes) -> bool:
        """Take in a record of accounts; return whether anything in it was new.

        If its partition left something out before, that is noted in ``gaps`` and nothing is taken
        in: what it tells from there on it tells again. What was told before the first account that
        is there is no gap where the log was cut: nobody keeps it any more.

        Raises:
            AccountError: It is none.
            Mismatch: It speaks of another number of partitions.
        """
        telling = decoded(data, self._words)
        if self.of not in (0, telling.of):
            raise Mismatch(f"an account of one of {telling.of} partitions among those of {self.of}")
        self.of = telling.of
        first = 0 if self.is_from_beginning else telling.since
        known = self.heard.get(telling.partition, first)
        if telling.since > known:
            gap = Gap(telling.partition, known, telling.since)
            self.gaps.setdefault(telling.partition, gap)
            return False
        self.gaps.pop(telling.partition, None)
        if telling.is_end:
            self._ended.add(telling.partition)
        elif telling.until > known:
            self._ended.discard(telling.partition)
        if telling.until <= known:
            self.repeated += 1
            return False
        self._take(after(telling, known))
        return True

    def _take(self, new: Telling) -> None:
        self.heard[new.partition] = new.until
        self._held.append(new)

    def decide(self) -> Judged:
        """Judge every period that all partitions have passed, and put orders under groups."""
        clock = self.clock
        ripe = [one for one in (before(telling, clock) for telling in self._held) if one]
        self._held = [after(telling, clock) for telling in self._held if telling.until > clock]
        for telling in ripe:
            self.judge.observe(telling.observations)
            self.judge.observe_counts(ONE_SOURCE, telling.exposures, telling.reports, telling.words)
        orders = [change for telling in ripe for change in telling.changes]
        changes = self.judge.place(orders, self.judge.judge(clock) if clock else [])
        if self.is_end:
            changes += self.judge.place([], self.judge.close(clock))
        changes.sort(key=lambda change: (change.at, change.problem.id))
        said = sorted(one for telling in ripe for one in telling.said)
        return Judged(changes, said, sum(telling.orders for telling in ripe), clock)
