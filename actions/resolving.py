"""What is over is said to whoever was alerted: once for each way in which a problem ends."""

from collections.abc import Collection
from typing import Final

from msgspec.structs import replace

from actions.acts import Aim
from actions.cases import STARTED, Case
from actions.causes import action_id
from actions.proposals import facts_of, note_to_ops
from schemas.decisions import Action, Status, Verdict
from schemas.problems import Problem
from schemas.times import iso

ALERTS: Final = ("notify-ops", "open-investigation", "assign-owner", "schedule-callback")
"""Actions that are words to the operations team, in order of their weight."""

RESOLVED: Final = "resolve-alert"
"""The action that says to them that it is over; it waits until every alert has been told."""

ENDINGS: Final = frozenset({Verdict.COMPENSATE, Verdict.RESTORE, Verdict.OVER})
"""Verdicts of a problem that has ended after something was planned about it."""

_TOLD: Final = STARTED | {Status.QUEUED}


def alerts_told(case: Case, verdict: Verdict, call_off: Collection[str]) -> tuple[str, ...]:
    """Return which alerts about a problem that is over were told or will be; none while it is open.

    What waits for a person was told to nobody, as was what is called off now.
    """
    if verdict not in ENDINGS:
        return ()
    told = {a.name for a in case.history.planned if a.status in _TOLD and a.id not in call_off}
    return tuple(name for name in ALERTS if name in told)


def resolution(problem: Problem, told: Collection[str], rule: str, now: int) -> Action:
    """Return the word that a problem is over, and how it ended; ``now`` is ms UTC."""
    how = "cleared" if problem.withdrawn_at is None else "withdrawn"
    ended = problem.cleared_at if problem.withdrawn_at is None else problem.withdrawn_at
    at = "" if ended is None else iso(ended)
    params = facts_of(problem) | {"state": how, "ended_at": at, "alerts": list(told)}
    note = note_to_ops(problem, how, params, rule, now)
    return replace(note, name=RESOLVED, id=action_id(note.harm, RESOLVED, f"{Aim.OPS}:ops"))
