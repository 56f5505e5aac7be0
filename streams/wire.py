"""The forms of records on Kafka that are not events: clocks, dead letters, and their retries.

Pure: headers in, values out. Headers are pairs of name and bytes, as every client hands them over.
"""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from schemas.times import NEVER

Headers = list[tuple[str, bytes]]
"""Headers of a record, in order."""

CLOCK: Final = "andon-clock"
"""Header of a clock record: ms UTC in ASCII digits. Such a record has no key and an empty value."""

END: Final = "andon-end"
"""Header of the last clock record of a recording: time stands still behind it."""

AGAIN: Final = "andon-again"
"""Header by which the judge asks whoever reads a partition to tell it anew, from ms UTC in digits.

Such a record has no key and an empty value.
"""

TOPIC: Final = "andon-topic"
PARTITION: Final = "andon-partition"
OFFSET: Final = "andon-offset"
REASON: Final = "andon-reason"
PATH: Final = "andon-path"
"""Headers of a dead letter: where the record stood, why it was refused, which field is to blame."""

HTTP: Final = "http"
"""Stands for the topic in a dead letter that came over HTTP; its offset is a hash of the bytes."""

RETRIED: Final = "andon-retried"
"""Header of a tombstone behind a dead letter: the id of the one that was sent again."""

_OURS: Final = "andon-"
_MOST_DIGITS: Final = 13


def partition_of_key(key: str, partitions: int) -> int:
    """Return the partition of an input topic that ``key`` belongs to, 0 to ``partitions - 1``.

    CRC-32 of its UTF-8, so that every client can compute it; clients' own choices differ.
    """
    return zlib.crc32(key.encode()) % partitions


def clock_record(ms: int, *, is_end: bool = False) -> tuple[Headers, bytes]:
    """Return headers and value of a clock record for one partition, at ``ms`` UTC.

    It promises that no record behind it in the partition was recorded before ``ms``. Only
    recordings need it: live, the broker's own clock says so. ``is_end`` ends a recording.
    """
    return [(CLOCK, b"%d" % ms), *([(END, b"")] if is_end else [])], b""


def is_end(headers: Iterable[tuple[str, bytes]]) -> bool:
    """Whether a clock record ends a recording."""
    return any(name == END for name, _ in headers)


def clock_of(headers: Iterable[tuple[str, bytes]] | None) -> int | None:
    """Return what a clock record promises (ms UTC); ``None`` if this is another record.

    A clock that cannot be read is no clock: the record then fails to decode, with its reason.
    """
    for name, value in headers or ():
        if name == CLOCK:
            return _moment(value)
    return None


def _moment(value: bytes) -> int | None:
    if not (value.isdigit() and len(value) <= _MOST_DIGITS):
        return None
    moment = int(value)
    return moment if moment < NEVER else None


def again_record(since: int) -> tuple[Headers, bytes]:
    """Return headers and value of a record that asks its partition to tell ``since`` on anew.

    ``since`` is in ms UTC. It goes through the partition's own log, so that it reaches whoever
    reads it now or later.
    """
    return [(AGAIN, b"%d" % since)], b""


def again_of(headers: Iterable[tuple[str, bytes]] | None) -> int | None:
    """Return since when (ms UTC) a record asks to be told anew; ``None`` if it asks nothing."""
    for name, value in headers or ():
        if name == AGAIN:
            return _moment(value)
    return None


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record that could not be taken in: where it stood, why, and everything that was in it."""

    topic: str
    partition: int
    offset: int
    reason: str
    """What people read."""
    path: str
    """The field to blame, such as ``$.time``; ``$`` for the whole record."""
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()
    """The record's own headers, as they were."""

    @property
    def id(self) -> str:
        """Where the record stood, as ``topic/partition/offset``; the same however often read."""
        return f"{self.topic}/{self.partition}/{self.offset}"


def dead_letter_record(letter: DeadLetter) -> tuple[Headers, bytes]:
    """Return headers and value for the topic of dead letters; the key stays ``letter.key``."""
    headers = [
        (TOPIC, letter.topic.encode()),
        (PARTITION, b"%d" % letter.partition),
        (OFFSET, b"%d" % letter.offset),
        (REASON, letter.reason.encode()),
        (PATH, letter.path.encode()),
        *letter.headers,
    ]
    return headers, letter.value or b""


def dead_letter_of(
    headers: Iterable[tuple[str, bytes]] | None, key: bytes | None, value: bytes | None
) -> DeadLetter | None:
    """Return the dead letter that a record is; ``None`` if it is none."""
    pairs = tuple(headers or ())
    ours = {name: text.decode(errors="replace") for name, text in pairs if name.startswith(_OURS)}
    partition, offset = ours.get(PARTITION, ""), ours.get(OFFSET, "")
    if TOPIC not in ours or not (_is_number(partition) and _is_number(offset)):
        return None
    theirs = tuple(pair for pair in pairs if not pair[0].startswith(_OURS))
    place = (ours[TOPIC], int(partition), int(offset))
    return DeadLetter(*place, ours.get(REASON, ""), ours.get(PATH, "$"), key, value, theirs)


def retried_record(letter: DeadLetter) -> Headers:
    """Return the headers of the tombstone that says ``letter`` was sent again."""
    return [(RETRIED, letter.id.encode())]


def retried_of(headers: Iterable[tuple[str, bytes]] | None) -> str | None:
    """Return the id of the dead letter that a tombstone speaks of; ``None`` if it is none."""
    for name, value in headers or ():
        if name == RETRIED:
            return value.decode(errors="replace")
    return None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()
