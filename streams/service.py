"""The loop of the one process: collect, commit, decide, let time pass, until told to stop.

The main thread alone writes the journal. Beside it run, where asked for, one thread that reads the
input, one that serves HTTP and one that performs actions. A stop (SIGTERM, SIGINT) finishes what
was accepted.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from schemas.problems import Change
from streams.embedded import Embedded
from streams.inbox import Arrival, Inbox
from streams.workers import Worker

Watch = Callable[[list[Change]], None]
"""Is told after every turn which problems changed."""

Words = Callable[[], Sequence[Arrival]]
"""What people have said since the last turn, as events; asked once a turn."""


def nobody_speaks() -> Sequence[Arrival]:
    """Return nothing: nobody is listened to."""
    return ()


TURN_SECONDS: Final = 0.25
"""How long a turn waits for input before it lets time pass."""

_READER_SECONDS: Final = 1.0
"""A reader that waits on a silent pipe cannot be woken; what it has not left was not promised."""


@dataclass(frozen=True, slots=True)
class Beside:
    """The threads beside the writer; each may be missing."""

    reader: Worker | None = None
    server: Worker | None = None
    performer: Worker | None = None

    def input_ended(self) -> bool:
        """Whether nothing more can come in, or the input failed."""
        reader, server = self.reader, self.server
        if reader and reader.error:
            return True
        return server is None and (reader is None or not reader.is_alive())

    def input_complete(self) -> bool:
        """Whether the only input was read to its end; asked before anything is told to stop."""
        reader = self.reader
        if reader is None or self.server is not None:
            return False
        return not reader.is_alive() and reader.error is None

    def still_answering(self) -> bool:
        """Whether the server has senders to answer yet."""
        return self.server is not None and self.server.is_alive()

    def stop_sending(self) -> None:
        """Ask reader and server to finish what they have begun."""
        for worker in (self.reader, self.server):
            if worker:
                worker.stop()
        if self.reader:
            self.reader.join(_READER_SECONDS)

    def raise_error(self) -> None:
        """Raise what ended a thread before its time."""
        for worker in (self.reader, self.server, self.performer):
            if worker and worker.error:
                raise worker.error


@dataclass(frozen=True, slots=True)
class Service:
    """One run of the process; whoever sets ``stopping`` asks for a graceful end."""

    embedded: Embedded
    inbox: Inbox
    stopping: threading.Event
    watch: Watch
    words: Words = nobody_speaks

    def run(self, beside: Beside) -> None:
        """Work until the input has ended (never, with a server) or somebody asks to stop.

        Raises:
            OSError: The input cannot be read.
        """
        for worker in (beside.reader, beside.server):
            if worker:
                worker.start()
        self.embedded.rebuild()
        if beside.performer:
            beside.performer.start()
        while not (self.stopping.is_set() or beside.input_ended()):
            self._turn()
        self._drain(beside)

    def _turn(self) -> None:
        """Take in what has arrived, decide on it, let time pass."""
        if arrivals := [*self.inbox.collect(TURN_SECONDS), *self.words()]:
            self.embedded.accept(arrivals)
        self.embedded.retry_rejected()
        changes = self.embedded.decide() + self.embedded.pass_time()
        if arrivals or changes:
            self.watch(changes)

    def _drain(self, beside: Beside) -> None:
        complete = beside.input_complete()
        beside.stop_sending()
        self._turn()
        while beside.still_answering() or not self.inbox.is_empty:
            self._turn()
        if complete:
            self.watch(self.embedded.finish())
        if beside.performer:
            beside.performer.stop()
            beside.performer.join()
        beside.raise_error()
