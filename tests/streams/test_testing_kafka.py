"""The broker that other tests rely on: it serves, comes back with its data, and leaves nothing."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic

from streams.testing_kafka import Broker, answers
from streams.testing_kafka_jars import NoKafka, classpath, java
from streams.testing_kafka_serving import serve

VANISHES = """
import os, sys
from streams.testing_kafka import Broker
broker = Broker()
print(broker.pid, broker.home, flush=True)
os._exit(1)
"""
"""A program that starts a broker and ends without a word to it."""


def sent(broker: Broker, value: bytes) -> None:
    producer = KafkaProducer(bootstrap_servers=broker.bootstrap, acks="all")
    producer.send("kept", value).get(timeout=30)
    producer.close()


def stored(broker: Broker) -> list[bytes]:
    partition = TopicPartition("kept", 0)
    consumer = KafkaConsumer(bootstrap_servers=broker.bootstrap)
    consumer.assign([partition])
    consumer.seek_to_beginning()
    end = consumer.end_offsets([partition])[partition]
    found: list[bytes] = []
    while len(found) < end:
        for records in consumer.poll(timeout_ms=500).values():
            found += [record.value for record in records]
    consumer.close()
    return found


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.slow
def test_a_broker_comes_back_on_the_same_port_with_what_it_was_sent(mortal_broker: Broker) -> None:
    address = mortal_broker.bootstrap
    admin = KafkaAdminClient(bootstrap_servers=address)
    admin.create_topics([NewTopic("kept", 1, 1)])
    admin.close()

    sent(mortal_broker, b"one")
    mortal_broker.stop()
    assert not answers(address)
    mortal_broker.start()
    sent(mortal_broker, b"two")
    mortal_broker.kill()
    assert not answers(address)
    mortal_broker.start()

    assert (stored(mortal_broker), mortal_broker.bootstrap) == ([b"one", b"two"], address)


def test_a_paused_broker_is_silent_until_it_is_resumed(mortal_broker: Broker) -> None:
    mortal_broker.pause()
    paused = answers(mortal_broker.bootstrap)
    mortal_broker.resume()

    assert not paused
    assert answers(mortal_broker.bootstrap)


def test_a_forked_copy_of_its_owner_leaves_the_broker_alone(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(os, "getpid", lambda: -1)
        broker.close()

    assert broker.is_running


@pytest.mark.slow
def test_a_broker_does_not_outlive_a_process_that_just_vanishes(broker: Broker) -> None:
    assert broker.is_running  # so that a machine without Kafka skips
    done = subprocess.run(
        [sys.executable, "-c", VANISHES], check=False, capture_output=True, text=True
    )
    pid, home = done.stdout.split()
    for _ in range(200):
        if not is_alive(int(pid)) and not Path(home).exists():
            break
        time.sleep(0.1)

    assert not is_alive(int(pid))
    assert not Path(home).exists()


def test_a_broker_never_shares_a_port(broker: Broker, tmp_path: Path) -> None:
    with pytest.raises(NoKafka, match=f"{broker.bootstrap} is in use"):
        Broker(tmp_path / "second", port=broker.port)


def test_make_kafka_says_in_one_line_why_it_cannot(broker: Broker, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=f"^error: {broker.bootstrap} is in use"):
        serve(str(tmp_path / "kept"), broker.port)


def test_a_broker_that_cannot_start_ends_with_what_it_said_last(
    broker: Broker, tmp_path: Path
) -> None:
    assert broker.is_running  # so that a machine without Kafka skips
    with pytest.raises(NoKafka, match="many"):
        Broker(tmp_path / "wrong", settings={"num.io.threads": "many"})


def test_without_java_the_package_to_install_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)

    with pytest.raises(NoKafka, match="apt install openjdk-17-jre-headless maven"):
        java()


def test_without_maven_the_package_to_install_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(NoKafka, match="apt install maven"):
        classpath(cache=tmp_path / "cache")


def test_jars_are_fetched_again_only_when_the_pom_changes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pom, log = tmp_path / "pom.xml", tmp_path / "calls"
    maven = tmp_path / "bin" / "mvn"
    maven.parent.mkdir()
    maven.write_text(
        f'#!/bin/sh\nfor w; do f=${{w#-DoutputDirectory=}}; done\necho x >> {log}\nmkdir -p "$f"\n'
    )
    maven.chmod(0o755)
    monkeypatch.setenv("PATH", str(maven.parent), prepend=os.pathsep)
    for text in ("first", "first", "second"):
        pom.write_text(text)
        classpath(pom, tmp_path / "cache")

    assert log.read_text().split() == ["x", "x"]
