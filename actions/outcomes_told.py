"""What came of it later: an investigation closed, an appeal upheld, a claim paid."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sqlalchemy import Connection

from actions.catalogue import ACTS
from actions.commands import tell
from actions.doings import allow, plan_by_hand, problem_named
from actions.errors import LedgerError
from actions.ledger import Ledger, actions_now
from actions.playbook import Playbook
from actions.proposals import appeal_note, inverse_of
from actions.quantities import Money
from actions.rows import action_from
from actions.tables import actions
from schemas.commands import Command, Verb, Word
from schemas.decisions import Action, Status
from schemas.problems import Problem


class Later(StrEnum):
    """What people can tell of a problem long after it was answered."""

    INVESTIGATION_CLOSED = "investigation-closed"
    APPEAL_UPHELD = "appeal-upheld"
    APPEAL_REFUSED = "appeal-refused"
    CLAIM_PAID = "claim-paid"
    CLAIM_REFUSED = "claim-refused"


PUTS_BACK: Final = frozenset({Later.INVESTIGATION_CLOSED, Later.APPEAL_UPHELD})
"""Outcomes after which what was held back is put back; customers keep what they were given."""

ACTED: Final = frozenset({Status.DONE, Status.UNDER_WAY, Status.DEAD, Status.FAILED})
"""Statuses of actions that may have had their effect."""


@dataclass(frozen=True, slots=True)
class Told:
    """An outcome of a problem, with the money that came of it if any did."""

    problem_id: str
    outcome: Later
    amount: Money | None = None


def report_outcome(ledger: Ledger, playbook: Playbook, told: Told, word: Word) -> list[Action]:
    """Store an outcome and do what follows from it; return the actions.

    Raises:
        LedgerError: The person may not say so, there is no such problem, or the amount is missing.
    """
    if (told.outcome is Later.CLAIM_PAID) != (told.amount is not None):
        raise LedgerError("a claim that was paid has an amount, and nothing else has one")
    with ledger.writing() as connection:
        problem = problem_named(connection, told.problem_id)
        allow(connection, Verb.REPORT, None, word, playbook)
        tell(connection, _command(problem, told, word), problem.customer_id)
        following = _following(connection, problem, told, word)
        if following:
            plan_by_hand(connection, following, problem.id, word, playbook)
    return following


def _command(problem: Problem, told: Told, word: Word) -> Command:
    amount = {} if told.amount is None else {"amount": str(told.amount)}
    terms = {"outcome": told.outcome.value, "kind": problem.kind} | amount
    return Command(
        verb=Verb.REPORT, target_type="problem", target=problem.id, word=word, terms=terms
    )


def _following(connection: Connection, problem: Problem, told: Told, word: Word) -> list[Action]:
    if told.outcome not in PUTS_BACK:
        return []
    because = f"{told.outcome.value}, told by {word.who}: {word.why}"
    back = [inverse_of(action, because, word.at) for action in _held(connection, problem)]
    if told.outcome is Later.APPEAL_UPHELD:
        back.append(appeal_note(problem, word))
    return back


def _held(connection: Connection, problem: Problem) -> list[Action]:
    """Return what this problem holds back and nobody has put back yet."""
    query = actions_now().where(actions.c.problem_id == problem.id)
    done = [action_from(row) for row in connection.execute(query).mappings()]
    undone = {action.follows for action in done}
    return [
        action
        for action in done
        if ACTS[action.name].inverse
        and action.status in ACTED
        and action.follows is None
        and action.id not in undone
    ]
