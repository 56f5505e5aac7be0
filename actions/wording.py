"""What customers read: one fact record in, a subject and a body in their language out."""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from functools import lru_cache
from importlib import resources
from types import MappingProxyType
from typing import Final, NamedTuple

import yaml
from jinja2 import StrictUndefined, Template, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from msgspec.structs import replace

from actions.guests import STRANGER, Guest, Guests
from actions.holes import MARK, only_puts_in
from actions.rules import Locale, Messages
from schemas.decisions import Action, Parameter
from schemas.problems import Problem

LOCALES: Final[tuple[Locale, ...]] = ("en", "vi")
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


def worded(
    actions: tuple[Action, ...],
    problem: Problem,
    messages: Messages,
    guests: Guests = MappingProxyType({}),
) -> tuple[Action, ...]:
    """Return the actions with the text of every message to a customer written out.

    Each customer is written to in their language and on the channel they prefer, where they have
    said so, else as the playbook says.
    """
    return tuple(
        _with_letter(action, actions, problem, messages, guests)
        if action.name == "message-customer"
        else action
        for action in actions
    )


def _with_letter(
    message: Action,
    actions: tuple[Action, ...],
    problem: Problem,
    messages: Messages,
    guests: Guests,
) -> Action:
    """Tell each customer of their own order, and of what they get themselves."""
    guest = guests.get(message.customer_id or "", STRANGER)
    order = message.order_id
    about = problem if problem.order_id == order else replace(problem, order_id=order)
    theirs = tuple(action for action in actions if action.order_id == order)
    locale = language_of(guest, messages)
    own = messages.texts.get(locale) or {}
    said = letter(about, theirs, locale, own)
    return replace(message, params={**message.params, **said, **channels_of(guest, messages)})


def language_of(guest: Guest, messages: Messages) -> Locale:
    """Return the customer's language if there are texts in it (``vi-VN`` is ``vi``)."""
    spoken = guest.locale.replace("_", "-").partition("-")[0].lower()
    return next((known for known in LOCALES if known == spoken), messages.locale)


def channels_of(guest: Guest, messages: Messages) -> dict[str, Parameter]:
    """Return how to reach the customer: one way, and what to try next if it does not work."""
    ways = dict.fromkeys(
        (guest.channel, *messages.channels) if guest.channel else messages.channels
    )
    first, *others = ways or ("",)
    return {"channel": first, "fallbacks": others}


def letter(
    problem: Problem,
    actions: tuple[Action, ...],
    locale: str,
    own: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, str]:
    """Return locale, subject and body of a message that tells of ``problem`` and ``actions``.

    ``own`` are a shop's own texts by dotted key; they win over those that ship with Andon.
    """
    order = problem.order_id
    told = tuple((action.name, str(action.params.get("amount", ""))) for action in actions)
    about = About(problem.kind, MARK if order else order, told, locale, tuple(own.items()))
    said = written(about) if order is None or "\n" not in order else None
    if said is None:
        said = _written(about._replace(order_id=order))
    subject, body = said
    if order:
        subject, body = subject.replace(MARK, order), body.replace(MARK, order)
    return {"locale": locale, "subject": subject, "body": body}


class About(NamedTuple):
    """All that a letter is made of; ``remedies`` are names of actions with their amounts."""

    kind: str
    order_id: str | None
    remedies: tuple[tuple[str, str], ...]
    locale: str
    own: tuple[tuple[str, str], ...]


@lru_cache(maxsize=1_000)
def written(about: About) -> tuple[str, str] | None:
    """Return subject and body with ``MARK`` left in them for the number of any order.

    ``None`` where one of the texts does more with the number than to put it in, so that each order
    has to be written to by itself.
    """
    texts = _texts_of(about)
    if not all(only_puts_in(text) for text in texts.values()):
        return None
    begins_with_number = compiled(texts["order"]).render(_facts_of(about)).startswith(MARK)
    return None if begins_with_number else _written(about)


def _facts_of(about: About) -> dict[str, str | None]:
    return {"order_id": about.order_id, "kind": about.kind}


def _texts_of(about: About) -> dict[str, str]:
    """Return the texts of one letter, by what they say; ``remedies.`` as far as there are any."""
    texts = {**sources_in(about.locale), **dict(about.own)}
    wanted = ("order", "subject", "body", *(f"remedies.{name}" for name, _ in about.remedies))
    said = {key: texts[key] for key in wanted if key in texts}
    for part in ("failures", "next"):
        own = f"{part}.{about.kind}"
        said[part] = texts[own if own in texts else f"{part}.{OTHER}"]
    return said


def _written(about: About) -> tuple[str, str]:
    texts = {key: compiled(text) for key, text in _texts_of(about).items()}
    facts = _facts_of(about)
    facts["order"] = order = texts["order"].render(facts)
    facts["Order"] = order[:1].upper() + order[1:]
    remedies = [
        texts[f"remedies.{name}"].render(facts, amount=amount)
        for name, amount in about.remedies
        if f"remedies.{name}" in texts
    ]
    failure = texts["failures"].render(facts)
    following = texts["next"].render(facts)
    body = texts["body"].render(facts, failure=failure, remedies=remedies, next=following)
    subject = texts["subject"].render(facts)
    return subject, re.sub(r"\n{3,}", "\n\n", body)


@lru_cache(maxsize=len(LOCALES))
def sources_in(locale: str) -> Mapping[str, str]:
    """Return the texts of a language by dotted key, such as ``failures.wrong-item``."""
    file = resources.files("actions") / "messages" / f"{locale}.yaml"
    return _flat(yaml.safe_load(file.read_text("utf-8")))


@lru_cache(maxsize=1_000)
def compiled(text: str) -> Template:
    """Return ``text`` as a template that can do nothing but write."""
    sandbox = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
    return sandbox.from_string(text)


FACTS: Final[Mapping[str, object]] = {
    "order_id": "A-1001",
    "kind": "late-delivery",
    "order": "your order A-1001",
    "Order": "Your order A-1001",
    "amount": "5.00 USD",
    "failure": "It did not arrive.",
    "remedies": ["We are sending it again."],
    "next": "You hear from us.",
}
"""Every name that a text may use, with an example of what it holds."""


def faults_in(key: str, text: str, locale: str) -> list[str]:
    """Return what is wrong with a shop's own text, in words that say what to write instead."""
    if key not in sources_in(locale):
        near = get_close_matches(key, sources_in(locale), n=1)
        return [f"no text is called {key!r}" + (f"; did you mean {near[0]!r}?" if near else "")]
    try:
        said = compiled(text).render(FACTS)
    except TemplateError as error:
        return [f"this template cannot be read: {error}"]
    faults = [f"never say {phrase!r} to a customer" for phrase in blame_in(said, locale)]
    lost = [name for name in NEEDED.get(key, ()) if name not in text]
    return faults + [f"leaves out {{{{ {name} }}}}" for name in lost]


NEEDED: Final[Mapping[str, tuple[str, ...]]] = {"body": ("failure", "remedies", "next")}
"""What a text must tell: what failed, what is done, what happens next."""


def _flat(texts: Mapping[str, str | Mapping[str, str]]) -> dict[str, str]:
    flat: dict[str, str] = {}
    for key, text in texts.items():
        if isinstance(text, str):
            flat[key] = text
        else:
            flat |= {f"{key}.{name}": sentence for name, sentence in text.items()}
    return flat
