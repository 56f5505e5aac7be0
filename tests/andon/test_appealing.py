"""A person upholds an appeal; the judge hears it, and a replay of the journal agrees."""

import threading
from pathlib import Path

import pytest

from actions.desk import Desk
from actions.ledger import Ledger
from actions.outcomes_told import Later, Told, report_outcome
from actions.playbook import load_playbook
from actions.testing import a_problem, opened
from andon.appealing import appeals_of
from andon.config import Config
from andon.running import Running, run_service
from andon.testing import command
from schemas.commands import Word
from schemas.problems import Problem, problems_digest
from schemas.testing import an_order, as_lines, at_ms, never_handed_over
from schemas.times import DAY, HOUR, iso
from streams.embedded import Embedded, Timing, wall_clock
from streams.engine import Engine
from streams.folder import Folder
from streams.inbox import Arrival
from streams.intake import JSON_LINES, Delivery
from streams.journal import Journal
from streams.replay import replay_paths

ORDERS = never_handed_over(60)


class Life:
    """One embedded run, whose clock a test sets, over a journal and a ledger on disk."""

    def __init__(self, journal: Journal, ledger: Ledger, now: int) -> None:
        self.now = now
        self.desk = Desk(ledger, load_playbook())
        self.words = appeals_of(ledger, journal)
        timing = Timing(wall=lambda: self.now)
        self.embedded = Embedded(journal, Engine(), self.desk.take, timing=timing)
        self.embedded.rebuild()

    def turn(self, now: int, *arrivals: Arrival) -> None:
        """Do what the service does each turn."""
        self.now = now
        if some := [*arrivals, *self.words()]:
            self.embedded.accept(some)
        self.embedded.decide()
        self.embedded.pass_time()


def of_seller(ledger: Ledger) -> list[Problem]:
    return ledger.problems(subject="m-1")


def test_an_upheld_appeal_reaches_the_judge_and_a_replay_agrees(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    ledger = Ledger(folder.ledger_url)
    with Journal(folder.journal) as journal:
        life = Life(journal, ledger, at_ms("03-01T10:00"))
        life.turn(life.now, Arrival(Delivery(as_lines(ORDERS), JSON_LINES, "test")))
        life.turn(at_ms("03-05T15:00"))
        [coached] = of_seller(ledger)
        word = Word("ops-1", "our own warehouse was closed", life.now)
        report_outcome(ledger, load_playbook(), Told(coached.id, Later.APPEAL_UPHELD), word)
        life.turn(life.now + HOUR)
        again = Life(journal, ledger, life.now)
        again.turn(life.now + DAY)
        events = journal.order_lines("seller m-1").splitlines()
    [cleared] = of_seller(ledger)
    stored = ledger.problems()
    ledger.close()
    replayed = replay_paths([folder.path], Engine()).problems

    assert (coached.kind, coached.is_open) == ("seller-coach", True)
    assert cleared.withdrawn_at == at_ms("03-06T00:00")
    assert len(events) == 1
    assert problems_digest(stored) == problems_digest(replayed)


def test_andon_run_takes_an_outcome_into_the_journal_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ANDON_WHO", "ops-1")
    folder, now = Folder(tmp_path / "andon-data"), wall_clock()
    folder.path.mkdir()
    ledger = Ledger(folder.ledger_url)
    about = {"subject_type": "seller", "subject": "m-1", "order_id": None, "customer_id": None}
    held = a_problem("seller-coach", opened_at=now - HOUR, **about)
    Desk(ledger, load_playbook()).take([opened(held)], now)
    ledger.close()
    Path("orders.jsonl").write_bytes(as_lines([an_order(time=iso(now - DAY), promised_by="")]))
    command("outcome", held.id, "appeal-upheld", "--why", "they were right")
    for _ in range(2):
        wanted = Running(
            source="orders.jsonl",
            follow=False,
            recording=False,
            address="",
            data=folder.path,
            playbook=None,
        )
        run_service(wanted, Config(), threading.Event())

    with Journal.reader(folder.journal) as journal:
        [event] = journal.order_lines("seller m-1").splitlines()
    assert b'"type":"seller.appeal_upheld"' in event
