"""The desk: every change of a problem is decided, planned and stored in one transaction."""

from collections.abc import Sequence

from msgspec.structs import replace
from sqlalchemy import Connection

from actions.cases import Decided
from actions.chain import append
from actions.ledger import Ledger
from actions.past import BEGINNINGS, Past, Unseen, recall, unseen
from actions.persons import References, Veil, customers_in, references, veil_for
from actions.playbook import Playbook
from actions.policy import decide, plan
from actions.rows import change_row, decision_id
from actions.store import add_decisions, call_off, put_problems, queue, record
from actions.tables import changes
from schemas.acyclic import without_collector
from schemas.decisions import Action, Decision, Outcome, Status
from schemas.problems import Change, ChangeKind, Problem

DECIDED_ON = frozenset(ChangeKind) - {ChangeKind.ATTACHED}
"""Changes that call for a decision; an attachment only moves a problem under its root cause."""


Made = tuple[Decision, Decided]
"""A decision as it is stored, with what the policy said."""


class Desk:
    """Takes what the engine found and leaves decisions in the ledger, with actions in the outbox.

    Taking the same changes again stores nothing and decides nothing: a crash before the caller
    has noted its progress is harmless.
    """

    def __init__(self, ledger: Ledger, playbook: Playbook) -> None:
        self._ledger = ledger
        self._playbook = playbook

    @property
    def playbook(self) -> Playbook:
        """The playbook that decides now."""
        return self._playbook

    def follow(self, playbook: Playbook) -> None:
        """Decide by ``playbook`` from the next change on; what was decided stays as it is."""
        self._playbook = playbook

    def take(self, offered: Sequence[Change], now: int) -> list[Decision]:
        """Store new changes with their decisions; ``now`` (ms UTC) is when they are learnt."""
        if not offered:
            return []
        with self._ledger.writing() as connection, without_collector():
            fresh = unseen(connection, offered)
            if not fresh.changes:
                return []
            refs = _store_changes(connection, fresh, now)
            past = recall(connection, fresh, self._playbook, now)
            decided = self._decide_all(fresh.changes, past)
            made = [decision for decision, _ in decided]
            about = [change.problem for change in fresh.changes]
            _store_decisions(connection, made, past, veil_for(connection, about, made, refs))
            for action_id, why in _called_off(decided).items():
                call_off(connection, [action_id], why, now)
        return made

    def _decide_all(self, fresh: Sequence[Change], past: Past) -> list[Made]:
        newest = {change.problem.id: change.problem for change in fresh}
        made: list[Made] = []
        for change in fresh:
            if change.what in DECIDED_ON:
                problem = _as_decided(change, newest[change.problem.id])
                made.append(self._decide(change, problem, past))
        return made

    def _decide(self, change: Change, problem: Problem, past: Past) -> Made:
        decided = decide(problem, past.of(problem), past.playbook)
        decision = Decision(
            id=decision_id(change),
            problem_id=problem.id,
            change=change.what,
            verdict=decided.verdict,
            detail=decided.detail,
            rule=decided.rule,
            mode=decided.mode,
            playbook_version=past.playbook.version,
            decided_at=past.now,
            actions=plan(problem, decided, past.playbook),
        )
        past.add(decision)
        return decision, decided


def _store_decisions(
    connection: Connection, made: Sequence[Decision], past: Past, veil: Veil
) -> None:
    new = add_decisions(connection, made, past.playbook, veil, past.new)
    planned = [action for decision in made for action in decision.actions]
    record(connection, [_again(a, past.now) for a in planned if a.id in past.called_off])
    queue(connection, [a for a in planned if a.status is Status.QUEUED], past.now, new)


def _called_off(decided: Sequence[Made]) -> dict[str, str]:
    """Return what is called off in the end, and why: what is planned again later is not."""
    off: dict[str, str] = {}
    for decision, said in decided:
        off |= dict.fromkeys(said.call_off, said.verdict.value)
        for action in decision.actions:
            off.pop(action.id, None)
    return off


def _again(action: Action, now: int) -> Outcome:
    return Outcome(action_id=action.id, status=action.status, at=now, detail="planned again")


def _as_decided(change: Change, newest: Problem) -> Problem:
    """An opening whose withdrawal is known already is not acted on, only to be undone at once.

    What is looked at again is decided as if it had just opened: it may be over by now, and the
    customer is still owed what a stop has kept from them.
    """
    if change.what not in BEGINNINGS:
        return change.problem
    if newest.withdrawn_at is not None:
        return newest
    problem = change.problem
    if problem.cleared_at is None and problem.ended_by is None:
        return problem
    return replace(problem, cleared_at=None, ended_by=None)


def _store_changes(connection: Connection, fresh: Unseen, now: int) -> References:
    """Store what happened; return the references of the customers it is about."""
    put_problems(connection, fresh.changes, fresh.known)
    refs = references(connection, customers_in([change.problem for change in fresh.changes]))
    append(connection, changes, (change_row(change, now, refs) for change in fresh.changes))
    return refs
