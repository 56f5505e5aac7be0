"""Who may do what without asking anybody: limits per role instead of chains of approval."""

from collections.abc import Callable
from dataclasses import dataclass

from actions.quantities import Money
from actions.rules import PlaybookForm, Role
from schemas.commands import Verb
from schemas.decisions import Action

Spent = Callable[[str], int]
"""What this person has set free in the last day, minor units of a currency."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person wants to do: a verb, and the action it sets going if any."""

    who: str
    verb: Verb
    action: Action | None = None


def role_of(who: str, form: PlaybookForm) -> tuple[str, Role] | None:
    """Return the role of a person by name; ``None`` for somebody nobody has named."""
    named = ((name, role) for name, role in form.roles.items() if who in role.people)
    return next(named, None)


def refusal(wish: Wish, form: PlaybookForm, spent: Spent) -> str | None:
    """Return why this person may not, in words that say what to do; ``None`` if they may.

    A playbook without roles lets everybody do everything; what they do is recorded all the same.
    """
    if not form.roles:
        return None
    found = role_of(wish.who, form)
    if found is None:
        return f"{wish.who} has no role in the playbook: name them under roles"
    name, role = found
    if wish.verb not in role.may:
        return f"the role {name} may not {wish.verb.value}; it may {', '.join(sorted(role.may))}"
    return _beyond(name, role, wish.action, spent) if wish.action is not None else None


def _beyond(name: str, role: Role, action: Action, spent: Spent) -> str | None:
    if role.actions and action.name not in role.actions:
        return f"the role {name} may not set {action.name} going"
    if not action.currency or not action.cost_minor:
        return None
    return _costs_too_much(name, role, Money(action.cost_minor, action.currency), spent)


def _costs_too_much(name: str, role: Role, cost: Money, spent: Spent) -> str | None:
    for what, limit, used in (
        ("each time", role.each, 0),
        ("a day", role.a_day, spent(cost.currency)),
    ):
        if limit is None:
            continue
        would_be = Money(used + cost.minor, cost.currency)
        if limit.currency != cost.currency or would_be.minor > limit.minor:
            return f"the role {name} may spend {limit} {what}; this would be {would_be}"
    return None
