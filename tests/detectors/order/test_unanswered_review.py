from datetime import timedelta

import pytest

from detectors.order.unanswered_review import UnansweredReview
from schemas.testing import a_review, a_review_answer, an_order, at, at_ms
from schemas.times import DAY, HOUR
from streams.testing import problems_of

UNANSWERED = UnansweredReview()
POSTED = at_ms("03-01T10:00")
DUE = POSTED + 48 * HOUR


def test_two_days_without_a_reply_to_the_millisecond() -> None:
    too_early = problems_of(UNANSWERED, an_order(), a_review(), until=DUE)
    [problem] = problems_of(UNANSWERED, an_order(), a_review(), until=DUE + 1)

    assert too_early == []
    assert (problem.opened_at, problem.subject_type, problem.subject) == (DUE, "review", "o-1/v-1")


@pytest.mark.parametrize(("stars", "complains"), [(3, True), (4, False), (5, False)])
def test_three_stars_are_a_complaint_and_four_are_not(stars: int, *, complains: bool) -> None:
    found = problems_of(UNANSWERED, a_review(rating=stars), until=DUE + DAY)

    assert bool(found) is complains


def test_a_reply_on_the_last_millisecond_is_in_time_and_later_it_clears() -> None:
    in_time = a_review_answer(time=at("03-03T10:00"))
    [problem] = problems_of(UNANSWERED, a_review(), a_review_answer(time=at("03-04")))

    assert problems_of(UNANSWERED, a_review(), in_time, until=DUE + DAY) == []
    assert problem.cleared_at == at_ms("03-04")


def test_a_reply_in_time_that_is_recorded_late_withdraws() -> None:
    reply = a_review_answer(time=at("03-02"), recordedtime=at("03-04"))
    [problem] = problems_of(UNANSWERED, a_review(), reply)

    assert (problem.cleared_at, problem.withdrawn_at) == (None, at_ms("03-04"))


def test_a_customer_who_adds_stars_no_longer_complains() -> None:
    better = a_review(rating=5, time=at("03-05"))
    [problem] = problems_of(UNANSWERED, a_review(), better)

    assert problem.cleared_at == at_ms("03-05")


def test_a_review_learnt_of_late_is_due_when_it_is_known() -> None:
    [problem] = problems_of(UNANSWERED, a_review(recordedtime=at("03-09")), until=at_ms("03-10"))

    assert (problem.opened_at, problem.due_at) == (at_ms("03-09"), DUE)


def test_the_same_review_twice_is_one() -> None:
    again = a_review(recordedtime=at("03-02"))

    assert len(problems_of(UNANSWERED, a_review(), again, until=DUE + DAY)) == 1


def test_a_playbook_sets_the_patience_and_what_is_a_complaint() -> None:
    strict = UnansweredReview(timedelta(hours=1), worst=5)
    [problem] = problems_of(strict, a_review(rating=5), until=POSTED + DAY)

    assert problem.opened_at == POSTED + HOUR
