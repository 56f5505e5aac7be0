"""What the judge tells the desk: problems of orders and groups in the order of time.

One log, one order: what is decided about a problem can depend on those before it (one remedy for
one harm, a budget that is used up), so whoever decides must meet them in the same order always.
"""

from dataclasses import dataclass, field
from itertools import takewhile
from typing import Final, Generic, TypeVar

import msgspec

from schemas.problems import Change
from schemas.times import NEVER

Token = TypeVar("Token")


class BadRecord(Exception):  # noqa: N818 - read as a sentence: this is a bad record
    """A record that says nothing sensible; the message says why."""


class Found(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A record of problems: what happened to them, and up to when everything was told."""

    clock: int
    """Everything before is in this record or in those before it, ms UTC."""
    is_end: bool = False
    """Whether a recording has ended: nothing more will come."""
    changes: tuple[Change, ...] = ()
    events: tuple[tuple[int, str], ...] = ()
    """What customers said, and what was said of them: when it was recorded (ms UTC), flat JSON."""
    orders: int = 0
    """How many orders were placed."""


encode_found: Final = msgspec.json.Encoder().encode
_decode_found: Final = msgspec.json.Decoder(Found).decode


def decode_found(data: bytes | None) -> Found:
    """Return the record of problems that ``data`` is; raise BadRecord if it is none."""
    try:
        return _decode_found(data or b"")
    except msgspec.MsgspecError as error:
        raise BadRecord(f"no record of problems: {error}") from error


@dataclass(frozen=True, slots=True)
class Ready(Generic[Token]):
    """What may be acted on."""

    changes: list[Change]
    events: list[tuple[int, str]]
    """Recorded before the changes, or with them."""
    clock: int
    """Everything before is there, ms UTC."""
    done: list[Token]
    """Tokens of the records that need not be read again: the oldest, without a gap."""


@dataclass(slots=True)
class Slots(Generic[Token]):
    """Hands records over by whole slots of recorded time, so that batches change nothing.

    What is read again after a restart is handed over again; whoever decides knows it by its ids.
    """

    slot: int = 1
    """Length of a slot, ms; 1 hands everything over as soon as may be."""
    _clock: int = 0
    _is_end: bool = False
    _changes: list[Change] = field(default_factory=list)
    _said: list[tuple[int, str]] = field(default_factory=list)
    _newest: dict[Token, int] = field(default_factory=dict)
    """By record: the moment (ms UTC) of the newest thing in it."""

    @property
    def is_end(self) -> bool:
        """Whether a recording has ended, and all of it was handed over."""
        return self._is_end and not self._changes

    @property
    def held(self) -> int:
        """How many changes wait for their slot to end."""
        return len(self._changes)

    def offer(self, found: Found, token: Token) -> None:
        """Take in a record; ``token`` stands for it and is handed back once it is done with."""
        self._clock = max(self._clock, found.clock)
        self._is_end = found.is_end
        self._changes += found.changes
        self._said += found.events
        moments = [change.at for change in found.changes] + [at for at, _ in found.events]
        self._newest[token] = max(moments, default=0)

    def ready(self) -> Ready[Token]:
        """Hand over the slots that are over, each change in the order in which it was told."""
        passed = NEVER if self._is_end else self._clock // self.slot * self.slot
        changes = [change for change in self._changes if change.at < passed]
        if changes:
            self._changes = [change for change in self._changes if change.at >= passed]
        said = [one for one in self._said if one[0] < passed]
        if said:
            self._said = [one for one in self._said if one[0] >= passed]
        whole = takewhile(lambda one: one[1] < passed, self._newest.items())
        done = [token for token, _ in whole]
        for token in done:
            del self._newest[token]
        return Ready(changes, said, self._clock, done)
