"""Facts are looked at before what is decided on them: feeds that fall silent or talk nonsense."""

from pathlib import Path

import pytest

from andon.config import Config
from andon.examining import Finding, examine
from andon.feeds import Feed, feeds_in, silent
from schemas.events import Event
from schemas.testing import a_scan, an_order, as_lines, at_ms
from schemas.times import DAY, HOUR, iso
from streams.embedded import Embedded, Timing
from streams.engine import Engine
from streams.folder import Folder
from streams.inbox import Arrival
from streams.intake import JSON_LINES, Delivery
from streams.journal import Journal

BEGIN = at_ms("03-02T00:00")


def orders(hours: int) -> list[Event]:
    """Return an order each hour, from the shop."""
    return [
        an_order(
            order_id=f"o-{n}", time=iso(BEGIN + n * HOUR), source="shop", ship_by="", promised_by=""
        )
        for n in range(hours)
    ]


def scans(hours: int, status: str = "in_transit") -> list[Event]:
    """Return a scan each half hour, from the carriers."""
    return [
        a_scan(
            order_id=f"o-{n // 2}",
            time=iso(BEGIN + n * HOUR // 2),
            source="carriers",
            status=status,
        )
        for n in range(2 * hours)
    ]


def taken_in(path: Path, body: bytes) -> Embedded:
    folder = Folder(path)
    folder.path.mkdir(exist_ok=True)
    with Journal(folder.journal) as journal:
        embedded = Embedded(journal, Engine(), lambda *_: None, timing=Timing(recording=True))
        embedded.accept([Arrival(Delivery(body, JSON_LINES, "test"))])
        embedded.decide()
        embedded.finish()
        return embedded


def facts(path: Path) -> Finding:
    [found] = [one for one in examine(Config(), path, None, 0) if one.name == "facts"]
    return found


@pytest.mark.practice("3.9")
def test_a_feed_that_falls_silent_and_records_nobody_can_read_are_named(tmp_path: Path) -> None:
    told = sorted([*orders(60), *scans(24)], key=lambda event: event.time)
    taken_in(tmp_path / "sound", as_lines(told[:60]))
    embedded = taken_in(tmp_path / "late", as_lines(told) + b"\n{}\n")
    sound, wrong = facts(tmp_path / "sound"), facts(tmp_path / "late")

    assert (sound.sound, sound.found) == (True, "2 feeds speak as usual")
    assert not wrong.sound
    assert wrong.found == "carriers has been silent for 35h; 1 records could not be read"
    assert embedded.board.rejected == 1


@pytest.mark.practice("3.9")
def test_codes_that_nobody_mapped_and_times_that_cannot_be_are_counted(tmp_path: Path) -> None:
    odd = [
        *scans(1, status="beamed up"),
        an_order(time=iso(BEGIN + 9 * DAY), recordedtime=iso(BEGIN)),
    ]
    embedded = taken_in(tmp_path / "odd", as_lines(odd))

    assert embedded.counts["unknown words"] == 2
    assert embedded.counts["from the future: clamped"] == 1


@pytest.mark.parametrize(("hours", "quiet"), [(10, False), (11, True)])
def test_a_feed_may_pause_ten_times_longer_than_ever(hours: int, *, quiet: bool) -> None:
    feed = Feed("shop", BEGIN, HOUR)

    assert feed.is_silent(BEGIN + hours * HOUR) is quiet


def test_a_busy_feed_may_pause_for_an_hour_and_a_rare_one_is_not_judged() -> None:
    busy = Feed("", BEGIN, 1)

    assert silent([busy], BEGIN + HOUR) == {}
    assert silent([busy], BEGIN + 2 * HOUR) == {"without a name": "2h"}
    assert feeds_in([as_lines(orders(2))]) == []


def test_without_a_journal_there_is_nothing_to_look_at(tmp_path: Path) -> None:
    assert facts(tmp_path) == Finding("facts", sound=True, found="none to look at")
