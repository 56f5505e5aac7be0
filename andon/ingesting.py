"""The intake on Kafka: events over HTTP into its topics, from settings to drain."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Final

import structlog
from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from actions.ledger import Ledger
from andon.config import Config
from andon.kafka import cluster
from andon.live_metrics import counter, gauge
from andon.running import listening
from andon.standing import answering, standing_in
from andon.wiring import NotPossible
from schemas.problems import Problem
from streams.inbox import Inbox
from streams.ingest import Ports, ingest_app, names_of
from streams.kafka_ingest import WAITING, IngestStatus, KafkaIntake
from streams.sending import routes
from streams.workers import http_server

INGEST: Final = "ingest"
"""The role that takes events over HTTP; it has a process of its own."""

_log = structlog.get_logger("andon")


@dataclass(frozen=True, slots=True)
class Ingesting:
    """What the caller asked for."""

    kafka: str | None
    prefix: str | None
    address: str
    """``PORT`` or ``HOST:PORT``."""


def refuse_contradictions(roles: frozenset[str], address: str) -> None:
    """Refuse an intake beside other roles or without an address, and an address without it.

    Raises:
        NotPossible: The message says what to leave out.
    """
    if INGEST not in roles and address:
        raise NotPossible("on Kafka --http is for --role ingest; workers have --web")
    if INGEST in roles and len(roles) > 1:
        raise NotPossible("--role ingest has a process of its own: start the others beside it")
    if INGEST in roles and not address:
        raise NotPossible("--role ingest needs --http [[HOST:]PORT]: where do events come in?")


def run_ingest(wanted: Ingesting, config: Config, stopping: threading.Event) -> None:
    """Take events until ``stopping`` is set, and answer all who wait.

    Raises:
        NotPossible: The port is taken, or no broker is named.
        KafkaTrouble: No broker answers, or a topic is missing.
    """
    where = cluster(wanted.kafka, wanted.prefix, config)
    to = routes(where.bootstrap, where.names)
    host, listener = listening(wanted.address)
    inbox = Inbox(WAITING)
    intake = KafkaIntake(where.bootstrap, to, where.names.dead_letters, inbox)
    with ExitStack() as stack:
        stack.enter_context(listener)
        known = Known(config.ledger_url)
        stack.callback(known.close)
        ports = Ports(
            inbox,
            intake.is_ready,
            known.open_problems if known.url else None,
            feed=known.feed if known.url else None,
            customer=standing_in(known.opened) if known.url else None,
            metrics=_exposition(intake.status),
            not_ready="Kafka does not answer",
        )
        port = listener.getsockname()[1]
        _log.info("listening", url=f"http://{host}:{port}/api/v1/events", kafka=where.bootstrap)
        intake.run(http_server(ingest_app(ports, names_of(host)), listener), stopping)
    told = intake.status
    _log.info("stopped", events=told.accepted, rejected=told.refused, unstored=told.unstored)


@dataclass(slots=True)
class Known:
    """What the ledger at ``url`` knows, opened when somebody first asks: only a desk needs one."""

    url: str
    _ledger: Ledger | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def open_problems(self) -> list[Problem]:
        """Return the problems that are open; raise LedgerAway where no database answers."""
        with answering():
            return self.opened().problems(state="open")

    def feed(self, after: int, limit: int) -> list[dict[str, object]]:
        """Return at most ``limit`` rows of what is to be done behind number ``after``."""
        with answering():
            return self.opened().feed(after, limit)

    def opened(self) -> Ledger:
        """Return the ledger, opened if nobody did before."""
        with self._lock:
            self._ledger = self._ledger or Ledger(self.url)
        return self._ledger

    def close(self) -> None:
        """Let go of the ledger, if it was opened."""
        if self._ledger is not None:
            self._ledger.close()


class _Counts(Collector):
    """Collects what the intake has counted, at the moment it is read."""

    def __init__(self, status: IngestStatus) -> None:
        self._status = status

    def collect(self) -> Iterator[Metric]:
        """Yield every metric family of an intake."""
        told = self._status
        yield counter("ingest_events", "Events that Kafka acknowledged.", told.accepted)
        yield counter("ingest_rejected", "Records that were no events.", told.refused)
        yield counter("ingest_unstored", "Deliveries not acknowledged in time.", told.unstored)
        yield gauge("ingest_wait_seconds", "From taken to acknowledged, last.", told.waiting_s)
        yield gauge("ingest_ready", "1 while Kafka answers.", int(told.is_answering))


def _exposition(status: IngestStatus) -> Callable[[], bytes]:
    registry = CollectorRegistry()
    registry.register(_Counts(status))
    return lambda: generate_latest(registry)
