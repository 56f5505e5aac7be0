"""What people uphold about sellers is told as events, once and in order."""

from actions.appeals import upheld_after
from actions.desk import Desk
from actions.ledger import Ledger
from actions.outcomes_told import Later, Told, report_outcome
from actions.playbook import load_playbook
from actions.testing import NOON, a_problem, opened
from schemas.commands import Word
from schemas.problems import Problem
from schemas.times import DAY, HOUR, iso

WORD = Word("ops-1", "the carrier was late", NOON + HOUR)


def held(seller: str = "S1", kind: str = "seller-coach", **about: object) -> Problem:
    fields = {"subject_type": "seller", "subject": seller, "order_id": None, "customer_id": None}
    days = {"due_at": NOON - 30 * DAY, "defect": "late"}
    return a_problem(kind, **(fields | days | about))


def upheld(ledger: Ledger, *problems: Problem, what: Later = Later.APPEAL_UPHELD) -> None:
    Desk(ledger, load_playbook()).take([opened(problem) for problem in problems], NOON)
    for problem in problems:
        report_outcome(ledger, load_playbook(), Told(problem.id, what), WORD)


def test_an_upheld_appeal_is_an_event_about_the_defect_and_days_of_its_problem(
    ledger: Ledger,
) -> None:
    upheld(ledger, held())
    [(number, event)] = upheld_after(ledger, 0)

    assert (event.id, event.source) == (f"appeal-{number}", "andon/outcome")
    assert (event.seller_id, event.defect) == ("S1", "late")
    assert (event.since, event.until) == (iso(NOON - 30 * DAY), iso(NOON - 1))
    assert event.time == iso(WORD.at)


def test_what_was_read_before_is_not_told_again(ledger: Ledger) -> None:
    upheld(ledger, held("S1"), held("S2"))
    both = upheld_after(ledger, 0)

    assert [event.seller_id for _, event in both] == ["S1", "S2"]
    assert upheld_after(ledger, both[0][0]) == both[1:]
    assert upheld_after(ledger, both[1][0]) == []


def test_refusals_other_outcomes_and_other_subjects_are_no_appeals_of_sellers(
    ledger: Ledger,
) -> None:
    upheld(ledger, held(), what=Later.APPEAL_REFUSED)
    upheld(ledger, held(kind="seller-warn"), what=Later.INVESTIGATION_CLOSED)
    upheld(ledger, held("TEA", "sku-wrong-item", subject_type="sku"))

    assert upheld_after(ledger, 0) == []
