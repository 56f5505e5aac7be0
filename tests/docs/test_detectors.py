import re
import subprocess
import sys
from pathlib import Path

from detectors.population.cases import QUESTIONS
from detectors.registry import DETECTORS

ROOT = Path(__file__).parents[2]
KINDS = [*(detector.kind for detector in DETECTORS), *(question.kind for question in QUESTIONS)]


def test_both_pages_say_what_the_registered_detectors_say() -> None:
    told = subprocess.run([sys.executable, "docs/detectors_table.py"], cwd=ROOT, check=False)

    assert told.returncode == 0, "run: python docs/detectors_table.py --write"


def test_every_kind_of_problem_has_one_section_and_one_row() -> None:
    reference = (ROOT / "docs/detectors.md").read_text("utf-8")
    readme = (ROOT / "README.md").read_text("utf-8")

    assert re.findall(r"^## ([a-z-]+)$", reference, re.MULTILINE) == KINDS
    assert re.findall(r"^\| \[([a-z-]+)\]\(docs/detectors.md#\1\)", readme, re.MULTILINE) == KINDS
