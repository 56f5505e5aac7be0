"""One fact record, the same figures in every language, and nothing that is not in the record."""

import re

import pytest

from actions.accounts import ACCOUNT, account, words_in
from actions.cases import History
from actions.executors.telling import body_of
from actions.playbook import load_playbook
from actions.policy import decide, plan
from actions.populations import CAUSE_OF_DEFECT
from actions.testing import NOON, a_problem
from schemas.problems import Evidence, Problem, Severity
from schemas.times import DAY

MARCH_12 = 20_524 * DAY
RECORD = (
    Evidence("since", at=MARCH_12),
    Evidence("rung", value="act"),
    Evidence("reports", value=7),
    Evidence("units", value=41),
    Evidence("units_with_time", value="14.4"),
    Evidence("expected_reports", value="0.2"),
    Evidence("usual_rate", value="1.5 %"),
    Evidence("evidence", value=185_000),
    Evidence("evidence_needed", value=248_000),
    Evidence("share_of_needed", value="110 %"),
    Evidence("wrong_alarms_allowed", value="1 in 30 days"),
    Evidence("clean_units_needed", value=51),
    Evidence("category", value="Toys"),
    Evidence("report O1/1", at=NOON),
)


def a_group(*more: Evidence, **fields: object) -> Problem:
    told = {item.fact: item for item in (*RECORD, *more)}
    sku = {"subject_type": "sku", "subject": "DECAF", "order_id": None, "customer_id": None}
    rest = {"defect": "wrong_item", "severity": Severity.CRITICAL, "evidence": (*told.values(),)}
    return a_problem("sku-wrong-item", **sku | rest | fields)


def test_evidence_reads_as_promised_in_english() -> None:
    assert account(a_group(), "en").startswith(
        "Since 12 Mar: 7 of 41 units came back as wrong item; "
        "14.4 of the 41 had time to be reported, expected 0.2. "
        "Evidence 185 000:1 (needed 248 000:1 for your budget of one wrong delisting a month). "
        "Usual rate 1.5 % (category Toys)."
    )


def test_evidence_reads_as_promised_in_vietnamese() -> None:
    assert account(a_group(), "vi").startswith(
        "Từ 12/3: 7 trong 41 sản phẩm bị trả lại vì giao sai hàng; "
        "14,4 trong 41 đã có đủ thời gian để được báo, bình thường là 0,2. "
        "Bằng chứng 185 000:1 (cần 248 000:1 theo hạn mức một lần gỡ bán nhầm mỗi tháng). "
        "Tỷ lệ thông thường 1,5 % (ngành hàng Toys)."
    )


def test_both_languages_tell_the_same_figures() -> None:
    runner_up = Evidence("runner_up", value="bin W1/A-07")
    problem = a_group(runner_up, Evidence("swapped_with", value="REGULAR-8"), parent="p-9")
    english, vietnamese = (
        re.findall(r"\d+(?:[.,]\d+)?", account(problem, locale)) for locale in ("en", "vi")
    )

    assert [figure.replace(",", ".") for figure in vietnamese if figure != "3"] == english


@pytest.mark.parametrize(
    ("fact", "value", "said"),
    [
        ("runner_up", "bin W1/A-07", "Next likeliest cause: bin W1/A-07."),
        ("swapped_with", "REGULAR-8", "REGULAR-8 was sent instead"),
    ],
)
def test_what_the_record_does_not_hold_is_not_said(fact: str, value: str, said: str) -> None:
    assert said in account(a_group(Evidence(fact, value=value)), "en")
    assert said not in account(a_group(), "en")


@pytest.mark.parametrize(
    ("rung", "allowed", "said"),
    [
        ("act", "1 in 30 days", "one wrong delisting a month"),
        ("act", "5 in 30 days", "5 wrong delistings a month"),
        ("act", "0.2 in 30 days", "one wrong delisting in 5 months"),
        ("hold", "1 in 30 days", "10 wrong holds a month"),
        ("watch", "0.2 in 30 days", "20 wrong hints a month"),
    ],
)
def test_a_budget_is_told_for_the_rung_that_was_reached(rung: str, allowed: str, said: str) -> None:
    facts = (Evidence("rung", value=rung), Evidence("wrong_alarms_allowed", value=allowed))

    assert f"your budget of {said})" in account(a_group(*facts), "en")


def test_what_is_no_delisting_is_not_called_one() -> None:
    lane = a_group(subject_type="lane", subject="SP->RJ", defect="late")
    size = a_group(defect="too_small")

    assert "one wrong alarm a month" in account(lane, "en")
    assert "one wrong alarm a month" in account(size, "en")


def test_where_outcomes_are_known_at_once_nothing_is_said_of_time() -> None:
    late = a_group(Evidence("units_with_time", value="41.0"), subject_type="seller", defect="late")

    assert "7 of 41 units were handed over late; expected 0.2." in account(late, "en")


def test_what_would_end_it_is_told_with_its_number() -> None:
    told = account(a_group(), "en")
    lane = account(a_group(subject_type="lane", defect="lost"), "en")

    assert "when about 51 units sent later have had time to be reported and none was" in told
    assert "reported as repaired" in told
    assert "about 51 parcels" in lane
    assert "repaired" not in lane


def test_a_recovery_tells_what_is_clean() -> None:
    facts = [fact for fact in RECORD if fact.fact not in ("rung", "category")]
    told = account(a_group(evidence=(*facts,)), "en")

    assert told.startswith("Since the repair, from 12 Mar on: 7 of 41 units")
    assert '"Put right" is 185 000 times as likely' in told


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("second strike", "One customer got a wrong item twice within 60 d."),
        ("k customers", "3 customers got a wrong item within 14 d (3 are enough)."),
        ("first report", "A first customer got a wrong item; it is watched for 60 d."),
    ],
)
def test_the_floor_is_told_by_its_rule(rule: str, said: str) -> None:
    facts: dict[str, str | int] = {"rule": rule, "customers": 3, "strike_window": "60 d"}
    facts |= {"customers_needed": 3, "customers_window": "14 d"}
    record = tuple(Evidence(fact, value=value) for fact, value in facts.items())

    assert account(a_group(evidence=record), "en").startswith(said)
    assert account(a_group(evidence=record), "vi")


def test_a_problem_of_one_order_has_no_account() -> None:
    assert account(a_problem(), "en") == ""


@pytest.mark.parametrize("locale", ["en", "vi"])
def test_every_defect_has_words_of_its_own(locale: str) -> None:
    called = {"bad-reviews": "bad_review", "unresolved-complaints": "complaint"}
    called["damaged-on-the-way"] = "carrier_damaged"
    names = {called.get(defect, defect.replace("-", "_")) for defect in CAUSE_OF_DEFECT}

    assert names <= words_in(locale).lists["defects"].keys()


def test_people_who_are_alerted_read_the_account_first() -> None:
    problem = a_group(severity=Severity.HIGH)
    hold = a_problem(
        "lane-late",
        subject_type="lane",
        subject="SP->RJ",
        defect="late",
        order_id=None,
        customer_id=None,
        evidence=problem.evidence,
    )
    book = load_playbook()
    actions = plan(hold, decide(hold, History(NOON), book), book)

    alert = next(action for action in actions if action.name == "alert-carrier")

    assert body_of(alert).startswith("Since 12 Mar: 7 of 41 units were late;")
    assert ACCOUNT not in body_of(alert)


def test_customers_never_read_it() -> None:
    reports = (Evidence("rule", value="second strike"), Evidence("customers", value=1))
    problem = a_group(evidence=(*reports, *RECORD))
    book = load_playbook()
    actions = plan(problem, decide(problem, History(NOON, customers={"O1": "C1"}), book), book)
    told = {action.name for action in actions if ACCOUNT in action.params}

    assert told == {"delist-sku", "open-investigation"}
    assert {"offer-substitute", "credit-customer"} <= {action.name for action in actions}
