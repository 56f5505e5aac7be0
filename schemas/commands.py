"""What a person says to Andon: approve, stop, silence ..., about what, why, and until when."""

from enum import StrEnum
from typing import Final

import msgspec


class Verb(StrEnum):
    """What a person can say; the value is what they type and what the ledger holds."""

    APPROVE = "approve"
    REJECT = "reject"
    UNDO = "undo"
    HOLD = "hold"
    RETRY = "retry"
    DO = "do"
    OWN = "own"
    SILENCE = "silence"
    END_SILENCE = "end silence"
    STOP = "stop"
    START = "start"
    REPORT = "report"


EVERYTHING: Final = "everything"
"""The target of a stop that holds for all rules."""


class Word(msgspec.Struct, frozen=True, gc=False):
    """Who speaks, why, and when (ms UTC)."""

    who: str
    why: str
    at: int


class Command(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One thing a person said, about one target; ``until`` is ms UTC, ``None`` for good.

    ``target_type`` is action, problem, rule, silence or everything. ``cost_minor`` is the most that
    the command sets free, in minor units of ``currency``. ``terms`` say more, for example what a
    silence covers. ``seq`` is given by the ledger.
    """

    seq: int = 0
    verb: Verb
    target_type: str
    target: str
    word: Word
    until: int | None = None
    cost_minor: int = 0
    currency: str = ""
    terms: dict[str, str] = {}
