import pytest

from actions.testing import a_problem
from andon.measures import Listening
from schemas.testing import a_contact, a_line, an_order
from schemas.times import HOUR

NOON = 1_767_268_800_000


def listening(topic: str = "where_is_my_order", at: int = NOON) -> Listening:
    heard = Listening()
    heard.hear(an_order(order_id="O1", lines=[a_line(sku="DECAF")]), at - 48 * HOUR)
    heard.hear(a_contact(order_id="O1", topic=topic), at)
    return heard


def test_a_problem_opened_before_the_contact_was_known_first() -> None:
    problem = a_problem("late-delivery", order_id="O1", opened_at=NOON - 2 * HOUR)
    measured = listening().measure([problem])

    assert (measured.rate, measured.median_lead) == (1.0, 2 * HOUR)


def test_a_problem_opened_in_the_same_millisecond_was_not_known_first() -> None:
    problem = a_problem("late-delivery", order_id="O1", opened_at=NOON)

    assert listening().measure([problem]).rate == 0.0


@pytest.mark.parametrize("kind", ["wrong-item", "unanswered-contact"])
def test_a_problem_of_another_cause_does_not_count(kind: str) -> None:
    problem = a_problem(kind, order_id="O1", opened_at=NOON - HOUR)

    assert listening().measure([problem]).rate == 0.0


def test_a_problem_of_the_sku_counts_for_every_order_of_it() -> None:
    problem = a_problem(
        "sku-wrong-item", subject_type="sku", subject="DECAF", order_id=None, opened_at=NOON - HOUR
    )

    assert listening("wrong_item").measure([problem]).rate == 1.0


def test_a_problem_withdrawn_before_the_contact_does_not_count() -> None:
    problem = a_problem(order_id="O1", opened_at=NOON - 2 * HOUR, withdrawn_at=NOON - HOUR)

    assert listening().measure([problem]).rate == 0.0


def test_a_question_is_no_miss() -> None:
    assert listening("question").measure([]).rate is None
