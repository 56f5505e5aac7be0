"""Writing snapshots while the stream goes on: by a child for a folder, by a thread for a URL."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from streams.snapshots.children import Child, Failed, reason_of
from streams.snapshots.pickles import freeze
from streams.snapshots.shelves import is_remote
from streams.snapshots.store import Saved, Snapshots

DEADLINE: Final = 120.0
"""Seconds after which a snapshot is given up: many times what a million open orders take."""


class _Job(Protocol):
    def ended(self, timeout: float) -> Saved | Failed | None: ...


class Background:
    """Writes one snapshot at a time; what cannot be written is reported, never raised."""

    def __init__(self, snapshots: Snapshots, deadline: float = DEADLINE) -> None:
        """Write to ``snapshots``; what takes longer than ``deadline`` seconds is given up."""
        self._snapshots = snapshots
        self._deadline = deadline
        self._job: _Job | None = None

    @property
    def is_busy(self) -> bool:
        """Whether a snapshot is being written, or nobody has asked for its end yet."""
        return self._job is not None

    def start(
        self, name: str, header: Mapping[str, object], state: object, fingerprint: str
    ) -> None:
        """Begin to write ``state`` as it is now; see :meth:`Snapshots.save`.

        A child has it as it was at the fork. For a URL it is copied first, which stops the stream
        for a moment: what reaches such places (TLS, threads) does not survive a fork.

        Raises:
            RuntimeError: Another one is being written.
        """
        if self._job is not None:
            raise RuntimeError("a snapshot is being written: ask poll() or wait() for its end")
        store = self._snapshots
        try:
            if is_remote(store.where):
                frozen = freeze(state).copied()
                self._job = _Thread(
                    name, lambda: store.write(name, header, frozen, fingerprint), self._deadline
                )
            else:
                self._job = Child(
                    name, lambda: store.save(name, header, state, fingerprint), self._deadline
                )
        except Exception as error:  # noqa: BLE001 - a snapshot is never worth the stream
            self._job = _Over(Failed(name, reason_of(error)))

    def poll(self) -> Saved | Failed | None:
        """Return how the snapshot ended, once; ``None`` while it is written, or there is none."""
        return self.wait(0.0)

    def wait(self, timeout: float) -> Saved | Failed | None:
        """Return how the snapshot ended, once; ``None`` after ``timeout`` seconds without end."""
        ended = self._job.ended(timeout) if self._job is not None else None
        if ended is not None:
            self._job = None
        return ended


class _Over:
    """A snapshot that could not even be begun."""

    def __init__(self, end: Failed) -> None:
        self._end = end

    def ended(self, timeout: float) -> Failed:  # noqa: ARG002 - as the others have it
        return self._end


class _Thread:
    """A thread that writes one snapshot; one that hangs is left alone, as threads cannot be ended.

    Should it come to an end after all, its snapshot is one like any other.
    """

    def __init__(self, name: str, write: Callable[[], Saved], deadline: float) -> None:
        self._name = name
        self._write = write
        self._deadline = deadline
        self._until = time.monotonic() + deadline
        self._end: Saved | Failed | None = None
        self._thread = threading.Thread(target=self._run, name=f"snapshot {name}", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._end = self._write()
        except Exception as error:  # noqa: BLE001 - whatever a remote place says, the stream goes on
            self._end = Failed(self._name, reason_of(error))

    def ended(self, timeout: float) -> Saved | Failed | None:
        self._thread.join(max(0.0, min(timeout, self._until - time.monotonic())))
        if self._end is None and time.monotonic() >= self._until:
            return Failed(self._name, f"no end after {self._deadline:g} s: it is left alone")
        return self._end
