"""Which rule answers a problem; nobody gets less for being worth less."""

import pytest

from actions.cases import History
from actions.guests import STRANGER, Guest
from actions.marks import PlaybookError
from actions.matching import rule_for
from actions.playbook import Playbook, parse_playbook
from actions.policy import decide
from actions.quantities import Share, share
from actions.testing import NOON, a_problem
from schemas.decisions import Verdict
from schemas.problems import Problem
from schemas.times import DAY

BUDGET = "budgets: [{per: everything, within: 1d, at_most: 900.00 USD}]\n"


def book(*rules: str, more: str = "") -> Playbook:
    lines = "".join(f"  - {rule}\n" for rule in rules)
    return parse_playbook(f"name: t\n{BUDGET}{more}rules:\n{lines}", "t.yaml")


def mistakes_in(*rules: str, more: str = "") -> str:
    with pytest.raises(PlaybookError) as found:
        book(*rules, more=more)
    return str(found.value)


def named(problem: Problem, playbook: Playbook, guest: Guest = STRANGER) -> str | None:
    match = rule_for(problem, guest, playbook)
    return match.rule.name if match and match.inside else None


def test_a_star_in_a_kind_stands_for_anything() -> None:
    watch = book("{name: w, kind: '*-watch', mode: auto, do: [notify-ops]}")

    assert named(a_problem("sku-wrong-item-watch"), watch) == "w"
    assert named(a_problem("sku-wrong-item"), watch) is None


def test_a_kind_that_fits_no_kind_is_a_mistake() -> None:
    said = mistakes_in("{name: w, kind: 'nothing-*', mode: auto, do: []}")

    assert "t.yaml:4:21: unknown kind 'nothing-*'" in said


@pytest.mark.parametrize(
    ("where", "fits"),
    [
        ("subject: ['SP->*']", True),
        ("subject: ['RJ->*']", False),
        ("defect: [late]", True),
        ("defect: [lost]", False),
        ("subject_type: [lane]", True),
        ("severity: [critical]", False),
    ],
)
def test_a_rule_may_ask_what_it_is_about(where: str, *, fits: bool) -> None:
    text = f"{{name: l, kind: late-delivery, where: {{{where}}}, mode: auto, do: []}}"
    lane = a_problem(subject_type="lane", subject="SP->RJ", defect="late")

    assert (named(lane, book(text)) == "l") is fits


# --- days -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "rule"), [("UTC", None), ("Pacific/Kiritimati", "sale"), ("America/New_York", None)]
)
def test_days_are_the_shops(zone: str, rule: str | None) -> None:
    only = "valid_from: 2026-01-02, valid_until: 2026-01-02"
    sale = book(f"{{name: sale, kind: late-delivery, {only}, mode: auto, do: []}}", more="")
    text = sale.text.replace("name: t\n", f"name: t\nzone: {zone}\n")

    assert named(a_problem(), parse_playbook(text, "t.yaml")) == rule


def test_a_rule_holds_on_its_first_and_last_day_and_on_no_other() -> None:
    only = "valid_from: 2026-01-02, valid_until: 2026-01-03"
    sale = book(f"{{name: sale, kind: late-delivery, {only}, mode: auto, do: []}}")
    found = [named(a_problem(opened_at=NOON + n * DAY), sale) for n in range(4)]

    assert found == [None, "sale", "sale", None]


def test_a_rule_that_ends_before_it_begins_is_a_mistake() -> None:
    days = "valid_from: 2026-01-03, valid_until: 2026-01-02"

    assert "this is before valid_from" in mistakes_in(
        f"{{name: x, kind: late-delivery, {days}, mode: auto, do: []}}"
    )


# --- staged rollout ---------------------------------------------------------------------------


def customers_in(percent: str) -> set[int]:
    new = f"{{name: new, kind: late-delivery, rollout: {percent}, mode: auto, do: []}}"
    playbook = book(new, "{name: old, kind: late-delivery, mode: auto, do: []}")
    return {n for n in range(2000) if named(a_problem(customer_id=f"C{n}"), playbook) == "new"}


def test_a_growing_rollout_keeps_the_customers_it_has() -> None:
    few, some, everybody = customers_in("1%"), customers_in("25%"), customers_in("100%")

    assert few < some < everybody
    assert 400 < len(some) < 600
    assert len(everybody) == 2000


def test_who_is_outside_the_rollout_is_answered_by_the_next_rule() -> None:
    assert customers_in("0%") == set()


def test_who_is_outside_of_every_rule_is_recorded_as_such() -> None:
    only = book("{name: new, kind: late-delivery, rollout: 0%, mode: auto, do: [message-customer]}")
    decided = decide(a_problem(), History(now=NOON), only)

    assert decided.verdict is Verdict.OUTSIDE_ROLLOUT
    assert decided.detail == "new is rolled out to 0%"


@pytest.mark.parametrize(
    ("text", "said"), [("10", "is no share"), ("101%", "more than all"), ("-1%", "is no share")]
)
def test_a_share_is_a_percentage(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        share(text)


def test_a_share_reads_as_it_is_written() -> None:
    assert [str(share(text)) for text in ("0.5%", "10%", "100%")] == ["0.5%", "10%", "100%"]
    assert Share(250).of(1000) == 25


# --- shares of the catalogue ------------------------------------------------------------------

DELIST = "{name: d, kind: sku-wrong-item, mode: auto, do: [delist-sku]}"


def test_a_limit_may_be_a_share_of_the_catalogue() -> None:
    limits = "limits: [{action: delist-sku, per: everything, within: 1h, at_most: 2%}]\n"
    counted = book(DELIST, more=f"catalogue: {{skus: 250}}\n{limits}").ceilings
    tiny = book(DELIST, more=f"catalogue: {{skus: 10}}\n{limits}").ceilings

    assert [limit.at_most for limit in (*counted, *tiny)] == [5, 1]
    assert "a share of what?" in mistakes_in(DELIST, more=limits)


def test_what_a_playbook_does_not_limit_the_catalogue_does() -> None:
    assert [(c.action, c.at_most) for c in book(DELIST).ceilings] == [("delist-sku", 3)]


# --- tiers ------------------------------------------------------------------------------------

ALL = "{name: all, kind: late-delivery, mode: auto, do: [message-customer, %s]}"
REFUND = "{refund-shipping: {at_most: 9.00 USD}}"


def gold(do: str, where: str = "tier: [gold]") -> str:
    return f"{{name: gold, kind: late-delivery, where: {{{where}}}, mode: auto, do: [{do}]}}"


@pytest.mark.practice("2.9")
def test_a_loyal_customer_may_get_more() -> None:
    more = f"message-customer, {REFUND}, {{coupon: {{amount: 5.00 USD}}}}"
    playbook = book(gold(more), ALL % REFUND)

    assert named(a_problem(), playbook, Guest(tier="gold")) == "gold"
    assert named(a_problem(), playbook) == "all"


@pytest.mark.practice("1.6")
def test_a_customer_harmed_before_may_get_more() -> None:
    more = f"message-customer, {REFUND}, {{schedule-callback: {{within: 2h}}}}"
    playbook = book(gold(more, "harmed_before: 1"), ALL % REFUND)

    assert named(a_problem(), playbook, Guest(harmed_before=1)) == "gold"
    assert named(a_problem(), playbook, Guest(harmed_before=0)) == "all"


@pytest.mark.practice("3.5")
@pytest.mark.parametrize(
    ("do", "said"),
    [
        ("message-customer", "'gold' gives less than 'all': refund-shipping is missing"),
        (
            "message-customer, {refund-shipping: {at_most: 8.99 USD}}",
            "refund-shipping is missing or smaller",
        ),
        ("message-customer, {refund-shipping: {at_most: 9.00 EUR}}", "missing or smaller"),
        (REFUND, "message-customer is missing"),
    ],
)
def test_a_tier_never_gets_less_than_everybody(do: str, said: str) -> None:
    budget = "{per: everything, within: 1d, at_most: 9.00 EUR}"
    with pytest.raises(PlaybookError, match=said):
        parse_playbook(
            f"name: t\n{BUDGET.replace(']', f', {budget}]')}rules:\n"
            f"  - {gold(do)}\n  - {ALL % REFUND}\n",
            "t.yaml",
        )


@pytest.mark.practice("3.5")
def test_no_rule_helps_some_customers_only() -> None:
    assert "only some customers are helped" in mistakes_in(gold("message-customer"))


def test_a_rule_for_all_may_stand_under_a_star() -> None:
    rest = "{name: rest, kind: 'late-*', mode: auto, do: [message-customer]}"

    assert book(gold("message-customer, coupon: {amount: 1.00 USD}"), rest).rules
