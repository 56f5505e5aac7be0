"""Times and bytes in tests, short to write."""

from collections.abc import Iterable
from typing import Final

from schemas.codec import encode
from schemas.events import Event
from schemas.stamps import parse_one

_REST: Final = "01-01T00:00:00.000"


def at(moment: str) -> str:
    """Return ``"03-01T10:00"`` (or ``"03-01T10:00:59.999"``) of 2026 as a full stamp, UTC."""
    return f"2026-{moment}{_REST[len(moment) :]}Z"


def at_ms(moment: str) -> int:
    """Return ``moment``, written as for :func:`at`, in ms UTC."""
    time_ms = parse_one(at(moment))
    if time_ms is None:
        raise ValueError(moment)
    return time_ms


def as_lines(events: Iterable[Event]) -> bytes:
    """Return ``events`` as JSON Lines."""
    return b"".join(encode(event) + b"\n" for event in events)
