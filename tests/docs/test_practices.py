import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROWS_PER_TABLE = {0: 17, 1: 14, 2: 13, 3: 10, 4: 7}


def test_every_practice_has_exactly_one_row() -> None:
    text = (ROOT / "docs/practices.md").read_text("utf-8")
    expected = [
        f"{table}.{row + 1}" for table, rows in ROWS_PER_TABLE.items() for row in range(rows)
    ]

    assert re.findall(r"^\| (\d\.\d+) \|", text, re.MULTILINE) == expected


def test_the_report_names_the_tests_of_a_row_and_the_rows_without_one(tmp_path: Path) -> None:
    docs, tests = tmp_path / "docs", tmp_path / "tests"
    docs.mkdir()
    tests.mkdir()
    for name in ("practices.md", "practices_report.py"):
        (docs / name).write_text((ROOT / "docs" / name).read_text("utf-8"), "utf-8")
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text("utf-8"), "utf-8")
    (tests / "test_decaf.py").write_text(
        'import pytest\n\n@pytest.mark.practice("0.8")\ndef test_a_second_strike() -> None: ...\n',
        "utf-8",
    )
    report = subprocess.run(
        [sys.executable, "docs/practices_report.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert "A second wrong item stops the SKU\n        tests/test_decaf.py::test_a_second" in report
    assert "A first wrong item is replaced correctly" in report
    assert report.count("none yet") == sum(ROWS_PER_TABLE.values()) - 1
