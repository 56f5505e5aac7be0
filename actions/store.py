"""Writing to the ledger: many rows at a time, and never the same thing twice."""

from collections.abc import Collection, Container, Iterable, Sequence
from typing import Any, Final

from sqlalchemy import Column, Connection, Table, and_, select
from sqlalchemy.dialects import postgresql, sqlite

from actions.bulk import insert_all, select_among
from actions.chain import append
from actions.persons import Veil
from actions.playbook import Playbook
from actions.quiet import held_for
from actions.rows import action_row, decision_row, outbox_row, outcome_row, problem_row
from actions.tables import actions, decisions, outbox, outcomes, playbooks, problems
from schemas.decisions import Action, Decision, Outcome, Status
from schemas.problems import Change
from schemas.stamps import parse_one

Known = Container[str]
"""Ids of which something is known already."""

NOTHING: Final[Known] = frozenset()

NEWEST: Final = ("state", "cleared_at", "withdrawn_at", "parent", "changed_at", "body", "severity")
"""Columns of a problem that later changes replace."""


def insert_into(connection: Connection, table: Table) -> Any:  # noqa: ANN401 - two dialects' types
    """Return an insert that knows ``ON CONFLICT``, in the database's own words."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table)
    return postgresql.insert(table)


def add_decisions(
    connection: Connection,
    made: Sequence[Decision],
    playbook: Playbook,
    veil: Veil,
    new: Known = NOTHING,
) -> Known:
    """Append decisions for good, with the playbook that made them and the actions they plan.

    Decisions must be new; actions that are there already are passed over. ``new`` are ids of
    actions that are known not to be there. Returns the ids of the actions that were not.
    """
    if playbook.version in _missing(connection, playbooks.c.version, [playbook.version]):
        append(connection, playbooks, [{"version": playbook.version, "text": playbook.text}])
    append(connection, decisions, (decision_row(one, veil.detail(one)) for one in made))
    planned = {a.id: (a, one) for one in reversed(made) for a in reversed(one.actions)}
    missing = _missing(connection, actions.c.id, planned.keys(), new)
    fresh = (planned[key] for key in reversed(planned) if key in missing)
    append(connection, actions, (action_row(action, one, veil) for action, one in fresh))
    return missing


def _missing(
    connection: Connection, key: Column[Any], wanted: Collection[str], new: Known = NOTHING
) -> set[str]:
    """Return those of ``wanted`` that are no ``key`` yet; it is not asked about ``new`` ones.

    The caller is the only writer.
    """
    asked = [one for one in wanted if one not in new]
    found = {known for (known,) in select_among(connection, select(key), key, asked)}
    return {one for one in wanted if one not in found}


def put_problems(connection: Connection, changed: Iterable[Change], known: Known) -> None:
    """Insert problems as they are after changes, or bring those ``known`` to their newest state."""
    newest = {change.problem.id: change for change in changed}
    fresh = (problem_row(change) for key, change in newest.items() if key not in known)
    insert_all(connection, problems, fresh)
    again = [problem_row(change) for key, change in newest.items() if key in known]
    if not again:
        return
    insert = insert_into(connection, problems)
    values = {name: insert.excluded[name] for name in NEWEST}
    connection.execute(insert.on_conflict_do_update(index_elements=["id"], set_=values), again)


def queue(
    connection: Connection, actions: Iterable[Action], now: int, new: Known = NOTHING
) -> None:
    """Hand actions to the relay; one that was called off before it started is queued again.

    A ``hold`` is the time in which a person can still stop the action. ``new`` are ids of actions
    that are known not to have been handed over before.
    """
    planned = {action.id: action for action in reversed(list(actions))}
    missing = _missing(connection, outbox.c.id, planned.keys(), new)
    fresh = (planned[key] for key in reversed(planned) if key in missing)
    insert_all(connection, outbox, (outbox_row(one, due_at(one, now)) for one in fresh))
    known = [
        outbox_row(one, due_at(one, now)) for key, one in planned.items() if key not in missing
    ]
    if not known:
        return
    insert = insert_into(connection, outbox)
    again = insert.on_conflict_do_update(
        index_elements=["id"],
        set_={"status": Status.QUEUED.value, "due_at": insert.excluded.due_at},
        where=outbox.c.status == Status.CALLED_OFF.value,
    )
    connection.execute(again, known)


def due_at(action: Action, now: int) -> int:
    """Return from when a queued action may be performed, ms UTC."""
    earliest = action.params.get("not_before")
    due = now + held_for(action)
    return due if earliest is None else max(due, parse_one(str(earliest)) or due)


def call_off(connection: Connection, action_ids: Sequence[str], why: str, now: int) -> None:
    """Stop actions that have not started; ``now`` is ms UTC."""
    untried = and_(outbox.c.status == Status.QUEUED.value, outbox.c.failures == 0)
    stop = outbox.update().where(outbox.c.id.in_(action_ids), untried)
    connection.execute(stop.values(status=Status.CALLED_OFF.value))
    off = Status.CALLED_OFF
    record(connection, [Outcome(action_id=a, status=off, at=now, detail=why) for a in action_ids])


def take_out(connection: Connection, action_ids: Sequence[str]) -> int:
    """Keep the relay from performing actions that it has not claimed; return how many it were."""
    unclaimed = outbox.c.status == Status.QUEUED.value
    stop = outbox.update().where(outbox.c.id.in_(action_ids), unclaimed)
    return connection.execute(stop.values(status=Status.CALLED_OFF.value)).rowcount


def take_over(connection: Connection, outcome: Outcome) -> None:
    """Add the outcome of an action that somebody else performed: the relay leaves it alone."""
    record(connection, [outcome])
    is_ours = outbox.c.status.in_([Status.QUEUED.value, Status.UNDER_WAY.value])
    theirs = outbox.update().where(outbox.c.id == outcome.action_id, is_ours)
    connection.execute(theirs.values(status=outcome.status.value))


def try_again(connection: Connection, action_id: str, now: int) -> None:
    """Let the relay try an action anew, from ``now`` (ms UTC) on."""
    again = {"status": Status.QUEUED.value, "failures": 0, "due_at": now}
    connection.execute(outbox.update().where(outbox.c.id == action_id).values(again))


def record(connection: Connection, said: Iterable[Outcome]) -> None:
    """Add outcomes; they are never changed."""
    append(connection, outcomes, map(outcome_row, said))
