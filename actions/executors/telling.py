"""Who is told of an action and what, in plain text: the same by mail, chat and pager."""

from collections.abc import Mapping
from typing import Final

from actions.accounts import ACCOUNT
from actions.resolving import RESOLVED
from schemas.decisions import Action, Parameter

OPS: Final = "ops"
"""The tag of the operations team: who gets whatever is for nobody else."""

TAG_OF_ACTION: Final[Mapping[str, str]] = {
    "alert-carrier": "carrier",
    "file-carrier-claim": "carrier",
    "alert-warehouse": "warehouse",
    "warn-seller": "seller",
}
"""Who is told of which action; everybody else's go to ``ops``."""


def title_of(action: Action) -> str:
    """Return one line that says what is to be done."""
    kind = action.params.get("kind", "")
    if is_resolved(action):
        return f"resolved: {kind} {action.params.get('subject', '')}"
    return f"{action.name}: {kind} {action.target}"


def is_resolved(action: Action) -> bool:
    """Whether the action says that what people were alerted of is over."""
    return action.name == RESOLVED


def body_of(action: Action) -> str:
    """Return what is known, line by line, with the id under which it was asked.

    What proves a problem of a whole group is said first, in sentences.
    """
    told = dict(action.params)
    account = [f"{_flat(told.pop(ACCOUNT))}\n"] if ACCOUNT in told else []
    lines = [f"{name}: {_flat(value)}" for name, value in told.items()]
    return "\n".join([*account, *lines, f"reference: {action.id}"])


def _flat(value: Parameter) -> str:
    return "; ".join(value) if isinstance(value, list) else str(value)
