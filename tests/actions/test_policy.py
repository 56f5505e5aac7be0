"""Each verdict has a branch, and the branches are tried in one order."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from actions.branches import BRANCHES
from actions.cases import History
from actions.limits import nothing_spent
from actions.playbook import Playbook, load_playbook, parse_playbook
from actions.policy import STATUS_OF, decide, plan
from actions.rules import Budget, Limit
from actions.testing import NOON, a_problem, cleared, withdrawn
from schemas.decisions import Action, Mode, Status, Verdict
from schemas.problems import Evidence, Problem, Severity
from schemas.times import DAY, HOUR

NOW = History(now=NOON)


def a_playbook(rule: str, limits: str = "") -> Playbook:
    budget = "budgets: [{per: everything, within: 1d, at_most: 100.00 USD}]\n"
    return parse_playbook(f"name: t\n{budget}{limits}\nrules:\n  - {rule}\n", "t.yaml")


def late(
    mode: str = "auto", do: str = "[message-customer, {refund-shipping: {at_most: 9.00 USD}}]"
) -> Playbook:
    return a_playbook(f"{{name: late, kind: late-delivery, mode: {mode}, do: {do}}}")


def decaf(**fields: object) -> Problem:
    sku = {"subject_type": "sku", "subject": "DECAF", "severity": Severity.CRITICAL}
    return a_problem("sku-wrong-item", **sku | fields)


def planned(problem: Problem, playbook: Playbook, history: History = NOW) -> tuple[Action, ...]:
    return plan(problem, decide(problem, history, playbook), playbook)


def test_every_verdict_of_the_policy_has_exactly_one_branch() -> None:
    tried = [verdict for verdict, _ in BRANCHES]

    assert sorted([*tried, Verdict.BY_PERSON, Verdict.UNATTENDED]) == sorted(Verdict)


@pytest.mark.parametrize(
    ("mode", "verdict", "status"),
    [
        ("auto", Verdict.ACT, Status.QUEUED),
        ("review", Verdict.REVIEW, Status.WAITING),
        ("shadow", Verdict.SHADOW, Status.SHADOW),
    ],
)
def test_the_mode_says_how_far_a_rule_goes(mode: str, verdict: Verdict, status: Status) -> None:
    decided = decide(a_problem(), NOW, late(mode))
    actions = plan(a_problem(), decided, late(mode))

    assert decided.verdict is verdict
    assert decided.mode is Mode(mode)
    assert [(a.name, a.status) for a in actions] == [
        ("message-customer", status),
        ("refund-shipping", status),
    ]


def test_a_rule_that_is_off_plans_nothing_and_says_so() -> None:
    decided = decide(a_problem(), NOW, late("off"))

    assert decided.verdict is Verdict.SWITCHED_OFF
    assert plan(a_problem(), decided, late("off")) == ()


def test_a_kind_without_a_rule_is_named() -> None:
    decided = decide(a_problem("wrong-item"), NOW, late())

    assert (decided.verdict, decided.detail) == (Verdict.NO_RULE, "kind wrong-item")


def test_the_first_rule_that_matches_wins() -> None:
    playbook = parse_playbook(
        "name: t\nrules:\n"
        "  - {name: vip, kind: late-delivery, where: {severity: [high]}, mode: auto, do: []}\n"
        "  - {name: line, kind: late-delivery, where: {subject_type: [line]}, mode: auto, do: []}\n"
        "  - {name: rest, kind: late-delivery, mode: auto, do: []}\n",
        "t.yaml",
    )

    assert decide(a_problem(), NOW, playbook).rule == "rest"
    assert decide(a_problem(severity=Severity.HIGH), NOW, playbook).rule == "vip"
    assert decide(a_problem(subject_type="line"), NOW, playbook).rule == "line"


def test_a_problem_stored_on_the_last_millisecond_is_acted_on() -> None:
    last = NOON + 48 * HOUR

    assert decide(a_problem(), History(now=last), late()).verdict is Verdict.ACT
    assert decide(a_problem(), History(now=last + 1), late()).verdict is Verdict.TOO_OLD


def test_what_was_planned_before_is_not_planned_again() -> None:
    ids = frozenset(action.id for action in planned(a_problem(), late()))
    half = frozenset(list(ids)[:1])

    assert decide(a_problem(), History(now=NOON, handled=ids), late()).verdict is (
        Verdict.ALREADY_HANDLED
    )
    assert len(planned(a_problem(), late(), History(now=NOON, handled=half))) == 1


def test_a_plan_that_has_nothing_to_do_is_still_decided() -> None:
    assert decide(a_problem(), NOW, late(do="[]")).verdict is Verdict.ACT


@pytest.mark.parametrize(("spent", "verdict"), [(9100, Verdict.ACT), (9101, Verdict.OVER_BUDGET)])
def test_the_last_cent_of_a_budget_may_be_spent(spent: int, verdict: Verdict) -> None:
    def so_much(limit: Budget | Limit, whose: str) -> int:
        assert whose == "everything" or isinstance(limit, Limit)
        return spent if isinstance(limit, Budget) else 0

    decided = decide(a_problem(), History(now=NOON, spent=so_much), late())

    assert decided.verdict is verdict
    if verdict is Verdict.OVER_BUDGET:
        assert decided.detail == "100.01 USD of 100.00 USD for everything in 1d"
        assert {a.status for a in plan(a_problem(), decided, late())} == {Status.WAITING}


@pytest.mark.parametrize(
    ("per", "whose"), [("customer", "C1"), ("rule", "late"), ("everything", "everything")]
)
def test_a_limit_counts_on_the_account_it_names(per: str, whose: str) -> None:
    limits = f"limits: [{{action: message-customer, per: {per}, within: 1h, at_most: 2}}]\n"
    rule = "{name: late, kind: late-delivery, mode: auto, do: [message-customer]}"
    playbook = a_playbook(rule, limits)

    def twice(limit: Budget | Limit, account: str) -> int:
        return 2 if isinstance(limit, Limit) and account == whose else 0

    decided = decide(a_problem(), History(now=NOON, spent=twice), playbook)

    assert decided.verdict is Verdict.OVER_LIMIT
    assert decided.detail == f"message-customer 3 times of 2 for {whose} in 1h"
    assert decide(a_problem(), NOW, playbook).verdict is Verdict.ACT


def test_a_limit_per_customer_does_not_count_what_has_no_customer() -> None:
    limits = "limits: [{action: delist-sku, per: customer, within: 1h, at_most: 0}]\n"
    rule = "{name: decaf, kind: sku-wrong-item, mode: auto, do: [delist-sku]}"
    nobody = decaf(customer_id=None, order_id=None)

    assert decide(nobody, NOW, a_playbook(rule, limits)).verdict is Verdict.ACT
    assert decide(decaf(), NOW, a_playbook(rule, limits)).verdict is Verdict.OVER_LIMIT


def test_under_a_root_cause_only_the_customer_gets_something() -> None:
    playbook = late(do="[message-customer, alert-carrier]")
    child = a_problem(parent="f" * 32)
    decided = decide(child, NOW, playbook)

    assert decided.verdict is Verdict.COVERED_BY_PARENT
    assert [a.name for a in plan(child, decided, playbook)] == ["message-customer"]


def test_under_a_root_cause_a_rule_may_do_something_else() -> None:
    child = a_problem("wrong-item", subject_type="line", subject="O1/L1", parent="f" * 32)

    names = [action.name for action in planned(child, load_playbook())]

    assert names == ["message-customer", "offer-substitute", "credit-customer"]


@pytest.mark.practice("0.7")
def test_a_first_wrong_item_is_replaced_with_an_apology() -> None:
    first = a_problem("wrong-item", subject_type="line", subject="O1/L1")

    message, replacement = planned(first, load_playbook())

    assert (replacement.name, replacement.target) == ("replace-item", "O1/L1")
    assert "We sent you a wrong item with your order O1. We are sorry." in str(message.params)


@pytest.mark.practice("0.8")
def test_a_second_wrong_item_is_pulled_investigated_substituted_and_credited_as_one_plan() -> None:
    decided = decide(decaf(), NOW, load_playbook())
    actions = plan(decaf(), decided, load_playbook())

    assert decided.verdict is Verdict.ACT
    assert [(a.name, a.target) for a in actions] == [
        ("delist-sku", "DECAF"),
        ("open-investigation", "sku:DECAF"),
        ("offer-substitute", "C1"),
        ("credit-customer", "C1"),
    ]
    assert (actions[3].cost_minor, actions[3].currency) == (1000, "USD")
    assert actions[1].params["owner"] == "warehouse"


def test_a_population_proved_by_many_customers_credits_none_of_them() -> None:
    actions = planned(decaf(customer_id=None, order_id=None), load_playbook())

    assert [a.name for a in actions] == ["delist-sku", "open-investigation"]


def proved_by(*orders: str, customers: int) -> Problem:
    reports = tuple(Evidence(f"report {order}/L1", at=NOON) for order in orders)
    proof = (Evidence("customers", value=customers), *reports)
    return decaf(customer_id=None, order_id=None, evidence=proof)


@pytest.mark.practice("0.8")
def test_each_customer_whose_report_proved_it_is_credited_once() -> None:
    whose = {"O1": "C1", "O2": "C2", "O3": "C1"}
    several = proved_by("O1", "O2", "O3", "O4", customers=3)
    actions = planned(several, load_playbook(), History(now=NOON, customers=whose))

    credited = [(a.target, a.order_id) for a in actions if a.name == "credit-customer"]
    assert credited == [("C1", "O3"), ("C2", "O2"), ("O4", "O4")]
    assert [a.name for a in actions if a.target_type in {"sku", "subject"}] == [
        "delist-sku",
        "open-investigation",
    ]


def test_a_second_strike_is_made_good_for_the_order_that_was_the_second() -> None:
    actions = planned(proved_by("O1", "O2", customers=1), load_playbook())

    assert [a.order_id for a in actions if a.name == "credit-customer"] == ["O2"]


def test_a_replacement_for_a_population_goes_to_the_order() -> None:
    playbook = a_playbook(
        "{name: d, kind: sku-wrong-item, mode: auto, do: [{reship: {at_most: 1.00 USD}}]}"
    )

    assert [a.target for a in planned(proved_by("O1", customers=1), playbook)] == ["O1"]


def test_a_sku_that_nobody_named_is_left_to_a_person() -> None:
    playbook = late(do="[delist-sku, notify-ops]")
    decided = decide(a_problem(), NOW, playbook)

    assert (decided.verdict, decided.detail) == (Verdict.NO_TARGET, "delist-sku")
    assert [a.status for a in plan(a_problem(), decided, playbook)] == [Status.WAITING]


def test_a_sku_in_the_evidence_is_a_target() -> None:
    proof = (Evidence("sku", value="DECAF"), Evidence("reported_at", at=NOON))

    (action,) = planned(a_problem(evidence=proof), late(do="[delist-sku]"))

    assert action.target == "DECAF"
    assert action.params["proof"] == ["sku: DECAF", "reported_at: 2026-01-01T12:00:00.000Z"]


def test_a_fee_is_given_back_only_where_there_is_an_order() -> None:
    assert planned(a_problem(order_id=None), late())[1:] == ()


def test_an_alert_without_addressee_reaches_whoever_reads_alerts() -> None:
    (action,) = planned(a_problem(), late(do="[alert-carrier]"))

    assert action.target == "unknown"


# --- ends ---------------------------------------------------------------------------------------


def pulled(status: Status) -> tuple[Action, ...]:
    return tuple(replace(a, status=status) for a in planned(decaf(), load_playbook()))


def test_a_withdrawn_problem_relists_and_leaves_the_customer_what_they_got() -> None:
    gone = withdrawn(decaf()).problem
    decided = decide(gone, History(now=NOON, planned=pulled(Status.DONE)), load_playbook())
    relist, note, resolved = plan(gone, decided, load_playbook())

    assert decided.verdict is Verdict.COMPENSATE
    assert decided.call_off == ()
    assert (relist.name, relist.target, relist.follows) == (
        "relist-sku",
        "DECAF",
        pulled(Status.DONE)[0].id,
    )
    assert (note.name, note.target_type) == ("notify-ops", "ops")
    assert "customers keep" in str(note.params["note"])
    assert (resolved.name, resolved.params["state"]) == ("resolve-alert", "withdrawn")


@pytest.mark.parametrize("status", [Status.QUEUED, Status.WAITING])
def test_what_has_not_started_is_called_off(status: Status) -> None:
    history = History(now=NOON, planned=pulled(status))
    decided = decide(withdrawn(decaf()).problem, history, load_playbook())

    assert decided.undo == ()
    assert decided.call_off == tuple(action.id for action in pulled(status))


@pytest.mark.parametrize("status", [Status.SHADOW, Status.REJECTED, Status.CALLED_OFF])
def test_nothing_is_undone_that_was_not_done(status: Status) -> None:
    gone = withdrawn(decaf()).problem
    decided = decide(gone, History(now=NOON, planned=pulled(status)), load_playbook())

    assert decided.verdict is Verdict.NOTHING_TO_UNDO
    assert plan(gone, decided, load_playbook()) == ()


def test_a_repaired_sku_goes_back_on_sale() -> None:
    over = cleared(decaf()).problem
    decided = decide(over, History(now=NOON, planned=pulled(Status.DONE)), load_playbook())

    assert (decided.verdict, decided.detail) == (Verdict.RESTORE, "delist-sku")
    assert [a.name for a in plan(over, decided, load_playbook())] == ["relist-sku", "resolve-alert"]


def test_a_delisting_still_queued_when_the_sku_is_repaired_is_called_off_alone() -> None:
    over = cleared(decaf()).problem
    decided = decide(over, History(now=NOON, planned=pulled(Status.QUEUED)), load_playbook())

    assert decided.call_off == (pulled(Status.QUEUED)[0].id,)
    assert [action.name for action in plan(over, decided, load_playbook())] == ["resolve-alert"]


def test_what_was_put_back_is_not_put_back_again() -> None:
    over = cleared(decaf()).problem
    done = pulled(Status.DONE)
    relist, _ = planned(over, load_playbook(), History(now=NOON, planned=done))
    both = (*done, replace(relist, status=Status.DONE))

    assert decide(over, History(now=NOON, planned=both), load_playbook()).verdict is Verdict.OVER


def test_a_late_delivery_that_arrives_needs_nothing_more() -> None:
    arrived = cleared(a_problem()).problem

    assert decide(arrived, NOW, late()).verdict is Verdict.OVER
    assert decide(arrived, NOW, late("off")).verdict is Verdict.OVER
    assert decide(cleared(decaf()).problem, NOW, load_playbook()).verdict is Verdict.OVER
    assert decide(cleared(decaf()).problem, NOW, late()).verdict is Verdict.OVER


# --- harm ---------------------------------------------------------------------------------------


def test_problems_about_one_order_and_cause_share_one_apology() -> None:
    silent = a_problem("silent-shipment", subject_type="shipment", subject="O1/S1")
    parts = (a_problem(), silent)
    ids = {
        action.id
        for p in parts
        for action in planned(p, load_playbook())
        if action.name == "message-customer"
    }

    assert len(ids) == 1


def test_each_wrong_line_is_replaced() -> None:
    lines = [a_problem("wrong-item", subject_type="line", subject=f"O1/L{n}") for n in (1, 2)]
    plans = [planned(line, load_playbook()) for line in lines]

    assert plans[0][0].id == plans[1][0].id
    assert plans[0][1].id != plans[1][1].id


def test_a_line_and_the_sku_it_proved_give_one_credit() -> None:
    line = a_problem("wrong-item", subject_type="line", subject="O1/L1", parent="f" * 32)
    ids = [
        action.id
        for problem in (line, decaf())
        for action in planned(problem, load_playbook())
        if action.name == "credit-customer"
    ]

    assert len(ids) == 2
    assert len(set(ids)) == 1


def test_each_unanswered_contact_is_a_harm_of_its_own() -> None:
    contacts = [
        a_problem("repeat-contact", subject_type="contact", subject=f"O1/T{n}") for n in (1, 2)
    ]

    assert len({a.id for c in contacts for a in planned(c, load_playbook())}) == 4


def test_a_sku_that_fails_again_after_repair_is_pulled_again() -> None:
    first = planned(decaf(), load_playbook())
    second = planned(decaf(), load_playbook(), History(now=NOON, ended=1))

    assert first[0].id != second[0].id
    assert first[3].id == second[3].id


def test_a_shadow_never_stands_in_the_way_of_the_real_action() -> None:
    shadow = {action.id for action in planned(a_problem(), late("shadow"))}
    real = {action.id for action in planned(a_problem(), late("auto"))}

    assert not shadow & real


def test_a_threshold_a_version_or_an_opening_does_not_change_an_action_id() -> None:
    other = parse_playbook(
        "name: other\nact_within: 9d\nrules:\n"
        "  - {name: else, kind: late-delivery, mode: review, do: [message-customer]}\n",
        "o.yaml",
    )
    later = a_problem(opened_at=NOON + DAY, detector_version="2")

    assert planned(a_problem(), late())[0].id == planned(later, other)[0].id


def test_nothing_is_spent_at_first() -> None:
    limit = Limit(action="coupon", per="rule", within="1h", at_most=1)  # type: ignore[arg-type]  # parsed from text

    assert nothing_spent(limit, "rule") == 0
    assert limit.within == timedelta(hours=1)


def test_a_kind_nobody_listed_is_a_cause_of_its_own() -> None:
    playbook = parse_playbook(
        "name: t\nrules:\n"
        "  - {name: n, kind: box-crushed, mode: auto, do: [message-customer, notify-ops]}\n",
        "t.yaml",
        kinds=["box-crushed"],
    )
    message, note = planned(a_problem("box-crushed"), playbook)

    assert message.harm == "O1|box-crushed|1"
    assert "Something went wrong with your order O1 (box crushed)." in str(message.params["body"])
    assert note.params["owner"] == "operations"


def test_only_verdicts_that_plan_have_a_status() -> None:
    assert Verdict.ACT in STATUS_OF
    assert Verdict.OVER not in STATUS_OF
