"""What CONTRIBUTING.md and AGENTS.md tell people to do must work."""

import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from detectors.question import Question

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
AGENTS = (ROOT / "AGENTS.md").read_text("utf-8")
EXAMPLES = dict(re.findall(r"^`(\S+\.py)`\n\n```python\n(.*?)```", GUIDE, re.MULTILINE | re.DOTALL))


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    def from_guide(path: str) -> ModuleType:
        module = ModuleType(path.removesuffix(".py").replace("/", "."))
        monkeypatch.setitem(sys.modules, module.__name__, module)
        exec(EXAMPLES[path], vars(module))  # noqa: S102 - our own page, word for word
        return module

    return from_guide


def test_the_example_detector_passes_its_example_tests(load: Callable[[str], ModuleType]) -> None:
    load("detectors/order/forgotten_parcel.py")
    tests = vars(load("tests/detectors/order/test_forgotten_parcel.py"))
    claims = [test for name, test in tests.items() if name.startswith("test_")]

    assert len(claims) == 6
    for claim in claims:
        claim()


def test_the_example_declares_what_every_detector_declares(
    load: Callable[[str], ModuleType],
) -> None:
    example = load("detectors/order/forgotten_parcel.py").ForgottenParcel()

    assert all(hasattr(example, name) for name in [*Question.__annotations__, "due"])


@pytest.mark.parametrize("page", [GUIDE, AGENTS], ids=["CONTRIBUTING.md", "AGENTS.md"])
def test_every_make_target_that_is_named_exists(page: str) -> None:
    targets = set(re.findall(r"^([.a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))

    assert set(re.findall(r"(?:`|    )make ([.a-z]+)", page)) <= targets


def test_every_file_the_guide_names_exists_but_the_two_it_lets_you_write() -> None:
    named = set(re.findall(r"`((?:[a-z_]+/)+[a-z_]+\.py)`", GUIDE)) - set(EXAMPLES)

    assert [name for name in named if not (ROOT / name).exists()] == []
