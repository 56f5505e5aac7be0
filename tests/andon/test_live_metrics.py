from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from andon.config import read_config
from andon.live_metrics import live_exposition
from andon.metrics import PREFIX
from andon.wiring import open_parts
from schemas.times import ms
from streams.embedded import wall_clock
from streams.engine import HORIZON, RULES
from streams.folder import Folder
from streams.judging import Seat
from streams.keeping import Keeper
from streams.live import Work
from streams.live_deciding import DeskService
from streams.live_desk import LiveDesk
from streams.live_judge import JudgeService
from streams.live_reader import Reader
from streams.live_settings import LiveSettings
from streams.outlet import Outlet
from streams.testing_groups import a_partition

SETTINGS = LiveSettings("127.0.0.1:1", worker="w")


def a_work(*parts: str) -> Work:
    """Return a worker with these parts, none of which was started."""
    outlet, keeper = Outlet(SETTINGS.bootstrap, "w"), Keeper(None, "same")
    work = Work(SETTINGS, outlet)
    if "reader" in parts:
        work.reader = Reader(SETTINGS, outlet, keeper, a_partition)
    if "judge" in parts:
        judge_keeper = Keeper(None, "same")
        work.judge = JudgeService(SETTINGS, outlet, judge_keeper, lambda: Seat(RULES, ms(HORIZON)))
    if "desk" in parts:
        desk: LiveDesk[int] = LiveDesk(lambda *_: None, lambda _: None, is_log=False)
        work.desk = DeskService(SETTINGS, outlet, desk)
    return work


def read(text: bytes) -> dict[str, float]:
    return {
        sample.name.removeprefix(f"{PREFIX}_"): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
        if not sample.labels
    }


@pytest.mark.parametrize(
    ("part", "name"),
    [
        ("reader", "partitions_assigned"),
        ("reader", "dead_letters_total"),
        ("judge", "judge_lag_records"),
        ("desk", "desk_held"),
    ],
)
def test_each_part_speaks_for_itself_and_for_no_other(part: str, name: str) -> None:
    others = {"reader", "judge", "desk"} - {part}

    assert name in read(live_exposition(a_work(part), None, Folder(Path()))())
    assert name not in read(live_exposition(a_work(*others), None, Folder(Path()))())


def test_what_is_read_is_how_it_is_at_that_moment() -> None:
    work = a_work("reader", "judge", "desk")
    ask = live_exposition(work, None, Folder(Path()))
    before = read(ask())
    assert work.reader is not None
    assert work.desk is not None
    assert work.judge is not None
    work.reader.status.letters = 3
    work.reader.kept.saved, work.judge.kept.saved = 2, 1
    work.desk.desk.status.held = 5
    work.outlet.clock_offset_ms = -1_500
    after = read(ask())

    assert (before["dead_letters_total"], after["dead_letters_total"]) == (0, 3)
    assert after["snapshots_saved_total"] == 3
    assert after["desk_held"] == 5
    assert after["broker_clock_offset_seconds"] == -1.5


def test_how_far_a_part_is_behind_is_said_once_it_has_decided_something() -> None:
    work = a_work("desk", "reader")
    ask = live_exposition(work, None, Folder(Path()))
    before = read(ask())
    assert work.desk is not None
    assert work.reader is not None
    work.desk.desk.status.clock = wall_clock() - 90_000
    work.reader.status.decided = wall_clock() + 60_000
    after = read(ask())

    assert "desk_behind_seconds" not in before
    assert 90 <= after["desk_behind_seconds"] < 3_600
    assert after["reader_behind_seconds"] == 0


def test_the_age_of_snapshots_is_that_of_the_newest_and_nothing_where_none_was_written() -> None:
    work = a_work("reader", "judge")
    ask = live_exposition(work, None, Folder(Path()))
    before = read(ask())
    assert work.reader is not None
    assert work.judge is not None
    work.reader.kept.newest_at = wall_clock() - 500_000
    work.judge.kept.newest_at = wall_clock() - 20_000
    age = read(ask())["snapshot_age_seconds"]

    assert "snapshot_age_seconds" not in before
    assert 20 <= age < 500


def test_a_worker_with_a_ledger_says_what_is_in_it(tmp_path: Path) -> None:
    work = a_work("reader", "desk")
    with open_parts(Folder(tmp_path), None, read_config()) as parts:
        assert work.reader is not None
        work.reader.status.events = 7
        said = read(live_exposition(work, parts, Folder(tmp_path))())

    assert said["events_consumed_total"] == 7
    assert len(said) > len(read(live_exposition(work, None, Folder(Path()))()))
