"""The wheel is what users get: it must hold all of the five packages and nothing else."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = {"actions", "andon", "detectors", "schemas", "streams"}

MACHINE_PATH = re.compile(r"(?<![\w.:/-])/(?:home|work|root|Users)/\w+")
REGISTRY = re.compile(
    "|".join([r"pypi\.", "python" + "hosted", r"registry\.npm", r"repo1?\.maven"])
)


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*build, "--wheel-dir", str(folder), str(ROOT)], check=True)
    return zipfile.ZipFile(next(folder.glob("andon-*.whl")))


@pytest.fixture(scope="session")
def tracked() -> list[Path]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    paths = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    return [path for path in paths if path.is_file()]


def test_the_wheel_holds_the_five_packages_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    top = {name.partition("/")[0] for name in wheel.namelist()}

    assert {name for name in top if not name.endswith(".dist-info")} == PACKAGES


def test_the_wheel_installs_the_command_andon(wheel: zipfile.ZipFile) -> None:
    entry_points = next(name for name in wheel.namelist() if name.endswith("entry_points.txt"))

    assert wheel.read(entry_points).decode().split("\n")[:2] == [
        "[console_scripts]",
        "andon = andon.cli:main",
    ]


def test_data_files_travel_in_the_wheel(wheel: zipfile.ZipFile, tracked: list[Path]) -> None:
    names = {path.relative_to(ROOT).as_posix() for path in tracked}
    shipped = {name for name in names if name.partition("/")[0] in PACKAGES}

    assert shipped <= set(wheel.namelist())


@pytest.mark.parametrize("package", sorted(PACKAGES))
def test_every_package_declares_its_types(wheel: zipfile.ZipFile, package: str) -> None:
    assert f"{package}/py.typed" in wheel.namelist()


def test_no_file_names_a_machine_or_a_registry(tracked: list[Path]) -> None:
    texts = {path: path.read_text("utf-8", errors="replace") for path in tracked}
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path, text in texts.items()
        for pattern in (MACHINE_PATH, REGISTRY)
        for match in pattern.finditer(text)
    ]

    assert found == []
