import io
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from streams import sources
from streams.journal import Mark
from streams.sources import Piece, read_file, read_stream


def bodies(pieces: list[Piece]) -> bytes:
    return b"".join(piece.body for piece in pieces)


def times(count: int, before: Callable[[], object] = lambda: None) -> Callable[[], bool]:
    """Return a wait that runs ``before`` and lets reading go on ``count`` times."""
    left = [count]

    def wait() -> bool:
        before()
        left[0] -= 1
        return left[0] >= 0

    return wait


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "in.jsonl"
    path.write_bytes(b"one\ntwo\nthree\n")
    return path


def test_reading_goes_on_after_the_mark(path: Path) -> None:
    (piece,) = read_file(path, None)
    assert piece.mark
    with path.open("ab") as file:
        file.write(b"four\n")

    assert bodies(list(read_file(path, piece.mark))) == b"four\n"


def test_the_mark_stands_behind_whole_lines(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "CHUNK", 5)
    pieces = list(read_file(path, None))

    assert [(piece.body, piece.mark and piece.mark.offset) for piece in pieces] == [
        (b"one\n", 4), (b"two\n", 8), (b"three\n", 14),
    ]  # fmt: skip


def test_another_file_under_the_same_name_is_read_from_its_start(path: Path) -> None:
    (piece,) = read_file(path, None)
    path.write_bytes(b"fresh line number one\n")

    assert bodies(list(read_file(path, piece.mark))) == b"fresh line number one\n"


def test_a_file_cut_shorter_is_read_from_its_start(path: Path) -> None:
    mark = Mark(str(path), 1000, "whatever")

    assert bodies(list(read_file(path, mark))) == b"one\ntwo\nthree\n"


def test_at_the_end_a_last_line_without_a_break_counts(path: Path) -> None:
    path.write_bytes(b"one\ntwo")

    assert bodies(list(read_file(path, None))) == b"one\ntwo"


def test_a_followed_file_holds_an_unfinished_line_back(path: Path) -> None:
    path.write_bytes(b"one\ntw")

    assert bodies(list(read_file(path, None, times(1)))) == b"one\n"


def test_a_followed_file_yields_what_is_added(path: Path) -> None:
    def add() -> None:
        with path.open("ab") as file:
            file.write(b"more\n")

    assert bodies(list(read_file(path, None, times(2, add)))) == b"one\ntwo\nthree\nmore\nmore\n"


def test_a_followed_file_that_is_replaced_is_read_anew(path: Path) -> None:
    def rotate() -> None:
        fresh = path.with_suffix(".new")
        fresh.write_bytes(b"rotated\n")
        fresh.replace(path)

    assert bodies(list(read_file(path, None, times(2, rotate)))).endswith(b"three\nrotated\n")


def test_a_pipe_is_cut_at_line_breaks() -> None:
    inner, outer = os.pipe()
    writer = threading.Thread(target=_trickle, args=(outer,))
    writer.start()
    with os.fdopen(inner, "rb") as stream:
        pieces = list(read_stream(stream))
    writer.join()

    assert bodies(pieces) == b"one\ntwo\nthree"
    assert all(piece.body.endswith(b"\n") for piece in pieces[:-1])


def _trickle(outer: int) -> None:
    with os.fdopen(outer, "wb", buffering=0) as stream:
        for text in (b"on", b"e\ntwo", b"\nthr", b"ee"):
            stream.write(text)


def test_a_line_too_long_is_passed_on_to_be_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "CHUNK", 4)
    monkeypatch.setattr(sources, "LONGEST_LINE", 8)
    pieces = list(read_stream(io.BytesIO(b"x" * 20 + b"\nok\n")))

    assert bodies(pieces) == b"x" * 20 + b"\nok\n"
