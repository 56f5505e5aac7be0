"""What is in topics: the newest records, those that come, or all there are. Joins no group."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from kafka import KafkaConsumer, TopicPartition

from streams.reaching import reading
from streams.trouble import KafkaTrouble

_WAIT_MS: Final = 500


@dataclass(frozen=True, slots=True)
class Stored:
    """A record as it stands in a topic; ``at`` is the broker's or the sender's stamp, ms UTC."""

    topic: str
    partition: int
    offset: int
    at: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


def newest(bootstrap: str, topics: Sequence[str], limit: int | None = None) -> list[Stored]:
    """Return the newest ``limit`` records (``None``: all) of ``topics``, oldest first.

    Raises:
        KafkaTrouble: No broker answers, or a topic is missing.
    """
    with reading(bootstrap) as consumer:
        _seek(consumer, topics, limit)
        found = sorted(_up_to_now(consumer), key=_place)
    return found if limit is None else found[-limit:]


def following(bootstrap: str, topics: Sequence[str], limit: int) -> Iterator[list[Stored]]:
    """Yield the newest ``limit`` records of ``topics``, then those that come, for ever.

    Raises:
        KafkaTrouble: No broker answers, or a topic is missing.
    """
    with reading(bootstrap) as consumer:
        _seek(consumer, topics, limit)
        yield sorted(_up_to_now(consumer), key=_place)[-limit:]
        while True:
            yield _polled(consumer)


def _place(record: Stored) -> tuple[int, str, int, int]:
    return (record.at, record.topic, record.partition, record.offset)


def _seek(consumer: KafkaConsumer, topics: Sequence[str], limit: int | None) -> None:
    """Stand ``limit`` records before the end of each partition, or at its beginning."""
    there = {topic: consumer.partitions_for_topic(topic) for topic in topics}
    if missing := [topic for topic, partitions in there.items() if not partitions]:
        raise KafkaTrouble(f"no topic {', '.join(missing)}: andon topics create")
    every = [TopicPartition(topic, one) for topic, some in there.items() for one in sorted(some)]
    consumer.assign(every)
    first, last = consumer.beginning_offsets(every), consumer.end_offsets(every)
    for one in every:
        consumer.seek(one, first[one] if limit is None else max(first[one], last[one] - limit))


def _up_to_now(consumer: KafkaConsumer) -> Iterator[Stored]:
    """Yield what is there, up to the ends as they are on being called."""
    every = sorted(consumer.assignment())
    ends = consumer.end_offsets(every)
    while any(consumer.position(one) < ends[one] for one in every):
        yield from _polled(consumer)


def _polled(consumer: KafkaConsumer) -> list[Stored]:
    batches = consumer.poll(timeout_ms=_WAIT_MS).values()
    return [
        Stored(
            record.topic,
            record.partition,
            record.offset,
            record.timestamp,
            record.key,
            record.value,
            tuple(record.headers),
        )
        for batch in batches
        for record in batch
    ]
