"""The benchmark of evidence sees what is in its file, day by day; no referee is needed here."""

import csv
from pathlib import Path

import numpy as np
import pytest

from benchmarks.blame import named, trial
from benchmarks.curves import trial as learning
from benchmarks.evidence import BELIEVED, Beliefs, Weighed, judged, read, write_alarms
from benchmarks.evidence_score import Fault, Played, Truth, calibrated, over
from benchmarks.evidence_table import main as measure_table
from benchmarks.repairs import trial as repair

DAYS, KEYS, BAD, ONSET = 90, 40, 3, 50

Row = tuple[int, str, int, int, int, int]
"""Day, kind, key, category, ship day, count."""


def a_catalogue() -> list[Row]:
    """Forty keys of two categories; from ONSET on a third of the units of BAD are reported."""
    chance = np.random.default_rng(4)
    rows: list[Row] = []
    for day in range(DAYS):
        for key, units in enumerate(chance.poisson(8, KEYS).tolist()):
            rate = 0.33 if key == BAD and day >= ONSET else 0.015
            told = day + chance.integers(2, 9, chance.binomial(units, rate))
            rows += [(day, "ship", key, key % 2, day, units)] * bool(units)
            rows += [(at, "report", key, key % 2, day, 1) for at in told.tolist() if at < DAYS]
    return sorted(rows)


def written(path: Path, rows: list[Row]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("day", "kind", "key", "category", "ship_day", "count"))
        writer.writerows(rows)
    return path


def weighed(path: Path, rows: list[Row], beliefs: Beliefs = BELIEVED) -> Weighed:
    return judged(read(written(path, rows)), 5.0, beliefs)


def test_the_bad_key_is_found_within_days_and_no_other(tmp_path: Path) -> None:
    found = weighed(tmp_path / "e.csv", a_catalogue())
    alarm = found.log_r >= found.needed

    assert set(found.key[alarm].tolist()) == {BAD}
    assert ONSET < found.day[alarm].min() < ONSET + 10


def one_by_one(rows: list[Row]) -> list[Row]:
    return [(*row[:5], 1) for row in rows for _ in range(row[5])]


def test_event_by_event_in_any_order_of_a_day_is_the_same_as_in_sums_to_the_last_bit(
    tmp_path: Path,
) -> None:
    rows = a_catalogue()
    singly = one_by_one(rows)
    order = np.random.default_rng(8).permutation(len(singly))
    shuffled = sorted((singly[place] for place in order), key=lambda row: row[0])
    whole, again = (weighed(tmp_path / "e.csv", some) for some in (rows, shuffled))

    assert again.log_r.tobytes() == whole.log_r.tobytes()
    assert again.needed.tobytes() == whole.needed.tobytes()
    assert (again.key.tolist(), again.day.tolist()) == (whole.key.tolist(), whole.day.tolist())


def test_what_comes_later_does_not_change_what_was_said_before(tmp_path: Path) -> None:
    rows = a_catalogue()
    whole = weighed(tmp_path / "e.csv", rows)
    until = weighed(tmp_path / "e.csv", [row for row in rows if row[0] < 60])
    early = whole.day < 60

    assert until.log_r.tobytes() == whole.log_r[early].tobytes()


def test_believing_in_too_low_a_rate_finds_more_in_the_same_reports(tmp_path: Path) -> None:
    rows = a_catalogue()
    right = weighed(tmp_path / "e.csv", rows)
    wrong = weighed(tmp_path / "e.csv", rows, Beliefs(baseline=0.5))

    assert wrong.log_r[right.key == BAD].mean() > right.log_r[right.key == BAD].mean()


def test_state_is_small(tmp_path: Path) -> None:
    assert weighed(tmp_path / "e.csv", a_catalogue()).bytes_a_key <= 400


def test_alarms_are_written_as_the_referee_reads_them(tmp_path: Path) -> None:
    write_alarms(tmp_path / "a.csv", np.array([7]), np.array([31]))

    assert (tmp_path / "a.csv").read_text() == "key,day\n7,31\n"


def a_played(log_r: list[float]) -> Played:
    """Key 0 turns faulty on day 40; every other key is clean; each is weighed once on day 45."""
    keys = np.arange(len(log_r))
    days = np.full(keys.size, 45)
    found = Weighed(keys, days, np.array(log_r), np.full(keys.size, 6.0), 1.0, 394.0)
    return Played("w", Truth([Fault(0, 40, 0.3, severe=True)]), found, 1_000_000, 1.0)


def test_a_calibrated_threshold_lets_as_many_clean_keys_alarm_as_the_budget_says() -> None:
    world = a_played([9.0, 1.0, 5.0, 3.0, 7.0, 2.0])
    threshold = calibrated([world], budget=2.0)

    assert threshold == 3.0
    assert over(world, threshold)[0].tolist() == [0, 2, 4]


def test_the_threshold_of_the_budget_is_reached_and_not_only_exceeded() -> None:
    assert over(a_played([6.0, 5.9]), None)[0].tolist() == [0]


@pytest.mark.parametrize("seed", [10, 12, 13, 18, 21])
def test_a_made_fault_is_named_exactly(seed: int) -> None:
    one = trial(seed)

    assert one.visible
    assert named(one) == (one.dimension, one.element)


def test_a_repaired_fault_does_not_come_back() -> None:
    outcome = repair(1)

    assert (outcome.found, outcome.left_in, outcome.left_out) == (True, True, False)
    assert outcome.relisted_after is not None


def test_a_learned_curve_is_about_as_near_the_truth_as_if_all_delays_were_known() -> None:
    reports, error, least = learning(5, 10_000)

    assert 9_700 < reports < 10_300
    assert error < 0.02
    assert least < 0.02


def test_where_the_referee_is_not_at_hand_that_is_said_and_nothing_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = str(tmp_path / "fault_sim.py")
    monkeypatch.setattr("sys.argv", ["evidence_table", "--referee", nowhere])
    measure_table()

    assert capsys.readouterr().out == "not measured: no fault_sim.py here; see --referee\n"
