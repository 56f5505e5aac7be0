"""Commands about Kafka, against a real broker."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from andon.cli import main
from streams.testing_kafka import Broker


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    returncode: int
    stdout: str
    stderr: str

    @property
    def rows(self) -> list[dict[str, str]]:
        return [json.loads(line) for line in self.stdout.splitlines()]


Andon = Callable[..., Done]


@pytest.fixture
def andon(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Andon:
    """Return a function that runs a command of the command line, in an empty folder."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str | Path) -> Done:
        monkeypatch.setattr(sys, "argv", ["andon", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            main()
        out, err = capsys.readouterr()
        return Done(left.value.code if isinstance(left.value.code, int) else 0, out, err)

    return run


def test_topics_are_checked_made_and_checked_again(
    andon: Andon, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANDON_KAFKA", broker.bootstrap)
    monkeypatch.setenv("ANDON_KAFKA_PREFIX", "cli-topics")
    before = andon("topics", "check", "-o", "json")
    made = andon("topics", "create", "--partitions", "4")
    after = andon("topics", "check", "-o", "json")

    assert before.returncode == 1
    assert {row["remedy"] for row in before.rows} == {"andon topics create"}
    assert (made.returncode, after.returncode) == (0, 0)
    assert "made cli-topics.events" in made.stderr
    assert after.rows == []


def test_the_doctor_looks_at_topics_where_a_broker_is_named(
    andon: Andon, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANDON_KAFKA", broker.bootstrap)
    monkeypatch.setenv("ANDON_KAFKA_PREFIX", "cli-doctor")
    sick = andon("doctor", "--port", "0", "-o", "json")
    andon("topics", "create", "--partitions", "2")
    well = andon("doctor", "--port", "0", "-o", "json")

    assert sick.returncode == 1
    assert "cli-doctor.events: topic missing" in sick.stdout
    assert well.returncode == 0
    assert any(row["check"] == "topics" for row in well.rows)


@pytest.mark.parametrize(
    "command",
    [("topics", "create"), ("topics", "check")],
)
def test_without_a_broker_the_remedy_is_told_in_one_line(
    andon: Andon, command: tuple[str, ...]
) -> None:
    unnamed = andon(*command)
    silent = andon(*command, "--kafka", "127.0.0.1:9")

    assert (unnamed.returncode, silent.returncode) == (2, 2)
    assert "name a broker with --kafka HOST:PORT or ANDON_KAFKA" in unnamed.stderr
    assert "Kafka at 127.0.0.1:9: no broker answers" in silent.stderr
    assert silent.stderr.count("\n") == 1


def test_the_doctor_says_when_no_broker_answers(
    andon: Andon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANDON_KAFKA", "127.0.0.1:9")
    done = andon("doctor", "--port", "0", "-o", "json")

    assert done.returncode == 1
    assert [row["result"] for row in done.rows if row["check"] == "kafka"] == ["FAIL"]
