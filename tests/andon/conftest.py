"""The command line in an empty folder, on a terminal of known width."""

from collections.abc import Callable
from pathlib import Path

import pytest

from andon.testing import Said, command


@pytest.fixture
def andon(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Said]:
    """Return what runs a command there."""
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.chdir(tmp_path)
    return command
