"""Budgets and limits: what an action uses of them, on whose account, and what is too much."""

from collections.abc import Callable, Iterable

from actions.quantities import Money, span_text
from actions.rules import Budget, Limit
from schemas.decisions import Action

Spent = Callable[[Budget | Limit, str], int]
"""How much of a budget (minor units) or limit (times) a customer or rule has used, by name."""


def nothing_spent(_limit: Budget | Limit, _whose: str) -> int:
    """Return zero: the history of a shop that has not acted yet."""
    return 0


def use_of(limit: Budget | Limit, actions: Iterable[Action]) -> dict[str, int]:
    """Return how much of ``limit`` these actions use, by whom: minor units, or times."""
    used: dict[str, int] = {}
    for action, amount in _amounts(limit, actions):
        whose = whose_of(limit, action) if amount else None
        if whose is not None:
            used[whose] = used.get(whose, 0) + amount
    return used


def _amounts(limit: Budget | Limit, actions: Iterable[Action]) -> list[tuple[Action, int]]:
    """Return the actions that ``limit`` is about: one time each, or minor units of its currency."""
    if isinstance(limit, Limit):
        return [(action, 1) for action in actions if action.name == limit.action]
    currency = limit.at_most.currency
    return [(action, action.cost_minor) for action in actions if action.currency == currency]


def account_of(action: Action) -> str | None:
    """Return the customer an action counts for; their order where nobody knows who they are."""
    return action.customer_id or action.order_id


def whose_of(limit: Budget | Limit, action: Action) -> str | None:
    """Return on whose account ``limit`` counts an action; ``None`` where there is none."""
    if limit.per == "customer":
        return account_of(action)
    return action.rule if limit.per == "rule" else "everything"


def excess(limit: Budget | Limit, actions: Iterable[Action], spent: Spent) -> str | None:
    """Return how ``actions`` would exceed ``limit``, in words for people; ``None`` if not."""
    for whose, amount in use_of(limit, actions).items():
        would_be = spent(limit, whose) + amount
        if would_be > ceiling(limit):
            return f"{_said(limit, would_be)} for {whose} in {span_text(limit.within)}"
    return None


def ceiling(limit: Budget | Limit) -> int:
    """Return the most that ``limit`` allows: minor units, or times.

    A share has become a number when the playbook was read; of an unknown catalogue it is nothing.
    """
    if isinstance(limit, Budget):
        return limit.at_most.minor
    return limit.at_most if isinstance(limit.at_most, int) else 0


def _said(limit: Budget | Limit, would_be: int) -> str:
    if isinstance(limit, Limit):
        return f"{limit.action} {would_be} times of {limit.at_most}"
    return f"{Money(would_be, limit.at_most.currency)} of {limit.at_most}"
