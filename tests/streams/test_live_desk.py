import asyncio
import threading
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.exc import InterfaceError, OperationalError

from actions.desk import Desk
from actions.ledger import Ledger
from actions.playbook import parse_playbook
from actions.tables import decisions
from actions.testing import NOON, a_problem, opened, withdrawn
from actions.testing_postgres import Server, new_database
from schemas.codec import encode
from schemas.problems import Change
from schemas.testing import a_contact, at
from schemas.times import HOUR
from streams.engine import Batch
from streams.found import BadRecord, Found, encode_found
from streams.live_desk import LedgerAway, LiveDesk

AWAY = (OperationalError, InterfaceError)
BOOK = parse_playbook("name: none\nrules: []\n", "none.yaml")
CONTACT = encode(a_contact(time=at("03-01T12:00"))).decode()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened_ledger = Ledger(f"sqlite:///{tmp_path}/ledger.sqlite")
    yield opened_ledger
    opened_ledger.close()


class Heard:
    """Takes changes to a ledger, and remembers in which pieces it was told what."""

    def __init__(self, ledger: Ledger) -> None:
        self.settled: list[tuple[list[str], int]] = []
        self.told: list[list[str]] = []
        self._desk = Desk(ledger, BOOK)

    def settle(self, changes: list[Change], now: int) -> None:
        self._desk.take(changes, now)
        self.settled.append(([change.problem.subject for change in changes], now))

    def hear(self, batch: Batch) -> None:
        self.told.append([event.id for event in batch.events])


def a_change(subject: str, at_ms: int) -> Change:
    return opened(a_problem(subject=subject, order_id=subject, opened_at=at_ms))


def a_record(*changes: Change, clock: int = 0, said: int = 0) -> bytes:
    """Return what the judge tells up to ``clock`` (ms UTC), or up to the end of a recording."""
    return encode_found(
        Found(
            clock=clock or NOON + 100 * HOUR,
            is_end=not clock,
            changes=changes,
            events=((said, CONTACT),) if said else (),
            orders=len(changes),
        )
    )


def decided(ledger: Ledger) -> list[tuple[int, str]]:
    with ledger.reading() as connection:
        rows = connection.execute(select(decisions.c.decided_at, decisions.c.problem_id))
        return sorted((row.decided_at, row.problem_id) for row in rows)


def test_live_changes_are_decided_at_once_by_the_wall_clock(ledger: Ledger) -> None:
    heard = Heard(ledger)
    desk: LiveDesk[int] = LiveDesk(heard.settle, heard.hear, is_log=False, wall=lambda: NOON + HOUR)
    change = a_change("O1", NOON)
    desk.offer(a_record(change, clock=NOON), 0)
    waited = asyncio.run(desk.decide())
    desk.offer(a_record(clock=NOON + 1), 1)
    done = asyncio.run(desk.decide())

    assert (waited, done, heard.settled) == ([], [0, 1], [(["O1"], NOON + HOUR)])
    assert decided(ledger) == [(NOON + HOUR, change.problem.id)]
    assert (desk.status.clock, desk.status.held, desk.status.orders) == (NOON + 1, 0, 1)
    assert list(desk.board.open) == [change.problem.id]


def test_a_recording_is_decided_by_hours_at_the_time_of_each_ones_last_change(
    ledger: Ledger,
) -> None:
    heard = Heard(ledger)
    desk: LiveDesk[int] = LiveDesk(heard.settle, heard.hear, is_log=True)
    late, early = a_change("late", NOON + HOUR - 1), a_change("early", NOON)
    desk.offer(a_record(early, clock=NOON + 1), 0)
    desk.offer(a_record(late, a_change("next", NOON + HOUR)), 1)
    asyncio.run(desk.decide())

    assert heard.settled == [(["early", "late"], NOON + HOUR - 1), (["next"], NOON + HOUR)]


def test_what_customers_said_is_heard_before_what_is_decided_in_the_same_hour() -> None:
    order: list[str] = []
    desk: LiveDesk[int] = LiveDesk(
        lambda changes, _: order.extend(change.problem.subject for change in changes),
        lambda batch: order.append(f"heard {batch.recorded.tolist()}"),
        is_log=True,
    )
    first, second = a_change("first", NOON), a_change("second", NOON + 2 * HOUR)
    desk.offer(a_record(first, second, said=NOON + 2 * HOUR + 5), 0)
    asyncio.run(desk.decide())

    assert order == ["first", f"heard [{NOON + 2 * HOUR + 5}]", "second"]


def test_an_hour_in_which_only_customers_spoke_is_heard(ledger: Ledger) -> None:
    heard = Heard(ledger)
    desk: LiveDesk[int] = LiveDesk(heard.settle, heard.hear, is_log=True)
    desk.offer(a_record(said=NOON), 0)
    asyncio.run(desk.decide())

    assert (len(heard.told), heard.settled) == (1, [])


@pytest.mark.parametrize(
    "data",
    [
        None,
        b"nonsense",
        a_record().replace(b'"clock"', b'"watch"'),
        encode_found(Found(clock=1, events=((1, "nonsense"),))),
        encode_found(Found(clock=1, events=((1, ""),))),
        encode_found(Found(clock=1, events=((1, CONTACT + "\n" + CONTACT),))),
    ],
)
def test_a_record_that_cannot_be_read_is_refused_and_the_rest_is_decided(
    ledger: Ledger, data: bytes | None
) -> None:
    heard = Heard(ledger)
    desk: LiveDesk[int] = LiveDesk(heard.settle, heard.hear, is_log=True)
    with pytest.raises(BadRecord):
        desk.offer(data, 0)
    desk.offer(a_record(a_change("O1", NOON)), 1)
    asyncio.run(desk.decide())

    assert heard.settled == [(["O1"], NOON)]


def test_after_a_reset_what_waited_is_taken_from_those_who_tell_it_again(ledger: Ledger) -> None:
    heard = Heard(ledger)
    desk: LiveDesk[int] = LiveDesk(heard.settle, heard.hear, is_log=True)
    desk.offer(a_record(a_change("O1", NOON)), 0)
    desk.reset()
    alone = asyncio.run(desk.decide())
    desk.offer(a_record(a_change("O1", NOON)), 0)
    asyncio.run(desk.decide())

    assert (alone, heard.settled) == ([], [(["O1"], NOON)])


def test_what_is_told_again_is_decided_once(ledger: Ledger) -> None:
    heard = Heard(ledger)
    desk: LiveDesk[int] = LiveDesk(heard.settle, heard.hear, is_log=True)
    problem = a_problem(opened_at=NOON)
    changes = opened(problem), withdrawn(problem, NOON + HOUR)
    for _ in range(2):
        desk.offer(a_record(*changes), 0)
        asyncio.run(desk.decide())
        first = decided(ledger)
        desk.reset()

    assert decided(ledger) == first
    assert len(heard.settled) == 4


def test_a_ledger_that_comes_back_is_asked_again_and_nothing_is_lost(server: Server) -> None:
    ledger = Ledger(new_database(server.url, "comes_back"))
    heard = Heard(ledger)
    desk: LiveDesk[int] = LiveDesk(heard.settle, heard.hear, is_log=True, away=AWAY)
    change = a_change("O1", NOON)
    desk.offer(a_record(change), 0)
    seen: list[bool] = []

    def bring_back() -> None:
        until = time.monotonic() + 60
        while not desk.status.is_waiting and time.monotonic() < until:
            time.sleep(0.01)
        seen.append(desk.status.is_waiting)
        server.start()

    server.stop()
    helper = threading.Thread(target=bring_back)
    helper.start()
    asyncio.run(desk.decide())
    helper.join()

    assert seen == [True]
    assert not desk.status.is_waiting
    assert decided(ledger) == [(NOON, change.problem.id)]
    ledger.close()


def test_nothing_is_done_by_the_wall_clock_before_a_recording_is_decided(ledger: Ledger) -> None:
    heard, performed, wall = Heard(ledger), list[int](), NOON + 100 * HOUR
    changes, tries = [a_change("O1", NOON), a_change("O2", NOON + HOUR)], count()

    def settle(changes: list[Change], now: int) -> None:
        if now > NOON and next(tries) == 0:
            raise OperationalError("", None, Exception("the server is gone"))
        heard.settle(changes, now)

    def perform(now: int) -> bool:
        performed.append(now)
        return False

    desk: LiveDesk[int] = LiveDesk(
        settle, heard.hear, perform=perform, is_log=True, wall=lambda: wall, away=AWAY
    )

    async def look_while_the_ledger_is_away() -> None:
        deciding = asyncio.create_task(desk.decide())
        while not desk.status.is_waiting:  # noqa: ASYNC110 - a plain value that the desk sets
            await asyncio.sleep(0)
        desk.tick()
        await deciding
        desk.tick()

    desk.offer(a_record(*changes), 0)
    asyncio.run(look_while_the_ledger_is_away())

    assert performed == [NOON, NOON, NOON + HOUR, wall]


def test_what_a_judge_tells_again_is_decided_at_the_time_of_the_last_change(
    ledger: Ledger,
) -> None:
    heard = Heard(ledger)
    desk: LiveDesk[int] = LiveDesk(heard.settle, heard.hear, is_log=True)
    first, last = a_change("O1", NOON), a_change("O2", NOON + HOUR - 1)
    desk.offer(a_record(first, last, clock=NOON + HOUR - 1), 0)
    desk.offer(a_record(first, clock=NOON + HOUR), 1)
    asyncio.run(desk.decide())

    assert [now for _, now in heard.settled] == [NOON + HOUR - 1]


def test_a_ledger_that_stays_away_ends_the_worker_and_nothing_counts_as_read(
    server: Server,
) -> None:
    ledger = Ledger(new_database(server.url, "stays_away"))
    heard = Heard(ledger)
    desk: LiveDesk[int] = LiveDesk(heard.settle, heard.hear, is_log=True, away=AWAY, patience_s=0.3)
    desk.offer(a_record(a_change("O1", NOON)), 0)
    server.stop()
    try:
        with pytest.raises(LedgerAway, match="the ledger does not answer"):
            asyncio.run(desk.decide())
    finally:
        server.start()

    assert (desk.status.is_waiting, heard.settled, desk.status.clock) == (True, [], 0)
    assert decided(ledger) == []
    ledger.close()


def test_another_error_of_the_ledger_is_not_waited_for(ledger: Ledger) -> None:
    def refuse(_changes: list[Change], _now: int) -> None:
        raise ZeroDivisionError

    desk: LiveDesk[int] = LiveDesk(refuse, Heard(ledger).hear, is_log=True, away=AWAY)
    desk.offer(a_record(a_change("O1", NOON)), 0)
    with pytest.raises(ZeroDivisionError):
        asyncio.run(desk.decide())
