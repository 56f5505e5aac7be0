"""Settings every test shares: Hypothesis profiles, and practice ids that must exist."""

import os
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

PRACTICES = Path(__file__).parents[1] / "docs" / "practices.md"

settings.register_profile("local", deadline=None)
settings.register_profile(
    "ci",
    deadline=None,
    derandomize=True,
    print_blob=True,
    # Machines that share their cores are slow now and then; that is no fault of a strategy.
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("ci" if os.environ.get("CI") else "local")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse a practice marker whose id is not a row of docs/practices.md."""
    known = set(re.findall(r"^\| (\d\.\d+) \|", PRACTICES.read_text("utf-8"), re.MULTILINE))
    for item in items:
        for marker in item.iter_markers("practice"):
            if set(marker.args) - known or len(marker.args) != 1:
                message = f"{item.nodeid}: {marker.args} is not one id of docs/practices.md"
                raise pytest.UsageError(message)
