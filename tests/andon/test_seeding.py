"""A worker runs under the seed of its store, and knows so before it is made of much."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from andon.seeding import NO_SNAPSHOTS, with_one_seed
from andon.wiring import NotPossible
from streams.snapshots import hash_seed

SCRIPT = """
import os, sys
import andon.cli
from andon.seeding import with_one_seed
with_one_seed(sys.argv[1], frozenset(sys.argv[2:]))
heavy = {"faust", "aiokafka", "kafka", "sqlalchemy", "starlette"} & sys.modules.keys()
print(os.environ.get("PYTHONHASHSEED"), sorted(heavy))
"""


def run(store: str | Path, role: str) -> str:
    """Return under which seed this role runs, and what heavy was imported to find out."""
    given = {name: value for name, value in os.environ.items() if name != "PYTHONHASHSEED"}
    told = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(store), role],
        env=given | {"PYTHONPATH": os.pathsep.join(sys.path)},
        check=True,
        capture_output=True,
        text=True,
    )
    return told.stdout.strip()


def test_a_worker_starts_again_under_the_seed_before_anything_heavy_is_imported(
    tmp_path: Path,
) -> None:
    assert run(tmp_path, "worker") == f"{hash_seed(tmp_path)} []"


@pytest.mark.parametrize("role", ["desk", "ingest"])
def test_who_keeps_no_state_needs_no_seed(tmp_path: Path, role: str) -> None:
    assert run(tmp_path / "store", role) == "None []"
    assert not (tmp_path / "store").exists()


def test_a_worker_without_snapshots_needs_no_seed() -> None:
    assert run(NO_SNAPSHOTS, "worker") == "None []"


def test_a_store_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder", encoding="ascii")

    with pytest.raises(NotPossible, match="snapshots cannot be kept in"):
        with_one_seed(str(tmp_path / "file"), frozenset({"worker"}))
