"""A message to a customer before anybody gets one: for whoever writes the words."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from actions.guests import Guest
from actions.matching import rule_for
from actions.proposals import propose
from actions.wording import LOCALES, letter
from andon.wiring import KINDS, NotPossible, read_playbook
from schemas.decisions import Action
from schemas.problems import Cause, Problem

EXAMPLE: Final = "A-1001"
"""The order that a preview tells of."""


def previews(kind: str, playbook: Path | None, locale: str | None) -> Iterator[str]:
    """Yield what a customer reads about ``kind``, in one language or in all.

    Raises:
        NotPossible: There is no such kind or language.
    """
    if kind not in KINDS:
        raise NotPossible(f"no kind is called {kind!r}: see andon playbook explain")
    if locale is not None and locale not in LOCALES:
        raise NotPossible(f"no texts in {locale!r}: there are {', '.join(LOCALES)}")
    book = read_playbook(playbook)
    problem = _example(kind)
    match = rule_for(problem, Guest(), book)
    actions: tuple[Action, ...] = ()
    if match is not None:
        actions, _ = propose(problem, match.rule, 1, 0, {})
    theirs = tuple(action for action in actions if action.order_id == EXAMPLE)
    for language in LOCALES if locale is None else (locale,):
        own = {str(name): texts for name, texts in book.form.messages.texts.items()}
        said = letter(problem, theirs, language, own.get(language, {}))
        yield f"[{language}] {said['subject']}\n\n{said['body']}"


def _example(kind: str) -> Problem:
    return Problem(
        id="0" * 32,
        kind=kind,
        subject_type="order",
        subject=EXAMPLE,
        order_id=EXAMPLE,
        customer_id="C-7",
        opened_at=0,
        due_at=0,
        detector=kind,
        detector_version="1",
        opened_by=Cause("clock", 0, 0),
    )
