"""The relay loses nothing and has each effect exactly once, whatever dies when."""

import logging
from collections.abc import Iterator
from datetime import timedelta

import pytest
import stamina

from actions.desk import Desk
from actions.errors import Refused, Unavailable
from actions.ledger import Ledger
from actions.outbox import LEASE_MS, Patience, Relay
from actions.playbook import load_playbook
from actions.testing import NOON, a_problem, opened
from schemas.decisions import Action, Status
from schemas.times import DAY, HOUR


@pytest.fixture(autouse=True)
def no_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=2, cap=True):
        yield


def one_action(ledger: Ledger, kind: str = "weight-mismatch") -> Action:
    Desk(ledger, load_playbook()).take([opened(a_problem(kind))], NOON)
    (action,) = ledger.actions()
    return action


class Moody:
    """Raises what it is given, one after the other, then performs."""

    def __init__(self, *moods: Exception) -> None:
        self.moods = list(moods)
        self.calls = 0

    def __call__(self, _action: Action) -> str:
        self.calls += 1
        if self.moods:
            raise self.moods.pop(0)
        return "done"


def test_what_fails_once_is_tried_again_at_once(ledger: Ledger) -> None:
    one_action(ledger)
    moody = Moody(Unavailable("busy"))

    (outcome,) = Relay(ledger, {"*": moody}).run_once(NOON)

    assert (outcome.status, moody.calls) == (Status.DONE, 2)


def test_what_keeps_failing_waits_longer_each_time(ledger: Ledger) -> None:
    action = one_action(ledger)
    moody = Moody(*[Unavailable("busy")] * 6)
    relay = Relay(ledger, {"*": moody})
    waits = []
    now = NOON
    while not (said := relay.run_once(now)) or said[0].status is Status.FAILED:
        waits += [0] if said else []
        waits[-1] += 1
        now += 10_000

    assert waits == [3, 6, 12]
    assert [o.attempt for o in ledger.outcomes(action_id=action.id)] == [1, 2, 3, 4]
    assert ledger.actions()[0].status is Status.DONE


def test_the_wait_that_was_asked_for_is_granted_without_another_try(ledger: Ledger) -> None:
    one_action(ledger)
    moody = Moody(Unavailable("patience", timedelta(hours=1)))
    relay = Relay(ledger, {"*": moody})
    relay.run_once(NOON)

    assert moody.calls == 1
    assert relay.run_once(NOON + HOUR - 1) == []
    assert [outcome.status for outcome in relay.run_once(NOON + HOUR)] == [Status.DONE]


def test_a_failed_action_says_so_until_it_is_done(ledger: Ledger) -> None:
    one_action(ledger)
    Relay(ledger, {"*": Moody(*[Unavailable("busy")] * 2)}).run_once(NOON)

    assert ledger.actions(status=Status.FAILED) == ledger.actions()


def test_what_is_refused_is_given_up_with_the_reason(ledger: Ledger) -> None:
    action = one_action(ledger)
    (outcome,) = Relay(ledger, {"*": Moody(Refused("no such SKU"))}).run_once(NOON)

    assert (outcome.status, outcome.detail) == (Status.DEAD, "no such SKU")
    assert [a.id for a in ledger.actions(status=Status.DEAD)] == [action.id]
    assert Relay(ledger, {"*": Moody()}).run_once(NOON + DAY) == []


def test_after_enough_tries_a_person_must_look(ledger: Ledger) -> None:
    one_action(ledger)
    relay = Relay(ledger, {"*": Moody(*[Unavailable("busy")] * 9)}, patience=Patience(tries=2))
    relay.run_once(NOON)
    (outcome,) = relay.run_once(NOON + DAY)

    assert outcome.status is Status.DEAD
    assert outcome.detail == "given up after 2 tries: busy"


def test_a_bug_in_an_executor_stops_no_other_and_shows_no_argument(ledger: Ledger) -> None:
    Desk(ledger, load_playbook()).take([opened(a_problem())], NOON)
    broken = Moody(ValueError("https://user:secret@host"))
    said = Relay(ledger, {"*": Moody(), "refund-shipping": broken}).run_once(NOON)

    assert sorted(outcome.status for outcome in said) == [Status.DONE, Status.FAILED]
    assert "secret" not in str(said)


def test_what_is_logged_of_a_retry_names_no_customer(
    ledger: Ledger, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    one_action(ledger)
    with caplog.at_level(logging.DEBUG):
        Relay(ledger, {"*": Moody(Unavailable("busy"))}).run_once(NOON)
    shown = capsys.readouterr()

    assert "C1" not in caplog.text + shown.out + shown.err
    assert not [record for record in caplog.records if "C1" in str(vars(record))]


def test_an_action_nobody_can_perform_stays_queued(ledger: Ledger) -> None:
    one_action(ledger)

    assert Relay(ledger, {"coupon": Moody()}).run_once(NOON) == []
    assert Relay(ledger, {}).run_once(NOON) == []
    assert ledger.actions()[0].status is Status.QUEUED


def test_a_claim_is_left_alone_until_its_lease_ends(ledger: Ledger) -> None:
    one_action(ledger)
    other = Moody()

    def meanwhile(_action: Action) -> str:
        assert Relay(ledger, {"*": other}).run_once(NOON + LEASE_MS - 1) == []
        return "done"

    Relay(ledger, {"*": meanwhile}).run_once(NOON)

    assert other.calls == 0


def test_no_more_is_claimed_than_can_be_done_at_once(ledger: Ledger) -> None:
    problems = [a_problem("weight-mismatch", subject=f"O1/S{n}") for n in range(5)]
    Desk(ledger, load_playbook()).take([opened(problem) for problem in problems], NOON)
    relay = Relay(ledger, {"*": Moody()}, at_once=2)

    assert [len(relay.run_once(NOON)) for _ in range(4)] == [2, 2, 1, 0]


@pytest.mark.parametrize(
    ("failures", "asked", "wait"),
    [
        (1, None, timedelta(seconds=30)),
        (2, None, timedelta(seconds=60)),
        (99, None, timedelta(hours=8)),
        (1, timedelta(hours=9), timedelta(hours=9)),
        (3, timedelta(seconds=1), timedelta(seconds=120)),
    ],
)
def test_patience_doubles_up_to_its_end(
    failures: int, asked: timedelta | None, wait: timedelta
) -> None:
    assert Patience().wait(failures, asked) == wait
