"""What tests of partition groups need: records as Kafka's clients hand them over, without Kafka."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from detectors.population.defects import DEFECTS
from detectors.registry import DETECTORS, registered
from schemas.codec import Decoder, encode
from schemas.events import Event
from schemas.times import ms
from streams.addresses import OF_JOURNEYS, key_of
from streams.engine import HORIZON
from streams.group import CATALOGUE, LOG, Group
from streams.partition import Partition
from streams.wire import clock_record, partition_of_key

TOPIC: Final = "events"

CLOCK_EVERY: Final = 300
"""Events between clocks."""


@dataclass(slots=True)
class Read:
    """One record."""

    offset: int
    value: bytes | None
    timestamp: int = 0
    """The broker's stamp, ms UTC."""
    key: bytes | None = None
    headers: Sequence[tuple[str, bytes]] = field(default_factory=list)


def records_of(*said: Event | bytes | None, start: int = 0, stamp: int = 0) -> list[Read]:
    """Return records one behind the other from offset ``start``; bytes are written as they are."""
    values = [encode(one) if isinstance(one, msgspec.Struct) else one for one in said]
    return [Read(start + i, value, stamp) for i, value in enumerate(values)]


def a_clock(offset: int, clock: int, *, is_end: bool = False) -> Read:
    """Return a clock record: nothing behind it was recorded before ``clock`` (ms UTC)."""
    headers, value = clock_record(clock, is_end=is_end)
    return Read(offset, value, headers=headers)


def a_group(
    *topics: str, clock: str = LOG, number: int = 0, state: Partition | None = None
) -> Group:
    """Return a group that has read nothing of ``topics`` yet."""
    offsets = dict.fromkeys(topics or (TOPIC,), 0)
    return Group(number, state or a_partition(), offsets, clock)


def a_partition() -> Partition:
    """Return an empty partition that asks all there is to ask."""
    return Partition(registered(*DETECTORS), ms(HORIZON), DEFECTS)


Logs = dict[int, dict[str, list[Read]]]
"""By group and topic."""


def logs_of(recording: Path, partitions: int, *topics: str) -> Logs:
    """Return a recording as the logs of its groups, with clocks in each and its end behind it.

    Events are dealt out to ``topics`` in turn; the catalogue is a group of its own.
    """
    names = topics or (TOPIC,)
    lines = recording.read_bytes().splitlines()
    decoded = Decoder().decode_lines(b"\n".join(lines))
    numbers = (CATALOGUE, *range(partitions))
    logs: Logs = {number: {topic: [] for topic in names} for number in numbers}
    every = [log for by_topic in logs.values() for log in by_topic.values()]
    for turn, i in enumerate(decoded.recorded.argsort(kind="stable").tolist()):
        if turn % CLOCK_EVERY == 0:
            for log in every:
                log.append(a_clock(len(log), int(decoded.recorded[i])))
        log = logs[number_of(decoded.events[i], partitions)][names[turn % len(names)]]
        log.append(Read(len(log), lines[i]))
    end = int(decoded.recorded.max()) + 1
    for log in every:
        log.append(a_clock(len(log), end, is_end=True))
    return logs


def number_of(event: Event, partitions: int) -> int:
    """Return the number of the group that reads ``event``."""
    if type(event) not in OF_JOURNEYS:
        return CATALOGUE
    return partition_of_key(key_of(event), partitions)
