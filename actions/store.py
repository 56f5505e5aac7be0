"""Writing to the ledger: many rows at a time, and never the same thing twice."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import Column, Connection, Table, and_, select
from sqlalchemy.dialects import postgresql, sqlite

from actions.bulk import insert_all, select_among
from actions.chain import append
from actions.persons import Veil
from actions.playbook import Playbook
from actions.quiet import held_for
from actions.rows import action_row, decision_row, outbox_row, outcome_row
from actions.tables import actions, decisions, outbox, outcomes, playbooks, problems
from schemas.decisions import Action, Decision, Outcome, Status
from schemas.stamps import parse_one

Rows = Sequence[dict[str, Any]]

NEWEST: Final = ("state", "cleared_at", "withdrawn_at", "parent", "changed_at", "body", "severity")
"""Columns of a problem that later changes replace."""


def insert_into(connection: Connection, table: Table) -> Any:  # noqa: ANN401 - two dialects' types
    """Return an insert that knows ``ON CONFLICT``, in the database's own words."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table)
    return postgresql.insert(table)


def add_new(connection: Connection, table: Table, rows: Rows) -> None:
    """Append ``rows`` for good, passing over those that are there already, by primary key."""
    (key,) = table.primary_key.columns
    append(connection, table, _unknown(connection, key, rows))


def add_decisions(
    connection: Connection, made: Sequence[Decision], playbook: Playbook, veil: Veil
) -> None:
    """Append decisions for good, with the playbook that made them and the actions they plan."""
    add_new(connection, playbooks, [{"version": playbook.version, "text": playbook.text}])
    add_new(connection, decisions, [decision_row(one, veil.detail(one)) for one in made])
    planned = [action_row(action, one, veil) for one in made for action in one.actions]
    add_new(connection, actions, planned)


def _unknown(connection: Connection, key: Column[Any], rows: Rows) -> Rows:
    """Return each row once whose ``key`` is not in its table; the caller is the only writer."""
    fresh = {row[key.name]: row for row in reversed(rows)}
    for (known,) in select_among(connection, select(key), key, fresh.keys()):
        del fresh[known]
    return list(reversed(fresh.values()))


def put_problems(connection: Connection, rows: Rows) -> None:
    """Insert problems, or bring them to their newest state."""
    fresh = _unknown(connection, problems.c.id, rows)
    insert_all(connection, problems, fresh)
    ids = {row["id"] for row in fresh}
    known = [row for row in rows if row["id"] not in ids]
    if not known:
        return
    insert = insert_into(connection, problems)
    newest = {name: insert.excluded[name] for name in NEWEST}
    connection.execute(insert.on_conflict_do_update(index_elements=["id"], set_=newest), known)


def queue(connection: Connection, actions: Iterable[Action], now: int) -> None:
    """Hand actions to the relay; one that was called off before it started is queued again.

    A ``hold`` is the time in which a person can still stop the action.
    """
    rows = [outbox_row(action, due_at(action, now)) for action in actions]
    fresh = _unknown(connection, outbox.c.id, rows)
    insert_all(connection, outbox, fresh)
    ids = {row["id"] for row in fresh}
    known = [row for row in rows if row["id"] not in ids]
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
    append(connection, outcomes, [outcome_row(outcome) for outcome in said])
