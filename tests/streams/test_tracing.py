"""A trace goes from the events to the action, over Kafka's headers and the outbox."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest
import structlog
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanContext, StatusCode, format_span_id, format_trace_id
from opentelemetry.util.types import AttributeValue

from actions import tracing
from actions.desk import Desk
from actions.errors import Refused
from actions.executors.webhook import Webhook
from actions.ledger import Ledger
from actions.outbox import Relay
from actions.playbook import load_playbook
from actions.testing import NOON, SECRET, a_problem, loopback_receiver, opened
from actions.tracing import MOST_IDS, span
from andon.logs import add_trace
from schemas.decisions import Action
from schemas.events import Event
from schemas.problems import Change
from schemas.testing import (
    a_delivery,
    a_dispatch,
    a_return_request,
    an_order,
    as_lines,
    at,
    at_ms,
)
from schemas.times import DAY, HOUR, ms
from streams.embedded import Embedded, Timing
from streams.engine import HORIZON, RULES, Engine
from streams.found import Found, encode_found
from streams.group import CATALOGUE, Group
from streams.inbox import Arrival
from streams.intake import JSON_LINES, Delivery
from streams.journal import Journal
from streams.judging import Judged, Seat
from streams.live_desk import LiveDesk
from streams.live_judge import hear, judge, tell
from streams.live_reader import decide
from streams.outlet import Outlet
from streams.testing_groups import TOPIC, a_clock, a_group, number_of, records_of
from streams.tracing import MOST_ORIGINS, Origins, origin_of, trace_headers
from streams.wire import Headers

ORDERS: Final = [an_order(order_id=f"o-{i}", time=at("03-01T12:00")) for i in range(12)]
PARTITIONS: Final = 2
BUSY: Final = "the card of Mai Tran was refused"


class Written(Outlet):
    """Keeps what would be written to Kafka."""

    def __init__(self) -> None:
        super().__init__("127.0.0.1:1", "a test")
        self.records: dict[str, list[tuple[bytes, Headers]]] = {"observations": [], "problems": []}

    async def send(
        self,
        topic: str,
        value: bytes | None,
        *,
        key: bytes | None = None,
        partition: int = 0,
        headers: Headers | None = None,
    ) -> None:
        assert (key, partition) == (None, 0)
        self.records[topic].append((value or b"", headers or []))


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """Record spans as whoever sets up an SDK would, in this test alone."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(tracing, "_tracer", provider.get_tracer("andon"))
    yield exporter
    provider.shutdown()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened_ledger = Ledger(f"sqlite:///{tmp_path}/ledger.sqlite")
    yield opened_ledger
    opened_ledger.close()


def named(spans: InMemorySpanExporter, name: str) -> list[ReadableSpan]:
    return [one for one in spans.get_finished_spans() if one.name == name]


def field(one: ReadableSpan, name: str) -> AttributeValue:
    return (one.attributes or {})[f"andon.{name}"]


def context(one: ReadableSpan) -> SpanContext:
    where: SpanContext | None = one.context
    assert where is not None
    return where


def links(one: ReadableSpan) -> set[int]:
    return {link.context.span_id for link in one.links}


def two_silent_weeks(number: int) -> Group:
    """Return a group that has read its part of the orders, and that nothing came for two weeks."""
    mine: list[Event | bytes | None] = [o for o in ORDERS if number_of(o, PARTITIONS) == number]
    group = a_group(number=number)
    records = records_of(*mine)
    clock = at_ms("03-15T12:00")
    group.take(TOPIC, [*records, a_clock(len(records), clock, is_end=True)])
    return group


async def through_kafka(ledger: Ledger) -> Written:
    """Have the orders decided on, judged and settled in ``ledger``: all but Kafka itself."""
    outlet, seat, origins = Written(), Seat(RULES, ms(HORIZON)), Origins()
    for number in (CATALOGUE, *range(PARTITIONS)):
        await decide(two_silent_weeks(number), PARTITIONS, outlet, "observations")
    for value, headers in outlet.records["observations"]:
        hear(seat, value, headers, origins)

    async def publish(judged: Judged) -> None:
        await tell(judged, outlet, "problems", is_end=seat.is_end)

    await judge(seat, origins, publish)
    desk: LiveDesk[int] = LiveDesk(Desk(ledger, load_playbook()).take, lambda _: None, is_log=True)
    for token, (value, headers) in enumerate(outlet.records["problems"]):
        desk.offer(value, token, headers)
    await desk.decide()
    return outlet


# ----- from events to actions -----


def test_a_trace_leads_from_the_events_to_the_action(
    spans: InMemorySpanExporter, ledger: Ledger
) -> None:
    asyncio.run(through_kafka(ledger))
    decided, [judged] = named(spans, "andon.decide"), named(spans, "andon.judge")
    settled = named(spans, "andon.settle")
    Relay(ledger, {"*": lambda _: "done"}).run_once(NOON + 1000 * DAY)
    performed = named(spans, "andon.perform")

    assert [field(one, "partition") for one in decided] == [CATALOGUE, 0, 1]
    assert sum(int(str(field(one, "events"))) for one in decided) == len(ORDERS)
    assert links(judged) == {context(one).span_id for one in decided}
    assert settled
    assert performed
    for one in settled:
        assert one.parent is not None
        assert links(one) == {context(judged).span_id} == {one.parent.span_id}
        assert context(one).trace_id == context(judged).trace_id
    for action in performed:
        assert any(
            field(action, "action.id") in set(_ids(one, "action.ids"))
            and field(action, "problem.id") in set(_ids(one, "problem.ids"))
            for one in settled
        )
    assert all(field(one, "outcome") == "done" for one in performed)
    assert {span_id for one in performed for span_id in links(one)} <= {
        context(one).span_id for one in settled
    }
    assert {context(one).trace_id for one in performed} == {context(judged).trace_id}


def sent_in(name: str) -> Headers:
    """Return the headers of what is sent in a span of somebody else's."""
    with span(name):
        return trace_headers()


def test_the_trace_of_the_one_event_that_is_decided_on_goes_on_in_that_step(
    spans: InMemorySpanExporter,
) -> None:
    order = records_of(ORDERS[0])[0]
    order.headers = sent_in("shop.checkout")
    group = a_group()
    group.take(TOPIC, [order, a_clock(1, at_ms("03-15T12:00"), is_end=True)])
    asyncio.run(decide(group, 1, Written(), "observations"))
    [decided] = named(spans, "andon.decide")

    assert links(decided) == {context(one).span_id for one in named(spans, "shop.checkout")}
    assert context(decided).trace_id == context(named(spans, "shop.checkout")[0]).trace_id
    assert group.origins.between(0, at_ms("12-31T12:00")) == []


def test_events_of_many_traces_are_linked_to_the_step_that_decides_on_them(
    spans: InMemorySpanExporter,
) -> None:
    records = [*records_of(*ORDERS[:8]), *records_of(*ORDERS[8:], start=9)]
    for i, record in enumerate(records):
        record.headers = sent_in(f"shop.{i}")
    group = a_group()
    group.take(TOPIC, [*records[:8], a_clock(8, at_ms("03-01T12:00"))])
    asyncio.run(decide(group, 1, Written(), "observations"))
    group.take(TOPIC, [*records[8:], a_clock(13, at_ms("03-15T12:00"), is_end=True)])
    asyncio.run(decide(group, 1, Written(), "observations"))
    first, second = named(spans, "andon.decide")
    sent = {f"shop.{i}": context(named(spans, f"shop.{i}")[0]).span_id for i in range(12)}

    assert links(first) == set()
    assert links(second) == set(sent.values())
    assert second.parent is None


def test_what_is_taken_in_over_http_goes_on_in_the_trace_of_its_sender(
    spans: InMemorySpanExporter, tmp_path: Path
) -> None:
    headers = sent_in("helpdesk.return")
    events = [
        an_order(time=at("03-01T12:00")),
        a_dispatch(time=at("03-02T12:00")),
        a_delivery(time=at("03-03T12:00")),
        a_return_request(time=at("03-04T12:00")),
    ]
    timing = Timing(wall=lambda: at_ms("03-20T12:00"))
    with Journal(tmp_path / "journal.db") as journal:
        embedded = Embedded(journal, Engine(), lambda *_: None, timing=timing)
        embedded.rebuild()
        embedded.accept([Arrival(Delivery(as_lines(events), JSON_LINES, "http", headers))])
        embedded.decide()
        embedded.finish()
        embedded.accept([Arrival(Delivery(as_lines(events[:1]), JSON_LINES, "http"))])
        embedded.decide()
        embedded.finish()
    [settled] = named(spans, "andon.settle")
    [sender] = named(spans, "helpdesk.return")

    assert links(settled) == {context(sender).span_id}
    assert context(settled).trace_id == context(sender).trace_id


def _ids(one: ReadableSpan, name: str) -> tuple[str, ...]:
    ids = field(one, name)
    assert isinstance(ids, tuple)
    return tuple(str(each) for each in ids)


def test_records_say_in_w3c_headers_in_which_span_they_were_written(
    spans: InMemorySpanExporter, ledger: Ledger
) -> None:
    outlet = asyncio.run(through_kafka(ledger))
    told = {dict(headers)["traceparent"] for _, headers in outlet.records["observations"]}
    found = {dict(headers)["traceparent"] for _, headers in outlet.records["problems"]}

    assert told == {_traceparent(one) for one in named(spans, "andon.decide")}
    assert found == {_traceparent(one) for one in named(spans, "andon.judge")}


def _traceparent(one: ReadableSpan) -> bytes:
    where = context(one)
    ids = f"{format_trace_id(where.trace_id)}-{format_span_id(where.span_id)}"
    return f"00-{ids}-{int(where.trace_flags):02x}".encode()


def test_spans_count_steps_and_not_events(spans: InMemorySpanExporter, ledger: Ledger) -> None:
    asyncio.run(through_kafka(ledger))
    [settled, *_] = named(spans, "andon.settle")

    assert len(named(spans, "andon.decide") + named(spans, "andon.judge")) == PARTITIONS + 2
    assert len(named(spans, "andon.settle")) < len(ORDERS)
    assert field(settled, "changes") == len(ORDERS)


def test_without_an_sdk_nothing_is_recorded_and_no_header_is_written(ledger: Ledger) -> None:
    outlet = asyncio.run(through_kafka(ledger))
    records = [*outlet.records["observations"], *outlet.records["problems"]]

    assert {tuple(headers) for _, headers in records} == {()}
    assert ledger.actions()


def test_andon_itself_loads_no_sdk() -> None:
    program = "import sys, streams.live, andon.living; print('opentelemetry.sdk' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)

    assert said.stdout.strip() == b"False"


# ----- the desk -----


def a_settling(*changes: Change, headers: Headers, is_log: bool = False) -> LiveDesk[int]:
    desk: LiveDesk[int] = LiveDesk(lambda *_: None, lambda _: None, is_log=is_log)
    data = encode_found(Found(clock=NOON + DAY, changes=changes))
    desk.offer(data, 0, headers)
    return desk


def a_change(number: int, moment: int = NOON) -> Change:
    name = f"O{number}"
    return opened(a_problem(subject=name, order_id=name, opened_at=moment))


def test_a_slot_names_twenty_of_its_problems_and_counts_all(spans: InMemorySpanExporter) -> None:
    changes = [a_change(i) for i in range(50)]
    asyncio.run(a_settling(*changes, headers=[]).decide())
    [settled] = named(spans, "andon.settle")

    assert field(settled, "problem.ids") == tuple(c.problem.id for c in changes[:MOST_IDS])
    assert field(settled, "changes") == 50
    assert (settled.parent, settled.links) == (None, ())


def test_each_hour_of_a_recording_goes_on_from_what_told_of_it(
    spans: InMemorySpanExporter,
) -> None:
    written: list[Headers] = []
    for _ in range(2):
        with span("told"):
            written.append(trace_headers())
    desk = a_settling(a_change(1), headers=written[0], is_log=True)
    later = Found(clock=NOON + DAY, changes=(a_change(2, NOON + 2 * HOUR),))
    desk.offer(encode_found(later), 1, written[1])
    asyncio.run(desk.decide())
    told = [context(one).span_id for one in named(spans, "told")]

    assert [links(one) for one in named(spans, "andon.settle")] == [{told[0]}, {told[1]}]


def test_a_desk_that_starts_anew_forgets_where_things_came_from(
    spans: InMemorySpanExporter,
) -> None:
    with span("told"):
        headers = trace_headers()
    desk = a_settling(a_change(1), headers=headers)
    desk.reset()
    desk.offer(encode_found(Found(clock=NOON + DAY, changes=(a_change(1),))), 0)
    asyncio.run(desk.decide())

    assert [links(one) for one in named(spans, "andon.settle")] == [set()]


# ----- attempts -----


def perform(ledger: Ledger, error: Exception) -> None:
    def raising(_action: Action) -> str:
        raise error

    Desk(ledger, load_playbook()).take([opened(a_problem("weight-mismatch"))], NOON)
    Relay(ledger, {"*": raising}).run_once(NOON)


def test_an_attempt_that_fails_says_so_and_nothing_of_a_customer(
    spans: InMemorySpanExporter, ledger: Ledger
) -> None:
    perform(ledger, Refused(BUSY))
    [attempt] = named(spans, "andon.perform")

    assert (attempt.status.status_code, attempt.status.description) == (StatusCode.ERROR, "dead")
    assert (field(attempt, "attempt"), field(attempt, "outcome")) == (1, "dead")
    assert BUSY not in attempt.to_json()


def test_a_step_that_breaks_off_is_marked_with_the_kind_of_error_alone(
    spans: InMemorySpanExporter,
) -> None:
    with pytest.raises(ValueError, match="Mai"), span("andon.settle"):
        raise ValueError(BUSY)
    [broken] = named(spans, "andon.settle")

    assert (broken.status.description, broken.events) == ("ValueError", ())


def test_whoever_performs_an_action_is_told_the_trace_it_comes_from(
    spans: InMemorySpanExporter, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str | None] = []
    with loopback_receiver() as receiver:
        take = receiver.take

        def noting(headers: Mapping[str, str], body: bytes) -> tuple[int, Mapping[str, str]]:
            told.append({name.lower(): text for name, text in headers.items()}.get("traceparent"))
            return take(headers, body)

        monkeypatch.setattr(receiver, "take", noting)
        webhook = Webhook(receiver.url, (SECRET,), lambda: NOON, ("127.0.0.0/8",))
        with span("andon.settle"):
            Desk(ledger, load_playbook()).take([opened(a_problem("weight-mismatch"))], NOON)
        Relay(ledger, {"*": webhook}).run_once(NOON)
    [attempt] = named(spans, "andon.perform")
    [planned] = named(spans, "andon.settle")

    assert told == [_traceparent(attempt).decode()]
    assert context(attempt).trace_id == context(planned).trace_id


# ----- headers -----


@pytest.mark.parametrize(
    "headers",
    [None, [], [("traceparent", b"nonsense")], [("traceparent", b"\xff")], [("andon-topic", b"x")]],
)
def test_a_record_without_a_readable_trace_comes_from_nowhere(headers: Headers | None) -> None:
    assert origin_of(headers) is None


def test_only_the_newest_origins_are_kept(spans: InMemorySpanExporter) -> None:
    origins = Origins()
    for _ in range(MOST_ORIGINS + 5):
        with span("told"):
            origins.note(trace_headers(), NOON, NOON)
    told = [context(one) for one in named(spans, "told")]

    assert [one.span_id for one in origins.between(NOON, NOON)] == [c.span_id for c in told[5:]]
    origins.forget(NOON)
    assert origins.between(NOON, NOON) == []


# ----- logs -----


def test_log_lines_name_the_span_they_were_written_in(
    spans: InMemorySpanExporter, capsys: pytest.CaptureFixture[str]
) -> None:
    log = structlog.wrap_logger(
        structlog.PrintLogger(sys.stdout),
        processors=[add_trace, structlog.processors.JSONRenderer()],
    )
    with span("andon.judge"):
        log.info("inside")
    log.info("outside")
    inside, outside = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    where = context(named(spans, "andon.judge")[0])

    assert inside["trace_id"] == format_trace_id(where.trace_id)
    assert inside["span_id"] == format_span_id(where.span_id)
    assert set(outside) == {"event"}
