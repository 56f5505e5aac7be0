"""Worlds for the laws: simulated shops with everything that goes wrong in one."""

from pathlib import Path

import pytest

from andon.simulate import Summary, simulate
from schemas.codec import Decoder
from schemas.events import Event


@pytest.fixture(scope="session")
def world_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the recording of a small shop."""
    return simulate(150, 20, 5, tmp_path_factory.mktemp("world")).events_path


@pytest.fixture(scope="session")
def world(world_path: Path) -> list[Event]:
    """Return the events of a small shop, by recorded time."""
    return Decoder().decode_lines(world_path.read_bytes()).events


@pytest.fixture(scope="session")
def large_world(tmp_path_factory: pytest.TempPathFactory) -> Summary:
    """Return a shop large enough for evidence: 62 thousand events of eight weeks."""
    return simulate(8_000, 50, 6, tmp_path_factory.mktemp("large"))
