"""A disk that is full: snapshots are refused, and nothing else suffers."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from actions.testing import Receiver
from andon.testing_live import Answer, Shop


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Path]:
    """A disk with room for the seed of hashes and for little else."""
    place = tmp_path / "full"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "andon-test", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("only root may mount a small disk here")
    yield place
    subprocess.run(["umount", place], check=True)


def test_workers_go_on_without_snapshots_while_the_disk_is_full(
    opened: Callable[..., Shop], full: Path, receiver: Receiver, recording: Path, answer: Answer
) -> None:
    shop = opened()
    shop.send(recording)
    worker = shop.worker("one", "--snapshots", str(full))
    shop.settle(answer.digest)
    code = worker.stop()

    assert shop.action_ids() == answer.action_ids
    assert set(answer.effects) <= receiver.effects.keys()
    assert code == 0
    assert "No space left on device" in worker.said
