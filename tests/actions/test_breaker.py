"""A destination that is down is left in peace; what waits for it is neither lost nor counted."""

from datetime import timedelta

import pytest
import stamina

from actions.breaker import Breakers, State
from actions.desk import Desk
from actions.errors import Gone, Unavailable
from actions.ledger import Ledger
from actions.outbox import Relay
from actions.playbook import load_playbook
from actions.testing import NOON, a_problem, opened
from schemas.decisions import Action, Status
from schemas.times import HOUR, MINUTE

RESET = timedelta(minutes=1)


@pytest.fixture
def breakers() -> Breakers:
    return Breakers(fail_max=3, reset_timeout=RESET)


def fail(breakers: Breakers, times: int, now: int = NOON) -> None:
    for _ in range(times):
        breakers.failed("shop", now)


def test_a_breaker_opens_at_the_last_failure_and_not_before(breakers: Breakers) -> None:
    fail(breakers, 2)
    before = breakers.wait("shop", NOON)
    fail(breakers, 1)

    assert before is None
    assert breakers.wait("shop", NOON) == NOON + MINUTE
    assert breakers.state("shop") is State.OPEN


def test_another_destination_is_not_held_up(breakers: Breakers) -> None:
    fail(breakers, 3)

    assert breakers.wait("carrier", NOON) is None


def test_failures_that_a_success_interrupts_do_not_add_up(breakers: Breakers) -> None:
    fail(breakers, 2)
    breakers.succeeded("shop")
    fail(breakers, 2)

    assert breakers.state("shop") is State.CLOSED


def test_one_try_goes_through_when_the_time_is_up(breakers: Breakers) -> None:
    fail(breakers, 3)

    assert breakers.wait("shop", NOON + MINUTE - 1) == NOON + MINUTE
    assert breakers.wait("shop", NOON + MINUTE) is None
    assert breakers.wait("shop", NOON + MINUTE) == NOON + 2 * MINUTE


def test_the_one_try_decides(breakers: Breakers) -> None:
    fail(breakers, 3)
    breakers.wait("shop", NOON + MINUTE)
    breakers.failed("shop", NOON + MINUTE)
    reopened = breakers.state("shop")
    breakers.wait("shop", NOON + 2 * MINUTE)
    breakers.succeeded("shop")

    assert (reopened, breakers.state("shop")) == (State.OPEN, State.CLOSED)


def test_what_is_switched_off_stays_so(breakers: Breakers) -> None:
    breakers.switch_off("shop")
    breakers.succeeded("shop")
    fail(breakers, 5)

    assert breakers.state("shop") is State.OFF
    assert breakers.wait("shop", NOON + 99 * HOUR) == NOON + 100 * HOUR


class Down:
    """A destination that answers as it is told, and counts how often it is called."""

    destination = "shop"

    def __init__(self, error: Exception | None) -> None:
        self.error = error
        self.calls = 0

    def __call__(self, _action: Action) -> str:
        self.calls += 1
        if self.error is not None:
            raise self.error
        return "done"


def queue_ten(ledger: Ledger) -> None:
    problems = [
        a_problem("weight-mismatch", subject=f"O{n}/S1", order_id=f"O{n}") for n in range(10)
    ]
    Desk(ledger, load_playbook()).take([opened(problem) for problem in problems], NOON)


def test_what_waits_for_an_open_breaker_uses_no_try_and_is_done_later(ledger: Ledger) -> None:
    queue_ten(ledger)
    shop = Down(Unavailable("busy"))
    breakers = Breakers(fail_max=3, reset_timeout=RESET)
    relay = Relay(ledger, {"*": shop}, breakers=breakers, workers=1)
    with stamina.set_testing(True, attempts=1):
        failed = relay.run_once(NOON)
        called = shop.calls
        shop.error = None
        later = relay.run_once(NOON + MINUTE)
        last = relay.run_once(NOON + 2 * MINUTE)

    assert ([o.status for o in failed], called) == ([Status.FAILED] * 3, 3)
    assert {o.status for o in later + last} == {Status.DONE}
    assert {action.status for action in ledger.actions()} == {Status.DONE}
    assert {o.attempt for o in ledger.outcomes() if o.status is Status.DONE} == {1, 2}


def test_a_destination_that_is_gone_is_called_once_and_loses_nothing(ledger: Ledger) -> None:
    queue_ten(ledger)
    shop = Down(Gone("410"))
    relay = Relay(ledger, {"*": shop}, workers=1)
    relay.run_once(NOON)
    relay.run_once(NOON + 2 * HOUR)
    statuses = [action.status for action in ledger.actions()]

    assert shop.calls == 1
    assert sorted(statuses) == [Status.DEAD] + [Status.QUEUED] * 9
