"""What is in recordings and in records: how many events of which type, and what is none."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from schemas.codec import Decoder
from schemas.events import TYPE_NAME
from schemas.times import iso
from streams.recordings import find
from streams.replay import Unread
from streams.wire import again_of, clock_of

_CHUNK: Final = 1 << 22


@dataclass(slots=True)
class Validated:
    """What some recordings hold."""

    events: int = 0
    types: Counter[str] = field(default_factory=Counter)
    rejected: list[Unread] = field(default_factory=list)
    first: int | None = None
    last: int | None = None
    """Earliest and latest recorded time, ms UTC."""

    @property
    def span(self) -> str:
        """From when to when they were recorded, in words."""
        if self.first is None or self.last is None:
            return ""
        return f", recorded from {iso(self.first)} to {iso(self.last)}"


def validated(
    paths: Sequence[Path], on_progress: Callable[[int, int], None] = lambda _done, _all: None
) -> Validated:
    """Read recordings to the end; ``on_progress`` is told bytes read and bytes in all.

    Raises:
        NotARecording: A folder without recordings, or a damaged file.
        OSError: A file cannot be read.
    """
    result = Validated()
    decoder = Decoder()
    with TemporaryDirectory(prefix="andon-") as scratch:
        found = find(paths, Path(scratch))
        done, total = 0, sum(recording.size for recording in found)
        for recording in found:
            for piece in recording.pieces(_CHUNK):
                on_progress(done + piece.before, total)
                decoded = decoder.decode_lines(piece.text)
                result.rejected += [
                    Unread(piece.line + r.position, r.path, r.reason, r.raw, recording.name)
                    for r in decoded.rejected
                ]
                if decoded.events:
                    result.events += len(decoded.events)
                    result.types.update(TYPE_NAME[type(event)] for event in decoded.events)
                    _widen(result, int(decoded.recorded.min()), int(decoded.recorded.max()))
            done += recording.size
    return result


def _widen(result: Validated, first: int, last: int) -> None:
    result.first = first if result.first is None else min(result.first, first)
    result.last = last if result.last is None else max(result.last, last)


def described(headers: Sequence[tuple[str, bytes]], value: bytes | None) -> dict[str, object]:
    """Return type and id of the event in a record on Kafka, or what it is instead."""
    clock = clock_of(headers)
    if clock is not None:
        return {"type": "(clock)", "id": iso(clock)}
    since = again_of(headers)
    if since is not None:
        return {"type": "(tell again)", "id": iso(since)}
    if not value:
        return {"type": "(empty)", "id": None}
    decoded = Decoder().decode_body(value, "application/json")
    if decoded.rejected:
        return {"type": "(no event)", "id": decoded.rejected[0].reason}
    event = decoded.events[0]
    return {"type": TYPE_NAME[type(event)], "id": event.id}
