"""What the ledger knows of a batch of changes: read in a few queries, kept up to date meanwhile."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from msgspec.structs import replace
from sqlalchemy import ColumnElement, Connection, Select, func, literal, select

from actions.bulk import select_among
from actions.cases import History, Proposal, proposal_for
from actions.causes import reported_orders, victims
from actions.guest_book import guests_in
from actions.guests import Guests
from actions.ledger import STATUS_NOW, actions_now
from actions.limits import use_of
from actions.playbook import Playbook
from actions.rows import action_from
from actions.rules import Budget, Limit
from actions.silences import NOTHING_OFF, Switches, switches_at
from actions.tables import actions, changes, outbox, problems
from schemas.decisions import Action, Decision, Status
from schemas.problems import Change, ChangeKind, Problem
from schemas.times import ms

BEGINNINGS = frozenset({ChangeKind.OPENED, ChangeKind.REVISITED})
"""Changes after which something may be planned."""

Subject = tuple[str, str, str]
"""Kind, subject type and subject of a problem."""


class Unseen(NamedTuple):
    """Changes that are not stored yet, and ids of problems that had changes before."""

    changes: list[Change]
    known: frozenset[str]


def unseen(connection: Connection, offered: Sequence[Change]) -> Unseen:
    """Return the changes that are not stored yet, each once, in the order given."""
    ids = {change.problem.id for change in offered}
    columns = (changes.c.problem_id, changes.c.what, changes.c.at)
    seen = {tuple(row) for row in _of(connection, select(*columns), changes.c.problem_id, ids)}
    known = frozenset(problem_id for problem_id, _, _ in seen)
    fresh: list[Change] = []
    for change in offered:
        key = (change.problem.id, change.what.value, change.at)
        if key not in seen:
            seen.add(key)
            fresh.append(change)
    return Unseen(fresh, known)


@dataclass(slots=True)
class Past:
    """The histories of one batch: what the database knew, and what this batch has added to it."""

    playbook: Playbook
    now: int
    planned: dict[str, list[Action]] = field(default_factory=lambda: defaultdict(list))
    handled: set[str] = field(default_factory=set)
    called_off: set[str] = field(default_factory=set)
    new: set[str] = field(default_factory=set)
    """Ids of proposed actions that no decision planned before this batch."""
    customers: dict[str, str] = field(default_factory=dict)
    ended: dict[Subject, list[int]] = field(default_factory=lambda: defaultdict(list))
    switches: Switches = NOTHING_OFF
    guests: Guests = field(default_factory=dict)
    used: dict[int, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    proposals: dict[str, tuple[Problem, Proposal]] = field(default_factory=dict)
    """What was proposed about each problem that opened, and as which state of it."""

    def of(self, problem: Problem) -> History:
        """Return the history of one problem as of now."""
        return History(
            now=self.now,
            planned=tuple(self.planned.get(problem.id, ())),
            handled=self.handled,
            ended=self._times_ended(problem),
            spent=self._spent,
            customers=self.customers,
            switches=self.switches,
            guests=self.guests,
            proposal=self._proposal(problem),
        )

    def add(self, decision: Decision) -> None:
        """Take a decision of this batch into account for the next ones."""
        self.planned[decision.problem_id] += decision.actions
        self.handled |= {a.id for a in decision.actions if a.status is not Status.SHADOW}
        queued = [a for a in decision.actions if a.status is Status.QUEUED]
        for limit in self.playbook.limits if queued else ():
            for whose, amount in use_of(limit, queued).items():
                self.used[id(limit)][whose] += amount

    def leave_off(self, action_ids: Collection[str]) -> None:
        """Know of actions that are called off before anything of this batch is decided."""
        if not action_ids:
            return
        self.called_off |= set(action_ids)
        self.handled -= set(action_ids)
        for some in self.planned.values():
            some[:] = [
                replace(one, status=Status.CALLED_OFF) if one.id in action_ids else one
                for one in some
            ]

    def propose(self, problem: Problem) -> Proposal:
        """Return what is proposed about ``problem``, and keep it for when it is decided."""
        proposal = proposal_for(problem, self.of(problem), self.playbook)
        self.proposals[problem.id] = problem, proposal
        return proposal

    def _proposal(self, problem: Problem) -> Proposal | None:
        state, proposal = self.proposals.get(problem.id, (None, None))
        return proposal if state is problem else None

    def _times_ended(self, problem: Problem) -> int:
        key = (problem.kind, problem.subject_type, problem.subject)
        return sum(at <= problem.opened_at for at in self.ended.get(key, ()))

    def _spent(self, limit: Budget | Limit, whose: str) -> int:
        return self.used[id(limit)][whose]


def recall(connection: Connection, fresh: Unseen, playbook: Playbook, now: int) -> Past:
    """Read what the ledger knows of these changes; the changes themselves are stored already."""
    past = Past(playbook, now, switches=switches_at(connection, now))
    opened = [change.problem for change in fresh.changes if change.what in BEGINNINGS]
    _recall_ended(connection, past, opened)
    _recall_planned(connection, past, fresh.known)
    _recall_customers(connection, past, opened)
    concerned = [one for p in opened for one in victims(p, past.customers)]
    past.guests = guests_in(connection, concerned, now)
    _recall_handled(connection, past, opened)
    accounts = {p.customer_id or p.order_id or "" for p in concerned}
    for limit in playbook.limits if opened else ():
        past.used[id(limit)] = Counter(dict(uses(connection, limit, accounts, now)))
    return past


def _of(
    connection: Connection,
    query: Select[Any],
    column: ColumnElement[Any],
    wanted: Collection[str],
) -> Iterator[Any]:
    return select_among(connection, query, column, wanted)


def _recall_ended(connection: Connection, past: Past, opened: Sequence[Problem]) -> None:
    over = func.coalesce(problems.c.withdrawn_at, problems.c.cleared_at)
    query = select(problems.c.kind, problems.c.subject_type, problems.c.subject, over)
    query = query.where(problems.c.state != "open")
    for *key, at in _of(connection, query, problems.c.subject, {p.subject for p in opened}):
        past.ended[key[0], key[1], key[2]].append(at)


def _recall_planned(connection: Connection, past: Past, ids: Collection[str]) -> None:
    query = actions_now().order_by(actions.c.planned_at, actions.c.id)
    for row in _of(connection, query, actions.c.problem_id, ids):
        past.planned[row.problem_id].append(action_from(row._mapping))  # noqa: SLF001 - SQLAlchemy's public name


def _recall_customers(connection: Connection, past: Past, opened: Sequence[Problem]) -> None:
    query = select(problems.c.order_id, problems.c.customer_id).distinct()
    known = query.where(problems.c.customer_id.is_not(None))
    orders = {order for problem in opened for order in reported_orders(problem)}
    past.customers = dict(map(tuple, _of(connection, known, problems.c.order_id, orders)))


def _recall_handled(connection: Connection, past: Past, opened: Sequence[Problem]) -> None:
    wanted = {action.id for problem in opened for action in past.propose(problem).actions}
    query = actions_now().with_only_columns(actions.c.id, STATUS_NOW)
    known = {row.id: row.status for row in _of(connection, query, actions.c.id, wanted)}
    past.called_off = {key for key, status in known.items() if status == Status.CALLED_OFF}
    past.handled |= known.keys() - past.called_off
    past.new = wanted - known.keys()


def uses(
    connection: Connection, limit: Budget | Limit, accounts: Collection[str] | None, now: int
) -> Iterator[tuple[str, int]]:
    """Yield who used how much of ``limit``: all that was handed to the relay and not called off.

    ``accounts`` are the customers to look for, ``None`` for all; ``now`` is ms UTC.
    """
    accounts_of = {"customer": outbox.c.account, "rule": outbox.c.rule}
    whose = accounts_of.get(limit.per, literal("everything"))
    amount = outbox.c.cost_minor if isinstance(limit, Budget) else literal(1)
    query = (
        select(whose, func.sum(amount))
        .where(_what(limit), outbox.c.planned_at > now - ms(limit.within))
        .where(outbox.c.status != Status.CALLED_OFF.value)
        .group_by(whose)
    )
    if limit.per == "customer" and accounts is not None:
        rows = _of(connection, query, outbox.c.account, accounts)
    else:
        rows = iter(connection.execute(query))
    yield from ((who or "", int(used)) for who, used in rows)


def _what(limit: Budget | Limit) -> ColumnElement[bool]:
    if isinstance(limit, Limit):
        return outbox.c.type == limit.action
    return outbox.c.currency == limit.at_most.currency
