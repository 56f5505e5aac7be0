"""Events over HTTP: ``POST /api/v1/events``, answered 202 only once they are stored.

Errors are problem details (RFC 9457), with one entry per refused item. Sending the same events
again is harmless: whatever is folded twice is the same.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import msgspec
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from actions.tracing import span, went_wrong
from schemas.problems import Problem, plain
from streams.inbox import Inbox, InboxFull, NotStored, Receipt
from streams.intake import JSON, JSON_LINES, Delivery
from streams.journal import Refusal
from streams.tracing import origin_of, trace_headers

LARGEST_BODY: Final = 8 << 20
"""Bytes of one request; more must be sent in several."""

MOST_HELD: Final = 64 << 20
"""Bytes of requests that are read or wait to be stored; who comes then is asked to come again."""

_ACCEPTED_TYPES: Final = {
    JSON: JSON,
    "application/cloudevents+json": "application/cloudevents+json",
    "application/cloudevents-batch+json": "application/cloudevents-batch+json",
    JSON_LINES: JSON_LINES,
    "application/jsonl": JSON_LINES,
    "application/json-lines": JSON_LINES,
}
"""Content types read, and the form each one means. None is a type that a foreign web page may send
without asking the browser first, so a page cannot post events behind its reader's back."""

Feed = Callable[[int, int], list[dict[str, object]]]
"""Returns rows of the outbox behind a number, oldest first, at most so many."""

Standing = Callable[[str], dict[str, object]]
"""Returns what is open for a customer, and so whether a promotion may reach them."""

LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
"""Hosts that only this machine reaches."""

PROBLEM: Final = "application/problem+json"
"""The content type of errors (RFC 9457)."""

_PROMETHEUS: Final = "text/plain; version=0.0.4; charset=utf-8"
_FULL: Final = "more events are waiting than can be stored just now"
NO_LEDGER: Final = "this process keeps no ledger: ANDON_LEDGER_URL names one"
_LONGEST_LIST: Final = 1000
_MOST_DIGITS: Final = 18


@dataclass(frozen=True, slots=True)
class Ports:
    """What the application needs of the process around it."""

    inbox: Inbox
    is_ready: Callable[[], bool]
    open_problems: Callable[[], list[Problem]] | None
    """``None`` where no process beside knows them."""
    largest_body: int = LARGEST_BODY
    feed: Feed | None = None
    """What is to be done, behind a number and at most so many; ``None`` where nobody may ask."""
    customer: Standing | None = None
    """``None`` where no process beside knows it."""
    metrics: Callable[[], bytes] | None = None
    """Writes what monitors read, in Prometheus' text format."""
    not_ready: str = "the state is being rebuilt from the journal"
    """What keeps it from being ready, whenever it is not."""
    most_held: int = MOST_HELD


class LedgerAway(Exception):  # noqa: N818 - read as a sentence: the ledger is away
    """The ledger does not answer just now."""


class _TooLarge(Exception):  # noqa: N818 - answered, never shown
    """A request body beyond the limit."""


class _Held:
    """Bytes of the requests that are under way; touched by the thread of the server alone."""

    def __init__(self, most: int) -> None:
        self._left = most

    @contextmanager
    def holding(self, size: int) -> Iterator[bool]:
        """Yield whether there is room for ``size`` bytes more, and keep it for the block."""
        fits = size <= self._left
        self._left -= size if fits else 0
        try:
            yield fits
        finally:
            self._left += size if fits else 0


def names_of(host: str) -> list[str]:
    """Return the names that what listens on ``host`` may be called by (``*`` for any).

    A page elsewhere whose name is made to lead to this machine is no caller of it.
    """
    return [*LOOPBACK, "[::1]"] if host in LOOPBACK else ["*"]


def ingest_app(ports: Ports, hosts: list[str]) -> Starlette:
    """Return the application; ``hosts`` are the names it may be called by (``*`` for any)."""
    routes = [
        Route("/api/v1/events", _Events(ports, _Held(ports.most_held)).post, methods=["POST"]),
        Route("/api/v1/problems", _Problems(ports).get, methods=["GET"]),
        Route("/api/v1/actions/feed", _Actions(ports).get, methods=["GET"]),
        Route("/api/v1/customers/{name}", _Customers(ports).get, methods=["GET"]),
        Route("/healthz", _healthy, methods=["GET"]),
        Route("/readyz", _Readiness(ports).get, methods=["GET"]),
        Route("/metrics", _Metrics(ports).get, methods=["GET"]),
    ]
    guard = Middleware(TrustedHostMiddleware, allowed_hosts=hosts)
    return Starlette(routes=routes, middleware=[guard])


@dataclass(frozen=True, slots=True)
class _Events:
    ports: Ports
    held: _Held

    async def post(self, request: Request) -> Response:
        content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        form = _ACCEPTED_TYPES.get(content_type)
        if form is None:
            known = ", ".join(_ACCEPTED_TYPES)
            return _failed(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"send one of {known}")
        with self.held.holding(_declared(request, self.ports.largest_body)) as fits:
            return await self._read(request, form) if fits else _later(_FULL)

    async def _read(self, request: Request, form: str) -> Response:
        try:
            body = await _body(request, self.ports.largest_body)
        except _TooLarge:
            limit = f"a request may have {self.ports.largest_body} bytes: send several"
            return _failed(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, limit)
        if not body.strip():
            return _failed(HTTPStatus.BAD_REQUEST, "the body is empty: send one event or more")
        came = origin_of([(name, text.encode()) for name, text in request.headers.items()])
        with span("andon.ingest", {"andon.bytes": len(body)}, [came] if came else []) as step:
            response = await self._take_in(Delivery(body, form, "http", trace_headers()))
            step.set_attribute("http.response.status_code", response.status_code)
            if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
                went_wrong(step, str(response.status_code))
        return response

    async def _take_in(self, delivery: Delivery) -> Response:
        if not self.ports.is_ready():
            return _later(self.ports.not_ready)
        try:
            reply = self.ports.inbox.offer(delivery)
            return _answer(await asyncio.wrap_future(reply))
        except InboxFull:
            return _later(_FULL)
        except NotStored as error:
            return _later(str(error))


@dataclass(frozen=True, slots=True)
class _Problems:
    ports: Ports

    async def get(self, request: Request) -> Response:
        if self.ports.open_problems is None:
            return _failed(HTTPStatus.NOT_FOUND, NO_LEDGER)
        kind = request.query_params.get("kind")
        try:
            every = await asyncio.to_thread(self.ports.open_problems)
        except LedgerAway as error:
            return _later(str(error))
        found = [p for p in every if kind in (None, p.kind)]
        newest = sorted(found, key=lambda p: (-p.opened_at, p.id))[:_LONGEST_LIST]
        body = {"total": len(found), "problems": [plain(p) for p in newest]}
        return _json(HTTPStatus.OK, body)


@dataclass(frozen=True, slots=True)
class _Actions:
    ports: Ports

    async def get(self, request: Request) -> Response:
        """Answer with what is to be done behind ``after``; ask again behind ``next``."""
        if self.ports.feed is None:
            return _failed(HTTPStatus.NOT_FOUND, NO_LEDGER)
        after = request.query_params.get("after", "0")
        if not after.isdecimal() or len(after) > _MOST_DIGITS:
            return _failed(HTTPStatus.BAD_REQUEST, "after is the number of a row, from 0")
        try:
            rows = await asyncio.to_thread(self.ports.feed, int(after), _LONGEST_LIST)
        except LedgerAway as error:
            return _later(str(error))
        return _json(
            HTTPStatus.OK, {"next": rows[-1]["seq"] if rows else int(after), "actions": rows}
        )


@dataclass(frozen=True, slots=True)
class _Customers:
    ports: Ports

    async def get(self, request: Request) -> Response:
        """Answer whether something may be sold to a customer now; an unknown one is free."""
        if self.ports.customer is None:
            return _failed(HTTPStatus.NOT_FOUND, NO_LEDGER)
        try:
            body = await asyncio.to_thread(self.ports.customer, request.path_params["name"])
        except LedgerAway as error:
            return _later(str(error))
        return _json(HTTPStatus.OK, body)


@dataclass(frozen=True, slots=True)
class _Readiness:
    ports: Ports

    async def get(self, _: Request) -> Response:
        if self.ports.is_ready():
            return _json(HTTPStatus.OK, {"status": "ready"})
        return _later(self.ports.not_ready)


@dataclass(frozen=True, slots=True)
class _Metrics:
    ports: Ports

    async def get(self, _: Request) -> Response:
        if self.ports.metrics is None:
            return _failed(HTTPStatus.NOT_FOUND, "this process counts nothing")
        body = await asyncio.to_thread(self.ports.metrics)
        return Response(body, media_type=_PROMETHEUS)


async def _healthy(_: Request) -> Response:
    return _json(HTTPStatus.OK, {"status": "ok"})


def _declared(request: Request, limit: int) -> int:
    """Return the bytes a request says it has; one that does not say may have the most."""
    declared = request.headers.get("content-length", "")
    return min(int(declared), limit) if declared.isdigit() else limit


async def _body(request: Request, limit: int) -> bytes:
    """Read the body, but never much more than ``limit`` bytes of it."""
    declared = request.headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > limit:
        raise _TooLarge
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise _TooLarge
    return bytes(body)


def _answer(receipt: Receipt) -> Response:
    errors = [_item(refusal) for refusal in receipt.refusals]
    if errors and not receipt.accepted:
        return _failed(HTTPStatus.UNPROCESSABLE_ENTITY, "no event could be read", errors)
    body = {"accepted": receipt.accepted, "rejected": len(errors), "errors": errors}
    return _json(HTTPStatus.ACCEPTED, body)


def _item(refusal: Refusal) -> dict[str, object]:
    return {"index": refusal.position, "path": refusal.path, "detail": refusal.reason}


def _later(detail: str) -> Response:
    response = _failed(HTTPStatus.SERVICE_UNAVAILABLE, detail)
    response.headers["Retry-After"] = "1"
    return response


def _failed(
    status: HTTPStatus, detail: str, errors: list[dict[str, object]] | None = None
) -> Response:
    return _json(status, details(status, detail) | ({"errors": errors} if errors else {}), PROBLEM)


def details(status: HTTPStatus, detail: str) -> dict[str, object]:
    """Return the details of a problem in their standard form (RFC 9457)."""
    return {"type": "about:blank", "title": status.phrase, "status": int(status), "detail": detail}


def _json(status: HTTPStatus, body: dict[str, object], media_type: str = JSON) -> Response:
    return Response(msgspec.json.encode(body), status_code=status, media_type=media_type)
