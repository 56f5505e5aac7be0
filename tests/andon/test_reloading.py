"""A changed playbook decides from then on; a mistaken one never does."""

import os
from pathlib import Path

import pytest
import structlog

from actions.playbook import Playbook, default_text, load_playbook
from andon.reloading import Reloading, differs_in
from andon.wiring import read_playbook


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "shop.yaml"
    file.write_text(default_text(), encoding="utf-8")
    return file


class Follower:
    """Keeps what it is told to follow."""

    def __init__(self, path: Path) -> None:
        self.followed: list[Playbook] = []
        self.reloading = Reloading(path, read_playbook, self.followed.append, load_playbook(path))


def write(path: Path, text: str, second: int) -> None:
    path.write_text(text, encoding="utf-8")
    os.utime(path, (second, second))


def test_a_file_that_stays_is_read_once(path: Path) -> None:
    follower = Follower(path)
    for _ in range(3):
        follower.reloading.look()

    assert follower.followed == []


def test_a_changed_file_is_followed(path: Path) -> None:
    follower = Follower(path)
    follower.reloading.look()
    write(path, default_text().replace("150.00 USD", "120.00 USD"), 1)
    with structlog.testing.capture_logs() as said:
        follower.reloading.look()
        follower.reloading.look()
    (playbook,) = follower.followed

    assert str(playbook.form.budgets[0].at_most) == "120.00 USD"
    assert follower.reloading.in_force is playbook
    assert [line["version"] for line in said] == [playbook.version]


def test_a_mistaken_file_is_told_of_and_not_followed(path: Path) -> None:
    follower = Follower(path)
    write(path, default_text().replace("mode: auto", "mode: atuo", 1), 1)
    with structlog.testing.capture_logs() as said:
        follower.reloading.look()

    assert follower.followed == []
    assert "shop.yaml:" in said[0]["mistakes"]


def test_a_file_that_is_gone_for_a_moment_changes_nothing(path: Path) -> None:
    follower = Follower(path)
    path.unlink()
    follower.reloading.look()

    assert follower.followed == []


def test_what_a_detector_asks_changes_at_the_next_start_only(path: Path) -> None:
    follower = Follower(path)
    write(path, default_text().replace("silence: 7d ", "silence: 9d "), 1)
    with structlog.testing.capture_logs() as said:
        follower.reloading.look()

    assert said[0]["parts"] == ["detectors"]
    assert differs_in(load_playbook(), follower.followed[0]) == ["detectors"]
