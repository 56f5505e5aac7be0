"""Changes of many sources in the order of time, whichever arrives first.

What is decided about one problem can depend on those before it: one remedy for one harm, a budget
that is used up. So changes are acted on only when every source has passed their moment, and then in
one order: by time, by id, and of one problem at one moment, its journey's before the judge's.
"""

from dataclasses import dataclass, field
from itertools import takewhile
from typing import Generic, TypeVar

import msgspec

from schemas.problems import Change
from schemas.times import NEVER

JUDGE = "judge"
"""The source of problems about groups; a partition's name is its number."""

Token = TypeVar("Token")


class BadRecord(Exception):  # noqa: N818 - read as a sentence: this is a bad record
    """A record that says nothing sensible; the message says why."""


class Found(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A record of problems: what one source found, and up to when it has told everything."""

    source: str
    of: int
    """How many partitions there are; the judge is one source more."""
    clock: int
    """No further change of this source comes from before this moment, ms UTC."""
    is_end: bool = False
    changes: tuple[Change, ...] = ()
    events: tuple[tuple[int, str], ...] = ()
    """What customers said, and what was said of them: when it was recorded (ms UTC), flat JSON."""
    orders: int = 0
    """How many orders were placed."""


encode_found = msgspec.json.Encoder().encode
_decode_found = msgspec.json.Decoder(Found).decode


def decode_found(data: bytes) -> Found:
    """Return the record of problems that ``data`` is; raise BadRecord if it is none."""
    try:
        return _decode_found(data)
    except msgspec.MsgspecError as error:
        raise BadRecord(f"no record of problems: {error}") from error


@dataclass(slots=True)
class _Source(Generic[Token]):
    clock: int = 0
    is_end: bool = False
    newest: Token | None = None


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
class Sequencer(Generic[Token]):
    """Holds back what some source has not passed yet."""

    slot: int = 1
    """Changes are handed over by whole slots of so many ms: 1 as soon as may be."""
    clock: int = 0
    """Everything before was handed over, ms UTC."""
    _of: int = 0
    _sources: dict[str, _Source[Token]] = field(default_factory=dict)
    _held: list[tuple[bool, Change, Token]] = field(default_factory=list)
    """Whether it is the judge's, the change, its record; each source's in its own order."""
    _said: list[tuple[int, str]] = field(default_factory=list)
    _open: dict[Token, int] = field(default_factory=dict)
    """How many changes of each record are held; one more while it is its source's newest."""

    def offer(self, found: Found, token: Token) -> None:
        """Take in a record; ``token`` stands for it and is handed back once it is done with."""
        if self._of not in (0, found.of):
            message = f"problems of one of {found.of} partitions among those of {self._of}"
            raise BadRecord(message)
        self._of = found.of
        source = self._sources.setdefault(found.source, _Source())
        source.clock = max(source.clock, found.clock)
        source.is_end = found.is_end
        self._open[token] = len(found.changes) + 1
        self._held += [(found.source == JUDGE, change, token) for change in found.changes]
        self._said += found.events
        previous, source.newest = source.newest, token
        if previous is not None:
            self._open[previous] -= 1

    @property
    def held(self) -> int:
        """How many changes wait for a source."""
        return len(self._held)

    @property
    def waits_for(self) -> list[str]:
        """Return the sources that hold back the others, and those never heard of."""
        everyone = [*map(str, range(self._of)), JUDGE]
        clocks = {name: self._sources[name].clock for name in everyone if name in self._sources}
        least = min(clocks.values(), default=0)
        return [name for name in everyone if clocks.get(name, 0) <= least]

    @property
    def passed(self) -> int:
        """The moment (ms UTC) that every source has passed; 0 until all have spoken."""
        if not self._of or len(self._sources) <= self._of:
            return 0
        if all(source.is_end for source in self._sources.values()):
            return NEVER
        clock = min(source.clock for source in self._sources.values())
        return clock // self.slot * self.slot

    def ready(self) -> Ready[Token]:
        """Hand over what every source has passed, in order."""
        passed = self.passed
        self.clock = max(self.clock, min(passed, self._newest()))
        ripe = [one for one in self._held if one[1].at < passed]
        if ripe:
            self._held = [one for one in self._held if one[1].at >= passed]
        for _, _, token in ripe:
            self._open[token] -= 1
        ripe.sort(key=lambda one: (one[1].at, one[1].problem.id, one[0]))
        said = sorted(one for one in self._said if one[0] < passed)
        if said:
            self._said = [one for one in self._said if one[0] >= passed]
        return Ready([change for _, change, _ in ripe], said, self.clock, self._done())

    def _newest(self) -> int:
        return max((source.clock for source in self._sources.values()), default=0)

    def _done(self) -> list[Token]:
        # Faust commits past what is not acknowledged yet, so nothing is handed back before it is.
        done = [token for token, _ in takewhile(lambda one: one[1] == 0, self._open.items())]
        for token in done:
            del self._open[token]
        return done
