"""What customers read: one fact record in, a subject and a body in their language out."""

import re
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from typing import Final

import yaml
from jinja2 import StrictUndefined, Template
from jinja2.sandbox import ImmutableSandboxedEnvironment
from msgspec.structs import replace

from schemas.decisions import Action
from schemas.problems import Problem

LOCALES: Final = ("en", "vi")
"""Languages there are texts for."""

OTHER: Final = "other"
"""The text for a kind that has none of its own."""

BLAME: Final[Mapping[str, tuple[str, ...]]] = {
    "en": (
        r"\byour (fault|mistake|error|failure)\b",
        r"\byou (failed|forgot|should have|were not|weren't|did not|didn't|refused|must)\b",
        r"\b(incorrect|wrong|invalid) (address|information|details)\b",
        r"\bnot our (fault|responsibility)\b",
        r"\bdue to (circumstances|reasons|factors)\b",
        r"\bbeyond our control\b",
        r"\bany inconvenience\b",
        r"\bunfortunately\b",
        r"\bper our policy\b",
        r"\byour patience\b",
    ),
    "vi": (
        r"\blỗi (của|do) bạn\b",
        r"\bdo bạn\b",
        r"\bbạn (đã )?(quên|không chịu|từ chối|lẽ ra phải|phải chịu)\b",
        r"\bđịa chỉ (sai|không đúng)\b",
        r"\bkhông phải lỗi của chúng tôi\b",
        r"\bngoài tầm kiểm soát\b",
        r"\bsự bất tiện\b",
        r"\brất tiếc\b",
        r"\btheo chính sách\b",
    ),
}
"""What is never said to a customer: blame, excuses, empty phrases (practices 1.13 and 4.1)."""


def blame_in(text: str, locale: str) -> list[str]:
    """Return the phrases of ``text`` that blame, excuse or say nothing."""
    found = (re.search(pattern, text, re.IGNORECASE) for pattern in BLAME[locale])
    return [match.group() for match in found if match is not None]


def worded(actions: tuple[Action, ...], problem: Problem, locale: str) -> tuple[Action, ...]:
    """Return the actions with the text of every message to a customer written out."""
    return tuple(
        replace(action, params=action.params | _letter_with(action, actions, problem, locale))
        if action.name == "message-customer"
        else action
        for action in actions
    )


def _letter_with(
    message: Action, actions: tuple[Action, ...], problem: Problem, locale: str
) -> dict[str, str]:
    """Tell each customer of their own order, and of what they get themselves."""
    theirs = tuple(action for action in actions if action.order_id == message.order_id)
    return letter(replace(problem, order_id=message.order_id), theirs, locale)


def letter(problem: Problem, actions: tuple[Action, ...], locale: str) -> dict[str, str]:
    """Return locale, subject and body of a message that tells of ``problem`` and ``actions``."""
    texts = texts_in(locale)
    facts = {"order_id": problem.order_id, "kind": problem.kind}
    facts["order"] = order = texts["order"].render(facts)
    facts["Order"] = order[:1].upper() + order[1:]
    remedies = [
        texts[f"remedies.{action.name}"].render(facts, amount=action.params.get("amount", ""))
        for action in actions
        if f"remedies.{action.name}" in texts
    ]
    failure = _for_kind(texts, "failures", problem.kind).render(facts)
    following = _for_kind(texts, "next", problem.kind).render(facts)
    body = texts["body"].render(facts, failure=failure, remedies=remedies, next=following)
    subject = texts["subject"].render(facts)
    return {"locale": locale, "subject": subject, "body": re.sub(r"\n{3,}", "\n\n", body)}


def _for_kind(texts: Mapping[str, Template], part: str, kind: str) -> Template:
    return texts.get(f"{part}.{kind}") or texts[f"{part}.{OTHER}"]


@lru_cache(maxsize=len(LOCALES))
def texts_in(locale: str) -> Mapping[str, Template]:
    """Return the templates of a language by dotted key, such as ``failures.wrong-item``."""
    written = (resources.files("actions") / "messages" / f"{locale}.yaml").read_text("utf-8")
    sandbox = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
    return {key: sandbox.from_string(text) for key, text in _flat(yaml.safe_load(written)).items()}


def _flat(texts: Mapping[str, str | Mapping[str, str]]) -> dict[str, str]:
    flat: dict[str, str] = {}
    for key, text in texts.items():
        if isinstance(text, str):
            flat[key] = text
        else:
            flat |= {f"{key}.{name}": sentence for name, sentence in text.items()}
    return flat
