"""The container files, checked for everything that can be without a container engine."""

import json
import os
import re
import subprocess
import sysconfig
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from andon.config import NAMES, SECRETS
from streams.testing_kafka_jars import POM

ROOT = Path(__file__).parents[1]
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
TOGETHER, ALONE = "docker-compose.yml", "deploy/one-machine.yml"
COMPOSE: dict[str, dict[str, Any]] = {
    name: yaml.safe_load((ROOT / name).read_text("utf-8")) for name in (TOGETHER, ALONE)
}
SERVICES: list[tuple[str, str, dict[str, Any]]] = [
    (file, name, service)
    for file, compose in COMPOSE.items()
    for name, service in compose["services"].items()
]
OURS = [(name, service) for _, name, service in SERVICES if service["image"] == "andon"]
PORT_OF_IMAGE = 8080
"""What the health check of the Dockerfile asks."""


@pytest.fixture(scope="module")
def specification() -> dict[str, Any]:
    """The JSON Schema of the Compose specification, which check-jsonschema carries."""
    package = find_spec("check_jsonschema")
    assert package is not None
    assert package.origin is not None
    file = Path(package.origin).parent / "builtin_schemas" / "vendor" / "compose-spec.json"
    schema: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return schema


def options_of(*command: str) -> set[str]:
    andon = Path(sysconfig.get_path("scripts"), "andon")
    asked = subprocess.run(
        [andon, *command, "--help"],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"COLUMNS": "200", "TERM": "dumb"},
    )
    return set(re.findall(r"--[a-z][a-z-]*", asked.stdout))


def volumes_of(service: dict[str, Any]) -> Iterator[str]:
    for volume in service.get("volumes", ()):
        source = volume.partition(":")[0]
        if not source.startswith("."):
            yield source


@pytest.mark.parametrize("file", COMPOSE)
def test_compose_files_follow_the_specification(file: str, specification: dict[str, Any]) -> None:
    faults = Draft202012Validator(specification).iter_errors(COMPOSE[file])

    assert [f"{fault.json_path}: {fault.message}" for fault in faults] == []


def test_the_specification_refuses_what_compose_would(specification: dict[str, Any]) -> None:
    wrong = {"services": {"andon": {"image": "andon", "helthcheck": {}}}}

    assert not Draft202012Validator(specification).is_valid(wrong)


@pytest.mark.parametrize(("file", "name", "service"), SERVICES)
def test_ports_are_published_on_this_machine_only(
    file: str, name: str, service: dict[str, Any]
) -> None:
    published = service.get("ports", [])

    assert all(port.startswith("127.0.0.1:") for port in published), (file, name)


@pytest.mark.parametrize("file", COMPOSE)
def test_volumes_and_secrets_are_declared_and_used(file: str) -> None:
    services = COMPOSE[file]["services"].values()
    volumes = {volume for service in services for volume in volumes_of(service)}
    secrets = {secret for service in services for secret in service.get("secrets", ())}

    assert volumes == set(COMPOSE[file]["volumes"])
    assert secrets == set(COMPOSE[file].get("secrets", ()))


@pytest.mark.parametrize(("file", "name", "service"), SERVICES)
def test_files_that_containers_see_are_there(file: str, name: str, service: dict[str, Any]) -> None:
    sources = [volume.split(":")[0] for volume in service.get("volumes", ())]

    assert all((ROOT / source).exists() for source in sources if source[0] == "."), (file, name)


@pytest.mark.parametrize(("file", "name", "service"), SERVICES)
def test_whatever_stays_says_whether_it_is_well(
    file: str, name: str, service: dict[str, Any]
) -> None:
    stays = service["restart"] == "unless-stopped"
    checks = service.get("healthcheck", {"test": "the image's own"} if "build" in service else {})

    assert stays is not checks.get("disable", False), (file, name)
    assert not stays or checks["test"]


def test_nothing_starts_before_what_it_needs() -> None:
    waits = {
        name: {needed: how["condition"] for needed, how in service.get("depends_on", {}).items()}
        for name, service in COMPOSE[TOGETHER]["services"].items()
    }
    ready = {"topics": "service_completed_successfully", "postgres": "service_healthy"}

    assert waits["topics"] == {"kafka": "service_healthy"}
    assert waits["ingest"] == waits["worker-1"] == waits["worker-2"] == ready


def test_workers_differ_in_name_and_folder_only() -> None:
    one, two = (COMPOSE[TOGETHER]["services"][f"worker-{number}"] for number in (1, 2))

    assert json.loads(json.dumps(one).replace("worker-1", "worker-2")) == two


@pytest.mark.parametrize(("name", "service"), OURS)
def test_containers_of_andon_may_do_nothing_they_need_not(
    name: str, service: dict[str, Any]
) -> None:
    limits = (service["read_only"], service["cap_drop"], service["security_opt"])

    assert limits == (True, ["ALL"], ["no-new-privileges:true"]), name


@pytest.mark.parametrize(("name", "service"), OURS)
def test_containers_are_passed_settings_that_exist(name: str, service: dict[str, Any]) -> None:
    known = {f"ANDON_{one.upper()}" for one in NAMES}
    known |= {f"ANDON_{one.upper()}_FILE" for one in SECRETS}

    assert set(service["environment"]) <= known, name


USED = [pytest.param(service["command"], id=name) for name, service in OURS]


@pytest.mark.parametrize("command", USED)
def test_the_command_line_knows_every_option_that_containers_use(command: list[str]) -> None:
    used = {word for word in command if word.startswith("--")}
    names = [word for word in command[:2] if word in {"run", "topics", "create"}]

    assert used <= options_of(*names)


def test_the_broker_is_of_the_version_that_the_tests_ran_on() -> None:
    version = re.search(r"kafka_2\.13</artifactId>\s*<version>(.+)</version>", POM.read_text())

    assert version
    assert COMPOSE[TOGETHER]["services"]["kafka"]["image"] == f"apache/kafka:{version[1]}"


def test_passwords_are_made_once_and_are_in_no_file_that_is_committed(tmp_path: Path) -> None:
    make = ["make", "--silent", "-f", str(ROOT / "Makefile"), "-C", str(tmp_path)]
    made = []
    for _ in range(2):
        subprocess.run([*make, ".secrets/ledger-url"], check=True, capture_output=True)
        made.append((tmp_path / ".secrets" / "ledger-url").read_text())
    password = (tmp_path / ".secrets" / "ledger-password").read_text()

    assert made == [f"postgresql://andon:{password}@postgres/andon"] * 2
    assert len(password) == 48
    assert (tmp_path / ".secrets").stat().st_mode & 0o077 == 0
    assert "/.secrets/" in (ROOT / ".gitignore").read_text("utf-8").split()


def test_compose_and_image_start_the_same_command() -> None:
    command = re.search(r"^CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)

    assert command
    assert yaml.safe_load(command[1]) == COMPOSE[ALONE]["services"]["andon"]["command"]


def test_everything_kept_is_in_a_named_volume() -> None:
    kept = [(name, volume) for name, one in OURS for volume in one.get("volumes", ())]

    made = re.search(
        r"install --directory --owner=andon --mode=0750 (.+)$", DOCKERFILE, re.MULTILINE
    )

    assert made  # a volume over a folder that the image does not have belongs to root
    assert {volume.partition(":")[2] for _, volume in kept} == set(made[1].split())
    assert {name for name, _ in kept} == {"andon", "worker-1", "worker-2"}
    assert "VOLUME /var/lib/andon" in DOCKERFILE


def test_the_image_runs_without_root_and_never_imports_from_its_working_folder() -> None:
    users = re.findall(r"^USER (\w+)$", DOCKERFILE, re.MULTILINE)

    assert users == ["10001"]
    assert "PYTHONSAFEPATH=1" in DOCKERFILE


def test_the_image_installs_only_what_is_pinned_by_hash_and_reports_its_health() -> None:
    installs = re.findall(r"pip install .*", DOCKERFILE)

    assert all("--require-hashes" in line or "--no-deps" in line for line in installs)
    assert re.search(r"^HEALTHCHECK ", DOCKERFILE, re.MULTILINE)
    assert f"127.0.0.1:{PORT_OF_IMAGE}/readyz" in DOCKERFILE


@pytest.mark.parametrize(
    "package",
    [
        "aiokafka",
        "faust-streaming",
        "kafka-python",
        "opentelemetry-exporter-otlp-proto-http",
        "psycopg",
    ],
)
def test_the_image_can_reach_kafka_postgresql_and_a_collector(package: str) -> None:
    pins = (ROOT / "requirements" / "image.txt").read_text("utf-8")

    assert "requirements/image.txt" in DOCKERFILE
    assert re.search(rf"^{package}==", pins, re.MULTILINE)


def test_the_builder_is_sent_every_file_it_copies() -> None:
    copies = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    sources = {source for copy in copies for source in copy.split()}
    sent = {
        line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").split() if line[0] == "!"
    }

    assert sources == sent
    assert all((ROOT / source).exists() for source in sources)
