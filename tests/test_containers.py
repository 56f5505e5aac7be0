"""The container files, checked for everything that can be without a container engine."""

import re
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import pytest
import yaml

from andon.config import NAMES

ROOT = Path(__file__).parents[1]
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
SERVICE: dict[str, Any] = COMPOSE["services"]["andon"]


@pytest.fixture(scope="module")
def options_of_run() -> set[str]:
    andon = Path(sysconfig.get_path("scripts"), "andon")
    asked = subprocess.run(
        [andon, "run", "--help"],
        capture_output=True,
        text=True,
        check=True,
        env={"COLUMNS": "200", "TERM": "dumb"},
    )
    return set(re.findall(r"--[a-z][a-z-]*", asked.stdout))


def test_compose_runs_one_service_and_publishes_it_on_loopback_only() -> None:
    assert list(COMPOSE["services"]) == ["andon"]
    assert SERVICE["ports"] == ["127.0.0.1:8080:8080"]


def test_everything_kept_is_in_a_named_volume() -> None:
    name, _, path = SERVICE["volumes"][0].partition(":")

    assert name in COMPOSE["volumes"]
    assert path == "/var/lib/andon"
    assert f"VOLUME {path}" in DOCKERFILE


def test_compose_and_image_start_the_same_command() -> None:
    command = re.search(r"^CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)

    assert command
    assert yaml.safe_load(command[1]) == SERVICE["command"]


def test_the_command_line_knows_every_option_the_container_uses(options_of_run: set[str]) -> None:
    used = {word for word in SERVICE["command"] if word.startswith("--")}

    assert used <= options_of_run


def test_the_container_passes_on_settings_that_exist() -> None:
    assert {f"ANDON_{name.upper()}" for name in NAMES} >= set(SERVICE["environment"])


def test_the_image_runs_without_root_and_never_imports_from_its_working_folder() -> None:
    users = re.findall(r"^USER (\w+)$", DOCKERFILE, re.MULTILINE)

    assert users == ["10001"]
    assert "PYTHONSAFEPATH=1" in DOCKERFILE


def test_the_image_installs_only_what_is_pinned_by_hash_and_reports_its_health() -> None:
    installs = re.findall(r"pip install .*", DOCKERFILE)

    assert all("--require-hashes" in line or "--no-deps" in line for line in installs)
    assert re.search(r"^HEALTHCHECK ", DOCKERFILE, re.MULTILINE)


def test_the_builder_is_sent_every_file_it_copies() -> None:
    copies = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    sources = {source for copy in copies for source in copy.split()}
    sent = {
        line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").split() if line[0] == "!"
    }

    assert sources == sent
    assert all((ROOT / source).exists() for source in sources)
