"""Where problems become decisions: in one order, however many workers found them."""

import asyncio
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Generic

import numpy as np
import structlog

from schemas.codec import Decoded, Decoder
from schemas.problems import Change
from schemas.times import HOUR
from streams.embedded import Board, Clock, Hear, Settle, wall_clock
from streams.engine import Batch
from streams.found import BadRecord, Ready, Slots, Token, decode_found
from streams.tracing import Origins, settling

SLOT: Final = HOUR
"""In a recording changes are decided by hours of recorded time, at the time of their last one."""

PATIENCE_S: Final = 120.0
"""How long a ledger may be away before the worker gives up and ends."""

_LONGEST_WAIT_S: Final = 5.0
_log = structlog.get_logger("andon")


def nothing_due(_now: int) -> bool:
    """Do nothing: whoever asks performs nothing."""
    return False


@dataclass(slots=True)
class DeskStatus:
    """How deciding fares, for health and metrics."""

    clock: int = 0
    """Every problem before was decided, ms UTC."""
    held: int = 0
    orders: int = 0
    progress_at: int = 0
    """When something was last decided, ms UTC."""
    is_waiting: bool = False
    """Whether the ledger does not answer."""


class LedgerAway(Exception):  # noqa: N818 - read as a sentence: the ledger is away
    """The ledger did not answer for long; nothing was lost, it is decided after the restart."""


class LiveDesk(Generic[Token]):
    """Takes records of problems in their order, and has them decided."""

    def __init__(  # noqa: PLR0913 - whom it works with, all but two by name
        self,
        settle: Settle,
        hear: Hear,
        *,
        perform: Callable[[int], bool] = nothing_due,
        is_log: bool,
        wall: Clock = wall_clock,
        away: tuple[type[Exception], ...] = (),
        patience_s: float = PATIENCE_S,
    ) -> None:
        """Hand changes to ``settle``, what customers said to ``hear``.

        ``perform`` does what is due at a time (ms UTC) and returns whether that was anything.
        ``is_log``: recordings are judged by their own clock. ``away`` are the errors with which a
        ledger that is away answers; then it is asked again, for ``patience_s`` seconds.
        """
        self.board = Board()
        self.status = DeskStatus()
        self._settle = settle
        self._hear = hear
        self._perform = perform
        self._at_work = threading.Lock()
        self._is_log = is_log
        self._wall = wall
        self._away = away
        self._patience_s = patience_s
        self._decoder = Decoder()
        self._origins = Origins()
        self._slots: Slots[Token] = self._fresh()
        self._is_over = False
        """Whether a recording has ended and all of it was decided."""

    def _fresh(self) -> Slots[Token]:
        return Slots(SLOT if self._is_log else 1)

    def reset(self) -> None:
        """Forget what waits: it is read again, by this worker or by another one."""
        self._slots = self._fresh()
        self._is_over = False
        self._origins.clear()

    def offer(
        self, data: bytes | None, token: Token, headers: Iterable[tuple[str, bytes]] = ()
    ) -> None:
        """Take in a record of problems; raise BadRecord if it is none, and take in nothing."""
        found = decode_found(data)
        self._check(found.events)
        self._slots.offer(found, token)
        self._is_over = False
        if found.changes:
            moments = [change.at for change in found.changes]
            self._origins.note(headers, min(moments), max(moments))
        self.status.orders += found.orders

    async def decide(self) -> list[Token]:
        """Have everything decided whose slot is over; return the records done with."""
        ready = self._slots.ready()
        if ready.changes or ready.events:
            await self.patiently(lambda: self._do(ready))
            self.board.note(ready.changes)
            self._origins.forget(max((change.at for change in ready.changes), default=0))
            self.status.progress_at = self._wall()
        self.status.clock = ready.clock
        self.status.held = self._slots.held
        self._is_over = self._slots.is_end
        return ready.done

    def _do(self, ready: Ready[Token]) -> None:
        with self._at_work:
            self._decide(ready)

    def _decide(self, ready: Ready[Token]) -> None:
        if not self._is_log:
            self._hear_all(ready.events)
            self._settle_slot(ready.changes, self._wall())
            return
        changes: defaultdict[int, list[Change]] = defaultdict(list)
        for change in ready.changes:
            changes[change.at // SLOT].append(change)
        said: defaultdict[int, list[tuple[int, str]]] = defaultdict(list)
        for one in ready.events:
            said[one[0] // SLOT].append(one)
        for slot in sorted({*changes, *said}):
            self._hear_all(said[slot])
            if changes[slot]:
                now = max(change.at for change in changes[slot])  # a judge may tell some twice
                self._settle_slot(changes[slot], now)
                while self._perform(now):
                    pass

    def _settle_slot(self, changes: list[Change], now: int) -> None:
        if not changes:
            self._settle(changes, now)
            return
        moments = [change.at for change in changes]
        origins = self._origins.between(min(moments), max(moments))
        with settling(changes, origins):
            self._settle(changes, now)

    def _hear_all(self, events: Sequence[tuple[int, str]]) -> None:
        if events:
            self._hear(self._batch(events))

    def _check(self, events: Sequence[tuple[int, str]]) -> None:
        """Refuse what could not be read when its turn comes: nothing behind it would be decided."""
        if events and len(self._decoded(events).events) != len(events):
            raise BadRecord(
                "no record of problems: something in it that customers said is no event"
            )

    def _decoded(self, events: Sequence[tuple[int, str]]) -> Decoded:
        return self._decoder.decode_lines("\n".join(text for _, text in events).encode())

    def _batch(self, events: Sequence[tuple[int, str]]) -> Batch:
        decoded = self._decoded(events)
        return Batch(decoded.events, decoded.occurred, np.array([at for at, _ in events]))

    def tick(self) -> bool:
        """Do what is due now by the wall clock; return whether that was anything.

        A recording has its own clock until all of it is decided: what is due meanwhile is done slot
        by slot, so that what is decided later does not depend on how fast the recording was read,
        nor on how long the ledger was away. An alarm by the wall clock before that would be about
        what a later slot ends.
        """
        if self._is_log and not self._is_over:
            return False
        with self._at_work:
            try:
                return self._perform(self._wall())
            except self._away as error:
                _log.warning("the ledger does not answer", error=type(error).__name__)
                return False

    async def patiently(self, work: Callable[[], None]) -> None:
        """Do ``work`` in a thread; while the ledger is away, again and again."""
        until, wait = time.monotonic() + self._patience_s, 0.1
        while True:
            try:
                await asyncio.to_thread(work)
            except self._away as error:
                self.status.is_waiting = True
                if time.monotonic() > until:
                    raise LedgerAway(f"the ledger does not answer: {error}") from error
                _log.warning("the ledger does not answer", error=type(error).__name__)
                await asyncio.sleep(wait)
                wait = min(2 * wait, _LONGEST_WAIT_S)
            else:
                self.status.is_waiting = False
                return
