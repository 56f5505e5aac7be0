"""What people say about actions is done, within their role, and kept with who said it and why."""

import pytest
from sqlalchemy.exc import DatabaseError

from actions.commands import told
from actions.desk import Desk
from actions.errors import LedgerError, Refused
from actions.ledger import Ledger
from actions.outbox import Relay
from actions.people import Extra, People
from actions.playbook import Playbook, load_playbook, parse_playbook
from actions.rules import Step
from actions.testing import NOON, a_problem, opened, withdrawn
from schemas.commands import Verb, Word
from schemas.decisions import Action, Status, Verdict
from schemas.times import DAY, HOUR

REVIEWED = """
name: reviewed
budgets: [{per: everything, within: 1d, at_most: 1000.00 USD}]
rules:
  - name: late
    kind: late-delivery
    mode: review
    do: [message-customer, {credit-customer: {amount: 30.00 USD}}]
  - {name: decaf, kind: sku-wrong-item, mode: auto, do: [delist-sku, {coupon: {amount: 5.00 USD}}]}
"""
ROLES = """
roles:
  agent: {people: [ops-1], may: [approve, do, undo], each: 40.00 USD, a_day: 50.00 USD}
  packer: {people: [ops-2], may: [approve, hold], actions: [replace-item]}
  saver: {people: [eu], may: [approve], each: 40.00 EUR}
"""
WORD = Word("ops-1", "the photo shows it", NOON + 1)
DECAF = a_problem("sku-wrong-item", subject_type="sku", subject="DECAF")


def book(roles: str = "") -> Playbook:
    return parse_playbook(REVIEWED + roles, "reviewed.yaml")


def of(ledger: Ledger, name: str) -> Action:
    (action,) = ledger.actions(name=name)
    return action


def waiting(ledger: Ledger, number: int = 1) -> Action:
    """Let one order be late; return the credit that waits."""
    fields = {"subject": f"O{number}", "order_id": f"O{number}", "customer_id": f"C{number}"}
    Desk(ledger, book()).take([opened(a_problem(**fields))], NOON)
    (credit,) = ledger.actions(name="credit-customer", order_id=f"O{number}")
    return credit


def perform(ledger: Ledger, now: int = NOON + 1, *, refuse: bool = False) -> list[str]:
    done: list[str] = []

    def note(action: Action) -> str:
        if refuse:
            raise Refused("no such customer")
        done.append(action.name)
        return "noted"

    Relay(ledger, {"*": note}, workers=1).run_once(now)
    return done


def words(ledger: Ledger) -> list[tuple[str, str, str]]:
    with ledger.reading() as connection:
        said = told(connection, list(Verb))
    return [(c.verb.value, c.word.who, c.word.why) for c in said]


def test_what_is_approved_is_performed_and_says_by_whom(ledger: Ledger) -> None:
    credit = waiting(ledger)
    People(ledger, book()).approve(credit.id[:8], WORD)
    said = ledger.outcomes(action_id=credit.id)[0].detail

    assert perform(ledger) == ["credit-customer"]
    assert said == "approved by ops-1: the photo shows it"
    assert words(ledger) == [("approve", "ops-1", "the photo shows it")]


def test_what_is_rejected_is_never_performed(ledger: Ledger) -> None:
    credit = waiting(ledger)
    People(ledger, book()).reject(credit.id, WORD)

    assert perform(ledger) == []
    assert of(ledger, "credit-customer").status is Status.REJECTED


def test_a_queued_message_can_be_held_and_then_approved(ledger: Ledger) -> None:
    Desk(ledger, load_playbook()).take([opened(a_problem())], NOON)
    people = People(ledger, load_playbook())
    message = of(ledger, "message-customer")
    people.hold(message.id, WORD)
    first = perform(ledger)
    people.approve(message.id, WORD)

    assert first == ["refund-shipping"]
    assert perform(ledger) == ["message-customer"]


def test_a_queued_message_can_be_rejected_before_it_leaves(ledger: Ledger) -> None:
    Desk(ledger, load_playbook()).take([opened(a_problem())], NOON)
    People(ledger, load_playbook()).reject(of(ledger, "message-customer").id, WORD)

    assert perform(ledger) == ["refund-shipping"]


def test_what_was_done_is_undone_by_its_inverse(ledger: Ledger) -> None:
    Desk(ledger, book()).take([opened(DECAF)], NOON)
    before = perform(ledger)
    inverse = People(ledger, book()).undo(of(ledger, "delist-sku").id, WORD)

    assert before == ["delist-sku", "coupon"]
    assert (inverse.name, inverse.target) == ("relist-sku", "DECAF")
    assert perform(ledger) == ["relist-sku"]
    assert ledger.decisions()[-1].verdict is Verdict.BY_PERSON


def test_what_a_customer_was_given_cannot_be_undone_and_says_so(ledger: Ledger) -> None:
    Desk(ledger, book()).take([opened(DECAF)], NOON)
    perform(ledger)

    with pytest.raises(LedgerError, match="given is theirs to keep"):
        People(ledger, book()).undo(of(ledger, "coupon").id, WORD)


def test_nothing_is_undone_twice(ledger: Ledger) -> None:
    Desk(ledger, book()).take([opened(DECAF)], NOON)
    perform(ledger)
    people = People(ledger, book())
    people.undo(of(ledger, "delist-sku").id, WORD)

    with pytest.raises(LedgerError, match="there already"):
        people.undo(of(ledger, "delist-sku").id, WORD)


def test_what_was_given_up_is_tried_again_when_a_person_says_so(ledger: Ledger) -> None:
    Desk(ledger, book()).take([opened(DECAF)], NOON)
    perform(ledger, refuse=True)
    People(ledger, book()).retry(of(ledger, "delist-sku").id, WORD)

    assert perform(ledger) == ["delist-sku"]


@pytest.mark.parametrize("verb", ["approve", "hold", "retry", "undo"])
def test_a_verb_that_comes_too_late_changes_nothing_and_says_what_there_is(
    ledger: Ledger, verb: str
) -> None:
    credit = waiting(ledger)
    people = People(ledger, book())
    people.reject(credit.id, WORD)

    with pytest.raises(LedgerError, match=f"rejected by a person, so nobody can {verb} it"):
        getattr(people, verb)(credit.id, WORD)
    assert len(words(ledger)) == 1


def test_an_approval_too_early_names_what_can_be_done(ledger: Ledger) -> None:
    Desk(ledger, book()).take([opened(DECAF)], NOON)

    with pytest.raises(LedgerError, match="hold or reject it"):
        People(ledger, book()).approve(of(ledger, "delist-sku").id, WORD)


@pytest.mark.parametrize(
    ("named", "said"),
    [("abc", "too short"), ("ffffffff", "there is no action ffffffff")],
)
def test_an_id_must_fit_one_action(ledger: Ledger, named: str, said: str) -> None:
    with pytest.raises(LedgerError, match=said):
        People(ledger, book()).approve(named, WORD)


def test_a_shortened_id_that_fits_two_actions_is_refused(ledger: Ledger) -> None:
    numbers = range(300)
    ids = [waiting(ledger, number).id for number in numbers]
    seen: dict[str, int] = {}
    for one in ids:
        seen[one[:4]] = seen.get(one[:4], 0) + 1
    twice = [start for start, count in seen.items() if count > 1]
    people = People(ledger, book())

    for start in twice:
        with pytest.raises(LedgerError, match="several actions"):
            people.approve(start, WORD)


# --- roles ------------------------------------------------------------------------------------


def test_a_withdrawn_problem_takes_what_waits_with_it(ledger: Ledger) -> None:
    credit = waiting(ledger)
    gone = a_problem(subject="O1", order_id="O1", customer_id="C1")
    Desk(ledger, book()).take([withdrawn(gone)], NOON + DAY)

    with pytest.raises(LedgerError, match="called off"):
        People(ledger, book()).approve(credit.id, WORD)


@pytest.mark.practice("0.9")
def test_below_the_limit_of_the_role_no_supervisor_is_asked(ledger: Ledger) -> None:
    credit = waiting(ledger)
    People(ledger, book(ROLES)).approve(credit.id, WORD)

    assert perform(ledger) == ["credit-customer"]


def test_beyond_the_limit_of_a_day_it_is_for_another_role(ledger: Ledger) -> None:
    first, second = waiting(ledger, 1), waiting(ledger, 2)
    people = People(ledger, book(ROLES))
    people.approve(first.id, WORD)

    with pytest.raises(LedgerError, match=r"may spend 50.00 USD a day; this would be 60.00 USD"):
        people.approve(second.id, Word("ops-1", "also", NOON + DAY))
    people.approve(second.id, Word("ops-1", "a day later", NOON + 1 + DAY))
    assert of_order(ledger, 2).status is Status.QUEUED


def of_order(ledger: Ledger, number: int) -> Action:
    (credit,) = ledger.actions(name="credit-customer", order_id=f"O{number}")
    return credit


@pytest.mark.parametrize(
    ("who", "said"),
    [
        ("nobody", "nobody has no role in the playbook"),
        ("ops-2", "the role packer may not set credit-customer going"),
        ("eu", "the role saver may spend 40.00 EUR each time; this would be 30.00 USD"),
    ],
)
def test_who_may_not_is_told_why(ledger: Ledger, who: str, said: str) -> None:
    credit = waiting(ledger)

    with pytest.raises(LedgerError, match=said):
        People(ledger, book(ROLES)).approve(credit.id, Word(who, "because", NOON))
    assert words(ledger) == []


def test_a_verb_outside_the_role_names_what_it_may(ledger: Ledger) -> None:
    credit = waiting(ledger)

    with pytest.raises(LedgerError, match="role agent may not reject; it may approve, do"):
        People(ledger, book(ROLES)).reject(credit.id, WORD)


@pytest.mark.practice("0.6")
def test_people_do_more_than_the_rules_at_once_and_within_their_limit(ledger: Ledger) -> None:
    waiting(ledger)
    people = People(ledger, book(ROLES))
    step = Step(name="coupon", params={"amount": "20.00 USD"})
    (coupon,) = people.do_more(Extra(a_problem().id, step), WORD)

    assert perform(ledger) == ["coupon"]
    assert (coupon.cost_minor, coupon.target) == (2000, "C1")
    assert words(ledger) == [("do", "ops-1", "the photo shows it")]
    with pytest.raises(LedgerError, match=r"may spend 40.00 USD each time"):
        people.do_more(Extra(a_problem().id, a_coupon("41.00 USD")), WORD)


def a_coupon(amount: str) -> Step:
    return Step(name="coupon", params={"amount": amount})


def test_the_same_remedy_for_the_same_harm_is_given_again_only_on_purpose(ledger: Ledger) -> None:
    waiting(ledger)
    people = People(ledger, book())
    extra = Extra(a_problem().id, a_coupon("5.00 USD"))
    people.do_more(extra, WORD)
    with pytest.raises(LedgerError, match="for this harm is there already"):
        people.do_more(extra, Word("ops-2", "me too", NOON + HOUR))
    people.do_more(Extra(extra.problem_id, extra.step, again=True), WORD)

    assert perform(ledger) == ["coupon", "coupon"]


def test_a_message_by_hand_is_worded_like_any_other(ledger: Ledger) -> None:
    Desk(ledger, book()).take([opened(DECAF)], NOON)
    people = People(ledger, book())
    (message,) = people.do_more(Extra(DECAF.id, Step(name="message-customer")), WORD)

    assert "We are sorry" in str(message.params["body"])


def test_what_has_no_target_cannot_be_done_by_hand(ledger: Ledger) -> None:
    waiting(ledger)

    with pytest.raises(LedgerError, match="delist-sku needs a sku"):
        People(ledger, book()).do_more(Extra(a_problem().id, Step(name="delist-sku")), WORD)


def test_a_problem_must_exist_to_be_answered(ledger: Ledger) -> None:
    people = People(ledger, book())

    with pytest.raises(LedgerError, match="there is no problem"):
        people.do_more(Extra("ffffffff", Step(name="notify-ops")), WORD)
    with pytest.raises(LedgerError, match="too short"):
        people.do_more(Extra("f", Step(name="notify-ops")), WORD)


def test_nobody_rewrites_what_a_person_said(ledger: Ledger) -> None:
    credit = waiting(ledger)
    People(ledger, book()).approve(credit.id, WORD)

    for change in ("UPDATE commands SET who = 'x'", "DELETE FROM commands"):
        with pytest.raises(DatabaseError, match="append-only"), ledger.writing() as connection:
            connection.exec_driver_sql(change)
