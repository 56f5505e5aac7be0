"""Dead letters: records that could not be taken in, and another try for those that can by now."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kafka import KafkaProducer

from schemas.codec import Decoder
from streams.addresses import Routes
from streams.reaching import PATIENCE_MS, plainly
from streams.sending import routes
from streams.tailing import Stored, newest
from streams.topics import Names
from streams.wire import HTTP, DeadLetter, dead_letter_of, retried_of, retried_record


@dataclass(frozen=True, slots=True)
class Kept:
    """A dead letter as it is kept: when it was put there (ms UTC), and if it was sent again."""

    letter: DeadLetter
    at: int
    is_retried: bool


@dataclass(frozen=True, slots=True)
class Retry:
    """A dead letter to send again, with the value to send."""

    letter: DeadLetter
    value: bytes


def dead_letters(bootstrap: str, topic: str) -> list[Kept]:
    """Return all dead letters in ``topic``, oldest first; each record once, however often read.

    Raises:
        KafkaTrouble: No broker answers, or the topic is missing.
    """
    return kept_of(newest(bootstrap, [topic]))


def kept_of(records: Iterable[Stored]) -> list[Kept]:
    """Return the dead letters among ``records``; tombstones say which were sent again."""
    letters: dict[str, tuple[DeadLetter, int]] = {}
    retried: set[str] = set()
    for record in records:
        if (name := retried_of(record.headers)) is not None:
            retried.add(name)
        elif letter := dead_letter_of(record.headers, record.key, record.value):
            letters.setdefault(letter.id, (letter, record.at))
    return [Kept(letter, at, letter.id in retried) for letter, at in letters.values()]


def fault_of(retry: Retry) -> str:
    """Return why ``retry`` would become a dead letter again; empty if it can be read now."""
    decoded = Decoder().decode_body(retry.value, "application/json")
    faults = [f"{one.path}: {one.reason}" for one in decoded.rejected]
    if not faults and len(decoded.events) != 1:
        faults = [f"$: holds {len(decoded.events)} events, not one"]
    return "; ".join(faults)


def send_again(bootstrap: str, names: Names, retries: Sequence[Retry]) -> None:
    """Send ``retries`` where they came from, then mark each as sent.

    What came over HTTP goes where its event belongs.

    After a crash between the two it is offered once more; an event taken in twice counts once.

    Raises:
        KafkaTrouble: No broker answers, or it refuses.
    """
    came_over_http = any(retry.letter.topic == HTTP for retry in retries)
    to = routes(bootstrap, names) if came_over_http else None
    with plainly(bootstrap):
        producer = KafkaProducer(
            bootstrap_servers=bootstrap.split(","),
            bootstrap_timeout_ms=PATIENCE_MS,
            acks="all",
            max_request_size=8 << 20,
        )
        try:
            for retry in retries:
                _send_again(producer, names.dead_letters, retry, to)
        finally:
            producer.close()


def _send_again(producer: KafkaProducer, topic: str, retry: Retry, to: Routes | None) -> None:
    letter = retry.letter
    wait_s = PATIENCE_MS / 1000
    where, partition, key = _place(retry, to)
    producer.send(
        where,
        key=key,
        value=retry.value,
        headers=list(letter.headers),
        partition=partition,
    ).get(wait_s)
    # Neither key nor value is what kafka-python refuses, and a letter may lack the key.
    producer.send(topic, key=letter.key, value=b"", headers=retried_record(letter)).get(wait_s)


def _place(retry: Retry, to: Routes | None) -> tuple[str, int, bytes | None]:
    """Return topic, partition and key to send to; those it had, or those of its event."""
    letter = retry.letter
    if letter.topic != HTTP or to is None:
        return letter.topic, letter.partition, letter.key
    return to.of(Decoder().decode_body(retry.value, "application/json").events[0])
