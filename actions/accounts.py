"""What people who run the shop read about a whole group: one fact record in, sentences out."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any, Final

import yaml
from jinja2 import StrictUndefined, Template
from jinja2.sandbox import ImmutableSandboxedEnvironment
from msgspec.structs import replace

from actions.catalogue import ACTS
from actions.causes import REPORT
from schemas.decisions import Action
from schemas.problems import Problem
from schemas.times import instant

ACCOUNT: Final = "account"
"""The parameter of an action in which its receiver reads why."""

OTHER: Final = "other"
"""The word for what has none of its own."""

FOR_WEAKER: Final[Mapping[str, int]] = {"watch": 100, "hold": 10, "act": 1}
"""How many times the wrong alarms of acting are allowed, by how far evidence has climbed."""

REPAIRABLE: Final = frozenset({"sku", "sku_warehouse"})
"""Groups that a shop can report as put right."""

ADVISED: Final = frozenset({"not_as_described", "too_small", "too_large"})
"""Defects for which nothing goes off sale."""

OPTIONAL: Final[Mapping[str, str | int]] = {
    "category": "",
    "runner_up": "",
    "swapped_with": "",
    "clean_units_needed": 0,
}
"""Facts that a record may do without."""

_NUMBER: Final = re.compile(r"\d+(\.\d+)?")


@dataclass(frozen=True, slots=True)
class Words:
    """The texts of one language, and its lists of words."""

    lists: Mapping[str, Any]
    templates: Mapping[str, Template]

    def number(self, value: float | str) -> str:
        """Return a figure as people write it: ``185 000``, ``14.4`` or ``14,4``."""
        text = f"{value:g}" if isinstance(value, float) else str(value)
        return _NUMBER.sub(lambda found: self._grouped(found.group()), text)

    def _grouped(self, figure: str) -> str:
        whole, _, rest = figure.partition(".")
        grouped = f"{int(whole):,}".replace(",", " ")
        return f"{grouped}{self.lists['decimal']}{rest}" if rest.strip("0") else grouped

    def word(self, group: str, *names: str) -> str:
        """Return the word for the first of ``names`` that has one in a group of words."""
        words: Mapping[str, str] = self.lists[group]
        return next(words[name] for name in (*names, OTHER) if name in words)

    def date(self, time_ms: int) -> str:
        """Return a day (ms UTC) as people write it."""
        day = instant(time_ms)
        return self.say("date", {"day": day.day, "month": day.month, "months": self.months})

    @property
    def months(self) -> list[str]:
        """The names of months; empty where they are numbers."""
        names: list[str] = self.lists["months"]
        return names

    def say(self, name: str, facts: Mapping[str, object]) -> str:
        """Return one text, filled with ``facts``."""
        return " ".join(self.templates[name].render(facts, number=self.number).split())


@lru_cache(maxsize=2)
def words_in(locale: str) -> Words:
    """Return what is said in a language, ``en`` or ``vi``."""
    file = resources.files("actions") / "messages" / f"groups.{locale}.yaml"
    texts = yaml.safe_load(file.read_text("utf-8"))
    sandbox = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
    templates = {k: sandbox.from_string(v) for k, v in texts.items() if isinstance(v, str)}
    return Words(texts, templates)


def accounted(actions: tuple[Action, ...], problem: Problem, locale: str) -> tuple[Action, ...]:
    """Return the actions with the account of a whole group, for all but those at a customer."""
    told = account(problem, locale)
    if not told:
        return actions
    return tuple(
        action
        if ACTS[action.name].reaches_customer
        else replace(action, params=action.params | {ACCOUNT: told})
        for action in actions
    )


def account(problem: Problem, locale: str) -> str:
    """Return what proves a problem of a whole group, what is usual, and what would end it.

    Empty for a problem of one order. The first sentences say what came back and how much evidence
    that is; the same record gives the same figures in every language.
    """
    record = _record(problem)
    if not record:
        return ""
    words = words_in(locale)
    for has, parts in PARTS:
        if has <= record.keys():
            facts = {**OPTIONAL, **record, **_in_words(problem, record, words)}
            return " ".join(words.say(part, facts) for part in parts if _is_said(part, facts))
    return ""


PARTS: Final = (
    (frozenset({"rung"}), ("evidence", "usual", "swapped", "runner_up", "under", "ends")),
    (frozenset({"evidence", "since"}), ("recovered",)),
    (frozenset({"rule", "customers"}), ("floor",)),
)
"""Which facts a record needs, and which texts are made of it: the first that fits."""

NEEDS: Final[Mapping[str, str]] = {
    "runner_up": "runner_up",
    "swapped": "swapped_with",
    "under": "parent",
}
"""Texts that are left out where there is nothing to say."""


def _is_said(part: str, facts: Mapping[str, object]) -> bool:
    return part not in NEEDS or bool(facts[NEEDS[part]])


def _record(problem: Problem) -> dict[str, str | int]:
    """Return the facts by name, without the single reports; times are ms UTC."""
    found = {item.fact: item.value if item.at is None else item.at for item in problem.evidence}
    return {
        fact: value
        for fact, value in found.items()
        if value is not None and not fact.startswith(REPORT)
    }


def _in_words(problem: Problem, record: Mapping[str, str | int], words: Words) -> dict[str, object]:
    defect = problem.defect or OTHER
    said: dict[str, object] = {
        "things": words.word("things", defect),
        "defect": words.word("defects", f"{problem.subject_type} {defect}", defect),
        "parent": problem.parent or "",
        "repairable": problem.subject_type in REPAIRABLE,
    }
    if "since" in record:
        said["since"] = words.date(int(record["since"]))
    if "rung" in record:
        said["budget"] = words.say("budget", _budget(problem, record, words))
    return said


def _budget(
    problem: Problem, record: Mapping[str, str | int], words: Words
) -> dict[str, float | str]:
    """Return how many wrong alarms of this strength a month are allowed, and their name."""
    rung = str(record["rung"])
    allowed = float(str(record["wrong_alarms_allowed"]).partition(" ")[0]) * FOR_WEAKER[rung]
    off_sale = problem.subject_type == "sku" and problem.defect not in ADVISED
    acted = "delisting" if off_sale else "alarm"
    name = acted if rung == "act" else rung
    return {"allowed": allowed, "wrong": words.word("wrong", name)}
