"""A circuit breaker per destination: whoever is down is left in peace, and nobody else waits.

Closed: everything goes through. After ``fail_max`` failures in a row it opens: nothing is sent for
``reset_timeout``. Then it is half open: one try goes through, and its outcome closes or opens it.
A destination that said it is gone for good is switched off until the process starts again.
"""

import threading
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Final

from schemas.times import ms

FAIL_MAX: Final = 5
RESET_TIMEOUT: Final = timedelta(seconds=60)
"""Defaults and names of the pattern's usual implementation (pybreaker)."""

NEVER_AGAIN: Final = timedelta(hours=1)
"""How often what waits for a destination that is switched off is looked at."""


class State(StrEnum):
    """Where a breaker stands; the value is what people read and metrics are labelled with."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half open"
    OFF = "switched off by the other side"


@dataclass(slots=True)
class _Circuit:
    failures: int = 0
    state: State = State.CLOSED
    opened_at: int = 0


@dataclass(slots=True)
class Breakers:
    """All destinations of one process; any thread may ask and tell. Times are ms UTC."""

    fail_max: int = FAIL_MAX
    reset_timeout: timedelta = RESET_TIMEOUT
    _circuits: dict[str, _Circuit] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def state(self, destination: str) -> State:
        """Return where the breaker of ``destination`` stands."""
        with self._lock:
            return self._of(destination).state

    def states(self) -> dict[str, State]:
        """Return where the breaker of every destination called so far stands."""
        with self._lock:
            return {name: circuit.state for name, circuit in self._circuits.items()}

    def wait(self, destination: str, now: int) -> int | None:
        """Return until when (ms UTC) nothing may be sent; ``None`` if the caller may send now."""
        with self._lock:
            circuit = self._of(destination)
            if circuit.state is State.CLOSED:
                return None
            if circuit.state is State.OFF:
                return now + ms(NEVER_AGAIN)
            again_at = circuit.opened_at + ms(self.reset_timeout)
            if now < again_at:
                return again_at
            circuit.state = State.HALF_OPEN
            circuit.opened_at = now  # one try; the others wait as if it had opened now
            return None

    def succeeded(self, destination: str) -> None:
        """Note that ``destination`` did what it was asked; one that is off stays off."""
        with self._lock:
            circuit = self._of(destination)
            if circuit.state is not State.OFF:
                self._circuits[destination] = _Circuit()

    def failed(self, destination: str, now: int) -> None:
        """Note that ``destination`` did not answer, or asked for patience."""
        with self._lock:
            circuit = self._of(destination)
            circuit.failures += 1
            if circuit.state is State.OFF:
                return
            if circuit.state is State.HALF_OPEN or circuit.failures >= self.fail_max:
                circuit.state, circuit.opened_at = State.OPEN, now

    def switch_off(self, destination: str) -> None:
        """Note that ``destination`` wants nothing any more."""
        with self._lock:
            self._of(destination).state = State.OFF

    def _of(self, destination: str) -> _Circuit:
        return self._circuits.setdefault(destination, _Circuit())
