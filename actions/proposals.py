"""From a rule and a problem to concrete actions: at whom, for which harm, with what in hand."""

from collections.abc import Callable, Mapping
from typing import Final

from actions.acts import Act, Aim
from actions.catalogue import ACTS
from actions.causes import (
    action_id,
    fact_of,
    harm_to_customer,
    harm_to_shop,
    is_population,
    owner_of,
    victims,
)
from actions.errors import LedgerError
from actions.rules import Rule, Step
from schemas.commands import Word
from schemas.decisions import Action, Mode, Parameter, Status
from schemas.problems import Evidence, Problem
from schemas.times import iso

NOT_KNOWN: Final = "unknown"
"""Target of an alert whose addressee nobody has named: it still reaches whoever reads alerts."""

HARMLESS_WITHOUT_NAME: Final = frozenset({Aim.CARRIER, Aim.WAREHOUSE})
"""Aims that may stay unnamed; a SKU, a seller or a lane must be known before it is touched."""


def steps_for(problem: Problem, rule: Rule) -> tuple[Step, ...]:
    """Return what the rule does here: under a root cause only what the customer gets."""
    if problem.parent is None:
        return rule.do
    if rule.under_root_cause is not None:
        return rule.under_root_cause
    return tuple(step for step in rule.do if step.act.reaches_customer)


def propose(
    problem: Problem, rule: Rule, occurrence: int, now: int, customers: Mapping[str, str]
) -> tuple[tuple[Action, ...], tuple[str, ...]]:
    """Return the actions of ``rule`` for ``problem``, and the names of those without a target.

    Each customer concerned gets theirs; where there is none, nothing is planned for customers.
    ``now`` is ms UTC; ``customers`` says who placed which order, where the problem does not.
    """
    actions: list[Action] = []
    aimless: list[str] = []
    concerned = victims(problem, customers)
    for step in steps_for(problem, rule):
        for one in concerned if step.act.reaches_customer else (problem,):
            target = target_of(one, step.act.aim)
            if target is not None:
                actions.append(_action(one, rule, step, target, occurrence, now))
            elif not step.act.reaches_customer:
                aimless.append(step.name)
    return tuple(actions), tuple(aimless)


def concrete(problem: Problem, step: Step, word: Word) -> list[Action]:
    """Return what a person asked for, as actions; LedgerError where nobody knows at whom."""
    target = target_of(problem, step.act.aim)
    if target is None:
        raise LedgerError(f"{step.name} needs a {step.act.aim}, and this problem names none")
    by_hand = Rule(name=f"by {word.who}", kind=problem.kind, mode=Mode.REVIEW, do=())
    return [_action(problem, by_hand, step, target, 1, word.at)]


def target_of(problem: Problem, aim: Aim) -> str | None:
    """Return what an action aimed at ``aim`` is done to here; ``None`` where nobody knows."""
    if aim in TARGETS:
        return TARGETS[aim](problem)
    if problem.subject_type == aim:
        return problem.subject
    return fact_of(problem, aim.value) or (NOT_KNOWN if aim in HARMLESS_WITHOUT_NAME else None)


def _purchase(problem: Problem) -> str | None:
    if is_population(problem):
        return problem.order_id
    return problem.subject


TARGETS: Final[Mapping[Aim, Callable[[Problem], str | None]]] = {
    Aim.CUSTOMER: lambda problem: problem.customer_id or problem.order_id,
    Aim.ORDER: lambda problem: problem.order_id,
    Aim.PURCHASE: _purchase,
    Aim.SUBJECT: lambda problem: f"{problem.subject_type}:{problem.subject}",
    Aim.OPS: lambda _: "ops",
}
"""Aims that every problem has, or clearly has not; the others are looked up by their name."""


def _action(  # noqa: PLR0913, PLR0917 - private, and each part is one column of the action
    problem: Problem, rule: Rule, step: Step, target: str, occurrence: int, now: int
) -> Action:
    act, cost = step.act, step.cost
    harm = harm_to_customer(problem) if act.reaches_customer else harm_to_shop(problem, occurrence)
    return Action(
        id=action_id(harm, act.name, f"{act.aim}:{target}"),
        name=act.name,
        target_type=act.aim.value,
        target=target,
        params=step.params | facts_for(act, problem),
        cost_minor=0 if cost is None else cost.minor,
        currency="" if cost is None else cost.currency,
        harm=harm,
        problem_id=problem.id,
        order_id=problem.order_id,
        customer_id=problem.customer_id,
        rule=rule.name,
        planned_at=now,
        status=Status.QUEUED,
    )


def facts_for(act: Act, problem: Problem) -> dict[str, Parameter]:
    """Return what whoever performs the action must know of the problem."""
    facts = facts_of(problem)
    return facts if act.reaches_customer else facts | investigation(problem)


def facts_of(problem: Problem) -> dict[str, Parameter]:
    """Return what a problem is about, as everybody may know it."""
    return {"kind": problem.kind, "subject": f"{problem.subject_type}:{problem.subject}"}


def investigation(problem: Problem) -> dict[str, Parameter]:
    """Return who must find out what, about what, since when, and on which proof."""
    return {
        "owner": owner_of(problem),
        "severity": problem.severity.value,
        "opened_at": iso(problem.opened_at),
        "proof": [_said(item) for item in problem.evidence],
    }


def _said(item: Evidence) -> str:
    return f"{item.fact}: {iso(item.at) if item.at is not None else item.value}"


def inverse_of(action: Action, because: str, now: int) -> Action:
    """Return the action that undoes ``action`` once that is finished; ``now`` is ms UTC."""
    name = ACTS[action.name].inverse or action.name
    return Action(
        id=action_id(action.harm, name, f"{action.target_type}:{action.target}"),
        name=name,
        target_type=action.target_type,
        target=action.target,
        params={"because": because},
        harm=action.harm,
        problem_id=action.problem_id,
        order_id=action.order_id,
        customer_id=action.customer_id,
        rule=action.rule,
        planned_at=now,
        status=Status.QUEUED,
        follows=action.id,
    )


def correction(problem: Problem, rule: str, planned: str, now: int) -> Action:
    """Return the note to the operations team that a problem did not stand after all."""
    note = f"{problem.kind} is withdrawn; customers keep what they were given"
    params = _known_to_ops(problem) | {"note": note, "planned": planned}
    return note_to_ops(problem, "withdrawn", params, rule, now)


def appeal_note(problem: Problem, word: Word) -> Action:
    """Return the note that an appeal was upheld: whoever keeps rates leaves the defects out."""
    note = f"an appeal against {problem.kind} is upheld: leave its defects out of the rate"
    said = f"{word.who}: {word.why}"
    params = _known_to_ops(problem) | {"note": note, "because": said}
    return note_to_ops(problem, "appeal", params, f"by {word.who}", word.at)


def _known_to_ops(problem: Problem) -> dict[str, Parameter]:
    return facts_for(ACTS["notify-ops"], problem)


def note_to_ops(
    problem: Problem, about: str, params: Mapping[str, Parameter], rule: str, now: int
) -> Action:
    """Return the action that tells operations ``params``, once for each thing it is ``about``."""
    harm = f"{problem.subject_type}:{problem.subject}|{about}|{problem.id}"
    return Action(
        id=action_id(harm, "notify-ops", f"{Aim.OPS}:ops"),
        name="notify-ops",
        target_type=Aim.OPS.value,
        target="ops",
        params=dict(params),
        harm=harm,
        problem_id=problem.id,
        order_id=problem.order_id,
        customer_id=problem.customer_id,
        rule=rule,
        planned_at=now,
        status=Status.QUEUED,
    )
