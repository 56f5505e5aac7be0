"""Commands about Kafka, against a real broker."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from kafka import KafkaProducer

from andon.testing import Said, command
from schemas.codec import encode
from schemas.testing import a_packing, an_order, as_lines
from streams.tailing import newest
from streams.testing_kafka import Broker
from streams.topics import Names
from streams.wire import DeadLetter, dead_letter_record
from streams.workers import listen

Andon = Callable[..., Said]


def test_topics_are_checked_made_and_checked_again(
    andon: Andon, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANDON_KAFKA", broker.bootstrap)
    monkeypatch.setenv("ANDON_KAFKA_PREFIX", "cli-topics")
    before = andon("topics", "check", "-o", "json")
    made = andon("topics", "create", "--partitions", "4")
    after = andon("topics", "check", "-o", "json")

    assert before.code == 1
    assert {row["remedy"] for row in before.rows} == {"andon topics create"}
    assert (made.code, after.code) == (0, 0)
    assert "made cli-topics.events" in made.err
    assert after.rows == []


def test_the_doctor_looks_at_topics_where_a_broker_is_named(
    andon: Andon, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANDON_KAFKA", broker.bootstrap)
    monkeypatch.setenv("ANDON_KAFKA_PREFIX", "cli-doctor")
    sick = andon("doctor", "--port", "0", "-o", "json")
    andon("topics", "create", "--partitions", "2")
    well = andon("doctor", "--port", "0", "-o", "json")

    assert sick.code == 1
    assert "cli-doctor.events: topic missing" in sick.out
    assert well.code == 0
    assert any(row["check"] == "topics" for row in well.rows)


@pytest.mark.parametrize(
    "command",
    [
        ("topics", "create"),
        ("topics", "check"),
        ("events", "tail"),
        ("events", "tail", "--follow"),
        ("events", "send", "-"),
        ("dead-letters", "list"),
        ("dead-letters", "retry", "--all"),
    ],
)
def test_without_a_broker_the_remedy_is_told_in_one_line(
    andon: Andon, command: tuple[str, ...]
) -> None:
    unnamed = andon(*command)
    silent = andon(*command, "--kafka", "127.0.0.1:9")

    assert (unnamed.code, silent.code) == (2, 2)
    assert "name a broker with --kafka HOST:PORT or ANDON_KAFKA" in unnamed.err
    assert "Kafka at 127.0.0.1:9: no broker answers" in silent.err
    assert silent.err.count("\n") == 1


def test_the_doctor_says_when_no_broker_answers(
    andon: Andon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANDON_KAFKA", "127.0.0.1:9")
    done = andon("doctor", "--port", "0", "-o", "json")

    assert done.code == 1
    assert [row["result"] for row in done.rows if row["check"] == "kafka"] == ["FAIL"]


@pytest.fixture
def shop(
    andon: Andon, broker: Broker, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Names:
    """Topics of this test's own, named in the environment."""
    prefix = re.sub(r"[^a-z]+", "-", request.node.name)
    monkeypatch.setenv("ANDON_KAFKA", broker.bootstrap)
    monkeypatch.setenv("ANDON_KAFKA_PREFIX", prefix)
    assert andon("topics", "create", "--partitions", "3").code == 0
    return Names(prefix)


def test_sent_events_are_seen_in_the_topic(andon: Andon, shop: Names, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_bytes(as_lines([an_order(), a_packing()]))
    sent = andon("events", "send", file)
    seen = andon("events", "tail", "-o", "json")

    assert sent.code == 0
    assert "2 events sent" in sent.err
    assert [(row["key"], row["type"]) for row in seen.rows] == [
        ("o-1", "order.placed"),
        ("o-1", "shipment.packed"),
    ]
    assert all(row["place"].startswith(shop.events) for row in seen.rows)


@pytest.mark.usefixtures("shop")
def test_a_topic_that_is_missing_is_named(andon: Andon) -> None:
    done = andon("events", "tail", "--topic", "nope")

    assert done.code == 2
    assert "no topic nope: andon topics create" in done.err


def test_a_recording_is_sent_with_clocks(andon: Andon, shop: Names, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_bytes(as_lines([a_packing(), an_order()]))
    sent = andon("events", "send", file, "--recording")
    judge = andon("events", "tail", "--topic", shop.catalogue, "-o", "json")

    assert "2 events and 1 clocks sent" in sent.err
    assert [row["type"] for row in judge.rows] == ["(clock)"]


@pytest.mark.usefixtures("shop")
def test_lines_that_are_no_events_are_listed_and_the_others_sent(
    andon: Andon, tmp_path: Path
) -> None:
    file = tmp_path / "events.jsonl"
    file.write_bytes(as_lines([an_order()]) + b"nonsense\n")
    sent = andon("events", "send", file, "-o", "json")

    assert sent.code == 1
    assert [row["line"] for row in sent.rows] == [2]
    assert f"1 events sent to {os.environ['ANDON_KAFKA']}" in sent.err


def test_a_recording_is_validated_without_a_broker(andon: Andon, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_bytes(as_lines([an_order(), a_packing()]))
    sound = andon("events", "validate", file)
    file.write_bytes(as_lines([an_order()]) + b'{"type": "order.placed"}\n')
    unsound = andon("events", "validate", file, "-o", "json")

    assert sound.code == 0
    assert "1 order.placed" in sound.err
    assert "2 events, recorded from" in sound.err
    assert (unsound.code, [row["line"] for row in unsound.rows]) == (1, [2])


def a_dead_letter(broker: Broker, names: Names, offset: int, value: bytes) -> DeadLetter:
    letter = DeadLetter(
        names.events, 1, offset, "is no JSON", "$", b"o-1", value, (("traceparent", b"00-1"),)
    )
    headers, body = dead_letter_record(letter)
    producer = KafkaProducer(bootstrap_servers=broker.bootstrap)
    producer.send(names.dead_letters, key=letter.key, value=body, headers=headers).get(10)
    producer.close()
    return letter


def test_dead_letters_are_sent_again_once_they_can_be_read(
    andon: Andon, broker: Broker, shop: Names
) -> None:
    good = a_dead_letter(broker, shop, 7, encode(an_order()))
    a_dead_letter(broker, shop, 7, encode(an_order()))  # read twice after a crash
    bad = a_dead_letter(broker, shop, 9, b"{nonsense")
    listed = andon("dead-letters", "list", "-o", "json")
    retried = andon("dead-letters", "retry", "--all")
    left = andon("dead-letters", "list", "-o", "json")
    every = andon("dead-letters", "list", "--all", "-o", "json")
    [arrived] = newest(broker.bootstrap, [shop.events])

    assert [row["id"] for row in listed.rows] == [good.id, bad.id]
    assert retried.code == 1
    assert f"{bad.id} not sent: $" in retried.err
    assert "1 sent again" in retried.err
    assert [row["id"] for row in left.rows] == [bad.id]
    assert [row["state"] for row in every.rows] == ["retried", "kept"]
    assert (arrived.partition, arrived.key, arrived.value) == (1, b"o-1", encode(an_order()))
    assert arrived.headers == good.headers


def test_a_corrected_dead_letter_is_sent_in_its_place(
    andon: Andon, broker: Broker, shop: Names, tmp_path: Path
) -> None:
    letter = a_dead_letter(broker, shop, 9, b"{nonsense")
    file = tmp_path / "event.json"
    file.write_bytes(encode(an_order()))
    retried = andon("dead-letters", "retry", letter.id, "--corrected", file)
    unknown = andon("dead-letters", "retry", "nobody/0/0")
    [arrived] = newest(broker.bootstrap, [shop.events])

    assert retried.code == 0
    assert arrived.value == encode(an_order())
    assert (unknown.code, "not in the list" in unknown.err) == (2, True)


@pytest.mark.usefixtures("shop")
def test_what_comes_is_followed_until_interrupted(andon: Andon, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_bytes(as_lines([an_order()]))
    code = "from andon.cli import main; main()"
    command = [sys.executable, "-c", code, "events", "tail", "--follow", "-o", "json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as tail:
        assert tail.stdout is not None
        andon("events", "send", file)
        seen = json.loads(tail.stdout.readline())
        tail.send_signal(signal.SIGINT)
        _, said = tail.communicate(timeout=30)

    assert seen["type"] == "order.placed"
    assert (tail.returncode, said) == (0, b"")


def test_a_worker_whose_port_is_taken_says_so_in_one_line(tmp_path: Path) -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        said = command(
            *("run", "--kafka", "127.0.0.1:1", "--snapshots", "none"),
            *("--web", port, "--data", tmp_path),
        )

    assert said.code == 2
    assert f"cannot listen on 127.0.0.1:{port}" in said.words
