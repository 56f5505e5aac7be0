import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from andon.testing import Said
from streams.snapshots import Snapshots

Andon = Callable[..., Said]


@pytest.fixture
def store(tmp_path: Path) -> Snapshots:
    """Return the store in the default place, with two snapshots of one name, one of another."""
    found = Snapshots(tmp_path / "andon-data" / "snapshots")
    for name, number in [("orders-0", 1), ("orders-0", 2), ("judge", 3)]:
        found.save(name, {"offset": number}, list(range(number)), "mine")
    return found


@pytest.mark.parametrize("command", ["list", "verify", "prune"])
def test_every_command_shows_examples(andon: Andon, command: str) -> None:
    assert (
        f"andon snapshots {command}"
        in andon("snapshots", command, "--help").out.split("Examples")[1]
    )


@pytest.mark.usefixtures("store")
def test_snapshots_are_listed_by_name_newest_first(andon: Andon) -> None:
    rows = andon("snapshots", "list", "-o", "json").rows

    assert [(row["name"], row["number"]) for row in rows] == [
        ("judge", 1), ("orders-0", 2), ("orders-0", 1),
    ]  # fmt: skip
    assert rows[1]["header"] == {"offset": 2}
    assert rows[1]["bytes"] > 0
    assert "orders-0" in andon("snapshots", "list").out
    assert andon("snapshots", "list", "-o", "csv").out.startswith(
        "name,number,created_at,bytes,chunks"
    )


@pytest.mark.parametrize("command", ["list", "verify"])
def test_an_empty_place_is_said_to_be_empty(andon: Andon, command: str) -> None:
    done = andon("snapshots", command)

    assert done.code == 0
    assert done.out == ""
    assert "no snapshots at andon-data/snapshots" in done.err


@pytest.mark.usefixtures("store")
def test_whole_snapshots_are_found_whole(andon: Andon) -> None:
    done = andon("snapshots", "verify")

    assert (done.code, done.out) == (0, "")
    assert "3 whole" in done.err


def test_damage_is_listed_and_ends_with_1(andon: Andon, store: Snapshots) -> None:
    chunk = next((Path(store.where) / "judge" / "chunks").iterdir())
    os.truncate(chunk, 5)
    done = andon("snapshots", "verify", "-o", "json")
    [row] = map(json.loads, done.out.splitlines())

    assert done.code == 1
    assert row["name"] == "judge"
    assert chunk.stem in row["reason"]
    assert "1 damaged" in done.err


def test_a_manifest_that_cannot_be_read_is_counted_in_the_list(
    andon: Andon, store: Snapshots
) -> None:
    for manifest in Path(store.where).rglob("*.json"):
        manifest.write_bytes(b"{")
    done = andon("snapshots", "list")

    assert (done.code, done.out) == (0, "")
    assert "3 more cannot be read" in done.err
    assert "no snapshots" not in done.err


def test_pruning_says_what_was_removed(andon: Andon, store: Snapshots) -> None:
    done = andon("snapshots", "prune", "--keep", "1", "--force")

    assert done.code == 0
    assert "removed: 1 snapshots, 1 files" in done.err
    assert [(one.name, one.number) for one in store.list()] == [("judge", 1), ("orders-0", 2)]


def test_the_place_comes_from_option_environment_or_data_folder(
    andon: Andon, store: Snapshots, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/")

    assert "no snapshots" in andon("snapshots", "list", "--data", tmp_path).err
    assert "judge" in andon("snapshots", "list", "--data", tmp_path / "andon-data").out
    assert "judge" in andon("snapshots", "list", "--snapshots", store.where).out

    monkeypatch.setenv("ANDON_SNAPSHOTS", str(store.where))

    assert "judge" in andon("snapshots", "list").out
    assert "no snapshots" in andon("snapshots", "list", "--snapshots", tmp_path).err


def test_a_place_that_nothing_installed_reaches_is_refused_with_the_reason(andon: Andon) -> None:
    done = andon("snapshots", "list", "--snapshots", "nonesuch://bucket")

    assert done.code == 2
    assert "nonesuch://bucket: Protocol not known" in done.err
