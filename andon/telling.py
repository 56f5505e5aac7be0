"""A playbook in sentences: what happens when, how far it goes by itself, and what stops it."""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Final

from actions.catalogue import ACTS
from actions.limits import ceiling
from actions.playbook import Playbook
from actions.quantities import ALL, Money, span_text
from actions.rules import Budget, Limit, Rule, Step
from schemas.decisions import Mode

HOW_FAR: Final = {
    Mode.OFF: "nothing is planned",
    Mode.SHADOW: "this is recorded and never done",
    Mode.REVIEW: "this waits for a person",
    Mode.AUTO: "this is done at once",
}


def told(playbook: Playbook, kind: str | None = None) -> Iterator[str]:
    """Yield the playbook line by line; with ``kind`` only the rules that can answer it."""
    yield f"{playbook.version}: {len(playbook.rules)} rules, the first that fits answers."
    for rule in playbook.rules:
        if kind is None or fnmatchcase(kind, rule.kind):
            yield ""
            yield from _rule(rule)
    yield ""
    yield "Without a person never more than:"
    yield from (f"  {_limit(limit)}" for limit in playbook.limits)
    within = span_text(playbook.form.act_within)
    yield f"A problem learnt more than {within} after it opened waits for a person."
    yield from _quiet(playbook)
    yield from _roles(playbook)


def _rule(rule: Rule) -> Iterator[str]:
    yield f"{rule.name}: {_when(rule)}, {HOW_FAR[rule.mode]}:"
    yield from (f"  - {_step(step)}" for step in rule.do)
    if rule.under_root_cause is not None:
        yield "  where a root cause is known already, instead:"
        yield from (f"  - {_step(step)}" for step in rule.under_root_cause)
    if rule.undo_when_cleared:
        yield "  when it is over, what can be undone is undone."


def _when(rule: Rule) -> str:
    parts = [f"for {rule.kind}"]
    for name, values in rule.where.model_dump(exclude_defaults=True).items():
        said = values if isinstance(values, int) else " or ".join(map(str, values))
        parts.append(f"{name.replace('_', ' ')} {said}")
    if rule.rollout != ALL:
        parts.append(f"{rule.rollout} of customers")
    if rule.valid_from:
        parts.append(f"from {rule.valid_from}")
    if rule.valid_until:
        parts.append(f"until {rule.valid_until}")
    return ", ".join(parts)


def _step(step: Step) -> str:
    act = step.act
    cost = f" At most {step.cost}." if step.cost else ""
    others = {name: value for name, value in step.params.items() if name != act.cost}
    more = f" ({', '.join(f'{name}: {value}' for name, value in others.items())})" if others else ""
    undo = f"undone by {act.inverse}; {act.remains}" if act.inverse else act.remains
    return f"{step.name}{more}: {act.about}{cost} [{undo}]"


def _limit(limit: Budget | Limit) -> str:
    within = span_text(limit.within)
    whom = "in all" if limit.per == "everything" else f"per {limit.per}"
    if isinstance(limit, Limit):
        return f"{ceiling(limit)} times {limit.action} {whom} in {within}"
    return f"{Money(ceiling(limit), limit.at_most.currency)} {whom} in {within}"


def _quiet(playbook: Playbook) -> Iterator[str]:
    quiet = playbook.form.messages.quiet
    if quiet is not None:
        zone = playbook.form.zone
        yield f"Nobody is written to or called from {quiet.begins} to {quiet.ends} ({zone})."


def _roles(playbook: Playbook) -> Iterator[str]:
    if not playbook.form.roles:
        yield "Everybody may approve, undo and stop; what they do is recorded."
    for name, role in playbook.form.roles.items():
        may = ", ".join(sorted(role.may))
        each = "" if role.each is None else f", up to {role.each} each time"
        a_day = "" if role.a_day is None else f", {role.a_day} a day"
        yield f"{name} ({', '.join(role.people)}): {may}{each}{a_day}."


def catalogue_rows() -> list[dict[str, object]]:
    """Return the catalogue of actions, one row each, for people and for documents."""
    return [
        {
            "action": act.name,
            "about": act.about,
            "aimed at": act.aim.value,
            "by": act.team.value,
            "takes": ", ".join(f"{name}{'' if name in act.needs else '?'}" for name in act.takes),
            "undone by": act.inverse or "",
            "remains": act.remains,
        }
        for act in ACTS.values()
    ]
