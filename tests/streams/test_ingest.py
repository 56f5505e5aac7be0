import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest

from schemas.problems import Problem
from schemas.testing import a_delivery, a_dispatch, a_scan, an_order, as_lines, at_ms
from streams.embedded import Embedded, Timing
from streams.engine import Engine
from streams.inbox import Inbox
from streams.ingest import Ports, ingest_app
from streams.journal import Journal
from streams.service import Beside, Service
from streams.workers import http_server, listen

NOON = at_ms("03-01T12:00")
LIMIT = 200_000
JSON = "application/json"
LINES = "application/x-ndjson"


@dataclass
class Running:
    """A service with its real socket, journal and engine."""

    url: str
    path: Path
    client: httpx2.Client = field(default_factory=httpx2.Client)

    def post(self, body: bytes, content_type: str = JSON) -> httpx2.Response:
        headers = {"content-type": content_type}
        return self.client.post(f"{self.url}/api/v1/events", content=body, headers=headers)

    def journal(self) -> Journal:
        return Journal.reader(self.path)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    inbox, stopping, ready = Inbox(), threading.Event(), threading.Event()
    listener = listen("127.0.0.1", 0)
    problems: list[Problem] = []
    ports = Ports(inbox, ready.is_set, lambda: problems, LIMIT)
    server = http_server(ingest_app(ports, ["127.0.0.1"]), listener)

    def serve() -> None:
        with Journal(tmp_path / "journal.db") as journal:
            timing = Timing(wall=lambda: NOON)
            embedded = Embedded(journal, Engine(), lambda _changes, _now: None, timing=timing)
            ready.set()
            Service(embedded, inbox, stopping, lambda _: None).run(Beside(server=server))

    writer = threading.Thread(target=serve)
    writer.start()
    ready.wait(10)
    here = Running(f"http://127.0.0.1:{listener.getsockname()[1]}", tmp_path / "journal.db")
    yield here
    here.client.close()
    stopping.set()
    writer.join(20)

    assert not writer.is_alive()


def an_envelope(body: bytes) -> dict[str, object]:
    event = json.loads(body)
    outside = {name: event.pop(name) for name in ("id", "time", "type")}
    return {"specversion": "1.0", "source": "test", "data": event} | outside


def test_202_means_the_event_is_in_the_journal(running: Running) -> None:
    answer = running.post(as_lines([an_order()]))

    assert (answer.status_code, answer.json()["accepted"]) == (202, 1)
    assert running.journal().count() == 1


def test_json_lines_are_taken(running: Running) -> None:
    answer = running.post(as_lines([an_order(), a_dispatch(), a_scan()]), LINES)

    assert (answer.status_code, answer.json()["accepted"]) == (202, 3)


def test_a_plain_array_is_taken(running: Running) -> None:
    body = b"[" + b",".join(as_lines([an_order(), a_dispatch()]).splitlines()) + b"]"

    assert running.post(body).json()["accepted"] == 2


def test_a_cloudevent_is_taken(running: Running) -> None:
    body = json.dumps(an_envelope(as_lines([an_order()]))).encode()
    answer = running.post(body, "application/cloudevents+json; charset=utf-8")

    assert answer.json()["accepted"] == 1


def test_a_batch_of_cloudevents_is_taken(running: Running) -> None:
    lines = as_lines([an_order(), a_dispatch()]).splitlines()
    body = json.dumps([an_envelope(line) for line in lines]).encode()
    answer = running.post(body, "application/cloudevents-batch+json")

    assert answer.json()["accepted"] == 2


def test_each_refused_item_is_named_and_the_others_are_taken(running: Running) -> None:
    good = json.loads(as_lines([an_order()]))
    bad = json.loads(as_lines([an_order()]))
    bad["lines"][0]["quantity"] = -1
    answer = running.post(json.dumps([good, bad, good]).encode())
    (error,) = answer.json()["errors"]

    assert (answer.status_code, answer.json()["accepted"]) == (202, 2)
    assert (error["index"], error["path"]) == (1, "$.lines[0].quantity")


NOT_EVENTS = {
    "truncated JSON": b'{"type": "order.placed", "id"',
    "wrong type": as_lines([an_order()]).replace(b'"order_id":"', b'"order_id":7,"x":"'),
    "unknown type": as_lines([an_order()]).replace(b"order.placed", b"order.dreamt"),
    "missing field": as_lines([a_scan()]).replace(b'"status"', b'"state"'),
    "invalid UTF-8": as_lines([an_order()]).replace(b"sku-1", b"sku-\xff"),
    "clock far ahead": as_lines([an_order(time="2031-01-01T00:00:00.000Z")]),
    "negative quantity": as_lines([an_order()]).replace(b'"sku-1"', b'"sku-1","quantity":-2'),
    "unknown currency": as_lines([an_order(currency="XQQ")]),
    "not an object": b"42",
}


@pytest.mark.parametrize("body", NOT_EVENTS.values(), ids=list(NOT_EVENTS))
def test_what_is_no_event_is_refused_with_its_place_and_kept(running: Running, body: bytes) -> None:
    answer = running.post(body)
    problem = answer.json()

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["status"] == 422
    assert problem["errors"][0]["path"].startswith("$")
    assert len(running.journal().rejected()) == len(problem["errors"])


def test_an_empty_body_is_a_mistake(running: Running) -> None:
    assert running.post(b" ").status_code == 400


def test_events_before_their_order_and_of_unknown_shipments_are_taken(running: Running) -> None:
    early = as_lines([a_delivery(), a_dispatch(), a_scan(shipment_id="nobody-knows"), an_order()])

    assert running.post(early, LINES).json()["accepted"] == 4


def test_sending_twice_is_harmless(running: Running) -> None:
    answers = [running.post(as_lines([an_order()])).status_code for _ in range(2)]

    assert answers == [202, 202]


def test_a_body_over_the_limit_is_refused_before_it_is_read(running: Running) -> None:
    answer = running.post(b" " * (LIMIT + 1))

    assert (answer.status_code, answer.json()["title"]) == (413, "Request Entity Too Large")


def test_a_body_of_undeclared_length_is_cut_off_at_the_limit(running: Running) -> None:
    chunks = (b" " * 50_000 for _ in range(100))
    headers = {"content-type": JSON}
    answer = running.client.post(f"{running.url}/api/v1/events", content=chunks, headers=headers)

    assert answer.status_code == 413


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_type_that_a_web_page_may_send_unasked_is_refused(
    running: Running, content_type: str
) -> None:
    assert running.post(as_lines([an_order()]), content_type).status_code == 415


def test_another_host_name_is_refused(running: Running) -> None:
    answer = running.client.get(f"{running.url}/healthz", headers={"host": "evil.example"})

    assert answer.status_code == 400


def test_health_readiness_and_problems_answer(running: Running) -> None:
    codes = [
        running.client.get(running.url + path).status_code
        for path in ("/healthz", "/readyz", "/api/v1/problems")
    ]

    assert codes == [200, 200, 200]


def test_many_senders_at_once_lose_nothing(running: Running) -> None:
    def send(number: int) -> None:
        for turn in range(20):
            event = an_order(order_id=f"o-{number}-{turn}")
            assert running.post(as_lines([event])).status_code == 202

    senders = [threading.Thread(target=send, args=(number,)) for number in range(8)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()

    assert running.journal().count() == 160


def test_a_sender_who_hangs_up_stops_nothing(running: Running) -> None:
    host, port = running.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as gone:
        gone.sendall(b"POST /api/v1/events HTTP/1.1\r\nhost: 127.0.0.1\r\n")
    body = as_lines([an_order()])

    assert running.post(body).status_code == 202


def test_answers_are_sent_at_once() -> None:
    with listen("127.0.0.1", 0) as listener:
        assert listener.proto == socket.IPPROTO_TCP  # what asyncio asks before TCP_NODELAY
