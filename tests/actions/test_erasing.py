"""A customer can be forgotten: no table names them any more, and the chain still holds."""

import pytest
from sqlalchemy import select

from actions.commands import tell
from actions.desk import Desk
from actions.erasing import erase
from actions.errors import LedgerError
from actions.guest_book import hear
from actions.ledger import Ledger
from actions.outbox import Relay
from actions.people import Extra, People
from actions.playbook import load_playbook
from actions.rules import Step
from actions.silences import switches_at
from actions.tables import metadata
from actions.testing import NOON, a_problem, cleared, opened, withdrawn
from actions.verifying import first_break
from schemas.commands import Command, Verb, Word
from schemas.decisions import Action, Status
from schemas.events import Customer
from schemas.problems import Evidence
from schemas.testing import an_order
from schemas.times import DAY

CUSTOMER = "cust-4711"


def everything(ledger: Ledger) -> str:
    with ledger.reading() as connection:
        tables = metadata.tables.values()
        return str([connection.execute(select(table)).all() for table in tables])


def fill(ledger: Ledger) -> list[str]:
    """Store all that can name a customer, and have it performed."""
    story = [
        a_problem(customer_id=CUSTOMER, evidence=(Evidence("customer", value=CUSTOMER),)),
        a_problem("sku-wrong-item", subject_type="customer", subject=CUSTOMER, customer_id=None),
        a_problem("lost-shipment", subject="O2/S1", order_id="O2", customer_id="other-1"),
    ]
    desk = Desk(ledger, load_playbook())
    desk.take([opened(problem) for problem in story], NOON)
    named: list[str] = []

    def note(action: Action) -> str:
        named.append(action.customer_id or "")
        return "done"

    Relay(ledger, {"*": note}).run_once(NOON + DAY)
    speak(ledger)
    return named


def speak(ledger: Ledger) -> None:
    """Let people speak of the customer, in every way in which they can."""
    word = Word("ops", f"{CUSTOMER} told us", NOON + DAY)
    coupon = Step(name="coupon", params={"amount": "1.00 USD", "note": f"for {CUSTOMER}"})
    (given,) = People(ledger, load_playbook()).do_more(
        Extra(a_problem(customer_id=CUSTOMER).id, coupon), word
    )
    People(ledger, load_playbook()).hold(given.id, word)
    silence = Command(
        verb=Verb.SILENCE,
        target_type="silence",
        target="",
        word=word,
        until=NOON + 2 * DAY,
        terms={"customer_id": CUSTOMER},
    )
    with ledger.writing() as connection:
        tell(connection, silence)
        hear(connection, [an_order(customer_id=CUSTOMER, customer=Customer(tier="gold"))], NOON)


def test_whoever_performs_an_action_is_told_for_whom(ledger: Ledger) -> None:
    assert CUSTOMER in fill(ledger)


def test_what_is_kept_for_good_never_names_a_customer(ledger: Ledger) -> None:
    fill(ledger)
    with ledger.reading() as connection:
        kept = {
            name: str(connection.execute(select(table)).all())
            for name, table in metadata.tables.items()
            if "hash" in table.c
        }

    assert [name for name, rows in kept.items() if CUSTOMER in rows] == []
    assert CUSTOMER in everything(ledger)


def test_actions_and_decisions_name_their_customer_as_long_as_they_may(ledger: Ledger) -> None:
    fill(ledger)
    found = ledger.actions(customer_id=CUSTOMER)

    assert {action.customer_id for action in found} == {CUSTOMER}
    assert ledger.actions(customer_id="nobody") == []


def test_a_silence_about_a_customer_covers_them_although_it_names_them_nowhere(
    ledger: Ledger,
) -> None:
    fill(ledger)
    with ledger.reading() as connection:
        switches = switches_at(connection, NOON + DAY)

    assert switches.silence_for(a_problem(customer_id=CUSTOMER)) is not None
    assert switches.silence_for(a_problem(customer_id="other-1")) is None


def test_an_erased_customer_is_named_nowhere_and_the_chain_holds(ledger: Ledger) -> None:
    fill(ledger)
    settle(ledger)
    erased = erase(ledger, CUSTOMER, who="dpo", why="asked us to", now=NOON + 2 * DAY)

    with ledger.reading() as connection:
        assert first_break(connection) is None
    assert CUSTOMER not in everything(ledger)
    assert "other-1" in everything(ledger)
    assert (erased.problems, erased.actions > 0) == (2, True)


def settle(ledger: Ledger) -> None:
    for action in ledger.actions(status=Status.WAITING):
        word = Word("ops", f"{CUSTOMER} did not need it", NOON)
        People(ledger, load_playbook()).reject(action.id, word)


def test_what_was_done_for_an_erased_customer_is_still_told(ledger: Ledger) -> None:
    fill(ledger)
    settle(ledger)
    before = {action.id: (action.name, action.cost_minor) for action in ledger.actions()}
    erased = erase(ledger, CUSTOMER, who="dpo", why="asked us to", now=NOON + 2 * DAY)
    after = ledger.actions()

    assert {action.id: (action.name, action.cost_minor) for action in after} == before
    assert erased.ref in {action.target for action in after}
    assert ledger.actions(customer_id=CUSTOMER) == []


def test_nothing_is_done_again_when_the_log_is_read_again_after_an_erasure(ledger: Ledger) -> None:
    fill(ledger)
    settle(ledger)
    before = len(ledger.actions())
    erase(ledger, CUSTOMER, who="dpo", why="asked us to", now=NOON + 2 * DAY)
    desk = Desk(ledger, load_playbook())
    problem = a_problem(customer_id=CUSTOMER, evidence=(Evidence("customer", value=CUSTOMER),))
    again = desk.take([opened(problem)], NOON)
    desk.take([cleared(problem)], NOON + 3 * DAY)
    desk.take([withdrawn(problem, NOON + 4 * DAY)], NOON + 4 * DAY)

    assert again == []
    assert len([a for a in ledger.actions() if a.name != "notify-ops"]) == before


def test_a_customer_who_is_owed_something_is_not_forgotten_yet(ledger: Ledger) -> None:
    Desk(ledger, load_playbook()).take([opened(a_problem(customer_id=CUSTOMER))], NOON)

    with pytest.raises(LedgerError, match="not finished"):
        erase(ledger, CUSTOMER, who="dpo", why="asked us to", now=NOON)
    assert ledger.actions(customer_id=CUSTOMER) != []


def test_nobody_cannot_be_erased(ledger: Ledger) -> None:
    with pytest.raises(LedgerError, match="no customer 'nobody'"):
        erase(ledger, "nobody", who="dpo", why="asked us to", now=NOON)
