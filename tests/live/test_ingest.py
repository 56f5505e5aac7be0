"""The intake on a real Kafka: 202 means that it is there, and anything else promises nothing."""

import json
import os
import re
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import httpx2
import pytest
from kafka.admin import ConfigResource, KafkaAdminClient

from andon.testing_live import ANDON, wait_for
from schemas.testing import a_delivery, a_listing, a_scan, an_order, as_lines
from streams.dead_letters import Retry, dead_letters, send_again
from streams.inbox import Inbox
from streams.ingest import Ports, ingest_app
from streams.kafka_ingest import WAITING, KafkaIntake
from streams.sending import routes
from streams.tailing import Stored, newest
from streams.testing_kafka import Broker
from streams.topics import Names, create, topics
from streams.wire import partition_of_key
from streams.workers import http_server, listen

JSON = "application/json"
LINES = "application/x-ndjson"
PARTITIONS = 4

_numbers = count(1)


@dataclass
class Running:
    """An intake with its real socket, on a real Kafka."""

    url: str
    bootstrap: str
    names: Names
    intake: KafkaIntake
    stopping: threading.Event
    client: httpx2.Client = field(default_factory=lambda: httpx2.Client(timeout=60))

    def post(self, body: bytes, content_type: str = LINES) -> httpx2.Response:
        headers = {"content-type": content_type}
        return self.client.post(f"{self.url}/api/v1/events", content=body, headers=headers)

    def stored(self, topic: str = "") -> list[Stored]:
        return newest(self.bootstrap, [topic or self.names.events])

    def wait_until_ready(self) -> None:
        wait_for(self.intake.is_ready, lambda: "the intake does not become ready")


@contextmanager
def running_on(
    broker: Broker, *, patience_s: float = 8.0, look_s: float = 2.0, most_held: int = 1 << 26
) -> Iterator[Running]:
    names = Names(f"ingest{os.getpid()}x{next(_numbers)}")
    create(broker.bootstrap, topics(names, PARTITIONS))
    inbox, stopping, listener = Inbox(WAITING), threading.Event(), listen("127.0.0.1", 0)
    to = routes(broker.bootstrap, names)
    intake = KafkaIntake(
        broker.bootstrap, to, names.dead_letters, inbox, patience_s=patience_s, look_s=look_s
    )
    ports = Ports(inbox, intake.is_ready, None, not_ready="away", most_held=most_held)
    server = http_server(ingest_app(ports, ["127.0.0.1"]), listener)
    thread = threading.Thread(target=intake.run, args=(server, stopping))
    thread.start()
    here = Running(
        f"http://127.0.0.1:{listener.getsockname()[1]}", broker.bootstrap, names, intake, stopping
    )
    try:
        here.wait_until_ready()
        yield here
    finally:
        here.client.close()
        stopping.set()
        thread.join(60)
        assert not thread.is_alive()


@pytest.fixture
def running(broker: Broker) -> Iterator[Running]:
    with running_on(broker) as here:
        yield here


def test_202_means_that_each_event_is_in_the_partition_of_its_key(running: Running) -> None:
    orders = [an_order(id=f"e{number}", order_id=f"O-{number}") for number in range(40)]
    answer = running.post(as_lines(orders))
    stored = running.stored()

    assert (answer.status_code, answer.json()["accepted"]) == (202, 40)
    assert {one.key for one in stored} == {f"O-{number}".encode() for number in range(40)}
    assert all(
        one.partition == partition_of_key((one.key or b"").decode(), PARTITIONS) for one in stored
    )


def test_the_trace_of_a_request_goes_on_in_every_record_of_it(running: Running) -> None:
    trace = f"00-{'a' * 32}-{'b' * 16}-01"
    orders = as_lines([an_order(), an_order(id="e2", order_id="O-2")])
    headers = {"content-type": LINES, "traceparent": trace}
    running.client.post(f"{running.url}/api/v1/events", content=orders, headers=headers)
    running.post(as_lines([an_order(id="e3", order_id="O-3")]))
    told = [dict(one.headers).get("traceparent") for one in running.stored()]

    assert sorted(one for one in told if one) == [trace.encode()] * 2
    assert told.count(None) == 1


def test_events_of_skus_go_to_the_catalogue(running: Running) -> None:
    answer = running.post(as_lines([a_listing(sku="sku-9"), an_order()]))
    [listed] = running.stored(running.names.catalogue)

    assert answer.json()["accepted"] == 2
    assert listed.key == b"sku-9"


def test_what_senders_claim_about_recorded_time_is_taken_off(running: Running) -> None:
    running.post(as_lines([an_order(recordedtime="2020-01-01T00:00:00.000Z")]))
    [stored] = running.stored()

    assert b"recordedtime" not in (stored.value or b"")


def test_refusals_are_named_and_kept_and_the_others_are_stored(running: Running) -> None:
    good, bad = json.loads(as_lines([an_order()])), json.loads(as_lines([an_order()]))
    bad["lines"][0]["quantity"] = -1
    answer = running.post(json.dumps([good, bad]).encode(), JSON)
    [error] = answer.json()["errors"]
    [letter] = dead_letters(running.bootstrap, running.names.dead_letters)

    assert (answer.status_code, answer.json()["accepted"]) == (202, 1)
    assert (error["index"], error["path"]) == (1, "$.lines[0].quantity")
    assert (letter.letter.topic, letter.letter.path) == ("http", "$.lines[0].quantity")
    assert len(running.stored()) == 1


def test_nothing_but_refusals_is_422(running: Running) -> None:
    answer = running.post(b'{"type": "order.dreamt", "id": "1"}', JSON)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["index"] == 0
    assert running.stored() == []


def test_what_was_refused_goes_where_it_belongs_once_it_is_corrected(running: Running) -> None:
    running.post(b'{"type": "order.dreamt", "id": "1"}', JSON)
    [kept] = dead_letters(running.bootstrap, running.names.dead_letters)
    correction = as_lines([an_order(order_id="O-7")])
    send_again(running.bootstrap, running.names, [Retry(kept.letter, correction)])
    [after] = dead_letters(running.bootstrap, running.names.dead_letters)
    [stored] = running.stored()

    assert after.is_retried
    assert (stored.key, stored.partition) == (b"O-7", partition_of_key("O-7", PARTITIONS))


def test_events_of_one_order_stay_in_order_over_many_batches(running: Running) -> None:
    scans = [a_scan(id=f"e{number}", order_id="O-1") for number in range(9_000)]
    answer = running.post(as_lines(scans))
    ids = [json.loads(one.value or b"")["id"] for one in running.stored()]

    assert answer.json()["accepted"] == 9_000
    assert ids == [f"e{number}" for number in range(9_000)]


def test_without_a_ledger_problems_and_actions_are_not_found(running: Running) -> None:
    for page in ("problems", "actions/feed"):
        answer = running.client.get(f"{running.url}/api/v1/{page}")

        assert answer.status_code == 404
        assert "ANDON_LEDGER_URL" in answer.json()["detail"]


def test_requests_beyond_what_memory_is_set_aside_for_are_asked_to_come_again(
    broker: Broker,
) -> None:
    with running_on(broker, most_held=2_000) as running:
        large = running.post(as_lines([an_order(order_id=f"O-{n}") for n in range(50)]))
        small = running.post(as_lines([an_order()]))

    assert (large.status_code, large.headers["retry-after"]) == (503, "1")
    assert small.status_code == 202


def test_records_under_way_are_no_reason_to_send_anybody_away(broker: Broker) -> None:
    with running_on(broker, look_s=0.001) as running:
        body = as_lines([a_scan(id=f"e{n}", order_id=f"O-{n}") for n in range(2_000)])
        answers = [running.post(body).status_code for _ in range(10)]

    assert answers == [202] * 10


def test_a_topic_that_refuses_a_batch_does_not_stop_those_behind(running: Running) -> None:
    admin = KafkaAdminClient(bootstrap_servers=running.bootstrap)
    setting = ConfigResource("TOPIC", running.names.events, {"max.message.bytes": "2000"})
    admin.alter_configs([setting])
    admin.close()
    many = as_lines([an_order(id=f"e{n}", order_id="O-1") for n in range(50)])
    wait_for(lambda: running.post(many).status_code == 503, lambda: "the topic takes large batches")
    running.wait_until_ready()
    small = running.post(as_lines([an_order(id="small")]))

    assert small.status_code == 202


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["pause", "kill"])
def test_while_the_broker_is_away_nothing_is_promised_and_then_all_is_well(
    mortal_broker: Broker, fault: str
) -> None:
    back: dict[str, Callable[[], None]] = {
        "pause": mortal_broker.resume,
        "kill": mortal_broker.start,
    }
    with running_on(mortal_broker, patience_s=2.0) as running:
        accepted = {"before"} if running.post(as_lines([an_order(id="before")])).is_success else {}
        getattr(mortal_broker, fault)()
        away = [running.post(as_lines([an_order(id=f"away{n}")])) for n in range(3)]
        ready = running.client.get(f"{running.url}/readyz")
        alive = running.client.get(f"{running.url}/healthz")
        back[fault]()
        running.wait_until_ready()
        after = running.post(as_lines([an_order(id="after"), a_delivery(id="behind")]))
        ids = [json.loads(one.value or b"")["id"] for one in running.stored()]

    assert accepted
    assert {one.status_code for one in away} == {503}
    assert {one.headers["retry-after"] for one in away} == {"1"}
    assert (ready.status_code, alive.status_code) == (503, 200)
    assert after.status_code == 202
    assert {"before", "after", "behind"} <= set(ids)
    assert len(ids) == len(set(ids))


def test_the_command_answers_what_it_has_begun_and_ends_when_asked(
    broker: Broker, tmp_path: Path
) -> None:
    names = Names(f"ingest{os.getpid()}x{next(_numbers)}")
    create(broker.bootstrap, topics(names, PARTITIONS))
    command = [str(ANDON), "run", "--kafka", broker.bootstrap, "--prefix", names.prefix]
    ledger = f"sqlite:///{tmp_path / 'ledger.db'}"
    log = tmp_path / "log"
    with log.open("wb") as said:
        process = subprocess.Popen(
            [*command, "--role", "ingest", "--http", "0", "--ledger", ledger],
            stderr=said,
            cwd=tmp_path,
            env=os.environ | {"ANDON_LOG": "json"},
        )
    try:
        wait_for(lambda: "listening" in log.read_text(), log.read_text)
        found = re.search(r'"url": "(http://[^/]+)/', log.read_text())
        assert found
        wait_for(lambda: httpx2.get(f"{found[1]}/readyz").is_success, log.read_text)
        answers: list[int] = []

        def post(number: int) -> None:
            lines = as_lines([an_order(id=f"e{number}-{n}") for n in range(2_000)])
            headers = {"content-type": LINES}
            try:
                url = f"{found[1]}/api/v1/events"
                answer = httpx2.post(url, content=lines, headers=headers, timeout=60)
            except httpx2.TransportError:
                return
            answers.append(answer.status_code)

        problems = httpx2.get(f"{found[1]}/api/v1/problems", timeout=60).json()
        feed = httpx2.get(f"{found[1]}/api/v1/actions/feed", timeout=60).json()
        metrics = httpx2.get(f"{found[1]}/metrics", timeout=60).text
        senders = [threading.Thread(target=post, args=(number,)) for number in range(6)]
        for sender in senders:
            sender.start()
        wait_for(lambda: bool(answers), log.read_text)
        process.send_signal(signal.SIGTERM)
        for sender in senders:
            sender.join(60)
        code = process.wait(60)
    finally:
        process.kill()
    stored = newest(broker.bootstrap, [names.events])

    assert code == 0, log.read_text()
    assert problems == {"total": 0, "problems": []}
    assert feed == {"next": 0, "actions": []}
    assert "andon_ingest_ready 1.0" in metrics
    assert answers.count(202) * 2_000 == len(stored)
    assert '"event": "stopped"' in log.read_text()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--role", "ingest"], "--http"),
        (["--role", "ingest", "--role", "worker", "--http", "0"], "process of its own"),
        (["--http", "0"], "--role ingest"),
    ],
)
def test_contradicting_options_are_told_apart(
    arguments: list[str], told: str, tmp_path: Path
) -> None:
    asked = [str(ANDON), "run", "--kafka", "127.0.0.1:1", *arguments]
    done = subprocess.run(asked, capture_output=True, text=True, cwd=tmp_path, check=False)

    assert done.returncode == 2
    assert told in " ".join(done.stderr.split())
