"""A step of a plan as it is typed at the command line, checked like one in a playbook."""

from collections.abc import Sequence
from typing import Any

from actions.mistakes import wrong_step
from actions.rules import Step
from andon.wiring import NotPossible


def step_of(name: str, settings: Sequence[str]) -> Step:
    """Return the step ``name`` with parameters such as ``amount=5.00 USD``.

    Raises:
        NotPossible: There is no such action or parameter, or its value is of the wrong kind.
    """
    params: dict[str, Any] = dict(_pair(one) for one in settings)
    step = Step(name=name, params=params)
    if wrong := wrong_step(step):
        raise NotPossible(wrong)
    return step


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign:
        raise NotPossible(f"{text!r} sets nothing: write NAME=VALUE")
    return name.strip(), value.strip()
