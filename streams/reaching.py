"""How commands reach a Kafka broker, and what they say when none answers."""

import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from aiokafka.errors import KafkaError as AsyncKafkaError
from kafka import KafkaAdminClient, KafkaConsumer
from kafka.errors import KafkaError

from streams.trouble import KafkaTrouble

PATIENCE_MS: Final = 10_000
"""How long a command waits for a broker; one that is there answers within a second."""

_CONNECT_S: Final = 3.0


@contextmanager
def administering(bootstrap: str) -> Iterator[KafkaAdminClient]:
    """Connect to the cluster at ``bootstrap`` to look at and make topics.

    Raises:
        KafkaTrouble: Nothing answers there, or what was asked is refused.
    """
    with plainly(bootstrap):
        wait = {"bootstrap_timeout_ms": PATIENCE_MS, "request_timeout_ms": PATIENCE_MS}
        admin = KafkaAdminClient(bootstrap_servers=bootstrap.split(","), **wait)
        try:
            yield admin
        finally:
            admin.close()


@contextmanager
def reading(bootstrap: str) -> Iterator[KafkaConsumer]:
    """Connect to read records without joining any group: nobody's place is moved.

    Raises:
        KafkaTrouble: Nothing answers there, or reading is refused.
    """
    with plainly(bootstrap):
        consumer = KafkaConsumer(
            bootstrap_servers=bootstrap.split(","),
            bootstrap_timeout_ms=PATIENCE_MS,
            enable_auto_commit=False,
            isolation_level="read_committed",
        )
        try:
            yield consumer
        finally:
            consumer.close()


@contextmanager
def plainly(bootstrap: str) -> Iterator[None]:
    """Say in one sentence what went wrong with the cluster at ``bootstrap``.

    Raises:
        KafkaTrouble: Whatever a client of Kafka raises inside.
    """
    if not bootstrap:
        raise KafkaTrouble("which Kafka? name one with --kafka HOST:PORT or ANDON_KAFKA")
    if not any(map(listens, bootstrap.split(","))):
        raise KafkaTrouble(f"Kafka at {bootstrap}: {_SILENT}")
    for client in ("kafka", "aiokafka"):
        logging.getLogger(client).setLevel(logging.CRITICAL)  # they log what they also raise
    try:
        yield
    except (KafkaError, AsyncKafkaError) as error:
        raise KafkaTrouble(f"Kafka at {bootstrap}: {_in_words(error)}") from error


def listens(address: str) -> bool:
    """Whether anything accepts connections at ``address``, ``host:port``.

    Asked before a client is made: kafka-python leaks the sockets of attempts that fail.
    """
    host, _, port = address.strip().rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_CONNECT_S).close()
    except (OSError, ValueError):
        return False
    return True


def _in_words(error: Exception) -> str:
    name = type(error).__name__
    if name in _REMEDIES:
        return _REMEDIES[name]
    said = str(error).split(": Request '", maxsplit=1)[0]
    return said if name in said else f"{name}: {said}"


_SILENT: Final = "no broker answers; is it running, and is the address right?"
_REMEDIES: Final = {
    "KafkaTimeoutError": _SILENT,
    "KafkaConnectionError": _SILENT,
    "NoBrokersAvailable": _SILENT,
    "RequestTimedOutError": "a broker is there but does not answer in time; look at its log",
    "TopicAuthorizationFailedError": "this client may not use the topic; ask for the right",
    "ClusterAuthorizationFailedError": "this client may not manage the cluster; ask for the right",
}
"""What to say instead of a client's own words, by the name of its error."""
