"""The desk: every change of a problem is decided, planned and stored in one transaction."""

from collections.abc import Mapping, Sequence

from msgspec.structs import replace
from sqlalchemy import Connection

from actions.cases import Decided
from actions.causes import is_population
from actions.chain import append
from actions.ledger import Ledger
from actions.past import BEGINNINGS, Past, Unseen, recall, unseen
from actions.persons import References, Veil, customers_in, references, veil_for
from actions.playbook import Playbook
from actions.policy import covered, decide, plan
from actions.rows import change_row, decision_id
from actions.store import add_decisions, call_off, put_problems, queue, record
from actions.tables import changes
from actions.tracing import note_ids
from schemas.acyclic import without_collector
from schemas.decisions import Action, Decision, Outcome, Status, Verdict
from schemas.problems import Change, ChangeKind, Problem

DECIDED_ON = frozenset(ChangeKind) - {ChangeKind.ATTACHED}
"""Changes that call for a decision; an attachment only calls off what its root cause makes
needless."""


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
            known = _as_known(fresh.changes)
            past = recall(connection, Unseen(known, fresh.known), self._playbook, now)
            off = _covered(known, past)
            past.leave_off(off)
            decided = self._decide_all(known, past)
            made = [decision for decision, _ in decided]
            about = [change.problem for change in fresh.changes]
            _store_decisions(connection, made, past, veil_for(connection, about, made, refs))
            _call_off(connection, _called_off(decided, off), now)
        note_ids(
            "andon.action.ids", (action.id for decision in made for action in decision.actions)
        )
        return made

    def _decide_all(self, known: Sequence[Change], past: Past) -> list[Made]:
        return [self._decide(change, past) for change in known if change.what in DECIDED_ON]

    def _decide(self, change: Change, past: Past) -> Made:
        problem = change.problem
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


def _call_off(connection: Connection, off: Mapping[str, str], now: int) -> None:
    for action_id, why in off.items():
        call_off(connection, [action_id], why, now)


def _covered(known: Sequence[Change], past: Past) -> dict[str, str]:
    """Return what is called off because a root cause turned out to be behind it, and why."""
    attached = [change.problem for change in known if change.what is ChangeKind.ATTACHED]
    return {
        action_id: Verdict.COVERED_BY_PARENT.value
        for problem in attached
        for action_id in covered(problem, past.of(problem), past.playbook)
    }


def _called_off(decided: Sequence[Made], covered_ones: Mapping[str, str]) -> dict[str, str]:
    """Return what is called off in the end, and why: what is planned again later is not."""
    off = dict(covered_ones)
    for decision, said in decided:
        off |= dict.fromkeys(said.call_off, said.verdict.value)
        for action in decision.actions:
            off.pop(action.id, None)
    return off


def _again(action: Action, now: int) -> Outcome:
    return Outcome(action_id=action.id, status=action.status, at=now, detail="planned again")


def _as_known(fresh: Sequence[Change]) -> list[Change]:
    """Return the changes with what is to be decided of each, as it is known after all of them."""
    newest = {change.problem.id: change.problem for change in fresh}
    return [
        Change(change.what, change.at, _as_decided(change, newest[change.problem.id]))
        for change in fresh
    ]


def _as_decided(change: Change, newest: Problem) -> Problem:
    """An opening whose withdrawal is known already is not acted on, only to be undone at once.

    One whose root cause is known already is decided under it. What is looked at again is decided
    as if it had just opened: it may be over by now, and the customer is still owed what a stop has
    kept from them.
    """
    if change.what not in BEGINNINGS:
        return change.problem
    if newest.withdrawn_at is not None:
        return newest
    problem = change.problem
    parent = problem.parent if is_population(problem) else newest.parent
    if problem.cleared_at is None and problem.ended_by is None and problem.parent == parent:
        return problem
    return replace(problem, cleared_at=None, ended_by=None, parent=parent)


def _store_changes(connection: Connection, fresh: Unseen, now: int) -> References:
    """Store what happened; return the references of the customers it is about."""
    put_problems(connection, fresh.changes, fresh.known)
    refs = references(connection, customers_in([change.problem for change in fresh.changes]))
    append(connection, changes, (change_row(change, now, refs) for change in fresh.changes))
    return refs
