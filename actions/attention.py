"""What waits for people: who answers for it, since when, what is next, and in which order."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, and_, or_, select

from actions.causes import owner_of
from actions.commands import told
from actions.guest_book import guests_in
from actions.guests import guest_of
from actions.ledger import STATUS_NOW, actions_now
from actions.rows import action_from, problem_from
from actions.rules import People
from actions.tables import actions, outbox, outcomes, problems
from schemas.commands import Verb
from schemas.decisions import Action, Status
from schemas.problems import Problem, Severity
from schemas.times import ms

NEEDS_A_PERSON: Final = (Status.WAITING.value, Status.DEAD.value)
"""Statuses that nothing but a person ends."""

_RANK: Final = {severity: rank for rank, severity in enumerate(Severity)}
"""The worst first; the order of the enumeration."""


@dataclass(frozen=True, slots=True)
class Task:
    """A problem of which something waits for a person.

    ``since`` is ms UTC. ``person`` is who has taken it, empty where nobody has; the ``team`` that
    can remove the cause answers for it in any case.
    """

    problem: Problem
    waiting: tuple[Action, ...]
    since: int
    team: str
    person: str = ""
    tier: str = ""

    @property
    def next_step(self) -> str:
        """Return what a person can do now."""
        dead = [a.name for a in self.waiting if a.status is Status.DEAD]
        asked = [a.name for a in self.waiting if a.status is not Status.DEAD]
        steps = []
        if asked:
            steps.append(f"approve or reject: {', '.join(asked)}")
        if dead:
            steps.append(f"retry or reject: {', '.join(dead)}")
        return "; ".join(steps)


def in_order(tasks: Iterable[Task], people: People, now: int) -> list[Task]:
    """Return tasks as people take them: by severity, then tier, then age.

    Whoever has waited longer than ``longest_wait`` comes first, the oldest before all: worth to the
    shop orders the queue, and never lets anybody wait for good (practices 3.4 and 3.5).
    """
    ranks = {tier: rank for rank, tier in enumerate(people.tiers)}
    overdue = now - ms(people.longest_wait)

    def place(task: Task) -> tuple[object, ...]:
        if task.since <= overdue:
            return (0, 0, 0, task.since, task.problem.id)
        tier = ranks.get(task.tier, len(ranks))
        return (1, _RANK[task.problem.severity], tier, task.since, task.problem.id)

    return sorted(tasks, key=place)


def tasks_in(connection: Connection, now: int) -> list[Task]:
    """Return everything that waits for a person at ``now`` (ms UTC), in no order."""
    waiting = _waiting(connection)
    found = _problems(connection, list(waiting))
    owners = owners_of(connection, list(waiting))
    guests = guests_in(connection, found, now)
    return [
        Task(
            problem=problem,
            waiting=tuple(waiting[problem.id]),
            since=min(action.planned_at for action in waiting[problem.id]),
            team=owner_of(problem),
            person=owners.get(problem.id, ""),
            tier=guest_of(problem, guests).tier,
        )
        for problem in found
    ]


def owners_of(connection: Connection, problem_ids: Sequence[str]) -> dict[str, str]:
    """Return who has taken which problem; who took it last has it."""
    said = told(connection, (Verb.OWN,), targets=problem_ids)
    return {command.target: command.word.who for command in said}


def _waiting(connection: Connection) -> dict[str, list[Action]]:
    """Return what waits by problem: planned so and untouched, or taken from the relay."""
    untouched = and_(
        actions.c.planned_status == Status.WAITING.value,
        ~select(outcomes.c.seq).where(outcomes.c.action_id == actions.c.id).exists(),
    )
    stopped = outbox.c.status.in_((Status.CALLED_OFF.value, Status.DEAD.value))
    query = actions_now().where(or_(untouched, stopped), STATUS_NOW.element.in_(NEEDS_A_PERSON))
    found: defaultdict[str, list[Action]] = defaultdict(list)
    for row in connection.execute(query.order_by(actions.c.planned_at, actions.c.name)).mappings():
        found[row["problem_id"]].append(action_from(row))
    return found


def _problems(connection: Connection, ids: Sequence[str]) -> list[Problem]:
    query = select(problems).where(problems.c.id.in_(ids))
    return [problem_from(row) for row in connection.execute(query).mappings()]
