"""Recordings in the order of recorded time: two passes, 18 bytes of memory a line.

The first pass notes when each line was recorded and where it stands; the second reads the lines in
that order. Lines of one millisecond stay in the order in which they stand.
"""

import mmap
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from schemas.codec import Decoded
from schemas.times import Times
from streams.recordings import Recording, plain

CHUNK: Final = 1 << 21
LINES: Final = 8_000
"""Lines read at a time."""

Decode = Callable[[bytes, int, str], Decoded]
"""Takes lines, how many lines stand before them, and the name of the recording."""


@dataclass(frozen=True, slots=True)
class _Index:
    """Where the events of one plain file stand: first byte and recorded time (ms UTC) of each."""

    start: NDArray[np.int64]
    recorded: Times


def in_order(recordings: Sequence[Recording], decode: Decode, scratch: Path) -> Iterator[bytes]:
    """Yield the lines of all ``recordings`` that hold events, by recorded time.

    ``decode`` sees every line once, in the order of the recordings, and may keep what is no event.
    """
    files = [plain(recording, scratch) for recording in recordings]
    indexes = [_index(file, decode) for file in files]
    with ExitStack() as stack:
        maps = [_mapped(file.path, stack) for file in files]
        yield from _lines(maps, indexes)


def _lines(maps: Sequence[mmap.mmap | bytes], indexes: Sequence[_Index]) -> Iterator[bytes]:
    recorded = np.concatenate([index.recorded for index in indexes])
    start = np.concatenate([index.start for index in indexes])
    file = np.repeat(np.arange(len(indexes)), [index.start.size for index in indexes])
    order = np.argsort(recorded, kind="stable")
    for at in range(0, order.size, LINES):
        some = order[at : at + LINES]
        places = zip(file[some].tolist(), start[some].tolist(), strict=True)
        yield b"\n".join(_line(maps[number], place) for number, place in places)


def _line(text: mmap.mmap | bytes, start: int) -> bytes:
    end = text.find(b"\n", start)
    return text[start : end if end >= 0 else len(text)]


def _mapped(path: Path, stack: ExitStack) -> mmap.mmap | bytes:
    file = stack.enter_context(path.open("rb"))
    if not path.stat().st_size:
        return b""
    return stack.enter_context(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def _index(file: Recording, decode: Decode) -> _Index:
    starts, recorded, offset = [np.empty(0, np.int64)], [np.empty(0, np.int64)], 0
    for piece in file.pieces(CHUNK):
        decoded = decode(piece.text, piece.line, file.name)
        starts.append(_starts(piece.text, decoded) + offset)
        recorded.append(decoded.recorded)
        offset += len(piece.text)
    return _Index(np.concatenate(starts), np.concatenate(recorded))


def _starts(text: bytes, decoded: Decoded) -> NDArray[np.int64]:
    """Return the first byte of each line of ``text`` that holds an event."""
    breaks = np.flatnonzero(np.frombuffer(text, np.uint8) == ord("\n")) + 1
    starts = np.append(0, breaks[: breaks.size - text.endswith(b"\n")])
    holds = np.ones(starts.size, np.bool_)
    holds[[one.position for one in decoded.rejected]] = False
    if int(holds.sum()) > len(decoded.events):
        ends = np.append(starts[1:], len(text)).tolist()
        blank = [not text[a:b].strip() for a, b in zip(starts.tolist(), ends, strict=True)]
        holds &= ~np.array(blank)
    return starts[holds]
