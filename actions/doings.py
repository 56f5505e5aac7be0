"""What a person's word becomes in the ledger: things found by name, decisions made by hand."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, Table, select

from actions.causes import named_id
from actions.commands import spent_by
from actions.errors import LedgerError
from actions.ledger import actions_now
from actions.persons import veil_for
from actions.playbook import Playbook
from actions.roles import Wish, refusal
from actions.rows import action_from, problem_from
from actions.store import add_decisions, queue
from actions.tables import actions, decisions, problems
from schemas.commands import Verb, Word
from schemas.decisions import Action, Decision, Mode, Verdict
from schemas.problems import ChangeKind, Problem

SHORTEST = 4
"""Letters of an id that a person must type at least."""


def action_named(connection: Connection, named: str) -> Action:
    """Return the one action whose id starts with ``named``; LedgerError if there is not one."""
    return action_from(_only(connection, actions_now(), actions, named, "andon actions"))


def problem_named(connection: Connection, named: str) -> Problem:
    """Return the one problem whose id starts with ``named``; LedgerError if there is not one."""
    every = select(problems)
    return problem_from(_only(connection, every, problems, named, "andon problems --state any"))


def _only(
    connection: Connection, every: Select[Any], table: Table, named: str, listing: str
) -> RowMapping:
    """Return the one row of ``table`` whose id starts with ``named``; ``listing`` shows them."""
    if len(named) < SHORTEST:
        raise LedgerError(f"{named!r} is too short for an id: write {SHORTEST} letters or more")
    query = every.where(table.c.id.startswith(named, autoescape=True)).limit(2)
    found = connection.execute(query).mappings().all()
    if not found:
        raise LedgerError(f"there is no {table.name.removesuffix('s')} {named}: see {listing}")
    if len(found) > 1:
        raise LedgerError(f"several {table.name} start with {named}: write more of the id")
    return found[0]


def allow(
    connection: Connection, verb: Verb, action: Action | None, word: Word, playbook: Playbook
) -> None:
    """Raise LedgerError if this person may not say that; ``action`` is what it sets going."""
    wish = Wish(word.who, verb, action)
    said = refusal(wish, playbook.form, lambda currency: spent_by(connection, word, currency))
    if said is not None:
        raise LedgerError(said)


def plan_by_hand(
    connection: Connection,
    wanted: Sequence[Action],
    problem_id: str,
    word: Word,
    playbook: Playbook,
) -> None:
    """Store a person's decision with its actions and queue them; LedgerError if done before."""
    for action in wanted:
        _refuse_repetition(connection, action)
    name = f"by hand\x1f{problem_id}\x1f{word.who}\x1f{word.at}\x1f{wanted[0].id}"
    decision = Decision(
        id=named_id(name),
        problem_id=problem_id,
        change=ChangeKind.REVISITED,
        verdict=Verdict.BY_PERSON,
        detail=f"{word.who}: {word.why}",
        mode=Mode.REVIEW,
        playbook_version=playbook.version,
        decided_at=word.at,
        actions=tuple(wanted),
    )
    stored(connection, decision, playbook)


def stored(connection: Connection, decision: Decision, playbook: Playbook) -> bool:
    """Store a decision that no change called for, and queue its actions; false if it is there."""
    same = select(decisions.c.id).where(decisions.c.id == decision.id)
    if connection.execute(same).one_or_none() is not None:
        return False
    about = connection.execute(select(problems).where(problems.c.id == decision.problem_id))
    veil = veil_for(connection, [problem_from(row) for row in about.mappings()], [decision])
    add_decisions(connection, [decision], playbook, veil)
    queue(connection, decision.actions, decision.decided_at)
    return True


def _refuse_repetition(connection: Connection, action: Action) -> None:
    query = actions_now().where(actions.c.id == action.id)
    row = connection.execute(query).mappings().one_or_none()
    if row is not None:
        raise LedgerError(
            f"{action.name} for this harm is there already: {action.id} is {row['status']}"
        )
