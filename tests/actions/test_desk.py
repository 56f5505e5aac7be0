"""The desk stores each change once, with its decision and its actions, in one transaction."""

from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy.exc import DatabaseError

from actions.chain import append
from actions.commands import tell
from actions.desk import Desk
from actions.ledger import Ledger
from actions.outbox import Relay
from actions.people import People
from actions.playbook import Playbook, load_playbook, parse_playbook
from actions.tables import APPEND_ONLY, erasures
from actions.testing import NOON, a_problem, cleared, opened, withdrawn
from schemas.commands import Command, Verb, Word
from schemas.decisions import Action, Decision, Status, Verdict, plain_outcome
from schemas.problems import Change, ChangeKind, Evidence, Problem
from schemas.times import DAY, HOUR

STOP = Command(
    verb=Verb.STOP, target_type="everything", target="everything", word=Word("w", "y", NOON)
)
DECAF = a_problem("sku-wrong-item", subject_type="sku", subject="DECAF")


@pytest.fixture
def desk(ledger: Ledger) -> Desk:
    return Desk(ledger, load_playbook())


def perform_all(ledger: Ledger, now: int = NOON) -> list[str]:
    """Perform everything that is due; return the names, in the order of the outbox."""
    done: list[str] = []

    def note(action: Action) -> str:
        done.append(action.name)
        return "noted"

    Relay(ledger, {"*": note}, workers=1).run_once(now)
    return done


def statuses(ledger: Ledger) -> dict[str, Status]:
    return {action.name: action.status for action in ledger.actions()}


# --- storing --------------------------------------------------------------------------------------


def test_a_change_is_stored_with_its_decision_and_actions(ledger: Ledger, desk: Desk) -> None:
    (decision,) = desk.take([opened(a_problem())], NOON)

    assert ledger.problems() == [a_problem()]
    assert ledger.decisions() == [replace(decision, actions=tuple(by_id(ledger.actions())))]
    assert by_id(ledger.actions()) == by_id(decision.actions)
    assert decision.playbook_version == load_playbook().version


def by_id(actions: list[Action] | tuple[Action, ...]) -> list[Action]:
    return sorted(actions, key=lambda action: action.id)


def test_the_same_changes_again_store_and_decide_nothing(ledger: Ledger, desk: Desk) -> None:
    changes = [opened(a_problem()), cleared(a_problem())]
    desk.take(changes, NOON)
    before = (ledger.problems(), ledger.actions(), ledger.decisions())

    assert desk.take(changes, NOON + 1) == []
    assert desk.take([*changes, *changes], NOON + 2) == []
    assert (ledger.problems(), ledger.actions(), ledger.decisions()) == before


def test_a_change_offered_twice_in_one_batch_is_taken_once(desk: Desk) -> None:
    assert len(desk.take([opened(a_problem())] * 3, NOON)) == 1


def test_no_changes_are_no_work(desk: Desk) -> None:
    assert desk.take([], NOON) == []


def test_a_failure_in_the_middle_stores_nothing(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = parse_playbook("name: t\nrules: []\n", "t")
    object.__setattr__(broken, "version", None)

    with pytest.raises(DatabaseError):
        Desk(ledger, broken).take([opened(a_problem())], NOON)
    del monkeypatch
    assert ledger.problems() == []


def test_the_newest_state_of_a_problem_is_shown(ledger: Ledger, desk: Desk) -> None:
    problem = a_problem()
    desk.take([opened(problem)], NOON)
    assert ledger.problems(state="open") == [problem]

    desk.take([cleared(problem)], NOON + DAY)
    assert ledger.problems(state="cleared") == [cleared(problem).problem]

    desk.take([withdrawn(cleared(problem).problem, NOON + 2 * DAY)], NOON + 2 * DAY)
    assert [p.withdrawn_at for p in ledger.problems(state="withdrawn")] == [NOON + 2 * DAY]


def test_outcomes_of_everything_can_be_listed(ledger: Ledger, desk: Desk) -> None:
    desk.take([opened(a_problem())], NOON)
    perform_all(ledger)

    assert [outcome.status for outcome in ledger.outcomes()] == [Status.DONE] * 2
    assert plain_outcome(ledger.outcomes()[0])["status"] == "done"


def test_an_attachment_moves_a_problem_and_decides_nothing(ledger: Ledger, desk: Desk) -> None:
    desk.take([opened(a_problem())], NOON)

    assert desk.take([under_a_root(a_problem())], NOON + 1) == []
    assert [p.parent for p in ledger.problems()] == ["f" * 32]


# --- under a root cause ---------------------------------------------------------------------------

SILENT = a_problem("silent-shipment", subject_type="shipment", subject="O1/S1")
LOST = a_problem("lost-shipment", subject_type="shipment", subject="O1/S1")


def under_a_root(problem: Problem, at: int = NOON + 1) -> Change:
    return Change(ChangeKind.ATTACHED, at, replace(problem, parent="f" * 32))


def on_its_own(problem: Problem, at: int = NOON + 2) -> Change:
    return Change(ChangeKind.REVISITED, at, replace(problem, parent=None))


def test_what_opens_under_a_root_cause_is_the_customers_alone(ledger: Ledger, desk: Desk) -> None:
    desk.take([opened(replace(SILENT, parent="f" * 32))], NOON)

    assert set(statuses(ledger)) == {"message-customer"}


def test_a_root_cause_that_is_known_with_the_opening_is_decided_under(
    ledger: Ledger, desk: Desk
) -> None:
    (decision,) = desk.take([opened(SILENT), under_a_root(SILENT)], NOON)

    assert set(statuses(ledger)) == {"message-customer"}
    assert decision.verdict is Verdict.COVERED_BY_PARENT


def test_a_root_cause_calls_off_what_operations_would_have_been_told_and_nothing_else(
    ledger: Ledger, desk: Desk
) -> None:
    desk.take([opened(SILENT)], NOON)
    desk.take([under_a_root(SILENT)], NOON + 1)

    assert statuses(ledger) == {
        "message-customer": Status.QUEUED,
        "alert-carrier": Status.CALLED_OFF,
    }
    assert [one.detail for one in ledger.outcomes()] == [Verdict.COVERED_BY_PARENT.value]
    assert perform_all(ledger) == ["message-customer"]


def test_what_operations_were_told_before_stays_told(ledger: Ledger, desk: Desk) -> None:
    desk.take([opened(SILENT)], NOON)
    perform_all(ledger)
    desk.take([under_a_root(SILENT)], NOON + 1)

    assert set(statuses(ledger).values()) == {Status.DONE}


def test_a_claim_for_one_parcel_is_filed_under_a_root_cause_as_well(
    ledger: Ledger, desk: Desk
) -> None:
    desk.take([opened(LOST)], NOON)
    desk.take([under_a_root(LOST)], NOON + 1)

    assert set(statuses(ledger).values()) == {Status.QUEUED}
    assert "file-carrier-claim" in statuses(ledger)


def test_a_problem_whose_root_cause_was_none_is_told_to_operations_and_the_customer_once(
    ledger: Ledger, desk: Desk
) -> None:
    desk.take([opened(replace(SILENT, parent="f" * 32))], NOON)
    perform_all(ledger)
    desk.take([on_its_own(SILENT)], NOON + 2)

    assert perform_all(ledger, NOON + 2) == ["alert-carrier"]


@pytest.mark.parametrize("together", [True, False])
def test_what_was_called_off_for_a_root_cause_that_was_none_is_done_after_all(
    ledger: Ledger, desk: Desk, *, together: bool
) -> None:
    changes = [under_a_root(SILENT), on_its_own(SILENT)]
    desk.take([opened(SILENT)], NOON)
    for some in [changes] if together else [[one] for one in changes]:
        desk.take(some, NOON + 2)

    assert sorted(perform_all(ledger, NOON + 2)) == ["alert-carrier", "message-customer"]


def test_a_group_under_another_keeps_its_own_plan(ledger: Ledger, desk: Desk) -> None:
    group = a_problem(
        "carrier-late", subject_type="carrier", subject="C", order_id=None, customer_id=None
    )
    desk.take([opened(group), under_a_root(group)], NOON)
    desk.take([under_a_root(group, NOON + 2)], NOON + 2)

    assert set(statuses(ledger).values()) == {Status.QUEUED}


def test_what_was_found_can_be_asked_for_by_what_it_is_about(ledger: Ledger, desk: Desk) -> None:
    other = a_problem("lost-shipment", subject="O2/S1", order_id="O2", customer_id="C2")
    desk.take([opened(a_problem()), opened(other)], NOON)

    assert ledger.problems(kind="lost-shipment") == [other]
    assert ledger.problems(order_id="O2", customer_id="C2", subject="O2/S1") == [other]
    assert ledger.problems(problem_id=other.id) == [other]
    assert len(ledger.problems(limit=1)) == 1
    assert {a.order_id for a in ledger.actions(customer_id="C2")} == {"O2"}
    assert {a.name for a in ledger.actions(order_id="O1")} == {
        "message-customer",
        "refund-shipping",
    }
    assert [a.name for a in ledger.actions(name="reship", status=Status.QUEUED)] == ["reship"]
    assert ledger.actions(status=Status.DONE) == []
    assert len(ledger.decisions(problem_id=other.id)) == 1


@pytest.mark.parametrize("table", [table.name for table in APPEND_ONLY])
def test_what_is_written_for_good_is_refused_changes(
    ledger: Ledger, desk: Desk, table: str
) -> None:
    desk.take([opened(a_problem())], NOON)
    perform_all(ledger)
    with ledger.writing() as connection:
        said = {"ref": "person-0", "at": NOON, "who": "w", "why": "y"}
        append(connection, erasures, [said])
        tell(connection, STOP)

    update, delete = f"UPDATE {table} SET entry = 7", f"DELETE FROM {table}"  # noqa: S608 - ours
    for statement in (update, delete):
        with pytest.raises(DatabaseError, match="append-only"), ledger.writing() as connection:
            connection.exec_driver_sql(statement)


# --- once, and never twice ------------------------------------------------------------------------


def test_two_problems_about_one_harm_give_one_apology(ledger: Ledger, desk: Desk) -> None:
    silent = a_problem("silent-shipment", subject_type="shipment", subject="O1/S1")
    desk.take([opened(a_problem()), opened(silent)], NOON)

    names = sorted(action.name for action in ledger.actions())
    assert names == ["alert-carrier", "message-customer", "refund-shipping"]


def test_a_rebuild_under_another_playbook_pays_nobody_again(ledger: Ledger, desk: Desk) -> None:
    desk.take([opened(a_problem())], NOON)
    stricter = load_playbook_with("48h", "47h")
    again = a_problem(opened_at=NOON - HOUR)
    (decision,) = Desk(ledger, stricter).take([opened(again)], NOON)

    assert decision.verdict is Verdict.ALREADY_HANDLED
    assert decision.actions == ()


def load_playbook_with(old: str, new: str) -> Playbook:
    text = load_playbook().text
    assert old in text
    return parse_playbook(text.replace(old, new), "changed.yaml")


def test_a_problem_learnt_too_late_waits_for_a_person(ledger: Ledger, desk: Desk) -> None:
    desk.take([opened(a_problem())], NOON + 49 * HOUR)

    assert set(statuses(ledger).values()) == {Status.WAITING}
    assert perform_all(ledger, NOON + 50 * HOUR) == []


# --- ends -----------------------------------------------------------------------------------------


def test_a_withdrawn_problem_relists_after_the_delisting_and_keeps_the_credit(
    ledger: Ledger, desk: Desk
) -> None:
    desk.take([opened(DECAF)], NOON)
    first = perform_all(ledger)
    desk.take([withdrawn(DECAF)], NOON + DAY)
    second = perform_all(ledger, NOON + DAY)

    assert first == ["delist-sku", "open-investigation", "offer-substitute", "credit-customer"]
    assert second == ["relist-sku", "notify-ops"]


def test_a_withdrawal_before_anything_started_calls_it_all_off(ledger: Ledger, desk: Desk) -> None:
    desk.take([opened(DECAF)], NOON)
    desk.take([withdrawn(DECAF)], NOON + 1)

    assert perform_all(ledger, NOON + 1) == ["notify-ops"]
    assert statuses(ledger)["delist-sku"] is Status.CALLED_OFF
    assert statuses(ledger)["credit-customer"] is Status.CALLED_OFF


def test_an_opening_and_its_withdrawal_in_one_batch_do_nothing(ledger: Ledger, desk: Desk) -> None:
    decisions = desk.take([opened(DECAF), withdrawn(DECAF)], NOON)

    assert {decision.verdict for decision in decisions} == {Verdict.NOTHING_TO_UNDO}
    assert ledger.actions() == []


def test_what_was_called_off_is_done_if_the_problem_comes_back(ledger: Ledger, desk: Desk) -> None:
    wrong = a_problem("wrong-item", subject_type="line", subject="O1/L1")
    again = a_problem("wrong-item", subject_type="line", subject="O1/L1", opened_at=NOON + DAY)
    desk.take([opened(wrong)], NOON)
    desk.take([withdrawn(wrong, NOON + 1)], NOON + 1)
    (decision,) = desk.take([opened(again)], NOON + DAY)

    assert decision.verdict is Verdict.ACT
    assert sorted(perform_all(ledger, NOON + DAY)) == [
        "message-customer",
        "notify-ops",
        "replace-item",
    ]


def test_an_inverse_waits_for_what_it_undoes(ledger: Ledger, desk: Desk) -> None:
    desk.take([opened(DECAF)], NOON)
    claimed = Relay(ledger, {"delist-sku": hang_up})
    claimed.run_once(NOON)
    desk.take([withdrawn(DECAF)], NOON + 1)

    assert "relist-sku" not in perform_all(ledger, NOON + 2)
    assert perform_all(ledger, NOON + HOUR) == ["delist-sku"]
    assert perform_all(ledger, NOON + HOUR) == ["relist-sku"]


def hang_up(_action: Action) -> str:
    raise TimeoutError


def test_a_sku_that_fails_again_after_its_repair_is_pulled_again(
    ledger: Ledger, desk: Desk
) -> None:
    second = a_problem(
        "sku-wrong-item", subject_type="sku", subject="DECAF", opened_at=NOON + 2 * DAY
    )
    desk.take([opened(DECAF)], NOON)
    perform_all(ledger)
    desk.take([cleared(DECAF)], NOON + DAY)
    perform_all(ledger, NOON + DAY)
    desk.take([opened(second)], NOON + 2 * DAY)

    names = [action.name for action in ledger.actions()]
    assert names.count("delist-sku") == 2
    assert names.count("relist-sku") == 1
    assert names.count("credit-customer") == 1


@pytest.mark.practice("0.8")
def test_the_ledger_knows_whose_orders_proved_a_faulty_sku(ledger: Ledger, desk: Desk) -> None:
    lines = [
        a_problem("wrong-item", subject_type="line", subject=f"O{n}/L1", order_id=f"O{n}")
        for n in (1, 2)
    ]
    reports = tuple(Evidence(f"report {line.subject}", at=NOON) for line in lines)
    sku = replace(DECAF, order_id=None, customer_id=None, evidence=reports)
    desk.take([opened(lines[0])], NOON)
    desk.take([opened(lines[1]), opened(sku)], NOON)

    credits_ = [(a.target, a.order_id) for a in ledger.actions(name="credit-customer")]
    assert credits_ == [("C1", "O2")]


# --- people ---------------------------------------------------------------------------------------


def waiting(ledger: Ledger) -> Action:
    Desk(ledger, load_playbook()).take([opened(a_problem())], NOON + 49 * HOUR)
    (action,) = ledger.actions(name="message-customer", status=Status.WAITING)
    return action


def said(why: str) -> Word:
    return Word("ops", why, NOON + 50 * HOUR)


def test_an_approved_action_is_performed_and_says_by_whom(ledger: Ledger) -> None:
    action = waiting(ledger)
    People(ledger, load_playbook()).approve(action.id, said("still true"))

    assert perform_all(ledger, NOON + 50 * HOUR) == ["message-customer"]
    assert [o.detail for o in ledger.outcomes(action_id=action.id)] == [
        "approved by ops: still true",
        "noted",
    ]


def test_a_rejected_action_is_never_performed_nor_planned_again(ledger: Ledger) -> None:
    action = waiting(ledger)
    People(ledger, load_playbook()).reject(action.id, said("they called"))
    again = a_problem(opened_at=NOON + 50 * HOUR)
    Desk(ledger, load_playbook()).take([opened(again)], NOON + 50 * HOUR)

    assert ledger.actions(action_id=action.id)[0].status is Status.REJECTED
    assert perform_all(ledger, NOON + 51 * HOUR) == []


def test_a_held_back_message_can_still_be_stopped(ledger: Ledger) -> None:
    playbook = load_playbook_with("- message-customer\n", "- message-customer: {hold: 10m}\n")
    Desk(ledger, playbook).take([opened(a_problem())], NOON)

    assert perform_all(ledger, NOON + 599_999) == ["refund-shipping"]
    assert perform_all(ledger, NOON + 600_000) == ["message-customer"]


# --- budgets --------------------------------------------------------------------------------------

BUDGETS = parse_playbook(
    """
name: tight
budgets:
  - {per: customer, within: 2h, at_most: 30.00 USD}
  - {per: rule, within: 2h, at_most: 70.00 USD}
  - {per: everything, within: 1h, at_most: 90.00 USD}
limits:
  - {action: message-customer, per: customer, within: 2h, at_most: 2}
rules:
  - name: late
    kind: late-delivery
    mode: auto
    do: [message-customer, {refund-shipping: {at_most: 12.00 USD}}]
  - name: wrong
    kind: wrong-item
    mode: auto
    do: [message-customer, {credit-customer: {amount: 10.00 USD}}]
  - {name: lost, kind: lost-shipment, mode: auto, do: [{reship: {at_most: 25.00 USD}}]}
""",
    "tight.yaml",
)

STREAM = st.lists(
    st.tuples(
        st.sampled_from(["late-delivery", "wrong-item", "lost-shipment"]),
        st.integers(1, 9),
        st.integers(1, 3),
        st.integers(0, 30 * 60_000),
    ),
    max_size=40,
)


def a_stream(rows: list[tuple[str, int, int, int]]) -> list[Problem]:
    at, problems = NOON, []
    for kind, order, customer, gap in rows:
        at += gap
        fields = {"subject": f"O{order}", "order_id": f"O{order}", "customer_id": f"C{customer}"}
        problems.append(a_problem(kind, **fields, opened_at=at))
    return problems


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STREAM, st.integers(1, 7))
def test_no_budget_or_limit_is_ever_exceeded_without_a_person(
    rows: list[tuple[str, int, int, int]], batch: int
) -> None:
    ledger = Ledger("sqlite://")
    desk = Desk(ledger, BUDGETS)
    problems = a_stream(rows)
    for start in range(0, len(problems), batch):
        part = problems[start : start + batch]
        desk.take([opened(problem) for problem in part], part[-1].opened_at)
    acted = [a for a in ledger.actions() if a.status is Status.QUEUED]
    ledger.close()

    for customer in ("C1", "C2", "C3"):
        theirs = [a for a in acted if a.customer_id == customer]
        assert most_within(theirs, 2 * HOUR) <= 3000
        assert most_within([a for a in theirs if a.name == "message-customer"], 2 * HOUR, 1) <= 2
    for rule in ("late", "wrong", "lost"):
        assert most_within([a for a in acted if a.rule == rule], 2 * HOUR) <= 7000
    assert most_within(acted, HOUR) <= 9000


def most_within(actions: list[Action], window: int, each: int = 0) -> int:
    """Return the most that any window of that length (ms) saw: cost, or ``each`` per action."""
    return max(
        (
            sum(each or a.cost_minor for a in actions if end - window < a.planned_at <= end)
            for end in {a.planned_at for a in actions}
        ),
        default=0,
    )


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STREAM, st.lists(st.integers(0, 40), max_size=6))
def test_whatever_is_read_again_the_ledger_holds_the_same(
    rows: list[tuple[str, int, int, int]], cuts: list[int]
) -> None:
    changes = [opened(problem) for problem in a_stream(rows)]
    now = NOON + DAY
    once, often = Ledger("sqlite://"), Ledger("sqlite://")
    Desk(once, BUDGETS).take(changes, now)
    for start, end in pairwise([0, *sorted(cuts), len(changes)]):
        Desk(often, BUDGETS).take(changes[start:end], now)
        Desk(often, BUDGETS).take(changes[:end], now)
    same = (by_id(once.actions()), verdicts(once)) == (by_id(often.actions()), verdicts(often))
    once.close()
    often.close()

    assert same


def verdicts(ledger: Ledger) -> dict[str, Verdict]:
    return {decision.id: decision.verdict for decision in ledger.decisions()}


def test_money_above_the_budget_is_never_silently_dropped(ledger: Ledger) -> None:
    problems = [a_problem("lost-shipment", subject=f"O1/S{n}") for n in range(3)]
    decisions: list[Decision] = Desk(ledger, BUDGETS).take([opened(p) for p in problems], NOON)

    assert [d.verdict for d in decisions] == [
        Verdict.ACT,
        Verdict.OVER_BUDGET,
        Verdict.OVER_BUDGET,
    ]
    assert len(ledger.actions(status=Status.WAITING)) == 2


def test_a_called_off_credit_gives_its_budget_back(ledger: Ledger) -> None:
    desk = Desk(ledger, BUDGETS)
    first, second = (a_problem("lost-shipment", subject=f"O1/S{n}") for n in range(2))
    desk.take([opened(first)], NOON)
    desk.take([withdrawn(first, NOON + 1)], NOON + 1)
    (decision,) = desk.take([opened(second)], NOON + 2)

    assert decision.verdict is Verdict.ACT
