"""The threads beside the writer: one reads, one serves HTTP, one performs actions."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import structlog
import uvicorn
from starlette.types import ASGIApp

from streams.inbox import Arrival, Inbox
from streams.intake import JSON_LINES, Delivery
from streams.sources import Piece

Clock = Callable[[], int]
"""The present, ms UTC."""

Perform = Callable[[int], Sequence[object]]
"""Performs what is due at a time (ms UTC) and returns what came of it, empty if nothing was due."""

_PERFORM_SECONDS: Final = 0.5
_FULL_SECONDS: Final = 0.2
_MOST_DRAIN_ROUNDS: Final = 100
_log = structlog.get_logger("andon")


class Worker(threading.Thread):
    """A thread that can be asked to stop and tells what ended it."""

    def __init__(self, name: str, work: Callable[[], None], stop: Callable[[], None]) -> None:
        """Prepare to run ``work`` until it returns; ``stop`` makes it return soon."""
        super().__init__(name=name, daemon=True)
        self.error: Exception | None = None
        self.stop = stop
        self._work = work

    def run(self) -> None:
        """Run the work; what it raises is kept for the main thread."""
        try:
            self._work()
        except Exception as error:  # noqa: BLE001 - raised again by the main thread
            self.error = error


def reader(name: str, pieces: Iterable[Piece], inbox: Inbox, stopping: threading.Event) -> Worker:
    """Return the thread that brings ``pieces`` of the input called ``name`` to the inbox.

    ``stopping`` is this thread's own: it is set when the worker is told to stop.
    """

    def work() -> None:
        for piece in pieces:
            arrival = Arrival(Delivery(piece.body, JSON_LINES, _origin(name, piece)), piece.mark)
            while not stopping.is_set() and not inbox.put(arrival, _FULL_SECONDS):
                pass
            if stopping.is_set():
                return

    return Worker("reader", work, stopping.set)


def _origin(name: str, piece: Piece) -> str:
    if piece.mark is None:
        return name
    return f"{name} from byte {piece.mark.offset - len(piece.body)}"


def http_server(app: ASGIApp, listener: socket.socket) -> Worker:
    """Return the thread that serves ``app`` on ``listener``; stopping answers what is under way."""
    settings = uvicorn.Config(
        app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=10
    )
    server = uvicorn.Server(settings)

    def stop() -> None:
        server.should_exit = True

    return Worker("http", lambda: server.run(sockets=[listener]), stop)


def performer(perform: Perform, clock: Clock) -> Worker:
    """Return the thread that performs actions; stopping performs once more what is due."""
    stopping = threading.Event()

    def work() -> None:
        while not stopping.is_set():
            if not _performed(perform, clock):
                stopping.wait(_PERFORM_SECONDS)
        for _ in range(_MOST_DRAIN_ROUNDS):
            if not _performed(perform, clock):
                return

    return Worker("performer", work, stopping.set)


def _performed(perform: Perform, clock: Clock) -> bool:
    outcomes = perform(clock())
    for outcome in outcomes:
        _log.info("action", outcome=outcome)
    return bool(outcomes)


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 takes any free one.

    Raises:
        OSError: The port is taken, or the host is not of this machine.
    """
    with contextlib.ExitStack() as on_error:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        # asyncio sends small answers at once (TCP_NODELAY) only where the protocol is named; else
        # each waits 40 ms for an acknowledgement that its reader holds back.
        kind = (family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener = on_error.enter_context(socket.socket(*kind))
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen()
        on_error.pop_all()
        return listener
