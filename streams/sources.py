"""Inputs that are read, not received: a file, a growing file, standard input.

A source yields whole lines only, with the position after them, so that the journal can store both
in one transaction and reading goes on exactly there after a crash.
"""

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from streams.journal import Mark

CHUNK: Final = 1 << 20
"""Bytes read at a time: some 4 000 events."""

LONGEST_LINE: Final = 16 << 20
"""A longer line is no event; it is passed on in one piece to be refused with its reason."""

_HEAD: Final = 1024


@dataclass(frozen=True, slots=True)
class Piece:
    """Whole lines, and the mark to store with them (``None`` where reading cannot resume)."""

    body: bytes
    mark: Mark | None


def read_file(
    path: Path, mark: Mark | None, wait: Callable[[], bool] | None = None
) -> Iterator[Piece]:
    """Yield the lines of ``path`` that come after ``mark``.

    With ``wait`` the file is followed: at its end ``wait()`` is called and reading goes on while it
    returns true; a file that was replaced or cut is read from its start. Without, the end is the
    end, and a last line without a line break counts.
    """
    name = str(path.resolve())
    while True:
        with path.open("rb") as file:
            yield from _read_open(file, name, _resume(file, mark), wait)
            mark = None
        if wait is None or not wait():
            return


def read_stream(stream: BinaryIO) -> Iterator[Piece]:
    """Yield the lines of ``stream`` (standard input, a pipe); it cannot be resumed."""
    rest = b""
    while chunk := _read_some(stream):
        whole, rest = _cut(rest + chunk)
        if whole:
            yield Piece(whole, None)
    if rest:
        yield Piece(rest, None)


def _read_some(stream: BinaryIO) -> bytes:
    read1 = getattr(stream, "read1", stream.read)
    chunk: bytes = read1(CHUNK)
    return chunk


def _cut(text: bytes) -> tuple[bytes, bytes]:
    """Return the whole lines of ``text`` and the beginning of the next one."""
    end = text.rfind(b"\n") + 1
    if end == 0 and len(text) > LONGEST_LINE:
        return text, b""
    return text[:end], text[end:]


def _resume(file: BinaryIO, mark: Mark | None) -> int:
    """Return the offset to go on from: 0 if the file is not the one that ``mark`` was made of."""
    if mark is None or file.seek(0, 2) < mark.offset:
        return 0
    return mark.offset if _head(file, mark.offset) == mark.head else 0


def _head(file: BinaryIO, offset: int) -> str:
    """Return what tells this file from others: a hash over its beginning, at most to ``offset``."""
    file.seek(0)
    return hashlib.sha256(file.read(min(offset, _HEAD))).hexdigest()


def _read_open(
    file: BinaryIO, name: str, offset: int, wait: Callable[[], bool] | None
) -> Iterator[Piece]:
    while True:
        for piece in _pieces(file, name, offset, last=wait is None):
            offset = piece.mark.offset if piece.mark else offset
            yield piece
        if wait is None or not wait() or _was_replaced(file, name, offset):
            return


def _pieces(file: BinaryIO, name: str, offset: int, *, last: bool) -> Iterator[Piece]:
    """Yield what can be read now from ``offset`` on; an unfinished last line only if ``last``."""
    file.seek(offset)
    rest = b""
    while chunk := file.read(CHUNK):
        whole, rest = _cut(rest + chunk)
        if whole:
            offset += len(whole)
            yield _piece(file, name, whole, offset)
    if rest and last:
        yield _piece(file, name, rest, offset + len(rest))


def _piece(file: BinaryIO, name: str, body: bytes, offset: int) -> Piece:
    position = file.tell()
    head = _head(file, offset)
    file.seek(position)
    return Piece(body, Mark(name, offset, head))


def _was_replaced(file: BinaryIO, name: str, offset: int) -> bool:
    """Whether ``name`` is another file by now, or this one was cut below what was read."""
    try:
        there = Path(name).stat()
    except FileNotFoundError:
        return False
    return there.st_ino != os.fstat(file.fileno()).st_ino or file.seek(0, 2) < offset
