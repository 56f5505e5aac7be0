"""One round of the running service: what people switched is switched, then the relay performs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection, func, select

from actions.desk import Desk
from actions.escalation import EVERY_MS, escalate
from actions.ledger import STATUS_NOW, Ledger, actions_now
from actions.playbook import Playbook
from actions.rows import action_from, problem_from
from actions.silences import NOTHING_OFF, Switches, said_of_stop, switches_at
from actions.store import queue, record, take_out
from actions.tables import actions, commands, decisions, outbox, outcomes, problems
from schemas.commands import EVERYTHING
from schemas.decisions import Action, Decision, Outcome, Status, Verdict
from schemas.problems import Change, ChangeKind
from schemas.times import ms

Perform = Callable[[int], list[Outcome]]
"""Performs what is due at a time (ms UTC)."""

HELD_BY: Final = "held by "
"""Begins the outcome of an action that a stop holds; the stop follows."""

_LATER: Final = decisions.alias("later")
_LATEST: Final = (
    select(func.max(_LATER.c.decided_at))
    .where(
        _LATER.c.problem_id == decisions.c.problem_id,
        _LATER.c.change.in_((ChangeKind.OPENED.value, ChangeKind.REVISITED.value)),
        _LATER.c.verdict.not_in((Verdict.BY_PERSON.value, Verdict.UNATTENDED.value)),
    )
    .scalar_subquery()
)
_LAST_WORDS: Final = (
    select(outcomes.c.detail)
    .where(outcomes.c.action_id == actions.c.id)
    .order_by(outcomes.c.seq.desc())
    .limit(1)
    .scalar_subquery()
)


def nobody_performs(_now: int) -> list[Outcome]:
    """Perform nothing: no system is named that could."""
    return []


@dataclass(slots=True)
class Rounds:
    """Called again and again with the time (ms UTC); returns what was performed.

    What a silence or a stop kept back is decided when it ends, so that it is late and never lost.
    """

    ledger: Ledger
    desk: Desk
    perform: Perform = nobody_performs
    before: Sequence[Callable[[], None]] = ()
    """What is looked at first, for example whether the playbook has changed."""
    decided: list[Decision] = field(default_factory=list)
    """What was decided anew when somebody last switched something."""
    _seen: tuple[int, Switches] = (-1, NOTHING_OFF)
    _looked: int = 0

    def __call__(self, now: int) -> list[Outcome]:
        """Do one round at ``now`` (ms UTC)."""
        for look in self.before:
            look()
        switches = self._switches(now)
        self._look_at_clock(now)
        return [] if EVERYTHING in switches.stops else self.perform(now)

    def _look_at_clock(self, now: int) -> None:
        """Look once in each half minute of the clock's time, whoever looked before a restart.

        So what is told depends on the moments of the rounds and on nothing in memory.
        """
        if now // EVERY_MS != self._looked // EVERY_MS:
            with self.ledger.writing() as connection:
                escalate(connection, self.desk.playbook, now)
            self._looked = now  # not before: a ledger that was away is asked again

    def _switches(self, now: int) -> Switches:
        """Bring the ledger in line with what is switched off; mostly there is nothing to do."""
        with self.ledger.reading() as connection:
            newest = connection.execute(select(func.max(commands.c.seq))).scalar() or 0
            switches = switches_at(connection, now)
        if (newest, switches) != self._seen:
            with self.ledger.writing() as connection:
                release(connection, switches, self.desk.playbook, now)
                again = revisits(connection, switches, now)
            self.decided = self.desk.take(again, now)
            self._seen = (newest, switches)
        if switches.stops:
            with self.ledger.writing() as connection:
                hold_stopped(connection, switches, now)
        return switches


def hold_stopped(connection: Connection, switches: Switches, now: int) -> None:
    """Take back from the relay whatever a stopped rule has queued, tried before or not."""
    query = actions_now().where(outbox.c.status == Status.QUEUED.value)
    if EVERYTHING not in switches.stops:
        query = query.where(actions.c.rule.in_(list(switches.stops)))
    held = [action_from(row) for row in connection.execute(query).mappings()]
    take_out(connection, [action.id for action in held])
    record(connection, [_held(action, switches, now) for action in held])


def _held(action: Action, switches: Switches, now: int) -> Outcome:
    stop = switches.stop_for(action.rule)
    said = HELD_BY if stop is None else HELD_BY + said_of_stop(stop)
    return Outcome(action_id=action.id, status=Status.WAITING, at=now, detail=said)


def release(connection: Connection, switches: Switches, playbook: Playbook, now: int) -> None:
    """Queue what a stop held and holds no more; what has grown too old goes on waiting."""
    oldest = now - ms(playbook.form.act_within)
    query = actions_now().where(
        STATUS_NOW.element == Status.WAITING.value,
        outbox.c.status == Status.CALLED_OFF.value,
        actions.c.planned_at >= oldest,
        _LAST_WORDS.startswith(HELD_BY),
    )
    waiting = [action_from(row) for row in connection.execute(query).mappings()]
    free = [action for action in waiting if switches.stop_for(action.rule) is None]
    queue(connection, free, now)
    record(connection, [_freed(action, now) for action in free])


def _freed(action: Action, now: int) -> Outcome:
    return Outcome(action_id=action.id, status=Status.QUEUED, at=now, detail="started again")


def revisits(connection: Connection, switches: Switches, now: int) -> Sequence[Change]:
    """Return the problems that were kept back and are no more, to be decided now (ms UTC)."""
    kept = (Verdict.SILENCED.value, Verdict.STOPPED.value)
    query = (
        select(problems.c.body, decisions.c.verdict, decisions.c.rule)
        .join(decisions, decisions.c.problem_id == problems.c.id)
        .where(decisions.c.verdict.in_(kept), decisions.c.decided_at == _LATEST)
        .where(problems.c.state != ChangeKind.WITHDRAWN.value)
    )
    again = []
    for row in connection.execute(query).mappings():
        problem = problem_from(row)
        silenced = row["verdict"] == Verdict.SILENCED
        over = silenced and not problem.is_open
        if over or switches.stop_for(row["rule"]) or switches.silence_for(problem):
            continue
        again.append(Change(ChangeKind.REVISITED, now, problem))
    return again
