"""What holds for every stream of problems, whatever comes in which order."""

from collections import Counter

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from actions.cases import History
from actions.catalogue import ACTS, CATALOGUE
from actions.causes import CAUSE_OF_KIND, cause_of
from actions.desk import Desk
from actions.guests import Guest
from actions.ledger import Ledger
from actions.outbox import Relay
from actions.playbook import Playbook, load_playbook, parse_playbook
from actions.policy import decide, plan
from actions.rounds import Rounds
from actions.testing import NOON, a_problem, cleared, opened, withdrawn
from actions.wording import LOCALES, blame_in
from schemas.decisions import Action, Status
from schemas.problems import Change, Problem
from schemas.times import HOUR, MINUTE

OF_ORDERS = sorted(kind for kind in CAUSE_OF_KIND if not kind.startswith("sku-"))
STATES = {
    "delist-sku": "off sale",
    "hold-sku": "not picked",
    "badge-sku": "badged",
    "cap-seller": "capped",
    "suspend-seller": "stopped",
    "reroute-lane": "rerouted",
}
"""What each invertible action leaves behind at the shop until it is undone."""

SLOW = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def of_order(kind: str, order: int, customer: int, at: int = NOON) -> Problem:
    names = {"subject": f"O{order}", "order_id": f"O{order}", "customer_id": f"C{customer}"}
    return a_problem(kind, opened_at=at, **names)


# --- one remedy per harm ----------------------------------------------------------------------

STREAM = st.lists(
    st.tuples(st.sampled_from(OF_ORDERS), st.integers(1, 3), st.integers(0, 5 * MINUTE)),
    max_size=25,
)


@SLOW
@given(STREAM, st.integers(1, 6))
def test_one_harm_gets_each_remedy_once_however_many_problems_tell_of_it(
    rows: list[tuple[str, int, int]], batch: int
) -> None:
    ledger = Ledger("sqlite://")
    desk = Desk(ledger, load_playbook())
    at, changes = NOON, []
    for kind, order, gap in rows:
        at += gap
        changes.append(opened(of_order(kind, order, order, at)))
    for start in range(0, len(changes), batch):
        part = changes[start : start + batch]
        desk.take(part, part[-1].at)
    remedies = [a for a in ledger.actions() if ACTS[a.name].reaches_customer]
    ledger.close()
    given = Counter((a.order_id, cause_of(str(a.params["kind"])), a.name) for a in remedies)

    assert set(given.values()) <= {1}


# --- the floor --------------------------------------------------------------------------------

TIERED = """
name: tiered
budgets: [{per: everything, within: 1d, at_most: 900.00 USD}]
rules:
  - name: gold
    kind: late-delivery
    where: {tier: [gold]}
    mode: auto
    do: [message-customer, {refund-shipping: {at_most: 9.00 USD}}, {coupon: {amount: 5.00 USD}}]
  - name: again
    kind: late-delivery
    where: {harmed_before: 2}
    mode: auto
    do: [message-customer, {refund-shipping: {at_most: 12.00 USD}}, schedule-callback]
  - name: all
    kind: "late-*"
    mode: auto
    do: [message-customer, {refund-shipping: {at_most: 9.00 USD}}]
"""
GUESTS = st.builds(
    Guest,
    tier=st.sampled_from(["", "gold", "silver", "unheard of"]),
    locale=st.sampled_from(["", "vi", "de"]),
    channel=st.sampled_from(["", "sms"]),
    harmed_before=st.integers(0, 5),
)


def gets(problem: Problem, guest: Guest, playbook: Playbook) -> dict[str, int]:
    """Return what this customer is given: names of actions, with the most each may cost."""
    history = History(now=NOON, guests={"C1": guest})
    planned = plan(problem, decide(problem, history, playbook), playbook)
    assert {action.status for action in planned} <= {Status.QUEUED}
    return {a.name: a.cost_minor for a in planned if ACTS[a.name].reaches_customer}


@SLOW
@given(st.sampled_from(OF_ORDERS), GUESTS)
def test_the_shipped_playbook_gives_everybody_the_same(kind: str, guest: Guest) -> None:
    problem = of_order(kind, 1, 1)

    assert gets(problem, guest, load_playbook()) == gets(problem, Guest(), load_playbook())


@SLOW
@given(GUESTS)
def test_no_customer_gets_less_than_a_stranger(guest: Guest) -> None:
    playbook = parse_playbook(TIERED, "tiered.yaml")
    theirs = gets(a_problem(), guest, playbook)

    for name, cost in gets(a_problem(), Guest(), playbook).items():
        assert theirs.get(name, -1) >= cost


# --- undoing ----------------------------------------------------------------------------------

HOLDING = """
name: holding
budgets: [{per: everything, within: 1d, at_most: 900.00 USD}]
limits: [{action: delist-sku, per: everything, within: 1h, at_most: 2}]
rules:
  - name: wrong
    kind: sku-wrong-item
    mode: auto
    undo_when_cleared: true
    do: [delist-sku, hold-sku, badge-sku]
  - {name: seller, kind: seller-cap, mode: auto, undo_when_cleared: true, do: [cap-seller]}
"""
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["open", "clear", "withdraw", "perform"]),
        st.sampled_from(["A", "B", "C"]),
        st.booleans(),
    ),
    max_size=20,
)


class Receiver:
    """The shop's side: what is off sale, held, badged or capped."""

    def __init__(self) -> None:
        self.held: set[tuple[str, str]] = set()

    def __call__(self, action: Action) -> str:
        inverse = ACTS[action.name].inverse
        if action.name in STATES:
            self.held.add((action.name, action.target))
        elif inverse in STATES:
            self.held.discard((inverse, action.target))
        return "done"


def population(name: str, at: int, *, is_seller: bool) -> Problem:
    kind, about = ("seller-cap", "seller") if is_seller else ("sku-wrong-item", "sku")
    fields = {"subject_type": about, "subject": name}
    return a_problem(kind, opened_at=at, order_id=None, customer_id=None, **fields)


@SLOW
@given(steps=STEPS, withdraw_at_the_end=st.booleans())
def test_when_all_is_over_the_shop_is_as_it_was(
    steps: list[tuple[str, str, bool]], *, withdraw_at_the_end: bool
) -> None:
    ledger, shop = Ledger("sqlite://"), Receiver()
    desk = Desk(ledger, parse_playbook(HOLDING, "holding.yaml"))
    rounds = Rounds(ledger, desk, Relay(ledger, {"*": shop}).run_once)
    still: dict[tuple[str, bool], Problem] = {}
    now = NOON
    for what, name, is_seller in steps:
        now += 10 * MINUTE
        problem = still.get((name, is_seller))
        if what == "perform":
            rounds(now)
        elif what == "open" and problem is None:
            still[name, is_seller] = fresh = population(name, now, is_seller=is_seller)
            desk.take([opened(fresh)], now)
        elif problem is not None and what in {"clear", "withdraw"}:
            desk.take([_ended(problem, now, withdraw=what == "withdraw")], now)
            del still[name, is_seller]
    for problem in still.values():
        desk.take([_ended(problem, now + HOUR, withdraw=withdraw_at_the_end)], now + HOUR)
    for _ in range(3):
        rounds(now + 2 * HOUR)
    ledger.close()

    assert shop.held == set()


def _ended(problem: Problem, at: int, *, withdraw: bool) -> Change:
    return withdrawn(problem, at) if withdraw else cleared(problem, at)


def test_every_action_with_an_inverse_is_one_whose_state_is_known_here() -> None:
    backwards = {ACTS[name].inverse for name in STATES}
    invertible = {act.name for act in CATALOGUE if act.inverse}

    assert invertible == STATES.keys() | backwards


# --- words ------------------------------------------------------------------------------------


@SLOW
@given(st.sampled_from(OF_ORDERS), GUESTS, st.sampled_from(LOCALES))
def test_no_message_blames_whoever_reads_it(kind: str, guest: Guest, locale: str) -> None:
    problem = replace(of_order(kind, 1, 1), customer_id="C1")
    text = load_playbook().text.replace("locale: en", f"locale: {locale}")
    playbook = parse_playbook(text, "t.yaml")
    history = History(now=NOON, guests={"C1": guest})
    planned = plan(problem, decide(problem, history, playbook), playbook)

    for action in planned:
        said = f"{action.params.get('subject', '')} {action.params.get('body', '')}"
        assert blame_in(said, str(action.params.get("locale", "en"))) == []
