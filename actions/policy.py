"""What is done about a problem, and why: two pure functions over problem, history and playbook."""

from typing import Final

from msgspec.structs import replace

from actions.accounts import accounted
from actions.branches import BRANCHES, UNDOING, nothing_undone
from actions.cases import NOT_STARTED, Decided, History, look_at
from actions.catalogue import ACTS
from actions.causes import action_id, is_population
from actions.playbook import Playbook
from actions.proposals import correction, inverse_of, steps_for
from actions.quiet import in_time
from actions.resolving import alerts_told, resolution
from actions.wording import worded
from schemas.decisions import Action, Status, Verdict
from schemas.problems import Problem

STATUS_OF: Final = {
    Verdict.OUTSIDE_ROLLOUT: Status.SHADOW,
    Verdict.ACT: Status.QUEUED,
    Verdict.COVERED_BY_PARENT: Status.QUEUED,
    Verdict.SHADOW: Status.SHADOW,
    Verdict.STOPPED: Status.SHADOW,
    Verdict.SILENCED: Status.SHADOW,
    Verdict.TOO_OLD: Status.WAITING,
    Verdict.NO_TARGET: Status.WAITING,
    Verdict.REVIEW: Status.WAITING,
    Verdict.OVER_BUDGET: Status.WAITING,
    Verdict.OVER_LIMIT: Status.WAITING,
}
"""How planned actions start out; every other verdict plans none of the rule's."""


def decide(problem: Problem, history: History, playbook: Playbook) -> Decided:
    """Return the first verdict whose branch says why; pure, so the same three give the same one."""
    case = look_at(problem, history, playbook)
    verdict, why = next((v, why) for v, said in BRANCHES if (why := said(case)) is not None)
    undo, call_off = UNDOING.get(verdict, nothing_undone)(case)
    return Decided(
        verdict=verdict,
        detail=why,
        rule="" if case.rule is None else case.rule.name,
        mode=case.mode,
        now=history.now,
        guests=history.guests,
        fresh=case.fresh if verdict in STATUS_OF else (),
        undo=undo,
        call_off=call_off,
        alerted=alerts_told(case, verdict, call_off),
    )


def plan(problem: Problem, decided: Decided, playbook: Playbook) -> tuple[Action, ...]:
    """Return the actions that follow from a verdict, in the order in which they are performed."""
    if decided.verdict not in STATUS_OF:
        return (*_inverses(problem, decided), *_resolved(problem, decided))
    status = STATUS_OF[decided.verdict]
    planned = (_planned(action, status) for action in decided.fresh)
    actions = tuple(in_time(action, playbook, decided.now) for action in planned)
    messages = playbook.form.messages
    told = worded(actions, problem, messages, decided.guests)
    return accounted(told, problem, messages.locale)


def covered(problem: Problem, history: History, playbook: Playbook) -> tuple[str, ...]:
    """Return the actions that a root cause makes needless that turned out to be behind ``problem``.

    Operations are told of the root cause, once. What the customer gets stays, and so does what has
    started, what a person wanted, and what the rule does under a root cause, too.
    """
    if is_population(problem):
        return ()
    rules = {rule.name: rule for rule in playbook.rules}
    return tuple(
        action.id
        for action in history.planned
        if action.status in NOT_STARTED
        and action.follows is None
        and action.rule in rules
        and not ACTS[action.name].reaches_customer
        and action.name not in {step.name for step in steps_for(problem, rules[action.rule])}
    )


def _planned(action: Action, status: Status) -> Action:
    """A shadow has an id of its own, so that it never stands in the way of the real action."""
    if status is not Status.SHADOW:
        return action if action.status is status else replace(action, status=status)
    own_id = action_id(f"{action.harm}|shadow", action.name, action.target)
    return replace(action, status=status, id=own_id)


def _inverses(problem: Problem, decided: Decided) -> tuple[Action, ...]:
    undone = tuple(inverse_of(a, decided.verdict.value, decided.now) for a in decided.undo)
    if decided.verdict is not Verdict.COMPENSATE:
        return undone
    return (*undone, correction(problem, decided.rule, decided.detail, decided.now))


def _resolved(problem: Problem, decided: Decided) -> tuple[Action, ...]:
    if not decided.alerted:
        return ()
    return (resolution(problem, decided.alerted, decided.rule, decided.now),)
