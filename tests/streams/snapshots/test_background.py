import atexit
import errno
import os
import resource
import signal
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from streams.folder import Folder
from streams.snapshots import Background, Failed, Saved, Settings, Snapshots, chunks
from streams.snapshots.chunks import SIZE

ENOUGH = 60.0
"""Seconds in which a test's snapshot ends even on a busy machine."""


class Slow:
    """A state that takes its time: until ``gate`` is there to be read."""

    def __init__(self, gate: Path) -> None:
        self.gate = gate

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        # Until then its writer can be asked, killed, or found hanging.
        self.gate.read_bytes()
        return set, ()


class Broken:
    """A state that cannot be pickled."""

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        raise ArithmeticError("no reduction of this")


def noise(size: int = 4 * SIZE) -> Any:  # noqa: ANN401 - any state will do
    """Return an array that no compression makes smaller."""
    return np.frombuffer(np.random.default_rng(3).bytes(size), np.uint8)


@pytest.fixture
def store(tmp_path: Path) -> Snapshots:
    return Snapshots(tmp_path / "snapshots")


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """Return a pipe that blocks whoever reads it until somebody writes to it."""
    path = tmp_path / "gate"
    os.mkfifo(path)
    return path


def begin(store: Snapshots, state: object, deadline: float = ENOUGH) -> Background:
    background = Background(store, deadline)
    background.start("orders-0", {"number": 1}, state, "mine")
    return background


def failed(end: object) -> Failed:
    assert isinstance(end, Failed)

    return end


def parts(store: Snapshots) -> list[Path]:
    return list(Path(store.where).rglob("*.part"))


def test_a_snapshot_is_written_while_the_stream_goes_on(store: Snapshots, gate: Path) -> None:
    background = begin(store, [noise(), Slow(gate)])

    assert background.poll() is None
    assert background.is_busy

    gate.write_bytes(b"go")
    saved = background.wait(ENOUGH)

    assert isinstance(saved, Saved)
    assert (saved.name, saved.number, saved.chunks_new) == ("orders-0", 1, 5)
    assert background.poll() is None
    assert not background.is_busy


def test_the_snapshot_is_of_the_state_when_it_was_begun(store: Snapshots, gate: Path) -> None:
    state: list[Any] = [Slow(gate), np.zeros(SIZE), {"orders": 1}]
    background = begin(store, state)
    state[1][:] = 1
    state[2]["orders"] = 2
    gate.write_bytes(b"go")
    background.wait(ENOUGH)
    loaded = store.load("orders-0", "mine", Settings())

    assert loaded is not None
    assert loaded.state[1].sum() == 0
    assert loaded.state[2] == {"orders": 1}


def test_there_is_one_at_a_time(store: Snapshots, gate: Path) -> None:
    background = begin(store, Slow(gate))

    with pytest.raises(RuntimeError, match="is being written"):
        background.start("orders-1", {}, [], "mine")

    gate.write_bytes(b"go")
    assert isinstance(background.wait(ENOUGH), Saved)

    background.start("orders-1", {}, [], "mine")
    assert isinstance(background.wait(ENOUGH), Saved)


def test_a_child_that_hangs_is_killed_after_its_time(store: Snapshots, gate: Path) -> None:
    background = begin(store, [noise(), Slow(gate)], deadline=0.2)
    end = failed(background.wait(ENOUGH))

    assert end.reason == "it was not done after 0.2 s and was killed"
    assert not background.is_busy
    assert store.list() == []


def children() -> set[int]:
    return {
        int(pid)
        for task in Path("/proc/self/task").iterdir()
        for pid in (task / "children").read_text(encoding="ascii").split()
    }


def begun(store: Snapshots, state: object) -> tuple[Background, int]:
    """Begin a snapshot; return it with the process that writes it."""
    before = children()
    background = begin(store, state)
    [pid] = children() - before
    return background, pid


def test_a_child_killed_between_two_chunks_leaves_the_snapshot_before(
    store: Snapshots, gate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.save("orders-0", {"number": 0}, {}, "mine")
    pack = chunks.packed
    written: list[memoryview] = []

    def packed(piece: memoryview) -> bytes:
        written.append(piece)
        if len(written) > 3:
            gate.read_bytes()
        return pack(piece)

    monkeypatch.setattr("streams.snapshots.store.chunks.packed", packed)
    background, pid = begun(store, noise())
    while len(list(Path(store.where).rglob("*.zst"))) < 4:
        assert background.poll() is None
    os.kill(pid, signal.SIGKILL)
    end = failed(background.wait(ENOUGH))
    loaded = store.load("orders-0", "mine", Settings())

    assert end.reason == "the child ended with signal 9"
    assert loaded is not None
    assert loaded.header == {"number": 0}
    assert store.verify() == []
    assert store.prune(force=True).files == 3


def test_a_request_to_stop_ends_the_child_without_the_parents_handlers(
    store: Snapshots, gate: Path, tmp_path: Path
) -> None:
    before = signal.signal(signal.SIGTERM, lambda *_: (tmp_path / "handled").touch())
    try:
        background, pid = begun(store, Slow(gate))
        os.kill(pid, signal.SIGTERM)
        end = failed(background.wait(ENOUGH))
    finally:
        signal.signal(signal.SIGTERM, before)

    assert end.reason == "the child ended with signal 15"
    assert not (tmp_path / "handled").exists()


def test_the_child_keeps_no_lock_of_its_parent(
    store: Snapshots, gate: Path, tmp_path: Path
) -> None:
    folder = Folder(tmp_path / "data")
    with folder.locked():
        background = begin(store, Slow(gate))
        # The child has closed what it inherited once it reads its state.
        writer = os.open(gate, os.O_WRONLY)
    with folder.locked():
        assert background.poll() is None

    os.close(writer)
    assert isinstance(background.wait(ENOUGH), Saved)


def test_nothing_registered_for_the_end_runs_in_the_child(store: Snapshots, tmp_path: Path) -> None:
    left = tmp_path / "left"
    atexit.register(left.touch)
    try:
        background = begin(store, [])
        saved = background.wait(ENOUGH)
    finally:
        atexit.unregister(left.touch)

    assert isinstance(saved, Saved)
    assert not left.exists()


def test_other_threads_do_not_keep_a_snapshot_from_being_written(store: Snapshots) -> None:
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    try:
        saved = begin(store, noise()).wait(ENOUGH)
    finally:
        stop.set()
        thread.join()

    assert isinstance(saved, Saved)


def test_a_snapshot_can_be_begun_by_any_thread(store: Snapshots) -> None:
    with ThreadPoolExecutor(1) as pool:
        background = pool.submit(begin, store, noise()).result()

        assert isinstance(background.wait(ENOUGH), Saved)


# ----- what cannot be written -----


def test_a_state_that_cannot_be_pickled_is_a_failure_with_its_reason(store: Snapshots) -> None:
    end = failed(begin(store, Broken()).wait(ENOUGH))

    assert end.reason == "ArithmeticError: no reduction of this"
    assert "__reduce__" in end.said


class LastWords:
    """A state that ends the process that pickles it."""

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        os.write(2, b"malloc: corrupted\n")
        os._exit(134)


def test_what_a_child_says_before_it_dies_is_kept(store: Snapshots) -> None:
    end = failed(begin(store, LastWords()).wait(ENOUGH))

    assert end == Failed("orders-0", "the child ended with status 134", "malloc: corrupted")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of two megabytes, where this user may mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "andon-test", place],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"no small disk: {mounted.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", place], check=True)


def test_a_full_disk_is_a_failure_that_leaves_the_snapshot_before(small_disk: Path) -> None:
    store = Snapshots(small_disk)
    store.save("orders-0", {"number": 0}, {}, "mine")
    end = failed(begin(store, noise()).wait(ENOUGH))
    loaded = store.load("orders-0", "mine", Settings())

    assert end.reason.startswith("No space left on device: ")
    assert loaded is not None
    assert parts(store) == []
    assert store.verify() == []
    assert store.prune(force=True).files == 0


def test_a_disk_with_room_again_takes_the_next_snapshot(small_disk: Path) -> None:
    store = Snapshots(small_disk)
    failed(begin(store, noise()).wait(ENOUGH))

    assert isinstance(begin(store, noise(SIZE)).wait(ENOUGH), Saved)


def test_a_disk_that_only_reads_is_a_failure(small_disk: Path) -> None:
    store = Snapshots(small_disk)
    store.save("orders-0", {}, {}, "mine")
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    end = failed(begin(store, noise(SIZE)).wait(ENOUGH))

    assert end.reason.startswith("Read-only file system: ")
    assert store.load("orders-0", "mine", Settings()) is not None


def test_a_file_that_may_grow_no_further_is_a_failure(store: Snapshots) -> None:
    store.save("orders-0", {"number": 0}, {}, "mine")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (SIZE // 2, limits[1]))
    try:
        end = failed(begin(store, noise()).wait(ENOUGH))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert end.reason.startswith("File too large")
    assert parts(store) == []
    assert store.load("orders-0", "mine", Settings()) is not None


def test_a_place_that_is_no_folder_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    end = failed(begin(Snapshots(tmp_path / "file" / "below"), []).wait(ENOUGH))

    assert end.reason.startswith("Not a directory: ")


@pytest.mark.parametrize("call", ["fork", "pipe"])
def test_a_machine_without_room_for_a_process_is_a_failure(
    store: Snapshots, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def refuse() -> int:
        raise OSError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(os, call, refuse)

    assert "Resource temporarily" in failed(begin(store, []).wait(ENOUGH)).reason


# ----- at a URL -----


def test_at_a_url_the_snapshot_is_of_the_state_when_it_was_begun() -> None:
    store = Snapshots("memory://begun")
    state = np.zeros(SIZE)
    background = begin(store, state)
    state[:] = 1
    saved = background.wait(ENOUGH)
    loaded = store.load("orders-0", "mine", Settings())

    assert isinstance(saved, Saved)
    assert loaded is not None
    assert loaded.state.sum() == 0


def test_at_a_url_what_cannot_be_written_is_a_failure() -> None:
    unreachable = failed(begin(Snapshots("nonesuch://x"), []).wait(ENOUGH))
    broken = failed(begin(Snapshots("memory://broken"), Broken()).wait(ENOUGH))

    assert unreachable.reason.startswith("Unreachable: ")
    assert broken.reason == "ArithmeticError: no reduction of this"


def test_at_a_url_what_hangs_is_left_alone_after_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    stop = threading.Event()
    monkeypatch.setattr("streams.snapshots.shelves.RemoteShelf.write", lambda *_: stop.wait(ENOUGH))
    end = failed(begin(Snapshots("memory://hangs"), [], deadline=0.1).wait(ENOUGH))
    stop.set()

    assert end.reason == "no end after 0.1 s: it is left alone"
