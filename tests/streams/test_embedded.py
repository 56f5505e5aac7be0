from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from schemas.codec import Decoder
from schemas.events import Event
from schemas.problems import Cause, Change, ChangeKind, Problem, problems_digest
from schemas.testing import a_delivery, a_dispatch, a_scan, an_order, as_lines, at_ms
from schemas.times import DAY, MINUTE
from streams.embedded import Board, Embedded, Timing
from streams.engine import Batch, Engine
from streams.inbox import Arrival
from streams.intake import JSON_LINES, Delivery
from streams.journal import Journal, Mark

NOON = at_ms("03-01T12:00")


@dataclass
class Settled:
    """Remembers what was offered to it, as the desk does: by id, the newest state."""

    problems: dict[str, Problem] = field(default_factory=dict)
    times: list[int] = field(default_factory=list)

    def take(self, changes: list[Change], now: int) -> None:
        self.problems |= {change.problem.id: change.problem for change in changes}
        self.times.append(now)

    @property
    def digest(self) -> str:
        return problems_digest(list(self.problems.values()))


@dataclass
class Clock:
    now: int = NOON

    def __call__(self) -> int:
        return self.now


def arrival(events: Sequence[Event], mark: Mark | None = None) -> Arrival:
    return Arrival(Delivery(as_lines(events), JSON_LINES, "test"), mark)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path / "journal.db") as journal:
        yield journal


def live(journal: Journal, settled: Settled, clock: Clock) -> Embedded:
    embedded = Embedded(journal, Engine(), settled.take, timing=Timing(wall=clock))
    embedded.rebuild()
    return embedded


def recorded(journal: Journal, settled: Settled) -> Embedded:
    timing = Timing(recording=True)
    embedded = Embedded(journal, Engine(), settled.take, timing=timing)
    embedded.rebuild()
    return embedded


def test_time_that_passes_opens_a_problem_without_any_event(journal: Journal) -> None:
    settled, clock = Settled(), Clock()
    embedded = live(journal, settled, clock)
    embedded.accept([arrival([an_order(), a_dispatch()])])
    embedded.decide()
    clock.now += 10 * DAY
    changes = embedded.pass_time()

    assert "silent-shipment" in {change.problem.kind for change in changes}
    assert "silent-shipment" in {problem.kind for problem in embedded.board.open.values()}


def test_a_restart_finds_the_same_open_problems(journal: Journal) -> None:
    settled, again, clock = Settled(), Settled(), Clock()
    first = live(journal, settled, clock)
    first.accept([arrival([an_order(), a_dispatch()])])
    first.decide()
    clock.now += 10 * DAY
    first.pass_time()
    second = live(journal, again, clock)

    assert second.board.open == first.board.open
    assert again.digest == settled.digest


def test_the_board_leaves_what_has_been_open_for_the_horizon_to_the_ledger() -> None:
    def opened(subject_type: str, day: int) -> Change:
        cause = Cause("clock", day * DAY, day * DAY)
        return Change(
            ChangeKind.OPENED,
            day * DAY,
            Problem(
                id=f"{subject_type} {day}",
                kind="some-kind",
                subject_type=subject_type,
                subject="some",
                opened_at=day * DAY,
                due_at=day * DAY,
                detector="some-kind",
                detector_version="1",
                opened_by=cause,
            ),
        )

    board = Board()
    board.note([opened("sku", 0), opened("order", 0), opened("order", 1)])
    board.note([opened("lane", 181)])

    assert list(board.open) == ["sku 0", "order 1", "lane 181"]
    assert board.opened["some-kind"] == 4


def test_nothing_is_stamped_before_what_was_decided_even_if_the_clock_is_set_back(
    journal: Journal,
) -> None:
    settled, clock = Settled(), Clock()
    first = live(journal, settled, clock)
    first.accept([arrival([an_order(), a_dispatch()])])
    clock.now += 10 * DAY
    first.decide()
    first.pass_time()
    decided = clock.now
    clock.now = NOON
    second = live(journal, Settled(), clock)
    second.accept([arrival([a_delivery()])])

    assert journal.floor == decided


def test_an_event_accepted_before_a_crash_is_decided_after_it(journal: Journal) -> None:
    clock = Clock()
    crashed = live(journal, Settled(), clock)
    crashed.accept([arrival([an_order(), a_dispatch()])])
    clock.now += 10 * DAY
    embedded = live(journal, Settled(), clock)

    assert "silent-shipment" in {change.problem.kind for change in embedded.pass_time()}


def test_in_a_recording_only_events_make_time_pass(journal: Journal) -> None:
    embedded = recorded(journal, Settled())
    embedded.accept([arrival([an_order(), a_dispatch()])])
    embedded.decide()

    assert embedded.pass_time() == []


def test_every_delivery_is_answered_with_its_own_refusals(journal: Journal) -> None:
    embedded = live(journal, Settled(), Clock())
    bad = Arrival(Delivery(b'{"type": 1}', JSON_LINES, "http"))
    good, refused = embedded.accept([arrival([an_order()]), bad])

    assert (good.accepted, good.refusals) == (1, [])
    assert (refused.accepted, len(refused.refusals)) == (0, 1)
    assert bad.reply.result() == refused


def test_a_retried_record_is_taken_in_once(journal: Journal) -> None:
    clock = Clock()
    embedded = live(journal, Settled(), clock)
    embedded.accept([arrival([a_scan(time="2026-03-01T12:06:00.000Z")])])
    journal.queue_rejected([1])
    clock.now += 10 * MINUTE
    embedded.retry_rejected()
    embedded.retry_rejected()

    assert (journal.count(), journal.rejected()) == (1, [])


def test_a_record_refused_again_is_kept_again(journal: Journal) -> None:
    embedded = live(journal, Settled(), Clock())
    embedded.accept([Arrival(Delivery(b"nonsense", JSON_LINES, "http"))])
    journal.queue_rejected([1])
    embedded.retry_rejected()

    assert [kept.refusal.origin for kept in journal.rejected()] == ["rejected 1"]


def test_a_log_cut_anywhere_and_rebuilt_gives_the_answers_of_one_run(
    tmp_path: Path, recording: list[bytes]
) -> None:
    digests = {
        _run_with_restarts(tmp_path / f"{step}.db", recording, step) for step in (1, 7, 40, 10_000)
    }

    assert digests == {_in_one_go(recording)}


def _in_one_go(lines: list[bytes]) -> str:
    settled, engine = Settled(), Engine()
    decoded = Decoder().decode_lines(b"\n".join(lines))
    batch = Batch(decoded.events, decoded.occurred, decoded.recorded)
    settled.take(engine.step(batch) + engine.flush(), 0)
    assert settled.problems

    return settled.digest


def _run_with_restarts(path: Path, lines: list[bytes], step: int) -> str:
    """Take in ``step`` lines at a time; die after every third commit, before deciding on it."""
    settled, journal = Settled(), Journal(path)
    embedded = recorded(journal, settled)
    for turn, start in enumerate(range(0, len(lines), step)):
        body = b"\n".join(lines[start : start + step])
        embedded.accept([Arrival(Delivery(body, JSON_LINES, "test"))])
        if turn % 3 == 2:
            journal.close()
            journal = Journal(path)
            embedded = recorded(journal, settled)
        else:
            embedded.decide()
    embedded.finish()
    journal.close()
    return settled.digest


@pytest.fixture(scope="module")
def recording() -> list[bytes]:
    """A small history in which parcels go quiet, come late, or arrive."""
    events: list[tuple[str, Event]] = []
    for number in range(60):
        order = {"order_id": f"o-{number}", "id": f"{number}-"}
        events += _journey(number, order)
    events.sort(key=lambda pair: pair[0])
    return as_lines(event for _, event in events).splitlines()


def _journey(number: int, order: dict[str, str]) -> Iterator[tuple[str, Event]]:
    day, minute = 1 + number % 5, number % 60
    steps = {
        f"2026-03-0{day}T08:{minute:02}:00.000Z": an_order,
        f"2026-03-0{day + 1}T08:{minute:02}:00.000Z": a_dispatch,
        f"2026-03-1{number % 9}T09:{minute:02}:00.000Z": a_scan,
        f"2026-03-2{number % 8}T09:00:00.000Z": a_delivery,
    }
    for time, build in steps.items():
        fields = order | {"id": order["id"] + build.__name__, "time": time, "recordedtime": time}
        yield time, build(**fields)
