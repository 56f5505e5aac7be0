"""Recordings: files, folders and standard input that hold recorded events, one to a line."""

import gzip
import io
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, cast

import zstandard

from schemas.codec import count_breaks
from streams.folder import Folder
from streams.journal import Journal

STANDARD_INPUT: Final = Path("-")
"""The path that stands for standard input."""

_ENDINGS: Final = (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz", ".jsonl.zst", ".ndjson.zst")
"""Files of a folder that are recordings."""


class NotARecording(Exception):  # noqa: N818 - read as a sentence: this is not a recording
    """What was named holds no events that could be read; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some whole lines of a recording, and how many lines and bytes of it lie before them.

    ``before`` counts bytes of the file as it is stored, so compressed ones of a compressed file.
    """

    text: bytes
    line: int
    before: int


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording, under the name by which people know it; it can be read more than once."""

    name: str
    path: Path
    is_journal: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether its lines stand in the file as they are."""
        return not self.is_journal and self.path.suffix not in _OPENERS

    @property
    def size(self) -> int:
        """Bytes as stored."""
        return self.path.stat().st_size

    @property
    def decided(self) -> int:
        """The clock (ms UTC) up to which a run decided without an event; 0 for mere files."""
        if not self.is_journal:
            return 0
        with Journal.reader(self.path) as journal:
            return journal.decided

    def pieces(self, size: int) -> Iterator[Piece]:
        """Yield its lines in order, about ``size`` bytes at a time."""
        line = 0
        for text, before in self._journal() if self.is_journal else self._file(size):
            yield Piece(text, line, before)
            line += count_breaks(text)

    def _journal(self) -> Iterator[tuple[bytes, int]]:
        with Journal.reader(self.path) as journal:
            for lines in journal.lines():
                yield lines + b"\n", 0

    def _file(self, size: int) -> Iterator[tuple[bytes, int]]:
        with self.path.open("rb") as stored, _opened(self.path, stored) as file:
            before = 0
            while text := file.read(size):
                yield text + file.readline(), before
                before = stored.tell()


def find(paths: Sequence[Path | str], scratch: Path) -> list[Recording]:
    """Return the recordings that ``paths`` name; what can be read only once is kept in ``scratch``.

    A folder stands for the journal in it if a run keeps one there, else for its recordings.

    Raises:
        NotARecording: A folder holds none.
        OSError: A file cannot be read.
    """
    return [found for path in paths for found in _find(Path(path), scratch)]


def _find(path: Path, scratch: Path) -> list[Recording]:
    if path == STANDARD_INPUT:
        return [_kept("standard input", sys.stdin.buffer, scratch)]
    if path.is_dir():
        return _in_folder(path)
    if path.is_file():
        return [Recording(str(path), path)]
    with path.open("rb") as pipe:
        return [_kept(str(path), pipe, scratch)]


def _in_folder(path: Path) -> list[Recording]:
    journal = Folder(path).journal
    if journal.exists():
        return [Recording(str(journal), journal, is_journal=True)]
    files = sorted(file for file in path.iterdir() if file.name.endswith(_ENDINGS))
    if not files:
        raise NotARecording(f"no recording in {path}: it needs files like events.jsonl")
    return [Recording(str(file), file) for file in files]


def _kept(name: str, stream: IO[bytes], scratch: Path) -> Recording:
    copy = scratch / f"once-{len(list(scratch.iterdir()))}.jsonl"
    with copy.open("wb") as file:
        while text := stream.read(1 << 20):
            file.write(text)
    return Recording(name, copy)


def plain(recording: Recording, scratch: Path) -> Recording:
    """Return the recording as a plain file, unpacked into ``scratch`` where it is none."""
    if recording.is_plain:
        return recording
    copy = scratch / f"plain-{len(list(scratch.iterdir()))}.jsonl"
    with copy.open("wb") as file:
        for piece in recording.pieces(1 << 20):
            file.write(piece.text)
    return Recording(recording.name, copy)


@contextmanager
def _opened(path: Path, stored: IO[bytes]) -> Iterator[IO[bytes]]:
    """Open what ``stored`` holds once it is unpacked; an unfit file is told by its name."""
    opener = _OPENERS.get(path.suffix)
    if opener is None:
        yield stored
        return
    try:
        with opener(stored) as file:
            yield file
    except (EOFError, gzip.BadGzipFile, zstandard.ZstdError) as error:
        raise NotARecording(f"{path} is damaged or not what its name says: {error}") from error


def _gzip(stored: IO[bytes]) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(stored, "rb"))


def _zstandard(stored: IO[bytes]) -> IO[bytes]:
    reader = zstandard.ZstdDecompressor().stream_reader(stored, read_across_frames=True)
    return io.BufferedReader(cast("io.RawIOBase", reader))


_OPENERS: Final[dict[str, Callable[[IO[bytes]], IO[bytes]]]] = {".gz": _gzip, ".zst": _zstandard}
