import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
FILES = sorted((ROOT / "requirements").glob("*.txt"))


PACKAGES = {"actions", "andon", "detectors", "schemas", "streams"}

DISTRIBUTION_OF = {
    "opentelemetry": "opentelemetry-api",
    "prometheus_client": "prometheus-client",
    "faust": "faust-streaming",
    "kafka": "kafka-python",
    "mode": "mode-streaming",
    "pydantic_core": "pydantic",  # released together, and pinned by it
    "yaml": "pyyaml",
}


def imported_by_shipped_code() -> set[str]:
    files = [file for package in PACKAGES for file in (ROOT / package).rglob("*.py")]
    nodes = [node for file in files for node in ast.walk(ast.parse(file.read_text("utf-8")))]
    plain = {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    named = {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    return {module.partition(".")[0] for module in plain | named}


def asked_for() -> list[Requirement]:
    groups = [*PROJECT["dependency-groups"].values()]
    extras = [*PROJECT["project"]["optional-dependencies"].values()]
    entries = [
        entry for group in [PROJECT["project"]["dependencies"], *extras, *groups] for entry in group
    ]
    return [Requirement(entry) for entry in entries if isinstance(entry, str)]


@pytest.mark.parametrize("requirement", asked_for(), ids=str)
def test_every_direct_dependency_has_a_floor_and_a_row_with_its_reason(
    requirement: Requirement,
) -> None:
    page = (ROOT / "docs/dependencies.md").read_text("utf-8")

    assert any(specifier.operator == ">=" for specifier in requirement.specifier)
    assert re.search(rf"^\| {requirement.name} \| [\d., a-z]+ \| \w", page, re.MULTILINE)


def test_the_tables_say_what_the_requirement_files_pin() -> None:
    told = subprocess.run([sys.executable, "docs/dependencies_table.py"], cwd=ROOT, check=False)

    assert told.returncode == 0, "run: python docs/dependencies_table.py --write"


def test_every_package_that_shipped_code_imports_is_asked_for() -> None:
    declared = [*PROJECT["project"]["dependencies"]]
    declared += [
        one for extra in PROJECT["project"]["optional-dependencies"].values() for one in extra
    ]
    names = {Requirement(entry).name for entry in declared}
    foreign = imported_by_shipped_code() - PACKAGES - set(sys.stdlib_module_names)

    assert {DISTRIBUTION_OF.get(module, module) for module in foreign} <= names


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_pin_is_exact_and_carries_hashes(file: Path) -> None:
    entries = re.split(r"\n(?=\S)", file.read_text("utf-8"))
    pinned = [entry for entry in entries if not entry.startswith("#")]

    assert pinned
    assert all(re.match(r"[a-z0-9-]+==", entry) for entry in pinned)
    assert all("--hash=sha256:" in entry for entry in pinned)


@pytest.mark.parametrize("name", ["base.txt", "bench.txt"])
def test_the_smaller_files_pin_nothing_that_the_whole_one_pins_otherwise(name: str) -> None:
    whole, smaller = pins("dev.txt"), pins(name)
    shared = {(package, version) for package, version in smaller if package in dict(whole)}

    assert shared <= whole


def pins(name: str) -> set[tuple[str, str]]:
    text = (ROOT / "requirements" / name).read_text("utf-8")
    return set(re.findall(r"^([a-z0-9-]+)==(\S+)", text, re.MULTILINE))
