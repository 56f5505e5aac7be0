"""The ledger: what was found, decided, intended and done, for good, in any SQL database."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Connection, Select, and_, case, func, select

from actions.database import open_database
from actions.feed import feed_rows
from actions.persons import names_in, shown
from actions.rows import action_from, decision_from, outcome_from, problem_from
from actions.tables import actions, chain, decisions, outbox, outcomes, persons, problems
from schemas.decisions import Action, Decision, Outcome, Status
from schemas.problems import Problem

_LATEST: Final = (
    select(outcomes.c.status)
    .where(outcomes.c.action_id == actions.c.id)
    .order_by(outcomes.c.seq.desc())
    .limit(1)
    .scalar_subquery()
)
_ONE_WRITER: Final = select(chain.c.entry).with_for_update()
"""Holds the end of the chain until the transaction ends; SQLite holds the whole database."""

_UNDER_RELAY: Final = (Status.QUEUED.value, Status.UNDER_WAY.value)
_TRIED: Final = and_(outbox.c.status == Status.QUEUED.value, outbox.c.failures > 0)
STATUS_NOW: Final = case(
    (_TRIED, Status.FAILED.value),
    (outbox.c.status.in_(_UNDER_RELAY), outbox.c.status),
    else_=func.coalesce(_LATEST, actions.c.planned_status),
).label("status")
"""Where an action stands: with the relay, else as its last outcome says, else as planned."""


def actions_now() -> Select[tuple[object, ...]]:
    """Return a query of all actions in their status of now, with their customer by name."""
    joined = actions.outerjoin(outbox, outbox.c.id == actions.c.id)
    joined = joined.outerjoin(persons, persons.c.ref == actions.c.person)
    return select(*actions.c, persons.c.customer_id, STATUS_NOW).select_from(joined)


class Ledger:
    """One database, opened or created at ``url`` (``sqlite:///path`` or any SQLAlchemy URL)."""

    def __init__(self, url: str) -> None:
        self._engine = open_database(url)
        self._writer = self._engine.execution_options(writes=True)

    def close(self) -> None:
        """Give back every connection."""
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Yield a connection that sees one consistent state."""
        with self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Yield a connection whose work is stored as a whole, or not at all.

        There is one writer at a time, on either database: the chain has one end, and what one
        has spent of a budget the next one must see.
        """
        with self.claiming() as connection:
            connection.execute(_ONE_WRITER)
            yield connection

    @contextmanager
    def claiming(self) -> Iterator[Connection]:
        """Yield a connection that changes the outbox and adds nothing to the chain.

        On PostgreSQL several may at the same time, and beside the one writer.
        """
        with self._writer.begin() as connection:
            yield connection

    def problems(  # noqa: PLR0913 - each is one filter, by name
        self,
        *,
        kind: str | None = None,
        state: str | None = None,
        order_id: str | None = None,
        customer_id: str | None = None,
        subject: str | None = None,
        problem_id: str | None = None,
        limit: int | None = None,
    ) -> list[Problem]:
        """Return problems in their newest state, newest first; ``state`` is open, cleared ..."""
        wanted = {
            "id": problem_id,
            "kind": kind,
            "state": state,
            "order_id": order_id,
            "customer_id": customer_id,
            "subject": subject,
        }
        query = select(problems).order_by(problems.c.opened_at.desc(), problems.c.id).limit(limit)
        for column, value in wanted.items():
            query = query if value is None else query.where(problems.c[column] == value)
        with self.reading() as connection:
            return [problem_from(row) for row in connection.execute(query).mappings()]

    def actions(  # noqa: PLR0913 - each is one filter, by name
        self,
        *,
        status: Status | None = None,
        name: str | None = None,
        order_id: str | None = None,
        customer_id: str | None = None,
        problem_id: str | None = None,
        action_id: str | None = None,
        rule: str | None = None,
        limit: int | None = None,
    ) -> list[Action]:
        """Return actions in their status of now, newest first."""
        wanted = {
            "id": action_id,
            "name": name,
            "order_id": order_id,
            "problem_id": problem_id,
            "rule": rule,
        }
        query = actions_now().order_by(actions.c.planned_at.desc(), actions.c.id).limit(limit)
        for column, value in wanted.items():
            query = query if value is None else query.where(actions.c[column] == value)
        if customer_id is not None:
            query = query.where(persons.c.customer_id == customer_id)
        if status is not None:
            query = query.where(STATUS_NOW.element == status.value)
        with self.reading() as connection:
            return [action_from(row) for row in connection.execute(query).mappings()]

    def decisions(self, *, problem_id: str | None = None) -> list[Decision]:
        """Return decisions with their actions as they stand now, oldest first."""
        query = select(decisions).order_by(decisions.c.decided_at, decisions.c.id)
        planned = actions_now().order_by(actions.c.planned_at, actions.c.id)
        if problem_id is not None:
            query = query.where(decisions.c.problem_id == problem_id)
            planned = planned.where(actions.c.problem_id == problem_id)
        with self.reading() as connection:
            by_decision: dict[str, list[Action]] = {}
            for row in connection.execute(planned).mappings():
                by_decision.setdefault(row["decision_id"], []).append(action_from(row))
            rows = connection.execute(query).mappings().all()
            names = names_in(connection, [row["detail"] for row in rows])
        return [
            decision_from(row, tuple(by_decision.get(row["id"], ())), shown(row["detail"], names))
            for row in rows
        ]

    def outcomes(self, *, action_id: str | None = None) -> list[Outcome]:
        """Return what came of attempts, in the order in which it became known."""
        query = select(outcomes).order_by(outcomes.c.seq)
        if action_id is not None:
            query = query.where(outcomes.c.action_id == action_id)
        with self.reading() as connection:
            return [outcome_from(row) for row in connection.execute(query).mappings()]

    def feed(self, after: int, limit: int) -> list[dict[str, object]]:
        """Return what the relay was given behind number ``after``, oldest first."""
        with self.reading() as connection:
            return list(feed_rows(connection, after, limit))
