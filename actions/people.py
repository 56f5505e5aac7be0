"""What people do with actions: approve, reject, hold, undo, retry, and more than a rule would do.

Everything is one transaction: the word, who said it and why, and what follows from it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace
from sqlalchemy import Connection

from actions.catalogue import ACTS
from actions.causes import action_id
from actions.commands import tell, veiled
from actions.doings import action_named, allow, plan_by_hand, problem_named
from actions.errors import LedgerError
from actions.guest_book import guests_in
from actions.ledger import Ledger
from actions.playbook import Playbook
from actions.proposals import concrete, inverse_of
from actions.quiet import in_time
from actions.rules import Step
from actions.store import queue, record, take_out, try_again
from actions.wording import worded
from schemas.commands import Command, Verb, Word
from schemas.decisions import Action, Outcome, Status

NOT_YET: Final = frozenset({Status.WAITING, Status.QUEUED, Status.FAILED})
"""Statuses in which an action can still be stopped; a failed one may have been seen outside."""

ALLOWED: Final = {
    Verb.APPROVE: frozenset({Status.WAITING}),
    Verb.REJECT: NOT_YET,
    Verb.HOLD: frozenset({Status.QUEUED, Status.FAILED}),
    Verb.RETRY: frozenset({Status.DEAD, Status.FAILED}),
    Verb.UNDO: frozenset({Status.DONE, Status.DEAD, Status.FAILED, Status.UNDER_WAY}),
}
"""From which statuses each verb leads on."""

INSTEAD: Final = {
    Status.WAITING: "approve or reject it",
    Status.QUEUED: "hold or reject it",
    Status.DEAD: "retry it",
    Status.FAILED: "it is tried again by itself; hold it to stop that",
}
"""What a person can do in a status instead of what they asked for."""


@dataclass(frozen=True, slots=True)
class Extra:
    """What a person wants done beyond the rules: a step, about a problem; again if done before."""

    problem_id: str
    step: Step
    again: bool = False


class People:
    """What people may do with the actions of one ledger, within the roles of a playbook.

    Ids may be shortened as long as only one action fits. All methods raise LedgerError where the
    person may not, or the action is past the point; nothing has changed then.
    """

    def __init__(self, ledger: Ledger, playbook: Playbook) -> None:
        self._ledger = ledger
        self._playbook = playbook

    def approve(self, named: str, word: Word) -> Action:
        """Have a waiting action performed."""
        return self._do(Verb.APPROVE, named, word, self._queue)

    def reject(self, named: str, word: Word) -> Action:
        """Drop an action that waits, or is held back, or has not been started."""
        return self._do(Verb.REJECT, named, word, _drop)

    def hold(self, named: str, word: Word) -> Action:
        """Make an action that is queued wait for a person."""
        return self._do(Verb.HOLD, named, word, _hold)

    def retry(self, named: str, word: Word) -> Action:
        """Try an action again that was given up."""
        return self._do(Verb.RETRY, named, word, _try_again)

    def undo(self, named: str, word: Word) -> Action:
        """Perform the inverse of an action; return the inverse."""
        with self._ledger.writing() as connection:
            action = self._checked(connection, Verb.UNDO, named, word)
            act = ACTS[action.name]
            if act.inverse is None:
                raise LedgerError(f"{action.name} cannot be undone: {act.remains}")
            tell(connection, _command(Verb.UNDO, action, word), action.customer_id)
            inverse = inverse_of(action, f"undone by {word.who}: {word.why}", word.at)
            plan_by_hand(connection, [inverse], action.problem_id, word, self._playbook)
        return inverse

    def do_more(self, extra: Extra, word: Word) -> list[Action]:
        """Do something that no rule would have done, within the person's own limit (practice 0.6).

        What was done for this harm before is refused unless it is asked for again.
        """
        with self._ledger.writing() as connection:
            problem = problem_named(connection, extra.problem_id)
            wanted = concrete(problem, extra.step, word)
            for action in wanted:
                allow(connection, Verb.DO, action, word, self._playbook)
                tell(connection, _command(Verb.DO, action, word), action.customer_id)
            fresh = [_anew(one, word) for one in wanted] if extra.again else wanted
            guests = guests_in(connection, [problem], word.at)
            said = worded(tuple(fresh), problem, self._playbook.form.messages, guests)
            said = tuple(in_time(one, self._playbook, word.at) for one in said)
            plan_by_hand(connection, said, problem.id, word, self._playbook)
        return list(said)

    def _do(
        self,
        verb: Verb,
        named: str,
        word: Word,
        follow: Callable[[Connection, Action, Word, str], None],
    ) -> Action:
        with self._ledger.writing() as connection:
            action = self._checked(connection, verb, named, word)
            tell(connection, _command(verb, action, word), action.customer_id)
            said = f"{_PAST[verb]} by {word.who}: {word.why}"
            follow(connection, action, word, veiled(connection, said, action.customer_id))
        return action

    def _checked(self, connection: Connection, verb: Verb, named: str, word: Word) -> Action:
        action = action_named(connection, named)
        if action.status not in ALLOWED[verb]:
            hint = INSTEAD.get(action.status, "nothing more can be done with it")
            raise LedgerError(
                f"{action.name} {action.id} is {action.status.value}, so nobody can "
                f"{verb.value} it: {hint}"
            )
        free = action if verb in SETS_FREE else None
        allow(connection, verb, free, word, self._playbook)
        return action

    def _queue(self, connection: Connection, action: Action, word: Word, said: str) -> None:
        queue(connection, [in_time(action, self._playbook, word.at)], word.at)
        _say(connection, action, Status.QUEUED, said, word)


SETS_FREE: Final = frozenset({Verb.APPROVE, Verb.RETRY, Verb.DO, Verb.UNDO})
"""Verbs that set an action going; only those count against a role's limits."""

_PAST: Final = {
    Verb.APPROVE: "approved",
    Verb.REJECT: "rejected",
    Verb.HOLD: "held",
    Verb.RETRY: "tried again",
}


def _command(verb: Verb, action: Action, word: Word) -> Command:
    cost = action.cost_minor if verb in {Verb.APPROVE, Verb.DO} else 0
    return Command(
        verb=verb,
        target_type="action",
        target=action.id,
        word=word,
        cost_minor=cost,
        currency=action.currency if cost else "",
        terms={"name": action.name, "problem": action.problem_id},
    )


def _anew(action: Action, word: Word) -> Action:
    """Asked for again on purpose: the moment makes it another harm, so it has an id of its own."""
    harm = f"{action.harm}|asked {word.at}"
    own = action_id(harm, action.name, f"{action.target_type}:{action.target}")
    return replace(action, id=own, harm=harm)


def _drop(connection: Connection, action: Action, word: Word, said: str) -> None:
    _take_out(connection, action)
    _say(connection, action, Status.REJECTED, said, word)


def _hold(connection: Connection, action: Action, word: Word, said: str) -> None:
    _take_out(connection, action)
    _say(connection, action, Status.WAITING, said, word)


def _take_out(connection: Connection, action: Action) -> None:
    """The relay of another process may have claimed it since we looked."""
    if not take_out(connection, [action.id]) and action.status is not Status.WAITING:
        raise LedgerError(
            f"{action.name} {action.id} has just been started: undo it when it is done"
        )


def _try_again(connection: Connection, action: Action, word: Word, said: str) -> None:
    try_again(connection, action.id, word.at)
    _say(connection, action, Status.QUEUED, said, word)


def _say(connection: Connection, action: Action, status: Status, said: str, word: Word) -> None:
    record(connection, [Outcome(action_id=action.id, status=status, at=word.at, detail=said)])
