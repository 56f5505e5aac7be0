"""Counting what passes: each part does its work and what came of it is counted beside it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from actions.guest_book import hear
from actions.ledger import Ledger
from andon.metrics import Counts
from schemas.decisions import Decision, Outcome
from schemas.problems import Change
from streams.engine import Batch

Settle = Callable[[list[Change], int], list[Decision]]
Perform = Callable[[int], Sequence[Outcome]]


@dataclass(frozen=True, slots=True)
class Counted:
    """Wraps the parts of a run over one ledger."""

    ledger: Ledger
    counts: Counts

    def settling(self, settle: Settle) -> Settle:
        """Return ``settle``, counted; what is offered again after a restart was counted before."""

        def counted(changes: list[Change], now: int) -> list[Decision]:
            decisions = settle(changes, now)
            fresh = {decision.problem_id for decision in decisions}
            self.counts.note_changes([one for one in changes if one.problem.id in fresh])
            self.counts.note_decisions(decisions)
            return decisions

        return counted

    def performing(self, perform: Perform) -> Perform:
        """Return ``perform``, counted."""

        def counted(now: int) -> Sequence[Outcome]:
            outcomes = perform(now)
            self.counts.note_outcomes(self.ledger, outcomes)
            return outcomes

        return counted

    def hear(self, batch: Batch) -> None:
        """Note what events say about customers, and count who asked."""
        if not batch.events:
            return
        with self.ledger.writing() as connection:
            hear(connection, batch.events, int(batch.recorded.max()))
        self.counts.note_events(self.ledger, batch.events)
