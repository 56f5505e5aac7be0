"""The clock over what waits for people: nobody took it in time, so somebody else is told."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from sqlalchemy import Connection, select

from actions.attention import Task, tasks_in
from actions.causes import named_id
from actions.doings import stored
from actions.playbook import Playbook
from actions.proposals import facts_of, note_to_ops
from actions.quantities import span_text
from actions.tables import actions
from schemas.decisions import Action, Decision, Mode, Verdict
from schemas.problems import ChangeKind
from schemas.times import ms

EVERY_MS: Final = 30_000
"""How often the clock is looked at; the shortest wait that makes sense is a minute."""


def escalate(connection: Connection, playbook: Playbook, now: int) -> list[Action]:
    """Store and queue what must be told at ``now`` (ms UTC); each step of a task is told once.

    A step is not told after a later one, also if the clock goes back: a recording is read again
    after a restart.
    """
    told = []
    for task in tasks_in(connection, now):
        if not task.person:
            told += [
                action
                for step, action in due_steps(task, playbook, now)
                if not _is_past(connection, task, step, playbook)
                and stored(connection, _decision(task, action, playbook, now), playbook)
            ]
    return told


def due_steps(task: Task, playbook: Playbook, now: int) -> Iterator[tuple[int, Action]]:
    """Yield the newest step that is due for a task nobody has taken; none before the first."""
    tell, waits = playbook.form.owners.tell, _waits(playbook)
    passed = [number for number, wait in enumerate(waits) if task.since + ms(wait) <= now]
    if passed:
        step = passed[-1]
        whom = tell[min(step, len(tell) - 1)]
        yield step, _step(task, whom, f"nobody took this in {span_text(waits[step])}", now, step)


def _waits(playbook: Playbook) -> tuple[timedelta, ...]:
    owners = playbook.form.owners
    return (owners.within, *owners.escalate)


def _is_past(connection: Connection, task: Task, step: int, playbook: Playbook) -> bool:
    """Whether a later step was told."""
    later = range(step + 1, len(_waits(playbook)))
    ids = [_step(task, "", "", 0, number).id for number in later]
    told = select(actions.c.id).where(actions.c.id.in_(ids)).limit(1)
    return connection.execute(told).first() is not None


def _step(task: Task, whom: str, said: str, now: int, step: int) -> Action:
    params = facts_of(task.problem) | {"to": whom, "note": f"{said}: {task.next_step}"}
    return note_to_ops(task.problem, f"unattended {step}", params, "owners", now)


def _decision(task: Task, action: Action, playbook: Playbook, now: int) -> Decision:
    return Decision(
        id=named_id(f"escalation\x1f{action.id}"),
        problem_id=task.problem.id,
        change=ChangeKind.REVISITED,
        verdict=Verdict.UNATTENDED,
        detail=str(action.params["note"]),
        rule="owners",
        mode=Mode.AUTO,
        playbook_version=playbook.version,
        decided_at=now,
        actions=(action,),
    )
