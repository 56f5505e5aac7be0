"""Builders, and a receiver on loopback that keeps count: for tests and demonstrations."""

import base64
import json
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from msgspec.structs import replace
from standardwebhooks import Webhook as Signature
from standardwebhooks.webhooks import WebhookVerificationError

from schemas.problems import Cause, Change, ChangeKind, Problem, Severity, problem_id
from schemas.times import DAY

NOON: Final = 1_767_268_800_000
"""2026-01-01T12:00:00Z in ms UTC, a time at which nothing special happens."""

SECRET: Final = "whsec_" + base64.b64encode(b"a secret for loopback only").decode()
"""Signs what the loopback receiver gets; worthless anywhere else."""


def a_problem(kind: str = "late-delivery", **fields: Any) -> Problem:  # noqa: ANN401 - any field
    """Return a problem of one order, open since ``NOON``; ``fields`` replace what matters."""
    built: dict[str, Any] = {
        "subject_type": "order",
        "subject": "O1",
        "order_id": "O1",
        "customer_id": "C1",
        "opened_at": NOON,
        "severity": Severity.WARNING,
        "detector": kind,
        "detector_version": "1",
    } | fields
    opened_at = built["opened_at"]
    built.setdefault("due_at", opened_at)
    built.setdefault("opened_by", Cause("clock", opened_at, opened_at))
    built.setdefault("id", problem_id(kind, built["subject_type"], built["subject"], opened_at))
    return Problem(kind=kind, **built)


def opened(problem: Problem) -> Change:
    """Return the change that opened ``problem``."""
    return Change(ChangeKind.OPENED, problem.opened_at, problem)


def withdrawn(problem: Problem, at: int = NOON + DAY) -> Change:
    """Return the change by which late evidence contradicts ``problem`` at ``at`` (ms UTC)."""
    ended = replace(problem, withdrawn_at=at, ended_by=Cause("return.cancelled", at, at))
    return Change(ChangeKind.WITHDRAWN, at, ended)


def cleared(problem: Problem, at: int = NOON + DAY) -> Change:
    """Return the change that ends ``problem`` at ``at`` (ms UTC)."""
    ended = replace(problem, cleared_at=at, ended_by=Cause("shipment.delivered", at, at))
    return Change(ChangeKind.CLEARED, at, ended)


class Receiver:
    """What stands for a shop's system: verifies signatures, does each id once, keeps count.

    ``deliveries`` counts requests that were accepted by id, ``effects`` holds each id's body once,
    ``refused`` says why others were not believed. ``answers`` are statuses (with headers) for the
    next requests, before any counting; afterwards the answer is 204. ``pause_s`` is how long it
    takes to answer.
    """

    def __init__(self, secret: str | None = SECRET) -> None:
        self._signature = None if secret is None else Signature(secret)
        self._lock = threading.Lock()
        self.deliveries: Counter[str] = Counter()
        self.effects: dict[str, Any] = {}
        self.refused: list[str] = []
        self.answers: deque[tuple[int, Mapping[str, str]]] = deque()
        self.pause_s = 0.0
        self.url = ""
        self.stop: Callable[[], None] = lambda: None

    def take(self, headers: Mapping[str, str], body: bytes) -> tuple[int, Mapping[str, str]]:
        """Return the status and headers of the answer to one request."""
        with self._lock:
            if self.answers:
                return self.answers.popleft()
            try:
                said = self._verified(headers, body)
            except (WebhookVerificationError, ValueError) as error:
                self.refused.append(str(error))
                return 401, {}
            key = headers.get("webhook-id") or str(len(self.deliveries))
            self.deliveries[key] += 1
            self.effects.setdefault(key, said)
            return 204, {}

    def _verified(self, headers: Mapping[str, str], body: bytes) -> object:
        if self._signature is None:
            return json.loads(body)
        return self._signature.verify(body, dict(headers))


@contextmanager
def loopback_receiver(secret: str | None = SECRET) -> Iterator[Receiver]:
    """Run a receiver on a free port of 127.0.0.1; ``secret`` is ``None`` for unsigned requests."""
    receiver = Receiver(secret)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(receiver))
    receiver.url = f"http://127.0.0.1:{server.server_address[1]}/actions"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    receiver.stop = partial(_stop, server, thread)
    try:
        yield receiver
    finally:
        receiver.stop()


def _stop(server: ThreadingHTTPServer, thread: threading.Thread) -> None:
    server.shutdown()
    server.server_close()
    thread.join()


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Endpoint(BaseHTTPRequestHandler):
        """Hands every POST to the receiver."""

        def do_POST(self) -> None:
            """Answer one request; one whose sender died while sending it has not been made."""
            size = int(self.headers.get("content-length") or 0)
            body = self.rfile.read(size)
            if len(body) < size:
                self.close_connection = True
                return
            lower = {name.lower(): value for name, value in self.headers.items()}
            time.sleep(receiver.pause_s)
            status, headers = receiver.take(lower, body)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as above
            """Say nothing: the receiver keeps count."""

    return Endpoint
