"""Spans go to a collector where the standard's variables ask for it, and nowhere otherwise."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from andon.exporting import export_traces, is_asked
from andon.wiring import NotPossible
from schemas.testing import a_delivery, a_dispatch, a_return_request, an_order, as_lines, at

WRONG_ITEM = as_lines(
    [
        an_order(time=at("03-01T12:00")),
        a_dispatch(time=at("03-02T12:00")),
        a_delivery(time=at("03-03T12:00")),
        a_return_request(time=at("03-04T12:00")),
    ]
)
"""A recording in which something is found."""


class Collector(ThreadingHTTPServer):
    """What stands for a collector: keeps the bodies it is sent by path."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Keeping)
        self.taken: list[tuple[str, bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Keeping(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        assert isinstance(self.server, Collector)
        self.server.taken.append((self.path, body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def a_collector() -> Iterator[Collector]:
    with Collector() as collector:
        Thread(target=collector.serve_forever, daemon=True).start()
        yield collector
        collector.shutdown()


def ran(folder: Path, **asked: str) -> subprocess.CompletedProcess[str]:
    """Run a recording through, in an environment that asks for ``asked``."""
    (folder / "events.jsonl").write_bytes(WRONG_ITEM)
    program = "from andon.cli import main; main()"
    command = [sys.executable, "-c", program, "run", "events.jsonl", "--recording"]
    clean = {name: text for name, text in os.environ.items() if not name.startswith("OTEL_")}
    return subprocess.run(
        command, cwd=folder, env=clean | asked, capture_output=True, text=True, check=False
    )


def test_spans_of_a_run_come_to_the_collector_that_the_environment_names(tmp_path: Path) -> None:
    trace = pytest.importorskip("opentelemetry.proto.collector.trace.v1.trace_service_pb2")
    with a_collector() as collector:
        ended = ran(tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url)
    requests = [trace.ExportTraceServiceRequest.FromString(body) for _, body in collector.taken]
    sent = [one for request in requests for one in request.resource_spans]
    services = {
        value.value.string_value
        for one in sent
        for value in one.resource.attributes
        if value.key == "service.name"
    }
    names = {span.name for one in sent for scope in one.scope_spans for span in scope.spans}

    assert ended.returncode == 0, ended.stderr
    assert {path for path, _ in collector.taken} == {"/v1/traces"}
    assert services == {"andon"}
    assert "andon.settle" in names


def test_a_collector_that_is_away_holds_nothing_up(tmp_path: Path) -> None:
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http")
    ended = ran(tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:1")

    assert ended.returncode == 0, ended.stderr
    assert "stopped" in ended.stderr


def test_what_is_asked_for_and_not_known_is_said_before_anything_is_done(tmp_path: Path) -> None:
    ended = ran(tmp_path, OTEL_TRACES_EXPORTER="zipkin")

    assert ended.returncode != 0
    assert "OTEL_TRACES_EXPORTER=zipkin" in ended.stderr
    assert not (tmp_path / "andon-data").exists()


def test_whoever_asks_without_the_extra_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    monkeypatch.delitem(sys.modules, "andon.otlp", raising=False)

    with pytest.raises(NotPossible, match=r"pip install 'andon\[otel\]'"):
        export_traces({"OTEL_TRACES_EXPORTER": "otlp"})


@pytest.mark.parametrize(
    ("environment", "asked"),
    [
        ({}, False),
        ({"OTEL_SERVICE_NAME": "shop"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4318/v1/traces"}, True),
        ({"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://c:4318/v1/metrics"}, False),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, True),
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c"}, False),
        ({"OTEL_TRACES_EXPORTER": "otlp", "OTEL_SDK_DISABLED": "TRUE"}, False),
        ({"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, True),
    ],
)
def test_the_standards_variables_say_whether_spans_are_sent(
    environment: dict[str, str], *, asked: bool
) -> None:
    assert is_asked(environment) is asked


@pytest.mark.parametrize(
    ("environment", "why"),
    [
        ({"OTEL_TRACES_EXPORTER": "console"}, "Andon knows otlp and none"),
        (
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
            "OTLP over grpc: .* port 4318; set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf",
        ),
    ],
)
def test_what_andon_cannot_send_is_refused_with_what_to_set(
    environment: dict[str, str], why: str
) -> None:
    with pytest.raises(NotPossible, match=why):
        is_asked(environment)
