from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import Row, select

from actions.commands import told
from actions.ledger import Ledger, actions_now
from actions.outbox import Relay
from actions.tables import actions
from actions.testing import a_problem, opened
from andon.config import read_config
from andon.heeding import Heeding
from andon.wiring import Parts, open_parts
from schemas.commands import Verb
from schemas.times import DAY, HOUR
from streams.embedded import wall_clock
from streams.folder import Folder
from streams.found import BadRecord

REVIEW = """
name: careful
roles: {lead: {people: [ops-1], may: [approve, reject, hold, retry, undo, stop, start, report]}}
rules:
  - name: late
    kind: late-delivery
    mode: review
    do: [message-customer, {credit-customer: {amount: 30.00 USD}}]
"""


@pytest.fixture
def parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Parts]:
    """Open a ledger in which a late order was decided on and waits for people."""
    monkeypatch.delenv("ANDON_WEBHOOK_URL", raising=False)
    book = tmp_path / "careful.yaml"
    book.write_text(REVIEW)
    with open_parts(Folder(tmp_path), book, read_config()) as opened_parts:
        problem = a_problem(opened_at=wall_clock() - HOUR)
        opened_parts.settle([opened(problem)], wall_clock())
        yield opened_parts


def record(**fields: object) -> bytes:
    return msgspec.json.encode({"who": "ops-1", "why": "true", **fields})


def the(ledger: Ledger, name: str) -> Row[Any]:
    with ledger.reading() as connection:
        return connection.execute(actions_now().where(actions.c.name == name)).one()


def the_problem(ledger: Ledger) -> str:
    with ledger.reading() as connection:
        return str(connection.execute(select(actions.c.problem_id)).scalars().first())


def test_what_a_person_approves_is_queued_and_what_they_reject_is_dropped(parts: Parts) -> None:
    heeding = Heeding(parts)
    heeding.obey(record(verb="approve", action=the(parts.ledger, "credit-customer").id))
    heeding.obey(record(verb="reject", action=the(parts.ledger, "message-customer").id[:8]))

    assert the(parts.ledger, "credit-customer").status == "queued"
    assert the(parts.ledger, "message-customer").status == "rejected by a person"


def test_stop_and_start_hold_for_everything_or_for_one_rule(parts: Parts) -> None:
    heeding = Heeding(parts)
    heeding.obey(record(verb="stop"))
    heeding.obey(record(verb="stop", rule="late"))
    heeding.obey(record(verb="start", rule="late"))
    with parts.ledger.reading() as connection:
        said = told(connection, [Verb.STOP, Verb.START])

    assert [(one.verb, one.target_type, one.target) for one in said] == [
        (Verb.STOP, "everything", "everything"),
        (Verb.STOP, "rule", "late"),
        (Verb.START, "rule", "late"),
    ]
    assert {one.word.who for one in said} == {"ops-1"}


def test_what_others_did_is_the_outcome_of_the_action(parts: Parts) -> None:
    action = the(parts.ledger, "message-customer").id
    Heeding(parts).obey(record(verb="approve", action=action))
    Heeding(parts).note(msgspec.json.encode({"action": action, "status": "done", "detail": "sent"}))
    relay = Relay(parts.ledger, {"message-customer": lambda done: done.id})

    assert the(parts.ledger, "message-customer").status == "done"
    assert relay.run_once(wall_clock() + DAY) == []


def test_what_came_of_a_problem_is_kept_with_who_says_so(parts: Parts) -> None:
    problem = the_problem(parts.ledger)
    Heeding(parts).note(record(problem=problem, outcome="appeal-refused"))
    with parts.ledger.reading() as connection:
        [said] = told(connection, [Verb.REPORT])

    assert (said.target, said.word.who, said.word.why) == (problem, "ops-1", "true")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (None, "truncated"),
        (b"", "truncated"),
        (b"\xff\xfe", "malformed"),
        (b"[]", "Expected"),
        (record(), "verb"),
        (record(verb="dance"), "dance"),
        (record(verb="approve", action="ffffffff", cost=3), "cost"),
        (record(verb="approve"), "too short"),
        (record(verb="approve", action="ffffffff"), "there is no action ffffffff"),
        (record(verb="do", action="ffffffff"), "use andon do"),
        (record(verb="stop", why=" "), "say why"),
        (record(verb="stop", who=""), "say who you are"),
        (record(verb="stop", who="stranger"), "stranger"),
    ],
)
def test_what_cannot_be_obeyed_is_refused_and_changes_nothing(
    parts: Parts, data: bytes | None, why: str
) -> None:
    with pytest.raises(BadRecord, match=why):
        Heeding(parts).obey(data)
    with parts.ledger.reading() as connection:
        said = told(connection, list(Verb))

    assert said == []


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (None, "truncated"),
        (b"nonsense", "malformed"),
        (b"{}", "no outcome ''"),
        (record(action="ffffffff", status="done"), "there is no action ffffffff"),
        (record(action="ffffffff", status="perhaps"), "no status 'perhaps'"),
        (record(problem="ffffffff", outcome="appeal-refused"), "there is no problem ffffffff"),
        (record(problem="ffffffff", outcome="lost"), "no outcome 'lost'"),
        (record(problem="ffffffff", outcome="claim-paid", amount="much"), "much"),
        (record(problem="ffffffff", outcome="appeal-refused", who=" "), "say who you are"),
        (record(problem="ffffffff", outcome="appeal-refused", why=""), "say why"),
    ],
)
def test_what_came_of_nothing_known_is_refused(parts: Parts, data: bytes | None, why: str) -> None:
    with pytest.raises(BadRecord, match=why):
        Heeding(parts).note(data)


def test_a_word_that_is_read_twice_is_done_once(parts: Parts) -> None:
    action = the(parts.ledger, "credit-customer").id
    Heeding(parts).obey(record(verb="approve", action=action))
    with pytest.raises(BadRecord):
        Heeding(parts).obey(record(verb="approve", action=action))

    assert the(parts.ledger, "credit-customer").status == "queued"
