from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

import andon
from andon.results import (
    ACTION_COLUMNS,
    CHANGE_COLUMNS,
    DECISION_COLUMNS,
    PROBLEM_COLUMNS,
    Result,
)
from andon.simulate import simulate
from schemas.times import instant


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulate(400, 14, 5, tmp_path_factory.mktemp("world")).events_path


@pytest.fixture(scope="module")
def result(recording: Path) -> Result:
    return andon.replay(recording)


def halfway(result: Result) -> datetime:
    opened = sorted(problem.opened_at for problem in result.replayed.problems)
    return instant(opened[len(opened) // 2])


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("problems", PROBLEM_COLUMNS),
        ("changes", CHANGE_COLUMNS),
        ("decisions", DECISION_COLUMNS),
        ("actions", ACTION_COLUMNS),
    ],
)
def test_every_frame_has_the_documented_columns_and_rows(
    result: Result, name: str, columns: dict[str, str]
) -> None:
    frame = getattr(result, name)

    assert list(frame.columns) == list(columns)
    assert len(frame) > 0


def test_times_are_aware_and_in_utc(result: Result) -> None:
    for frame, name in (
        (result.problems, "opened_at"),
        (result.problems, "withdrawn_at"),
        (result.changes, "at"),
        (result.decisions, "decided_at"),
        (result.actions, "planned_at"),
    ):
        kind = frame[name].dtype

        assert isinstance(kind, pd.DatetimeTZDtype)
        assert str(kind.tz) == "UTC"


def test_columns_are_there_even_if_nothing_was_found(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_bytes(b"")
    result = andon.replay(tmp_path / "empty.jsonl")

    assert (len(result.problems), list(result.actions.columns)) == (0, list(ACTION_COLUMNS))
    assert isinstance(result.problems["opened_at"].dtype, pd.DatetimeTZDtype)


def test_what_was_over_before_since_is_left_out(recording: Path, result: Result) -> None:
    middle = halfway(result)
    later = andon.replay(recording, since=middle).problems
    ended = later[["cleared_at", "withdrawn_at"]].max(axis=1)

    assert 0 < len(later) < len(result.problems)
    assert ((ended >= middle) | ended.isna()).all()


def test_until_sees_only_what_was_recorded_by_then(recording: Path, result: Result) -> None:
    middle = halfway(result)
    earlier = andon.replay(recording, until=middle).problems

    assert (earlier["opened_at"] < middle).all()
    assert earlier["cleared_at"].dropna().lt(middle).all()


def test_a_time_without_a_zone_is_refused(recording: Path) -> None:
    naive = datetime(2025, 1, 10, tzinfo=UTC).replace(tzinfo=None)

    with pytest.raises(ValueError, match="has no zone"):
        andon.replay(recording, since=naive)


def test_several_files_are_one_history(recording: Path, result: Result, tmp_path: Path) -> None:
    lines = recording.read_bytes().splitlines(keepends=True)
    halves = [tmp_path / "1.jsonl", tmp_path / "2.jsonl"]
    for number, half in enumerate(halves):
        half.write_bytes(b"".join(lines[number::2]))

    assert andon.replay(halves).hash == result.hash


def test_the_summary_counts_problems_by_kind(result: Result) -> None:
    kinds = result.problems["kind"].value_counts()

    assert result.summary["problems"] == len(result.problems)
    assert {kind: result.summary[kind] for kind in kinds.index} == kinds.to_dict()


def test_a_notebook_shows_summary_and_newest_problems(result: Result) -> None:
    newest = result.problems.sort_values("opened_at")["subject"].iloc[-1]

    assert newest in result._repr_html_()


def test_decisions_are_taken_in_the_recordings_own_time(result: Result) -> None:
    late = result.decisions["decided_at"] - result.changes["at"].min()

    assert late.max() < timedelta(days=200)
