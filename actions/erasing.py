"""Erasing a customer: what is kept for good no longer says whom it was about."""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
from sqlalchemy import Connection, or_, select

from actions.chain import append
from actions.errors import LedgerError
from actions.ledger import STATUS_NOW, Ledger, actions_now
from actions.persons import CUSTOMER, hidden_action, hidden_problem
from actions.rows import action_from, text
from actions.tables import actions, customers, erasures, outbox, persons, problems
from schemas.decisions import Action, Status
from schemas.problems import Problem

UNFINISHED = (Status.WAITING, Status.QUEUED, Status.UNDER_WAY, Status.FAILED, Status.DEAD)
"""An action in these is owed or undecided: whoever performs it must know for whom."""


@dataclass(frozen=True, slots=True)
class Erased:
    """What the customer is called from now on, and how many rows were rewritten."""

    ref: str
    problems: int
    actions: int


def erase(ledger: Ledger, customer: str, *, who: str, why: str, now: int) -> Erased:
    """Make the ledger forget who ``customer`` is; ``now`` is ms UTC.

    The chain is not touched: it never held more than a reference. What it meant is deleted, what
    the relay and the list of problems hold is rewritten, and the erasure is an entry of its own.

    Raises:
        LedgerError: The customer is not known, or is owed something yet.
    """
    with ledger.writing() as connection:
        ref = connection.execute(
            select(persons.c.ref).where(persons.c.customer_id == customer)
        ).scalar()
        if ref is None:
            raise LedgerError(f"this ledger knows no customer {customer!r}")
        _refuse_if_owed(connection, customer)
        refs = {customer: ref}
        rewritten = _rewrite_problems(connection, customer, refs)
        sent = _rewrite_outbox(connection, customer, refs)
        connection.execute(persons.delete().where(persons.c.ref == ref))
        connection.execute(customers.delete().where(customers.c.id == customer))
        append(connection, erasures, [{"ref": ref, "at": now, "who": who, "why": why}])
    return Erased(ref, rewritten, sent)


def _refuse_if_owed(connection: Connection, customer: str) -> None:
    unfinished = STATUS_NOW.element.in_([status.value for status in UNFINISHED])
    query = actions_now().where(persons.c.customer_id == customer, unfinished)
    query = query.order_by(actions.c.planned_at)
    owed = [action_from(row) for row in connection.execute(query).mappings()]
    if owed:
        raise LedgerError(
            f"{len(owed)} actions for this customer are not finished, such as {owed[0].name} "
            f"{owed[0].id} ({owed[0].status.value}): finish or reject them first"
        )


def _rewrite_problems(connection: Connection, customer: str, refs: Mapping[str, str]) -> int:
    is_subject = (problems.c.subject_type == CUSTOMER) & (problems.c.subject == customer)
    query = select(problems).where(or_(problems.c.customer_id == customer, is_subject))
    found = connection.execute(query).mappings().all()
    for row in found:
        hidden = hidden_problem(msgspec.json.decode(row["body"], type=Problem), refs)
        values = {"customer_id": hidden.customer_id, "subject": hidden.subject}
        update = problems.update().where(problems.c.id == row["id"])
        connection.execute(update.values(body=text(hidden), **values))
    return len(found)


def _rewrite_outbox(connection: Connection, customer: str, refs: Mapping[str, str]) -> int:
    query = select(outbox.c.id, outbox.c.payload).join(actions, actions.c.id == outbox.c.id)
    theirs = query.where(actions.c.person == refs[customer])
    found = connection.execute(theirs).all()
    for action_id, payload in found:
        hidden = hidden_action(msgspec.json.decode(payload, type=Action), customer, refs)
        values = {"aggregateid": hidden.target, "account": refs[customer]}
        update = outbox.update().where(outbox.c.id == action_id)
        connection.execute(update.values(payload=text(hidden), **values))
    return len(found)
