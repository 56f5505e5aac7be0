"""What waits for people has an owner and a next step, is told of in time, and is taken in order."""

from typing import NoReturn

import pytest
from sqlalchemy.exc import OperationalError

from actions.attention import Task, in_order, tasks_in
from actions.commands import tell, told
from actions.desk import Desk
from actions.errors import LedgerError, Refused
from actions.guest_book import hear
from actions.ledger import Ledger
from actions.outbox import Relay
from actions.outcomes_told import Later, Told, report_outcome
from actions.people import People
from actions.playbook import Playbook, load_playbook, parse_playbook
from actions.quantities import money
from actions.rounds import Rounds
from actions.rules import People as Order
from actions.testing import NOON, a_problem, opened
from schemas.commands import Command, Verb, Word
from schemas.decisions import Action, Verdict
from schemas.events import Customer
from schemas.problems import Severity
from schemas.testing import an_order
from schemas.times import DAY, HOUR, MINUTE

TEXT = """
name: t
owners: {within: 15m, escalate: [1h, 4h], tell: [shift, lead]}
people: {tiers: [gold, silver], longest_wait: 4h}
budgets: [{per: everything, within: 1d, at_most: 900.00 USD}]
rules:
  - {name: late, kind: late-delivery, mode: review, do: [message-customer, alert-carrier]}
  - {name: decaf, kind: sku-wrong-item, mode: auto, do: [delist-sku, {coupon: {amount: 5.00 USD}}]}
"""
DECAF = a_problem("sku-wrong-item", subject_type="sku", subject="DECAF")
WORD = Word("ops-1", "bins were swapped", NOON + HOUR)


def book() -> Playbook:
    return parse_playbook(TEXT, "t.yaml")


def wait(
    ledger: Ledger, number: int = 1, at: int = NOON, severity: Severity = Severity.WARNING
) -> None:
    names = {"subject": f"O{number}", "order_id": f"O{number}", "customer_id": f"C{number}"}
    problem = a_problem(opened_at=at, severity=severity, **names)
    Desk(ledger, book()).take([opened(problem)], at)


def tasks(ledger: Ledger, now: int = NOON) -> list[Task]:
    with ledger.reading() as connection:
        return tasks_in(connection, now)


def perform(ledger: Ledger, *, refuse: bool = False) -> None:
    def note(_action: Action) -> str:
        if refuse:
            raise Refused("closed")
        return "noted"

    Relay(ledger, {"*": note}).run_once(NOON)


def own(ledger: Ledger, at: int) -> None:
    word = Word("ops-2", "mine", at)
    with ledger.writing() as connection:
        command = Command(verb=Verb.OWN, target_type="problem", target=a_problem().id, word=word)
        tell(connection, command)


@pytest.mark.practice("1.9")
def test_what_waits_has_the_team_of_its_cause_and_a_next_step(ledger: Ledger) -> None:
    wait(ledger)
    (task,) = tasks(ledger)

    assert (task.team, task.person, task.since) == ("carrier", "", NOON)
    assert task.next_step == "approve or reject: alert-carrier, message-customer"


def test_what_was_given_up_waits_too(ledger: Ledger) -> None:
    Desk(ledger, book()).take([opened(DECAF)], NOON)
    perform(ledger, refuse=True)
    (task,) = tasks(ledger)

    assert task.next_step == "retry or reject: coupon, delist-sku"


def test_nothing_waits_that_was_decided(ledger: Ledger) -> None:
    wait(ledger)
    people = People(ledger, book())
    for action in ledger.actions():
        people.reject(action.id, WORD)
    Desk(ledger, book()).take([opened(DECAF)], NOON)
    perform(ledger)

    assert tasks(ledger) == []


def test_what_is_held_waits(ledger: Ledger) -> None:
    Desk(ledger, load_playbook()).take([opened(a_problem())], NOON)
    (message,) = ledger.actions(name="message-customer")
    People(ledger, load_playbook()).hold(message.id, WORD)

    assert [a.name for a in tasks(ledger)[0].waiting] == ["message-customer"]


def test_the_last_to_take_a_problem_has_it(ledger: Ledger) -> None:
    wait(ledger)
    own(ledger, NOON)

    assert tasks(ledger)[0].person == "ops-2"


@pytest.mark.practice("3.4")
def test_severity_comes_first_then_tier_then_age(ledger: Ledger) -> None:
    for number, tier in enumerate(("", "gold", "silver", "gold"), 1):
        with ledger.writing() as connection:
            customer = Customer(tier=tier)
            hear(connection, [an_order(customer_id=f"C{number}", customer=customer)], NOON)
    wait(ledger, 1)
    wait(ledger, 2, NOON + 2)
    wait(ledger, 3, NOON)
    wait(ledger, 4, NOON + 1)
    wait(ledger, 5, NOON + 3, severity=Severity.HIGH)
    found = in_order(tasks(ledger), book().form.people, NOON + HOUR)

    assert [task.problem.subject for task in found] == ["O5", "O4", "O2", "O3", "O1"]


@pytest.mark.practice("3.5")
def test_nobody_waits_longer_than_the_longest_wait_for_others_to_be_served(ledger: Ledger) -> None:
    wait(ledger, 1)
    wait(ledger, 2, NOON + 1, severity=Severity.CRITICAL)
    order = Order(tiers=("gold",))
    before = in_order(tasks(ledger), order, NOON + 4 * HOUR - 1)
    after = in_order(tasks(ledger), order, NOON + 4 * HOUR)

    assert [task.problem.subject for task in before] == ["O2", "O1"]
    assert [task.problem.subject for task in after] == ["O1", "O2"]


# --- the clock --------------------------------------------------------------------------------


def rounds(ledger: Ledger) -> Rounds:
    return Rounds(ledger, Desk(ledger, book()))


def told_to(ledger: Ledger) -> list[str]:
    notes = ledger.actions(name="notify-ops")
    return [str(note.params["to"]) for note in reversed(notes)]


@pytest.mark.practice("1.12")
def test_who_is_told_when_nobody_takes_it_in_time(ledger: Ledger) -> None:
    wait(ledger)
    clock = rounds(ledger)
    found = []
    for minutes in (14, 15, 30, 60, 240, 1000):
        clock(NOON + minutes * MINUTE)
        found.append(" ".join(told_to(ledger)))

    assert found == ["", "shift", "shift", "shift lead", *["shift lead lead"] * 2]
    (last, *_) = ledger.actions(name="notify-ops")
    assert last.params["note"] == (
        "nobody took this in 4h: approve or reject: alert-carrier, message-customer"
    )
    assert Verdict.UNATTENDED in {decision.verdict for decision in ledger.decisions()}


def test_who_should_have_been_told_while_the_ledger_was_away_is_told_when_it_is_back(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_self: Ledger) -> NoReturn:
        raise OperationalError("", None, Exception("the server is gone"))

    wait(ledger)
    clock = rounds(ledger)
    clock(NOON)
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(Ledger, "writing", away)
        with pytest.raises(OperationalError):
            clock(NOON + 15 * MINUTE)
    clock(NOON + 15 * MINUTE)

    assert told_to(ledger) == ["shift"]


def test_what_somebody_has_taken_alarms_nobody(ledger: Ledger) -> None:
    wait(ledger)
    own(ledger, NOON)
    rounds(ledger)(NOON + DAY)

    assert told_to(ledger) == []


def test_a_restart_tells_nothing_again(ledger: Ledger) -> None:
    wait(ledger)
    for _ in range(2):
        rounds(ledger)(NOON + 20 * MINUTE)

    assert told_to(ledger) == ["shift"]


def test_a_look_does_not_depend_on_when_another_process_looked_last(ledger: Ledger) -> None:
    wait(ledger, at=NOON + 5_000)
    clock = rounds(ledger)
    clock(NOON + 15 * MINUTE - 10_000)
    clock(NOON + 15 * MINUTE + 10_000)

    assert told_to(ledger) == ["shift"]


def test_a_clock_that_goes_back_tells_no_step_after_a_later_one(ledger: Ledger) -> None:
    wait(ledger)
    rounds(ledger)(NOON + HOUR)
    rounds(ledger)(NOON + 20 * MINUTE)

    assert told_to(ledger) == ["lead"]


# --- outcomes ---------------------------------------------------------------------------------


def pulled(ledger: Ledger) -> None:
    Desk(ledger, book()).take([opened(DECAF)], NOON)
    perform(ledger)


def test_a_closed_investigation_puts_back_what_was_held(ledger: Ledger) -> None:
    pulled(ledger)
    told_later = Told(DECAF.id, Later.INVESTIGATION_CLOSED)
    following = report_outcome(ledger, book(), told_later, WORD)

    assert [action.name for action in following] == ["relist-sku"]
    assert following[0].params["because"] == (
        "investigation-closed, told by ops-1: bins were swapped"
    )


@pytest.mark.practice("0.11")
def test_an_upheld_appeal_clears_the_seller_and_takes_the_defects_out_of_the_rate(
    ledger: Ledger,
) -> None:
    text = TEXT + "  - {name: s, kind: late-delivery, mode: auto, do: [suspend-seller]}\n"
    bad = a_problem(subject_type="seller", subject="S1", order_id=None, customer_id=None)
    other = text.replace("late, kind: late-delivery", "late, kind: late-dispatch")
    playbook = parse_playbook(other, "t.yaml")
    Desk(ledger, playbook).take([opened(bad)], NOON)
    perform(ledger)
    following = report_outcome(ledger, playbook, Told(bad.id, Later.APPEAL_UPHELD), WORD)

    assert [action.name for action in following] == ["reinstate-seller", "notify-ops"]
    assert "leave its defects out of the rate" in str(following[1].params["note"])


@pytest.mark.parametrize("outcome", [Later.APPEAL_REFUSED, Later.CLAIM_REFUSED])
def test_what_was_refused_is_noted_and_changes_nothing(ledger: Ledger, outcome: Later) -> None:
    pulled(ledger)

    assert report_outcome(ledger, book(), Told(DECAF.id, outcome), WORD) == []


def test_nothing_is_put_back_twice_or_before_it_was_done(ledger: Ledger) -> None:
    Desk(ledger, book()).take([opened(DECAF)], NOON)
    closed = Told(DECAF.id, Later.INVESTIGATION_CLOSED)
    early = report_outcome(ledger, book(), closed, WORD)
    perform(ledger)
    once = report_outcome(ledger, book(), closed, WORD)
    again = report_outcome(ledger, book(), closed, WORD)

    assert (early, len(once), again) == ([], 1, [])


def test_a_paid_claim_is_kept_with_its_amount(ledger: Ledger) -> None:
    pulled(ledger)
    paid = Told(DECAF.id, Later.CLAIM_PAID, money("42.00 USD"))
    report_outcome(ledger, book(), paid, WORD)
    with ledger.reading() as connection:
        (said,) = told(connection, [Verb.REPORT])

    assert said.terms == {
        "outcome": "claim-paid",
        "kind": "sku-wrong-item",
        "amount": "42.00 USD",
    }


@pytest.mark.parametrize(
    "wrong",
    [Told(DECAF.id, Later.CLAIM_PAID), Told(DECAF.id, Later.CLAIM_REFUSED, money("1.00 USD"))],
)
def test_only_a_paid_claim_has_an_amount(ledger: Ledger, wrong: Told) -> None:
    pulled(ledger)

    with pytest.raises(LedgerError, match="has an amount"):
        report_outcome(ledger, book(), wrong, WORD)
