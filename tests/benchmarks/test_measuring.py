"""What the benchmarks print is what happened; how long it took is never tested."""

import os
import sys
from pathlib import Path

import pytest

from benchmarks.faults import found_at, knew_first, played, touched
from benchmarks.live import batches, pace, row, warmed
from benchmarks.measuring import Failed, alternating, percentile, run, table
from benchmarks.memory import open_orders, parts
from benchmarks.worlds import write
from benchmarks.yardstick import decode
from schemas.stamps import parse_one
from streams.engine import Engine
from streams.replay import replay_paths


def test_a_process_is_measured_with_what_it_started_and_what_it_said() -> None:
    spent = run([sys.executable, "-c", "print('{\"sum\": 3}')"])

    assert spent.figures == {"sum": 3}
    assert spent.cpu_s > 0
    assert spent.peak_bytes > 1 << 20


def test_a_program_that_fails_is_not_measured() -> None:
    with pytest.raises(Failed, match="not today"):
        run([sys.executable, "-c", "raise SystemExit('not today')"])


def test_programs_take_turns() -> None:
    say = "import os; print(os.getpid())"
    spent = alternating({"one": [sys.executable, "-c", say], "two": ["true"]}, runs=2)

    assert [len(some) for some in spent.values()] == [2, 2]
    assert len({one.said for one in spent["one"]}) == 2


@pytest.mark.parametrize(("share", "value"), [(0.5, 50), (0.99, 99), (1.0, 100), (0.001, 1)])
def test_a_percentile_is_one_of_the_values(share: float, value: float) -> None:
    assert percentile(list(range(1, 101)), share) == value


def test_numbers_stand_to_the_right_in_a_table() -> None:
    assert table(("what", "how many"), [["events", 1_000_000]]).splitlines() == [
        "| what | how many |",
        "| --- | ---: |",
        "| events | 1,000,000 |",
    ]


def test_both_forms_of_a_recording_hold_the_same_problems(tmp_path: Path) -> None:
    flat = replay_paths([write(3_000, "flat", tmp_path)], Engine())
    wrapped = replay_paths([write(3_000, "cloudevents", tmp_path)], Engine())

    assert flat.events == 3_000
    assert flat.problems == wrapped.problems
    assert flat.problems


def test_the_yardstick_reads_every_line(tmp_path: Path) -> None:
    assert decode(write(2_000, "cloudevents", tmp_path), "cloudevents") == 2_000


def test_live_batches_open_what_a_replay_opens(tmp_path: Path) -> None:
    path = write(20_000, "flat", tmp_path)
    with path.open("rb") as file:
        live = warmed(file, 10_000)
        paces = [pace(live, list(batches(file, 100, 100)), 100)]
    replayed = replay_paths([path], Engine())
    still_open = {problem.id for problem in replayed.problems if problem.is_open}

    assert row(paces)[:2] == [100, 100]
    assert len(live.open ^ still_open) <= len(still_open) // 50


def test_every_byte_of_state_belongs_to_a_table(tmp_path: Path) -> None:
    with write(20_000, "flat", tmp_path).open("rb") as file:
        live = warmed(file, 10_000)
    journeys = live.engine.partitions[0].journeys

    assert sum(size for _, size in parts(journeys.book).values()) == live.engine.nbytes
    assert 0 < open_orders(journeys.book) <= len(journeys.book.orders)


def test_a_misplaced_sku_is_named_and_known_before_customers_ask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.faults.CACHE", tmp_path)
    world = played(10_000, 30, 1)
    [slot] = [fault for fault in world.truth.faults if fault.fault == "mis-slotted-sku"]
    at = found_at(slot, world.problems)
    hit = touched(slot, world.what)

    assert at is not None
    assert (parse_one(slot.onset) or 0) < at
    assert 0 < len(hit) <= slot.affected_units
    assert knew_first(hit, world.what, world.problems).contacts < len(world.what.listening.asked)


@pytest.mark.parametrize("name", ["olist", "kit_table"])
def test_what_is_not_at_hand_is_not_measured(name: str, tmp_path: Path) -> None:
    option = {"olist": "--data", "kit_table": "--kit"}[name]
    command = [sys.executable, "-m", f"benchmarks.{name}", option, str(tmp_path / "nowhere")]

    assert run(command).said.startswith("not measured: no ")
    assert not os.listdir(tmp_path)  # noqa: PTH208 - nothing was written there
