import time
from pathlib import Path

import pytest

from detectors.population.rules import PopulationRules
from schemas.testing import an_order, at
from schemas.times import ms
from streams.embedded import wall_clock
from streams.engine import HORIZON, RULES
from streams.judging import Seat
from streams.keeping import Keeper
from streams.snapshots import Settings, Snapshots
from streams.testing_groups import a_clock, a_group, records_of

SETTINGS = Settings(rules=RULES)


def a_keeper(where: Path | None, fingerprint: str = "same") -> Keeper:
    return Keeper(None if where is None else Snapshots(where), fingerprint, SETTINGS)


def a_seat() -> Seat:
    return Seat(PopulationRules(), ms(HORIZON))


def ended(keeper: Keeper, count: int = 1) -> None:
    """Look after the snapshot under way until it has ended."""
    until = time.monotonic() + 60
    while keeper.told.saved + keeper.told.failed < count and time.monotonic() < until:
        keeper.due(["judge"])
        time.sleep(0.01)


@pytest.fixture
def no_folder(tmp_path: Path) -> Path:
    """Return a place at which no folder can be, not even for root."""
    file = tmp_path / "file"
    file.write_text("a file")
    return file


def test_what_was_kept_is_there_after_a_restart(tmp_path: Path) -> None:
    group = a_group()
    log = [*records_of(an_order(time=at("03-01T12:00"))), a_clock(1, 1)]
    group.take("events", log)
    keeper = a_keeper(tmp_path)
    keeper.save("partition-0", {"offsets": group.offsets}, group.state)
    again = a_keeper(tmp_path)
    loaded = again.load("partition-0")

    assert loaded is not None
    assert loaded.header == {"offsets": {"events": 0}}
    assert (keeper.told.saved, again.told.loaded) == (1, 1)
    assert keeper.told.written_bytes > 0


def test_the_newest_state_of_a_moment_is_found_behind_younger_ones(tmp_path: Path) -> None:
    keeper = a_keeper(tmp_path)
    for clock in (3, 7, 9):
        keeper.save("judge", {"clock": clock}, a_seat())
    found = [keeper.load("judge", until) for until in (8, 7, 2)]

    assert [one and one.header["clock"] for one in found] == [7, 7, None]


def test_a_snapshot_begun_beside_the_stream_is_noted_when_it_is_written(tmp_path: Path) -> None:
    keeper, before = a_keeper(tmp_path), wall_clock()
    keeper.begin("judge", {"offset": 3}, a_seat())
    ended(keeper)
    loaded = a_keeper(tmp_path).load("judge")

    assert loaded is not None
    assert loaded.header == {"offset": 3}
    assert (keeper.told.saved, keeper.told.failed) == (1, 0)
    assert before <= keeper.told.newest_at <= wall_clock()


def test_a_last_snapshot_waits_for_the_one_under_way(tmp_path: Path) -> None:
    keeper = a_keeper(tmp_path)
    keeper.begin("judge", {"offset": 3}, a_seat())
    keeper.save("judge", {"offset": 4}, a_seat())
    loaded = a_keeper(tmp_path).load("judge")

    assert loaded is not None
    assert (keeper.told.saved, loaded.header) == (2, {"offset": 4})


def test_what_other_settings_found_is_not_loaded(tmp_path: Path) -> None:
    a_keeper(tmp_path).save("judge", {}, a_seat())
    other = a_keeper(tmp_path, "other settings")

    assert (other.load("judge"), other.told.loaded) == (None, 0)


def test_where_nothing_was_kept_nothing_is_loaded(tmp_path: Path) -> None:
    assert a_keeper(tmp_path).load("judge") is None


def test_a_store_that_refuses_is_counted_and_stops_nothing(no_folder: Path) -> None:
    keeper = a_keeper(no_folder)
    keeper.save("judge", {}, a_seat())
    keeper.begin("judge", {}, a_seat())
    ended(keeper, count=2)

    assert keeper.load("judge") is None
    assert (keeper.told.saved, keeper.told.failed, keeper.told.loaded) == (0, 2, 0)


def test_a_snapshot_that_was_refused_is_not_the_newest(no_folder: Path) -> None:
    keeper = a_keeper(no_folder)
    keeper.begin("judge", {}, a_seat())
    ended(keeper)

    assert keeper.told.newest_at == 0


def test_the_age_of_a_loaded_snapshot_counts_from_when_it_was_written(tmp_path: Path) -> None:
    before = wall_clock()
    a_keeper(tmp_path).save("judge", {}, a_seat())
    written = wall_clock()
    again = a_keeper(tmp_path)
    again.load("judge")

    assert before <= again.told.newest_at <= written


def test_without_a_store_nothing_is_ever_due(tmp_path: Path) -> None:
    keeper = a_keeper(None)
    keeper.save("judge", {}, a_seat())
    keeper.begin("judge", {}, a_seat())

    assert (keeper.due(["judge"]), keeper.load("judge")) == (None, None)
    assert list(tmp_path.iterdir()) == []


def test_no_snapshot_is_due_right_after_the_start_or_after_another_one(tmp_path: Path) -> None:
    keeper = a_keeper(tmp_path)
    at_first = keeper.due(["judge"])
    keeper.begin("judge", {}, a_seat())
    ended(keeper)

    assert (at_first, keeper.due(["judge"])) == (None, None)


def test_the_state_that_has_waited_longest_is_due_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper, now = a_keeper(tmp_path), time.monotonic()
    monkeypatch.setattr("streams.keeping.time.monotonic", lambda: now)
    order = []
    for _ in range(4):
        now += 1_000
        name = keeper.due(["partition-0", "partition-1", "partition-2"])
        order.append(name)
        keeper.save(name or "", {}, a_seat())

    assert order == ["partition-0", "partition-1", "partition-2", "partition-0"]
    assert keeper.due([]) is None
