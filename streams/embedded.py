"""Everything in one process: input, intake, journal, engine, desk.

The journal is the truth and the engine's state a cache of it: at the start the state is rebuilt by
replaying the journal, and what was decided then is offered to the desk again, which knows it by id.
So the process may be killed at any moment.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Final

import numpy as np

from detectors.journeys.openings import SUBJECT_TYPE
from schemas.codec import Decoder
from schemas.problems import Change, Problem
from schemas.times import ms
from streams.engine import HORIZON, Batch, Engine
from streams.inbox import Arrival, Receipt
from streams.intake import JSON, Delivery, Intake, Taken
from streams.journal import Journal, Mark
from streams.tracing import Origins, settling

Settle = Callable[[list[Change], int], object]
"""Takes changes and the time (ms UTC) they are acted on; knows repeated changes by their ids."""

Clock = Callable[[], int]
"""The present, ms UTC."""

Hear = Callable[[Batch], None]
"""Is told of events before they are kept; after a kill it may be told again."""


OF_JOURNEYS: Final = frozenset(SUBJECT_TYPE.values())
"""Types of the subjects that problems of journeys are about."""


def hear_nothing(_batch: Batch) -> None:
    """Pass over what happens: nobody asked."""


def wall_clock() -> int:
    """Return the present in ms UTC."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class Timing:
    """Which clocks count.

    In a ``recording`` senders' ``recordedtime`` is believed, and only events make time pass.
    ``wall`` gives receipt times. Actions are judged by the wall clock, so that nothing is done
    about what is long past; ``acts_by_log`` judges them by the newest event, for demonstrations.
    """

    recording: bool = False
    wall: Clock = wall_clock
    acts_by_log: bool = False


@dataclass(slots=True)
class Board:
    """What is known at this moment: problems that are open, and how many were ever opened."""

    open: dict[str, Problem] = field(default_factory=dict)
    opened: Counter[str] = field(default_factory=Counter)
    events: int = 0
    rejected: int = 0

    def note(self, changes: Sequence[Change]) -> None:
        """Bring the board up to date with ``changes``.

        Problems of journeys that have been open for as long as one is remembered are left to the
        ledger: hardly any of them will end, and they would add up for ever.
        """
        for change in changes:
            problem = change.problem
            self.opened[problem.kind] += change.what == "opened"
            if problem.is_open:
                self.open[problem.id] = problem
            else:
                self.open.pop(problem.id, None)
        newest = max((change.at for change in changes), default=0)
        for problem in self._opened_before(newest - ms(HORIZON)):
            del self.open[problem.id]

    def _opened_before(self, oldest: int) -> list[Problem]:
        """Return the open problems of journeys from before ``oldest`` (ms UTC); those come first.

        Groups that are as old may open a little out of turn; problems behind them wait for that.
        """
        old = takewhile(lambda problem: problem.opened_at < oldest, self.open.values())
        return [problem for problem in old if problem.subject_type in OF_JOURNEYS]


class Embedded:
    """The writer of one journal; single-threaded, its steps are called by a driver loop."""

    def __init__(
        self,
        journal: Journal,
        engine: Engine,
        settle: Settle,
        *,
        timing: "Timing | None" = None,
        hear: Hear = hear_nothing,
    ) -> None:
        """Join the parts; nothing is read before :meth:`rebuild`.

        Args:
            journal: The log this object alone writes.
            engine: An engine that has seen nothing yet.
            settle: Where problems go.
            timing: Which clocks count; live by the wall clock if not given.
            hear: Is told of what is taken in, before it is kept.
        """
        timing = timing or Timing()
        self.board = Board()
        self.rebuilt = False
        self._journal = journal
        self._engine = engine
        self._settle = settle
        self._timing = timing
        self._hear = hear
        self._intake = Intake(Decoder(), journal.floor, recording=timing.recording)
        self._undecided: list[Batch] = []
        self._origins = Origins()

    @property
    def counts(self) -> Counter[str]:
        """The engine's counters, such as events clamped."""
        return self._engine.counts

    @property
    def log_clock(self) -> int:
        """The newest moment (ms UTC) the log knows of."""
        return self._intake.floor

    @property
    def acting_clock(self) -> int:
        """The moment (ms UTC) that actions are judged by."""
        return self.log_clock if self._timing.acts_by_log else self._timing.wall()

    def mark(self, name: str) -> Mark | None:
        """Return how far the input called ``name`` was read before."""
        return self._journal.mark(name)

    def rebuild(self) -> None:
        """Replay the journal through the engine, and offer again what it decides."""
        decoder = Decoder()
        for text in self._journal.lines():
            decoded = decoder.decode_lines(text)
            self._undecided.append(Batch(decoded.events, decoded.occurred, decoded.recorded))
            self.board.events += len(decoded.events)
            self.decide()
        if decided := self._journal.decided:
            self._publish(self._engine.advance(decided))
        self.rebuilt = True

    def accept(self, arrivals: Sequence[Arrival]) -> list[Receipt]:
        """Commit arrivals to the journal in one transaction, then answer each sender."""
        now = max(self._timing.wall(), self._intake.floor)
        taken = [self._intake.take(arrival.delivery, now) for arrival in arrivals]
        batches = [_batch(one) for one in taken if one.events]
        for batch in batches:
            self._hear(batch)
        self._commit(arrivals, taken)
        self._undecided += batches
        self._note_origins(arrivals, taken)
        receipts = [Receipt(len(one.events), one.refusals) for one in taken]
        for arrival, receipt in zip(arrivals, receipts, strict=True):
            arrival.answer(receipt)
        return receipts

    def _note_origins(self, arrivals: Sequence[Arrival], taken: Sequence[Taken]) -> None:
        """Remember in which traces it was said, until all that was recorded by then is decided."""
        for arrival, one in zip(arrivals, taken, strict=True):
            if arrival.delivery.trace and one.events:
                last = int(one.recorded[-1])
                self._origins.note(arrival.delivery.trace, last, last)

    def _commit(self, arrivals: Sequence[Arrival], taken: Sequence[Taken]) -> None:
        entries = [entry for one in taken for entry in one.entries]
        refusals = [refusal for one in taken for refusal in one.refusals]
        marks = [arrival.mark for arrival in arrivals if arrival.mark]
        retried = [arrival.retried for arrival in arrivals if arrival.retried]
        self._journal.append(entries, refusals, marks, retried)
        self.board.events += len(entries)
        self.board.rejected += len(refusals)

    def decide(self) -> list[Change]:
        """Let the engine decide on what was accepted since the last call."""
        if not self._undecided:
            return []
        batch, self._undecided = _joined(self._undecided), []
        return self._publish(self._engine.step(batch))

    def pass_time(self) -> list[Change]:
        """Let time pass up to now; in a recording only events make time pass."""
        return (
            []
            if self._timing.recording
            else self._advance(max(self._timing.wall(), self._intake.floor))
        )

    def _advance(self, clock: int) -> list[Change]:
        changes = self._engine.advance(clock)
        self._intake.raise_floor(clock)
        if changes:
            self._journal.decide(clock)
        return self._publish(changes)

    def retry_rejected(self) -> None:
        """Take in the refusals that somebody asked to retry; refused again, they are new ones."""
        queued = self._journal.rejected("queued")
        if queued:
            self.accept([_again(kept.id, kept.refusal.raw) for kept in queued])

    def finish(self) -> list[Change]:
        """The input has ended: decide up to and including its newest millisecond."""
        changes = self._publish(self._engine.flush())
        end = self._intake.floor + 1
        self._intake.raise_floor(end)
        self._journal.decide(end)
        return changes

    def _publish(self, changes: list[Change]) -> list[Change]:
        newest = self._engine.clock - 1
        if changes:
            with settling(changes, self._origins.between(0, newest)):
                self._settle(changes, self.acting_clock)
            self.board.note(changes)
        self._origins.forget(newest)
        return changes


def _batch(taken: Taken) -> Batch:
    return Batch(taken.events, taken.occurred, taken.recorded)


def _joined(batches: Sequence[Batch]) -> Batch:
    if len(batches) == 1:
        return batches[0]
    events = [event for batch in batches for event in batch.events]
    occurred = np.concatenate([batch.occurred for batch in batches])
    return Batch(events, occurred, np.concatenate([batch.recorded for batch in batches]))


def _again(number: int, raw: bytes) -> Arrival:
    return Arrival(Delivery(raw, JSON, f"rejected {number}"), retried=number)
