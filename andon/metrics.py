"""What monitors read at ``/metrics``: counts of this process, and the state of the ledger.

Names follow Prometheus: one prefix, base units, ``_total`` for what only grows. No label holds an
order, a customer or anything else of which there are many.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector
from sqlalchemy import func, select

from actions.attention import tasks_in
from actions.breaker import State
from actions.causes import cause_of
from actions.chain import head
from actions.ledger import Ledger
from actions.tables import actions, outbox, problems
from andon.measures import BEGUN_BY_CUSTOMER, CAUSES_OF_TOPIC, NO_DEFECT
from andon.verified import Verified
from schemas.decisions import Decision, Outcome, Status
from schemas.events import ContactAnswered, ContactOpened, Event, OrderPlaced
from schemas.money import EXPONENTS
from schemas.problems import Change, ChangeKind

PREFIX: Final = "andon"
LATENCIES_S: Final = (1.0, 10.0, 60.0, 300.0, 900.0, 3600.0, 21600.0, 86400.0)
"""Buckets of the time from when something was a problem to when it was known, seconds."""

Key = tuple[str, ...]


@dataclass(slots=True)
class Counts:
    """What this process has counted since it started; several threads add to it."""

    found: Counter[Key] = field(default_factory=Counter)
    decided: Counter[Key] = field(default_factory=Counter)
    performed: Counter[Key] = field(default_factory=Counter)
    spent: Counter[Key] = field(default_factory=Counter)
    heard: Counter[Key] = field(default_factory=Counter)
    latencies: Counter[float] = field(default_factory=Counter)
    latency_sum_s: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note_changes(self, changes: Iterable[Change]) -> None:
        """Count what happened to problems, and how long after it was due each became known."""
        with self.lock:
            for change in changes:
                problem = change.problem
                self.found[problem.kind, problem.severity.value, change.what.value] += 1
                if change.what is ChangeKind.OPENED:
                    late_s = max(0, problem.opened_at - problem.due_at) / 1000
                    self.latencies[_bucket(late_s)] += 1
                    self.latency_sum_s += late_s

    def note_decisions(self, decisions: Iterable[Decision]) -> None:
        """Count what was decided, by rule and verdict."""
        with self.lock:
            for decision in decisions:
                self.decided[decision.rule, decision.verdict.value] += 1

    def note_outcomes(self, ledger: Ledger, outcomes: Sequence[Outcome]) -> None:
        """Count what came of attempts, by action, and the most that those done may have cost."""
        if not outcomes:
            return
        ids = [outcome.action_id for outcome in outcomes]
        columns = (actions.c.id, actions.c.name, actions.c.currency, actions.c.cost_minor)
        with ledger.reading() as connection:
            found = connection.execute(select(*columns).where(actions.c.id.in_(ids)))
            known = {row.id: row for row in found}
        with self.lock:
            for outcome in outcomes:
                row = known[outcome.action_id]
                self.performed[row.name, outcome.status.name.lower()] += 1
                if outcome.status is Status.DONE and row.currency:
                    self.spent[row.name, row.currency] += row.cost_minor

    def note_events(self, ledger: Ledger, events: Iterable[Event]) -> None:
        """Count orders and contacts, and whether what was asked about was known already."""
        for event in events:
            key = _heard(ledger, event)
            if key is not None:
                with self.lock:
                    self.heard[key] += 1


def _bucket(seconds: float) -> float:
    return next((limit for limit in LATENCIES_S if seconds <= limit), float("inf"))


def _heard(ledger: Ledger, event: Event) -> Key | None:
    if isinstance(event, OrderPlaced):
        return ("orders", "")
    if isinstance(event, ContactAnswered):
        return ("answers", "")
    if not isinstance(event, ContactOpened):
        return None
    if not event.order_id or event.topic in NO_DEFECT:
        return ("contacts", "no defect")
    return ("contacts", "known" if _is_known(ledger, event) else "missed")


def _is_known(ledger: Ledger, contact: ContactOpened) -> bool:
    """Whether the order has an open problem that answers what is asked (knew first)."""
    wanted = CAUSES_OF_TOPIC.get(contact.topic)
    causes = {cause_of(problem.kind) for problem in ledger.problems(order_id=contact.order_id)}
    return bool(causes & wanted if wanted else causes - {BEGUN_BY_CUSTOMER})


@dataclass(frozen=True, slots=True)
class Gauges:
    """What is asked of the running process each time a monitor reads."""

    events: Callable[[], int]
    rejected: Callable[[], int]
    log_clock: Callable[[], int]
    now: Callable[[], int]
    doubts: Callable[[], Mapping[str, int]]
    """How many facts were not taken as they came, by why."""
    breakers: Callable[[], Mapping[str, State]]
    """Where the breaker of each destination stands."""
    verified: Callable[[], Verified | None]
    """When the ledger was last found whole."""


class Scrape(Collector):
    """Collects everything at the moment it is read."""

    def __init__(self, counts: Counts, ledger: Ledger, gauges: Gauges) -> None:
        self._counts = counts
        self._ledger = ledger
        self._gauges = gauges

    def collect(self) -> Iterator[Metric]:
        """Yield every metric family."""
        yield InfoMetricFamily(f"{PREFIX}_build", "What runs.", {"version": version("andon")})
        yield from self._of_process()
        with self._counts.lock:
            yield from list(self._counted())
        yield from self._of_ledger()
        yield from self._of_chain()
        yield self._breakers()

    def _of_process(self) -> Iterator[Metric]:
        gauges = self._gauges
        yield CounterMetricFamily(f"{PREFIX}_events_consumed", "Events taken in.", gauges.events())
        yield CounterMetricFamily(
            f"{PREFIX}_events_rejected", "Records that were no events.", gauges.rejected()
        )
        doubts: Counter[Key] = Counter({(why,): n for why, n in gauges.doubts().items()})
        about = "Facts not taken as they came: words nobody knows, times that cannot be."
        yield _counter("facts_doubted", about, ("why",), doubts)
        clock_s = gauges.log_clock() / 1000
        yield GaugeMetricFamily(
            f"{PREFIX}_watermark_timestamp_seconds", "Newest moment the log knows of.", clock_s
        )

    def _counted(self) -> Iterator[Metric]:
        counts = self._counts
        yield _counter(
            "problems", "Changes of problems.", ("kind", "severity", "what"), counts.found
        )
        yield _counter("decisions", "What was decided.", ("rule", "verdict"), counts.decided)
        yield _counter("actions", "Attempts.", ("action", "outcome"), counts.performed)
        yield _counter("heard", "Orders, contacts, answers.", ("what", "knew"), counts.heard)
        spent = {key: minor / 10 ** EXPONENTS[key[1]] for key, minor in counts.spent.items()}
        yield _counter("spent", "The most that was spent.", ("action", "currency"), spent)
        yield self._latency()

    def _latency(self) -> Metric:
        family = HistogramMetricFamily(
            f"{PREFIX}_detection_latency_seconds", "From being a problem to being known."
        )
        below, buckets = 0, []
        for limit in (*LATENCIES_S, float("inf")):
            below += self._counts.latencies[limit]
            buckets.append(("+Inf" if limit == float("inf") else str(limit), float(below)))
        family.add_metric([], buckets, self._counts.latency_sum_s)
        return family

    def _of_ledger(self) -> Iterator[Metric]:
        now = self._gauges.now()
        queued = outbox.c.status.in_((Status.QUEUED.value, Status.UNDER_WAY.value))
        waits = select(func.count(), func.min(outbox.c.planned_at)).where(queued)
        still = select(problems.c.severity, func.count()).where(problems.c.state == "open")
        with self._ledger.reading() as connection:
            pending, oldest = connection.execute(waits).one()
            by_severity = connection.execute(still.group_by(problems.c.severity)).all()
            tasks = tasks_in(connection, now)
        age_s = 0.0 if oldest is None else max(0, now - oldest) / 1000
        yield GaugeMetricFamily(f"{PREFIX}_outbox_pending", "Actions not performed yet.", pending)
        yield GaugeMetricFamily(f"{PREFIX}_outbox_oldest_age_seconds", "Of the oldest.", age_s)
        waiting: Counter[Key] = Counter(
            (task.team, "true" if task.person else "false") for task in tasks
        )
        yield _gauge("tasks_waiting", "Waits for a person.", ("team", "owned"), waiting)
        yield _gauge(
            "problems_open",
            "Problems that nothing has ended.",
            ("severity",),
            {(severity,): count for severity, count in by_severity},
        )

    def _of_chain(self) -> Iterator[Metric]:
        with self._ledger.reading() as connection:
            height = head(connection).number
        yield GaugeMetricFamily(f"{PREFIX}_ledger_height", "Entries in the chain.", height)
        last = self._gauges.verified()
        if last is not None:
            held = "Entries that held when they were last verified."
            yield GaugeMetricFamily(f"{PREFIX}_ledger_verified_height", held, last.entries)
            name = f"{PREFIX}_ledger_verified_timestamp_seconds"
            yield GaugeMetricFamily(name, "When the chain was last found whole.", last.at / 1000)

    def _breakers(self) -> Metric:
        """One sample for each destination and state, 1 for the state it is in (a state set)."""
        stands: dict[Key, int] = {
            (destination, state.name.lower()): int(now is state)
            for destination, now in self._gauges.breakers().items()
            for state in State
        }
        about = "Whether the circuit breaker of a destination is in a state."
        return _gauge("breaker_state", about, ("destination", "state"), stands)


def _counter(
    name: str, about: str, labels: Key, values: "Counter[Key] | dict[Key, float]"
) -> Metric:
    family = CounterMetricFamily(f"{PREFIX}_{name}", about, labels=labels)
    for key, value in sorted(values.items()):
        family.add_metric(list(key), value)
    return family


def _gauge(name: str, about: str, labels: Key, values: "dict[Key, int]") -> Metric:
    family = GaugeMetricFamily(f"{PREFIX}_{name}", about, labels=labels)
    for key, value in sorted(values.items()):
        family.add_metric(list(key), value)
    return family


def exposition(counts: Counts, ledger: Ledger, gauges: Gauges) -> Callable[[], bytes]:
    """Return what writes all metrics in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(Scrape(counts, ledger, gauges))
    return lambda: generate_latest(registry)
