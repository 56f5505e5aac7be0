"""A forked child that writes one snapshot: it has the state as it was at the fork, for nothing.

It closes whatever else was open (a lock or a listening socket that it kept would outlive the
worker), leaves signals to their defaults, logs nothing (another thread may have held the lock of
the log at the fork), and ends without running what the parent registered for its own end.
"""

import gc
import os
import select
import signal
import time
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NoReturn

import msgspec

from streams.snapshots.store import Saved

NICE: Final = 5
"""How far the child steps back: the stream comes first."""

SAVED: Final = b"saved "
FAILED: Final = b"failed "
"""What the last line that a child says begins with."""

_READ: Final = 1 << 16
_MOST: Final = 1 << 20
"""How much of what a child says is kept, bytes."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A snapshot that was not written; the stream goes on without it."""

    name: str
    reason: str
    said: str = ""
    """What the child wrote to its standard error."""


class Child:
    """A process that writes one snapshot and tells how that ended through a pipe."""

    def __init__(self, name: str, write: Callable[[], Saved], deadline: float) -> None:
        """Fork, and return at once in the parent; after ``deadline`` seconds the child is killed.

        Raises:
            OSError: No process can be made.
        """
        self._name = name
        self._deadline = deadline
        self._until = time.monotonic() + deadline
        self._said = bytearray()
        self._pipe, end = os.pipe()
        try:
            self._pid = _forked()
        except OSError:
            os.close(self._pipe)
            os.close(end)
            raise
        if self._pid == 0:
            _be_the_child(name, write, end)
        os.close(end)

    def ended(self, timeout: float) -> Saved | Failed | None:
        """Return how it ended; ``None`` if it has not after ``timeout`` seconds."""
        until = min(time.monotonic() + timeout, self._until)
        while not self._has_said_all(max(0.0, until - time.monotonic())):
            if time.monotonic() >= self._until:
                return self._killed()
            if time.monotonic() >= until:
                return None
        return self._result(self._reaped())

    def _has_said_all(self, timeout: float) -> bool:
        """Take in what the child says; return whether it has closed its end."""
        poll = select.poll()
        poll.register(self._pipe, select.POLLIN)
        if not poll.poll(timeout * 1000):
            return False
        some = os.read(self._pipe, _READ)
        self._said += some[: _MOST - len(self._said)]
        return not some

    def _killed(self) -> Failed:
        os.kill(self._pid, signal.SIGKILL)
        self._reaped()
        reason = f"it was not done after {self._deadline:g} s and was killed"
        return Failed(self._name, reason, self._text)

    def _reaped(self) -> int:
        """Return the exit code, negative for a signal."""
        os.close(self._pipe)
        _, status = os.waitpid(self._pid, 0)
        return os.waitstatus_to_exitcode(status)

    @property
    def _text(self) -> str:
        return self._said.decode(errors="replace").strip()

    def _result(self, code: int) -> Saved | Failed:
        last = bytes(self._said).rstrip(b"\n").rpartition(b"\n")[2]
        if last.startswith(SAVED):
            return msgspec.json.decode(last.removeprefix(SAVED), type=Saved)
        if last.startswith(FAILED):
            return msgspec.json.decode(last.removeprefix(FAILED), type=Failed)
        how = f"signal {-code}" if code < 0 else f"status {code}"
        return Failed(self._name, f"the child ended with {how}", self._text)


def _forked() -> int:
    """Fork with all signals held back: a handler of the parent must not run in the child."""
    held = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    pid = -1
    try:
        with warnings.catch_warnings():
            # Python 3.12 and later warn of threads that hold locks at the fork. The child takes
            # none that another thread could hold: it pickles, compresses, writes files and leaves.
            warnings.filterwarnings("ignore", r".*fork\(\)", DeprecationWarning)
            pid = os.fork()
    finally:
        if pid == 0:
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
                signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, held)
    return pid


def _be_the_child(name: str, write: Callable[[], Saved], end: int) -> NoReturn:
    """Write, say how it went, and leave by the shortest way."""
    code = 1
    try:
        gc.disable()
        _leave_open_only(end)
        os.nice(NICE)
        os.write(end, _last(SAVED, write()))
        code = 0
    except BaseException as error:  # noqa: BLE001 - nothing may get out of the child
        said = "".join(traceback.format_exception(error))[-_READ // 2 :]
        os.write(end, _last(FAILED, Failed(name, reason_of(error), said)))
    finally:
        os._exit(code)


def _leave_open_only(end: int) -> None:
    """Close everything but the pipe, which also takes what is written to stdout and stderr."""
    os.dup2(end, 1)
    os.dup2(end, 2)
    most = os.sysconf("SC_OPEN_MAX")
    os.closerange(3, end)
    os.closerange(end + 1, most)


def reason_of(error: BaseException) -> str:
    """Return why something was not written, in a line."""
    if isinstance(error, OSError) and error.strerror:
        where = f": {error.filename}" if error.filename else ""
        return f"{error.strerror}{where}"
    return f"{type(error).__name__}: {error}"


def _last(what: bytes, end: Saved | Failed) -> bytes:
    return b"\n" + what + msgspec.json.encode(end) + b"\n"
