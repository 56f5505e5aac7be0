import os
import pickle
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from structlog.testing import capture_logs

from schemas.times import HOUR
from streams.embedded import wall_clock
from streams.snapshots import Loaded, Saved, Settings, Snapshots, Unreachable, Unreadable
from streams.snapshots.chunks import SIZE
from streams.snapshots.pickles import Frozen, thaw

Damaging = Callable[[Path], object]


def big(fill: int = 0) -> dict[str, Any]:
    """Return a state of four chunks beside its stream, no two of them alike."""
    numbers = np.random.default_rng(7).integers(0, 1 << 40, 4 * SIZE // 8)
    return {"numbers": numbers, "fill": fill}


def load(store: Snapshots, name: str = "orders-0", of: str = "mine") -> Loaded | None:
    return store.load(name, of, Settings())


def save(store: Snapshots, state: object, number: int = 0, name: str = "orders-0") -> Saved:
    return store.save(name, {"number": number}, state, "mine")


def manifests(store: Snapshots, name: str = "orders-0") -> list[Path]:
    return sorted((Path(store.where) / name).glob("*.json"))


def chunks(store: Snapshots, name: str = "orders-0") -> list[Path]:
    return sorted((Path(store.where) / name / "chunks").glob("*.zst"))


@pytest.fixture
def store(tmp_path: Path) -> Snapshots:
    return Snapshots(tmp_path / "snapshots")


# ----- writing and reading -----


def test_what_is_saved_is_loaded_with_its_header(store: Snapshots) -> None:
    state = big(fill=5)
    store.save("orders-0", {"offsets": {"orders": 12}, "clock": 7}, state, "mine")
    loaded = load(store)

    assert loaded is not None
    assert loaded.header == {"offsets": {"orders": 12}, "clock": 7}
    assert loaded.state["fill"] == 5
    assert (loaded.state["numbers"] == state["numbers"]).all()


def test_arrays_that_were_loaded_can_be_written_to(store: Snapshots) -> None:
    save(store, big())
    loaded = load(store)

    assert loaded is not None
    loaded.state["numbers"][0] = 1


def test_nothing_is_loaded_where_nothing_was_saved(store: Snapshots) -> None:
    assert load(store) is None
    assert store.list() == []
    assert store.verify() == []
    assert store.prune() == (0, 0, 0)


def test_only_chunks_that_changed_are_written_again(store: Snapshots) -> None:
    state = big()
    first = save(store, state)
    unchanged = save(store, state)
    state["numbers"][-1] = 0
    changed = save(store, state)

    assert (first.chunks_new, unchanged.chunks_new, changed.chunks_new) == (5, 0, 1)
    assert changed.bytes_written < first.bytes_written / 3
    assert first.bytes_total == unchanged.bytes_total > 4 * SIZE


def test_names_share_nothing(store: Snapshots) -> None:
    save(store, big(1), name="orders-0")
    save(store, big(2), name="orders-1")
    one = load(store, "orders-1")

    assert one is not None
    assert one.state["fill"] == 2


@pytest.mark.parametrize("name", ["", "..", "a/b", ".hidden", "a b"])
def test_a_name_that_is_no_folder_is_refused(store: Snapshots, name: str) -> None:
    with pytest.raises(ValueError, match="letters, digits"):
        save(store, big(), name=name)


def test_a_store_that_would_keep_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least one"):
        Snapshots(tmp_path, keep=0)


# ----- damage -----


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def grow(path: Path) -> None:
    """Let a chunk say that it unpacks to a terabyte."""
    path.write_bytes(bytes.fromhex("28b52ffde0") + (1 << 40).to_bytes(8, "little") + b"\0" * 8)


@pytest.mark.parametrize("damage", [truncate, flip, empty])
def test_a_damaged_manifest_is_passed_over_for_the_one_before(
    store: Snapshots, damage: Damaging
) -> None:
    save(store, big(1))
    save(store, big(2))
    newest = manifests(store)[-1]
    damage(newest)
    with capture_logs() as logged:
        loaded = load(store)

    assert loaded is not None
    assert loaded.state["fill"] == 1
    assert [(one["name"], one["snapshot"]) for one in logged] == [("orders-0", newest.name)]
    assert [(one.name, one.file) for one in store.verify()] == [("orders-0", newest.name)]
    assert [one.number for one in store.list()] == [1]


@pytest.mark.parametrize("damage", [truncate, flip, empty, grow, Path.unlink])
def test_a_snapshot_with_a_damaged_chunk_is_passed_over(store: Snapshots, damage: Damaging) -> None:
    save(store, big(1))
    before = set(chunks(store))
    save(store, big(2))
    [new] = set(chunks(store)) - before
    damage(new)
    with capture_logs() as logged:
        loaded = load(store)

    assert loaded is not None
    assert loaded.state["fill"] == 1
    assert new.stem in logged[0]["reason"]
    assert [new.stem in one.reason for one in store.verify()] == [True]


def test_nothing_is_loaded_if_every_snapshot_is_damaged(store: Snapshots) -> None:
    save(store, big())
    save(store, big())
    truncate(chunks(store)[0])

    assert len(store.verify()) == 2
    assert load(store) is None


@pytest.mark.parametrize("damage", [truncate, flip, empty, Path.unlink])
def test_a_damaged_chunk_does_not_damage_the_snapshots_to_come(
    store: Snapshots, damage: Damaging
) -> None:
    save(store, big())
    damage(chunks(store)[0])

    assert load(store) is None

    save(store, big())

    assert load(store) is not None


@pytest.mark.parametrize("name", ["orders-1", "judge"])
def test_a_manifest_in_the_folder_of_another_name_is_passed_over(
    store: Snapshots, name: str
) -> None:
    save(store, big())
    folder = Path(store.where) / name
    (Path(store.where) / "orders-0").rename(folder)

    assert load(store, name) is None
    assert store.verify()[0].reason == "it is a snapshot of orders-0"


def test_another_format_is_passed_over(store: Snapshots, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.snapshots.store.FORMAT", 2)
    save(store, big())

    assert load(store) is None
    assert store.verify()[0].reason == "its format is 2, not 1"


def test_the_state_of_other_settings_is_passed_over_and_says_so(store: Snapshots) -> None:
    save(store, big())
    with capture_logs() as logged:
        loaded = load(store, of="others")

    assert loaded is None
    assert logged[0]["reason"] == "it is foreign: mine instead of others"
    assert store.verify() == []


# ----- keeping and removing -----


def test_older_snapshots_go_with_the_chunks_that_only_they_mention(store: Snapshots) -> None:
    state = big()
    for number in range(6):
        state["numbers"][0] = number
        save(store, state, number)

    assert [one.header["number"] for one in store.list()] == [5, 4, 3]
    # Three others of the numbers never change, and the stream does not either.
    assert len(chunks(store)) == 3 + 3 + 1
    assert store.verify() == []


def stray(store: Snapshots, age_ms: int) -> list[Path]:
    """Leave what a writer that was killed leaves, ``age_ms`` ago."""
    folder = Path(store.where) / "orders-0"
    found = [
        folder / "chunks" / f"{'0' * 32}.zst",
        folder / "chunks" / f"{'0' * 32}.zst.{'1' * 32}.part",
        folder / f"000000000009-01234567.json.{'1' * 32}.part",
    ]
    for path in found:
        path.write_bytes(b"x" * 10)
        os.utime(path, ns=((wall_clock() - age_ms) * 1_000_000,) * 2)
    return found


def test_what_belongs_to_no_snapshot_is_removed_after_an_hour(store: Snapshots) -> None:
    save(store, big())
    old = stray(store, HOUR + 60_000)
    pruned = store.prune()

    assert pruned == (0, 3, 30)
    assert not any(path.exists() for path in old)
    assert load(store) is not None


def test_what_a_killed_writer_left_is_removed_by_a_later_save(store: Snapshots) -> None:
    save(store, big())
    old = stray(store, HOUR + 60_000)
    save(store, big())

    assert not any(path.exists() for path in old)
    assert load(store) is not None


def test_younger_files_stay_unless_forced(store: Snapshots) -> None:
    save(store, big())
    young = stray(store, HOUR - 60_000)
    left = store.prune()

    assert left == (0, 0, 0)
    assert all(path.exists() for path in young)
    assert store.prune(force=True).files == 3
    assert load(store) is not None


def test_other_peoples_files_are_not_removed(store: Snapshots) -> None:
    save(store, big())
    theirs = Path(store.where) / "orders-0" / "chunks" / "letter.txt"
    theirs.write_text("dear all", encoding="utf-8")
    store.prune(force=True)

    assert theirs.exists()


def test_pruning_keeps_as_many_as_it_is_told(store: Snapshots) -> None:
    for number in range(3):
        save(store, big(number), number)
    pruned = store.prune(1, force=True)

    assert pruned.snapshots == 2
    assert [one.header["number"] for one in store.list()] == [2]
    assert load(store) is not None


def test_pruning_beside_a_writer_leaves_every_newest_snapshot_whole(store: Snapshots) -> None:
    stop = threading.Event()

    def prune() -> None:
        while not stop.is_set():
            store.prune(1)

    pruner = threading.Thread(target=prune)
    pruner.start()
    try:
        for number in range(30):
            # Back and forth, so that chunks come back which were just removed.
            save(store, big(number % 2), number)
            loaded = load(store)

            assert loaded is not None
            assert loaded.header == {"number": number}
    finally:
        stop.set()
        pruner.join()


def test_a_chunk_removed_while_a_snapshot_is_written_is_written_again(
    store: Snapshots, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(store, big())

    def touch(_shelf: object, path: str) -> None:
        """Stand for another process that removes a chunk after this one saw it."""
        (Path(store.where) / path).unlink()

    monkeypatch.setattr("streams.snapshots.shelves.LocalShelf.touch", touch)
    saved = save(store, big(), 1)

    assert saved.chunks_new == 5
    assert store.verify() == []


# ----- other places -----


@pytest.fixture
def remote(request: pytest.FixtureRequest) -> Snapshots:
    return Snapshots(f"memory://{request.node.name}")


def test_a_url_keeps_what_a_folder_keeps(remote: Snapshots) -> None:
    for number in range(5):
        save(remote, big(number), number)
    loaded = load(remote)

    assert loaded is not None
    assert loaded.state["fill"] == 4
    assert [one.number for one in remote.list()] == [5, 4, 3]
    assert remote.verify() == []
    assert remote.prune(1, force=True).snapshots == 2
    assert load(remote) is not None


def test_a_missing_chunk_at_a_url_is_seen(remote: Snapshots) -> None:
    import fsspec  # noqa: PLC0415 - only here

    save(remote, big())
    files = fsspec.filesystem("memory")
    folder = f"{str(remote.where).removeprefix('memory:/')}/orders-0/chunks"
    files.rm_file(files.ls(folder, detail=False)[0])

    assert load(remote) is None
    assert "is missing" in remote.verify()[0].reason


def test_an_empty_url_has_no_snapshots(remote: Snapshots) -> None:
    assert load(remote) is None
    assert remote.list() == []
    assert remote.prune() == (0, 0, 0)


@pytest.mark.parametrize("where", ["nonesuch://bucket", "s3://bucket/andon"])
def test_a_place_that_nothing_installed_reaches_is_refused(where: str) -> None:
    with pytest.raises(Unreachable, match=where):
        Snapshots(where).reach()


def test_a_file_url_is_a_folder(tmp_path: Path) -> None:
    save(Snapshots(f"file://{tmp_path}"), big())

    assert load(Snapshots(tmp_path)) is not None


# ----- what may be in a state -----


class Evil:
    """Runs a command when it is unpickled."""

    def __init__(self, function: object, *arguments: object) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return self.call


def dotted(module: str, name: str) -> bytes:
    """Return a pickle that names something by way of a module that is allowed."""
    parts = (b"\x8c" + bytes([len(one)]) + one.encode() for one in (module, name))
    return b"\x80\x05" + b"".join(parts) + b"\x93."


@pytest.mark.parametrize(
    "evil",
    [
        pickle.dumps(Evil(os.system, "touch owned"), 5),
        pickle.dumps(Evil(eval, "open('owned', 'w')"), 5),
        dotted("builtins", "getattr"),
        dotted("detectors.journeys.blocks", "np.lib"),
        dotted("detectors.journeys.blocks", "np"),
        dotted("streams.folder", "Folder"),
        dotted("streams.snapshots.settings", "dataclass"),
        dotted("schemas.codec", "msgspec"),
        b"no pickle at all",
        b"",
    ],
)
def test_a_state_can_name_nothing_that_acts(
    evil: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Unreadable):
        thaw(Frozen(evil, []), Settings())

    assert not (tmp_path / "owned").exists()


def test_a_malicious_snapshot_is_passed_over_like_a_damaged_one(
    store: Snapshots, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(store, big())
    monkeypatch.chdir(tmp_path)
    evil = Frozen(pickle.dumps(Evil(os.system, "touch owned"), 5), [])
    store.write("orders-0", {}, evil, "mine")
    with capture_logs() as logged:
        loaded = load(store)

    assert loaded is not None
    assert loaded.number == 1
    assert "no state of Andon is made of" in logged[0]["reason"]
    assert not (tmp_path / "owned").exists()
