import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from andon.cli import main
from streams.snapshots import Snapshots


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    returncode: int
    stdout: str
    stderr: str


Andon = Callable[..., Done]


@pytest.fixture
def andon(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Andon:
    """Return a function that runs ``andon snapshots ...`` in an empty folder."""
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str | Path) -> Done:
        monkeypatch.setattr(sys, "argv", ["andon", "snapshots", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            main()
        out, err = capsys.readouterr()
        return Done(left.value.code if isinstance(left.value.code, int) else 0, out, err)

    return run


@pytest.fixture
def store(tmp_path: Path) -> Snapshots:
    """Return the store in the default place, with two snapshots of one name, one of another."""
    found = Snapshots(tmp_path / "andon-data" / "snapshots")
    for name, number in [("orders-0", 1), ("orders-0", 2), ("judge", 3)]:
        found.save(name, {"offset": number}, list(range(number)), "mine")
    return found


@pytest.mark.parametrize("command", ["list", "verify", "prune"])
def test_every_command_shows_examples(andon: Andon, command: str) -> None:
    assert f"andon snapshots {command}" in andon(command, "--help").stdout.split("Examples")[1]


@pytest.mark.usefixtures("store")
def test_snapshots_are_listed_by_name_newest_first(andon: Andon) -> None:
    rows = [json.loads(line) for line in andon("list", "-o", "json").stdout.splitlines()]

    assert [(row["name"], row["number"]) for row in rows] == [
        ("judge", 1), ("orders-0", 2), ("orders-0", 1),
    ]  # fmt: skip
    assert rows[1]["header"] == {"offset": 2}
    assert rows[1]["bytes"] > 0
    assert "orders-0" in andon("list").stdout
    assert andon("list", "-o", "csv").stdout.startswith("name,number,created_at,bytes,chunks")


@pytest.mark.parametrize("command", ["list", "verify"])
def test_an_empty_place_is_said_to_be_empty(andon: Andon, command: str) -> None:
    done = andon(command)

    assert done.returncode == 0
    assert done.stdout == ""
    assert "no snapshots at andon-data/snapshots" in done.stderr


@pytest.mark.usefixtures("store")
def test_whole_snapshots_are_found_whole(andon: Andon) -> None:
    done = andon("verify")

    assert (done.returncode, done.stdout) == (0, "")
    assert "3 whole" in done.stderr


def test_damage_is_listed_and_ends_with_1(andon: Andon, store: Snapshots) -> None:
    chunk = next((Path(store.where) / "judge" / "chunks").iterdir())
    os.truncate(chunk, 5)
    done = andon("verify", "-o", "json")
    [row] = map(json.loads, done.stdout.splitlines())

    assert done.returncode == 1
    assert row["name"] == "judge"
    assert chunk.stem in row["reason"]
    assert "1 damaged" in done.stderr


def test_a_manifest_that_cannot_be_read_is_counted_in_the_list(
    andon: Andon, store: Snapshots
) -> None:
    for manifest in Path(store.where).rglob("*.json"):
        manifest.write_bytes(b"{")
    done = andon("list")

    assert (done.returncode, done.stdout) == (0, "")
    assert "3 more cannot be read" in done.stderr
    assert "no snapshots" not in done.stderr


def test_pruning_says_what_was_removed(andon: Andon, store: Snapshots) -> None:
    done = andon("prune", "--keep", "1", "--force")

    assert done.returncode == 0
    assert "removed: 1 snapshots, 1 files" in done.stderr
    assert [(one.name, one.number) for one in store.list()] == [("judge", 1), ("orders-0", 2)]


def test_the_place_comes_from_option_environment_or_data_folder(
    andon: Andon, store: Snapshots, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/")

    assert "no snapshots" in andon("list", "--data", tmp_path).stderr
    assert "judge" in andon("list", "--data", tmp_path / "andon-data").stdout
    assert "judge" in andon("list", "--snapshots", store.where).stdout

    monkeypatch.setenv("ANDON_SNAPSHOTS", str(store.where))

    assert "judge" in andon("list").stdout
    assert "no snapshots" in andon("list", "--snapshots", tmp_path).stderr


def test_a_place_that_nothing_installed_reaches_is_refused_with_the_reason(andon: Andon) -> None:
    done = andon("list", "--snapshots", "nonesuch://bucket")

    assert done.returncode == 2
    assert "nonesuch://bucket: Protocol not known" in done.stderr
