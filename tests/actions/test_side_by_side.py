"""Several desks and relays on one ledger: nothing is decided, claimed or performed twice."""

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from actions.desk import Desk
from actions.ledger import Ledger
from actions.outbox import Relay
from actions.playbook import load_playbook, parse_playbook
from actions.testing import NOON, a_problem, opened
from actions.verifying import first_break
from schemas.decisions import Action, Status, Verdict

Open = Callable[[], Ledger]

WITH_BUDGET = parse_playbook(
    """
name: t
budgets: [{per: rule, within: 1d, at_most: 100.00 USD}]
rules:
  - {name: a, kind: late-delivery, mode: auto, do: [{refund-shipping: {at_most: 10.00 USD}}]}
""",
    "t",
)


def test_two_relays_side_by_side_perform_each_action_once(open_ledger: Open) -> None:
    ledger, other = open_ledger(), open_ledger()
    problems = [
        a_problem("weight-mismatch", subject=f"O{n}/S1", order_id=f"O{n}") for n in range(40)
    ]
    Desk(ledger, load_playbook()).take([opened(problem) for problem in problems], NOON)
    performed: Counter[str] = Counter()

    def perform(action: Action) -> str:
        time.sleep(0.005)
        performed[action.id] += 1
        return "done"

    def work(book: Ledger) -> int:
        relay = Relay(book, {"*": perform}, at_once=5, workers=2)
        return sum(len(said) for said in iter(lambda: relay.run_once(NOON), []))

    with ThreadPoolExecutor(2) as pool:
        shares = list(pool.map(work, (ledger, other)))

    assert performed == Counter(dict.fromkeys((action.id for action in ledger.actions()), 1))
    assert sum(shares) == 40
    assert {action.status for action in ledger.actions()} == {Status.DONE}


def test_two_desks_that_are_offered_the_same_decide_once(open_ledger: Open) -> None:
    first, second = open_ledger(), open_ledger()
    changes = [opened(a_problem(subject=f"O{n}", order_id=f"O{n}")) for n in range(30)]

    def take(book: Ledger) -> int:
        desk = Desk(book, load_playbook())
        return sum(len(desk.take(changes[n : n + 10], NOON)) for n in (0, 10, 20))

    with ThreadPoolExecutor(2) as pool:
        made = sum(pool.map(take, (first, second)))
    with first.reading() as connection:
        broken = first_break(connection)

    assert made == 30
    assert broken is None


def test_two_desks_never_spend_a_budget_twice(open_ledger: Open) -> None:
    books = [open_ledger(), open_ledger()]

    def take(share: int) -> list[Verdict]:
        desk = Desk(books[share], WITH_BUDGET)
        orders = [f"O{n}" for n in range(share, 30, 2)]
        problems = [a_problem(subject=order, order_id=order) for order in orders]
        return [desk.take([opened(one)], NOON)[0].verdict for one in problems]

    with ThreadPoolExecutor(2) as pool:
        verdicts = Counter(verdict for said in pool.map(take, (0, 1)) for verdict in said)

    assert verdicts == Counter({Verdict.ACT: 10, Verdict.OVER_BUDGET: 20})
