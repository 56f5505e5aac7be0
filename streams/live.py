"""Andon on Kafka: the Faust application that every worker runs.

Faust supervises, serves the web pages, and runs the agents of the low-rate topics: commands of
people, outcomes told from outside. What must be read in batches or may not be left lying is read by
services beside them, with consumers of their own (docs/adr/0004). Whatever ends a part ends the
worker, with an error; its supervisor starts it again, and it goes on from its snapshots.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import faust
import structlog
from faust.web import Request, Response, View

from streams.embedded import wall_clock
from streams.found import BadRecord
from streams.ingest import NO_LEDGER, PROBLEM, LedgerAway, Standing, details, names_of
from streams.live_deciding import DeskService, letter_of
from streams.live_judge import JudgeService
from streams.live_reader import Reader
from streams.live_settings import LiveSettings
from streams.outlet import Outlet

STALE_MS: Final = 60_000
"""A part that has work and made no progress for so long is not alive."""

_log = structlog.get_logger("andon")

Heed = Callable[[bytes], None]
"""Takes what a record says, within the ledger; raises BadRecord if it says nothing sensible."""

Metrics = Callable[[], bytes]


@dataclass(slots=True)
class Work:
    """What a worker is made of; parts it does not do are ``None``."""

    settings: LiveSettings
    outlet: Outlet
    reader: Reader | None = None
    judge: JudgeService | None = None
    desk: DeskService | None = None
    obey: Heed | None = None
    """Does what a person says."""
    note: Heed | None = None
    """Notes what came of an action elsewhere."""
    metrics: Metrics | None = None
    customer: Standing | None = None
    """What is open for a customer; ``None`` where there is no ledger to ask."""

    def troubles(self) -> list[str]:
        """Return why this worker is not alive; nothing if it is."""
        now = wall_clock()
        found: list[str] = []
        if self.reader is not None:
            told = self.reader.status
            if told.lag and told.assigned and now - told.progress_at > STALE_MS:
                found.append(f"reader: {told.lag} records wait, none was decided on lately")
        if self.judge is not None:
            judging = self.judge.status
            is_stale = now - judging.progress_at > STALE_MS
            if judging.is_judge and judging.lag and is_stale and not judging.gaps:
                found.append(f"judge: {judging.lag} accounts wait and nothing was judged")
        desk = self.desk
        if desk is not None and desk.is_desk and now - desk.ticked_at > STALE_MS:
            found.append("desk: its clock stands still")
        return found

    def not_yet(self) -> list[str]:
        """Return what keeps this worker from being ready; nothing if it is."""
        found = self.troubles()
        if self.reader is not None and self.reader.status.is_restoring:
            found.append("reader: its partitions are being restored")
        if self.judge is not None and self.judge.status.is_judge and self.judge.status.gaps:
            gaps = self.judge.status.gaps
            found.append(f"judge: {gaps} partitions tell again what was lost of their accounts")
        if self.desk is not None and self.desk.is_desk:
            told = self.desk.desk.status
            if told.is_waiting:
                found.append("desk: the ledger does not answer")
        return found


def build_app(work: Work) -> faust.App:
    """Return the application of a worker; nothing runs before a ``faust.Worker`` starts it."""
    settings = work.settings
    host, port = settings.web
    app = faust.App(
        settings.group("desk"),
        broker=[f"kafka://{one}" for one in settings.bootstraps],
        broker_client_id=settings.member("desk"),
        broker_session_timeout=settings.session_ms / 1000,
        broker_heartbeat_interval=settings.session_ms / 5000,
        broker_max_poll_records=500,
        broker_commit_interval=0.5,
        consumer_auto_offset_reset="earliest",
        store="memory://",
        datadir=settings.datadir or "faust-data",
        topic_allow_declare=False,
        topic_disable_leader=True,
        table_standby_replicas=0,
        web_bind=host,
        web_host=host,
        web_port=port,
        worker_redirect_stdouts=False,
    )
    if work.desk is not None:
        _heeding_agent(app, work.desk, settings.names.commands, work.obey)
        _heeding_agent(app, work.desk, settings.names.outcomes, work.note)
    # With no topic to read Faust's consumer would crash; its web pages do without one.
    app.producer_only = work.obey is None and work.note is None
    _pages(app, work)
    return app


def _heeding_agent(app: faust.App, desk: DeskService, name: str, heed: Heed | None) -> None:
    if heed is None:
        return
    topic = app.topic(name, value_type=bytes, value_serializer="raw")

    @app.agent(topic, concurrency=1, name=name)
    async def listen(stream: Any) -> None:  # noqa: ANN401 - Faust's streams lack a type for noack
        async for event in stream.noack().events():
            try:
                await _heed(desk, heed, event)
            except Exception as error:
                # An agent that raises has its record acknowledged: nothing may be lost so.
                await app.crash(error)
                raise
            event.ack()


async def _heed(desk: DeskService, heed: Heed, event: faust.EventT[Any]) -> None:
    """Do what a record says, or put it aside; while the ledger is away, wait for it."""
    try:
        await desk.desk.patiently(lambda: heed(event.value))
    except BadRecord as error:
        headers = dict(event.message.headers or {})
        await desk.bury(letter_of(event.message, headers.items(), str(error)))


def _pages(app: faust.App, work: Work) -> None:
    def answer(view: View, troubles: list[str]) -> Response:
        text = "\n".join(troubles) or "ok"
        return view.text(text + "\n", status=503 if troubles else 200)

    @app.page("/healthz")
    async def healthy(self: View, _request: Request) -> Response:
        return answer(self, work.troubles())

    @app.page("/readyz")
    async def ready(self: View, _request: Request) -> Response:
        return answer(self, work.not_yet())

    @app.page("/metrics")
    async def metrics(self: View, _request: Request) -> Response:
        return self.bytes(work.metrics() if work.metrics else b"", content_type="text/plain")

    @app.page("/api/v1/customers/{name}")
    async def customer(self: View, request: Request, name: str) -> Response:
        return await _standing(self, request, work, name)


async def _standing(view: View, request: Any, work: Work, name: str) -> Response:  # noqa: ANN401 - Faust's type lacks what aiohttp's has
    """Answer whether something may be sold to a customer now, as the embedded run does."""

    def refused(status: HTTPStatus, why: str, **headers: str) -> Response:
        return view.json(
            details(status, why), status=int(status), content_type=PROBLEM, headers=headers
        )

    if not {"*", request.url.host} & set(names_of(work.settings.web[0])):
        return refused(HTTPStatus.BAD_REQUEST, "this worker is called by another name")
    if work.customer is None:
        return refused(HTTPStatus.NOT_FOUND, NO_LEDGER)
    try:
        return view.json(await asyncio.to_thread(work.customer, name))
    except LedgerAway as error:
        return refused(HTTPStatus.SERVICE_UNAVAILABLE, str(error), **{"Retry-After": "1"})


def run_worker(work: Work) -> int:
    """Run until told to stop (SIGTERM, SIGINT) or until a part fails; return the exit code."""
    parts = (work.reader, work.judge, work.desk)
    services = [service for service in parts if service is not None]
    app = build_app(work)
    worker = faust.Worker(
        app,
        *services,
        loglevel="WARNING",
        quiet=True,
        redirect_stdouts=False,
    )
    try:
        worker.execute_from_commandline()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
