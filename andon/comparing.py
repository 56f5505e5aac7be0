"""Two playbooks side by side: what differs in the text, and what it means for customers."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from actions.acts import Act
from actions.catalogue import ACTS
from actions.limits import account_of
from actions.playbook import Playbook
from actions.quantities import Money, span_text
from actions.rules import Form, Step
from andon.replaying import Wanted, replay_sources
from andon.wiring import decide_all, read_playbook
from schemas.decisions import Action, Status

GOES: Final = frozenset({Status.QUEUED, Status.WAITING})
"""Statuses in which a customer gets something, at once or after a person's look."""

_ABSENT: Final = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one playbook makes of a history: problems and the actions it would have planned."""

    problems: frozenset[str]
    actions: Sequence[Action]

    def given(self) -> dict[str, set[str]]:
        """Return what each customer would have been given: names of actions by customer."""
        given: defaultdict[str, set[str]] = defaultdict(set)
        for action in self.actions:
            account = account_of(action)
            if action.status in GOES and account and _act(action).reaches_customer:
                given[account].add(action.name)
        return dict(given)

    def spent(self) -> dict[str, int]:
        """Return the most it would have cost, in minor units by currency."""
        spent: defaultdict[str, int] = defaultdict(int)
        for action in self.actions:
            if action.currency and action.status in GOES:
                spent[action.currency] += action.cost_minor
        return dict(spent)


def _act(action: Action) -> Act:
    return ACTS[action.name]


def text_differences(old: Playbook, new: Playbook) -> list[dict[str, object]]:
    """Return every setting in which two playbooks differ, one row each: where, before, after."""
    before, after = _flat(old), _flat(new)
    places = dict.fromkeys((*before, *after))
    return [
        {"where": place, "before": before.get(place, _ABSENT), "after": after.get(place, _ABSENT)}
        for place in places
        if before.get(place) != after.get(place)
    ]


def _flat(playbook: Playbook) -> dict[str, str]:
    """Return all settings as text by dotted place; rules go by their names, not their numbers."""
    flat: dict[str, str] = {}
    for name, value in playbook.form:
        if name not in LISTED:
            flat |= dict(_leaves(value, name))
    for what, limits in (("budget", playbook.form.budgets), ("limit", playbook.form.limits)):
        flat |= {f"{what} {number}": _fields(limit) for number, limit in enumerate(limits, 1)}
    for place, rule in enumerate(playbook.rules, 1):
        flat |= {f"rule {rule.name!r}: place": str(place)}
        flat |= dict(_leaves(rule, f"rule {rule.name!r}: "))
    return flat


LISTED: Final = frozenset({"name", "rules", "budgets", "limits"})
"""Parts of a playbook that are compared in a way of their own."""


def _leaves(value: object, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Form) and not isinstance(value, Step):
        yield from _below(dict(value), place)
    elif isinstance(value, Mapping):
        yield from _below(value, place)
    elif value is not None:
        yield place, _text(value)


def _below(fields: Mapping[str, object], place: str) -> Iterator[tuple[str, str]]:
    joint = "" if place.endswith(" ") else "."
    for key, item in fields.items():
        yield from _leaves(item, f"{place}{joint}{key}")


def _fields(form: Form) -> str:
    return ", ".join(f"{name} {_text(value)}" for name, value in form)


def _text(value: object) -> str:
    if isinstance(value, timedelta):
        return span_text(value)
    if isinstance(value, Step):
        params = ", ".join(f"{name} {item}" for name, item in value.params.items())
        return f"{value.name} ({params})" if params else value.name
    if isinstance(value, frozenset):
        return ", ".join(sorted(map(str, value)))
    return ", ".join(map(_text, value)) if isinstance(value, tuple) else str(value)


def outcome_of(playbook: Path | None, events: Sequence[Path]) -> Outcome:
    """Return what a playbook would have made of recorded events."""
    replayed = replay_sources(Wanted(events, playbook))
    decisions = decide_all(replayed.changes, read_playbook(playbook))
    actions = [action for decision in decisions for action in decision.actions]
    return Outcome(frozenset(problem.id for problem in replayed.problems), actions)


def effect(old: Outcome, new: Outcome) -> list[dict[str, object]]:
    """Return the figures of both, with the customers helped and harmed by the change first.

    Cost never stands alone: the customer has a chair in every decision (practices 1.1 and 1.10).
    """
    rows: list[dict[str, object]] = [
        _row("customers who get more", "", len(_richer(old, new))),
        _row("customers who get less", "", len(_richer(new, old))),
        _row("customers helped", len(old.given()), len(new.given())),
        _row("problems found", len(old.problems), len(new.problems)),
        _row("problems found by one only", *_only(old.problems, new.problems)),
        *(_row(status.value, _count(old, status), _count(new, status)) for status in Status),
    ]
    for currency in sorted({*old.spent(), *new.spent()}):
        cost = [Money(one.spent().get(currency, 0), currency) for one in (old, new)]
        rows.append(_row("at most spent", *map(str, cost)))
    return [row for row in rows if row["before"] or row["after"]]


def _richer(old: Outcome, new: Outcome) -> set[str]:
    """Return the customers who get something under ``new`` that they did not get under ``old``."""
    before = old.given()
    return {name for name, given in new.given().items() if given - before.get(name, set())}


def _only(old: frozenset[str], new: frozenset[str]) -> tuple[int, int]:
    return len(old - new), len(new - old)


def _count(outcome: Outcome, status: Status) -> int:
    return sum(action.status is status for action in outcome.actions)


def _row(figure: str, before: object, after: object) -> dict[str, object]:
    return {"figure": figure, "before": before, "after": after}
