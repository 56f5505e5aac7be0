"""Every verdict with the branch that leads to it: a table in the order in which it is tried."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Final

from actions.cases import NOT_STARTED, STARTED, Case
from actions.limits import excess
from actions.quantities import span_text
from actions.rules import Budget, Limit
from actions.silences import said_of, said_of_stop
from schemas.decisions import Action, Mode, Verdict

Reason = Callable[[Case], str | None]
"""Why a verdict applies, in words for people (possibly none); ``None`` if it does not."""


def _contradicted_after_acting(case: Case) -> str | None:
    live = [a.name for a in case.history.planned if a.status in STARTED | NOT_STARTED]
    if case.problem.withdrawn_at is None or not live:
        return None
    return f"planned before: {', '.join(live)}"


def _contradicted(case: Case) -> str | None:
    return None if case.problem.withdrawn_at is None else ""


def _over_and_held(case: Case) -> str | None:
    if case.problem.cleared_at is None or case.rule is None or not case.rule.undo_when_cleared:
        return None
    held = [a.name for a in case.invertible if a.status in STARTED | NOT_STARTED]
    return ", ".join(held) or None


def _over(case: Case) -> str | None:
    return None if case.problem.cleared_at is None else ""


def _no_rule(case: Case) -> str | None:
    return f"kind {case.problem.kind}" if case.rule is None else None


def _switched_off(case: Case) -> str | None:
    return "" if case.mode is Mode.OFF else None


def _already_handled(case: Case) -> str | None:
    if case.fresh or not case.proposal.actions:
        return None
    return ", ".join(action.name for action in case.proposal.actions)


def _shadow(case: Case) -> str | None:
    return "" if case.mode is Mode.SHADOW else None


def _outside(case: Case) -> str | None:
    if case.rule is None or case.proposal.inside:
        return None
    return f"{case.rule.name} is rolled out to {case.rule.rollout}"


def _stopped(case: Case) -> str | None:
    stop = case.history.switches.stop_for("" if case.rule is None else case.rule.name)
    return None if stop is None else said_of_stop(stop)


def _silenced(case: Case) -> str | None:
    silence = case.history.switches.silence_for(case.problem)
    return None if silence is None else said_of(silence)


def _too_old(case: Case) -> str | None:
    age = timedelta(milliseconds=case.history.now - case.problem.opened_at)
    within = case.playbook.form.act_within
    if age <= within:
        return None
    return f"opened {span_text(age)} ago, acted on within {span_text(within)}"


def _no_target(case: Case) -> str | None:
    return ", ".join(case.proposal.aimless) or None


def _review(case: Case) -> str | None:
    return "" if case.mode is Mode.REVIEW else None


def _over_budget(case: Case) -> str | None:
    return _first_excess(case, case.playbook.form.budgets)


def _over_limit(case: Case) -> str | None:
    return _first_excess(case, case.playbook.ceilings)


def _first_excess(case: Case, limits: Iterable[Budget | Limit]) -> str | None:
    said = (excess(limit, case.fresh, case.history.spent) for limit in limits)
    return next(filter(None, said), None)


def _covered(case: Case) -> str | None:
    parent = case.problem.parent
    return None if parent is None else f"root cause {parent}"


def _act(_case: Case) -> str | None:
    return ""


BRANCHES: Final[tuple[tuple[Verdict, Reason], ...]] = (
    (Verdict.COMPENSATE, _contradicted_after_acting),
    (Verdict.NOTHING_TO_UNDO, _contradicted),
    (Verdict.RESTORE, _over_and_held),
    (Verdict.OVER, _over),
    (Verdict.NO_RULE, _no_rule),
    (Verdict.SWITCHED_OFF, _switched_off),
    (Verdict.ALREADY_HANDLED, _already_handled),
    (Verdict.SHADOW, _shadow),
    (Verdict.OUTSIDE_ROLLOUT, _outside),
    (Verdict.STOPPED, _stopped),
    (Verdict.SILENCED, _silenced),
    (Verdict.TOO_OLD, _too_old),
    (Verdict.NO_TARGET, _no_target),
    (Verdict.REVIEW, _review),
    (Verdict.OVER_BUDGET, _over_budget),
    (Verdict.OVER_LIMIT, _over_limit),
    (Verdict.COVERED_BY_PARENT, _covered),
    (Verdict.ACT, _act),
)
"""Every verdict of the policy with its branch, in the order in which they are tried."""


# --- taking back ------------------------------------------------------------------------------

Undoing = tuple[tuple[Action, ...], tuple[str, ...]]
"""Actions to undo, and ids of actions to call off."""


def nothing_undone(_case: Case) -> Undoing:
    """Return nothing: most verdicts take nothing back."""
    return (), ()


def _undo_all(case: Case) -> Undoing:
    """What has not started is called off; a remedy that may have reached a customer stays."""
    off = tuple(a.id for a in case.history.planned if a.status in NOT_STARTED)
    return tuple(a for a in case.invertible if a.status in STARTED), off


def _put_back(case: Case) -> Undoing:
    """Only what holds something back is undone: the harm was real, the remedies stay."""
    off = tuple(a.id for a in case.invertible if a.status in NOT_STARTED)
    return tuple(a for a in case.invertible if a.status in STARTED), off


UNDOING: Final[dict[Verdict, Callable[[Case], Undoing]]] = {
    Verdict.COMPENSATE: _undo_all,
    Verdict.RESTORE: _put_back,
}
