import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

import andon
from actions.ledger import Ledger
from andon.simulate import simulate
from schemas.problems import Problem, problems_digest
from schemas.testing import a_dispatch, an_order, as_lines
from streams.folder import Folder
from streams.journal import Journal

ANDON = Path(sys.executable).parent / "andon"
SECONDS = 60.0


class Run:
    """One `andon run` in a process of its own; what it says on stderr is kept."""

    def __init__(self, data: Path, *arguments: str | Path, stdin: int | None = None) -> None:
        self.log = data.with_suffix(f".{time.monotonic_ns()}.log")
        with self.log.open("wb") as log:
            command = [ANDON, "run", "--data", data, *arguments]
            self.process = subprocess.Popen(command, stderr=log, stdin=stdin)

    @property
    def said(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def url(self) -> str:
        wait_until(lambda: "listening" in self.said)
        found = re.search(r"http://[0-9.]+:\d+", self.said)
        assert found
        wait_until(lambda: httpx2.get(f"{found[0]}/readyz").status_code == 200)
        return found[0]

    def ends(self) -> int:
        return self.process.wait(SECONDS)

    def stop(self) -> int:
        self.process.terminate()
        return self.ends()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(SECONDS)


def wait_until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.02)


def problems_of(data: Path) -> list[Problem]:
    ledger = Ledger(Folder(data).ledger_url)
    found = ledger.problems()
    ledger.close()
    return found


def count_of(data: Path) -> int:
    path = Folder(data).journal
    if not path.exists():
        return 0
    with Journal.reader(path) as journal:
        return journal.count()


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulate(1500, 20, 3, tmp_path_factory.mktemp("world")).events_path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def test_a_recording_is_read_to_its_end(recording: Path, data: Path) -> None:
    run = Run(data, recording, "--recording")

    assert run.ends() == 0
    assert problems_digest(problems_of(data)) == andon.replay(recording).hash


@pytest.mark.slow
def test_a_run_killed_at_random_points_finds_the_same_problems(recording: Path, data: Path) -> None:
    growing, lines = data.parent / "growing.jsonl", recording.read_bytes().splitlines(keepends=True)
    growing.touch()
    dice = random.Random(7)  # noqa: S311 - where to kill, not a secret
    for start in range(0, len(lines), 1 + len(lines) // 8):
        run = Run(data, growing, "--recording", "--follow")
        _append_slowly(growing, lines[start : start + 1 + len(lines) // 8])
        wait_until(lambda: count_of(data) >= start)  # noqa: B023 - called at once
        time.sleep(dice.uniform(0, 1.5))
        run.kill()
    last = Run(data, growing, "--recording")

    assert last.ends() == 0
    assert count_of(data) == len(lines)
    assert problems_digest(problems_of(data)) == andon.replay(recording).hash


def _append_slowly(path: Path, lines: list[bytes]) -> None:
    for start in range(0, len(lines), 200):
        with path.open("ab") as file:
            file.writelines(lines[start : start + 200])
        time.sleep(0.01)


def test_a_second_run_goes_on_where_the_first_ended(recording: Path, data: Path) -> None:
    lines = recording.read_bytes().splitlines(keepends=True)
    growing = data.parent / "growing.jsonl"
    growing.write_bytes(b"".join(lines[:4000]))
    first = Run(data, growing, "--recording").ends()
    growing.write_bytes(b"".join(lines[:6000]))
    second = Run(data, growing, "--recording").ends()

    assert (first, second, count_of(data)) == (0, 0, 6000)


def test_standard_input_is_read(recording: Path, data: Path) -> None:
    with recording.open("rb") as file:
        run = Run(data, "-", "--recording", stdin=file.fileno())

        assert run.ends() == 0
    assert problems_digest(problems_of(data)) == andon.replay(recording).hash


def test_a_followed_file_is_read_as_it_grows_and_sigterm_drains(data: Path) -> None:
    path = data.parent / "live.jsonl"
    path.touch()
    run = Run(data, path, "--follow")
    for number in range(3):
        with path.open("ab") as file:
            file.write(as_lines([an_order(order_id=f"o-{number}")]))
        wait_until(lambda: count_of(data) == number + 1)  # noqa: B023 - called at once

    assert run.stop() == 0


def test_what_was_answered_202_survives_a_kill(data: Path) -> None:
    run = Run(data, "--http", "0")
    url = run.url()
    for number in range(20):
        body = as_lines([an_order(order_id=f"o-{number}")])
        answer = httpx2.post(f"{url}/api/v1/events", content=body, headers=_JSON)
        assert answer.status_code == 202
    run.kill()

    assert count_of(data) == 20


_JSON = {"content-type": "application/json"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_answers_what_is_under_way_and_exits_0(data: Path, number: int) -> None:
    run = Run(data, "--http", "0")
    url = run.url()
    answer = httpx2.post(f"{url}/api/v1/events", content=as_lines([an_order()]), headers=_JSON)
    os.kill(run.process.pid, number)

    assert (answer.status_code, run.ends(), count_of(data)) == (202, 0, 1)


def test_a_second_writer_is_refused_with_the_way_out(data: Path) -> None:
    first = Run(data, "--http", "0")
    first.url()
    second = Run(data, "--http", "0")

    assert second.ends() == 2
    assert f"in use by process {first.process.pid}" in second.said.replace("\n", " ")
    assert first.stop() == 0


BAD = {
    "truncated": b'{"type": "order.placed", "id": "1", "ti',
    "wrong type": as_lines([a_dispatch()]).replace(b'"carrier":"acme"', b'"carrier":7'),
    "unknown type": as_lines([a_dispatch()]).replace(b"shipment.dispatched", b"shipment.lost"),
    "missing": as_lines([a_dispatch()]).replace(b'"carrier"', b'"courier"'),
    "invalid UTF-8": as_lines([a_dispatch()]).replace(b"acme", b"ac\xffme"),
    "far future": as_lines([a_dispatch(time="2091-01-01T00:00:00.000Z")]),
    "negative": as_lines([an_order()]).replace(b'"sku-1"', b'"sku-1","quantity":-1'),
    "unknown currency": as_lines([an_order(currency="XQQ")]),
    "10 MB": b'{"type":"' + b"x" * 10_000_000 + b'"}',
}


WHY = {
    "truncated": ("$", "truncated"),
    "wrong type": ("$.carrier", "got `int`"),
    "unknown type": ("$.type", "unknown event type 'shipment.lost'"),
    "missing": ("$.carrier", "missing"),
    "invalid UTF-8": ("$", "invalid UTF-8"),
    "far future": ("$.time", "after the clock here"),
    "negative": ("$.lines[0].quantity", "`int` >= 1"),
    "unknown currency": ("$.currency", "unknown currency 'XQQ'"),
    "10 MB": ("$", "longer than"),
}
"""Where each bad record is wrong, and words of the reason that is kept with it."""


def test_bad_lines_are_kept_with_reason_and_the_rest_is_taken(data: Path) -> None:
    path = data.parent / "mixed.jsonl"
    lines = [as_lines([an_order(order_id=f"o-{n}")]) + bad for n, bad in enumerate(BAD.values())]
    path.write_bytes(b"\n".join(line.strip() for line in lines) + b"\n")
    code = Run(data, path).ends()
    with Journal.reader(Folder(data).journal) as journal:
        kept = journal.rejected()

    assert (code, count_of(data), len(kept)) == (0, len(BAD), len(BAD))
    assert all(one.refusal.raw for one in kept)
    for one, (where, words) in zip((one.refusal for one in kept), WHY.values(), strict=True):
        assert (one.path, words in one.reason) == (where, True)


def test_a_rejected_record_is_listed_and_taken_in_when_retried(data: Path) -> None:
    path = data.parent / "one.jsonl"
    path.write_bytes(b"nonsense\n")
    Run(data, path).ends()
    listed = _andon("rejected", "list", "-o", "json", "--data", data)
    with Journal.reader(Folder(data).journal) as journal:
        mended = as_lines([an_order()]).strip()
        journal._connection.execute("UPDATE rejected SET raw = ?", (mended,))  # noqa: SLF001 - stands for a version that can read it
    retried = _andon("rejected", "retry", "--all", "--data", data)
    Run(data, path).ends()

    assert json.loads(listed.stdout)["raw"] == "nonsense"
    assert "1 queued" in retried.stderr
    assert count_of(data) == 1
    assert _andon("rejected", "list", "--data", data).stdout == ""


def _andon(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ANDON, *arguments], capture_output=True, text=True, check=False, timeout=SECONDS
    )
