from datetime import timedelta

from detectors.order.unanswered_contact import UnansweredContact
from schemas.testing import (
    a_callback,
    a_callback_request,
    a_contact,
    a_resolution,
    an_answer,
    an_order,
    at,
    at_ms,
)
from schemas.times import HOUR, MINUTE
from streams.testing import problems_of

UNANSWERED = UnansweredContact()
ASKED = at_ms("03-01T10:00")
DUE = ASKED + 5 * MINUTE


def test_five_minutes_are_the_limit_to_the_millisecond() -> None:
    too_early = problems_of(UNANSWERED, an_order(), a_contact(), until=DUE)
    [problem] = problems_of(UNANSWERED, an_order(), a_contact(), until=DUE + 1)

    assert too_early == []
    assert (problem.opened_at, problem.subject, problem.customer_id) == (DUE, "o-1/t-1", "c-1")


def test_an_answer_on_the_last_millisecond_is_in_time() -> None:
    answer = an_answer(time=at("03-01T10:05"))

    assert problems_of(UNANSWERED, a_contact(), answer, until=DUE + HOUR) == []


def test_a_later_answer_clears() -> None:
    [problem] = problems_of(UNANSWERED, a_contact(), an_answer(time=at("03-01T10:05:00.001")))

    assert problem.cleared_at == DUE + 1


def test_settling_it_answers_it() -> None:
    settled = a_resolution(time=at("03-01T10:04"))

    assert problems_of(UNANSWERED, a_contact(), settled, until=DUE + HOUR) == []


def test_an_answer_in_time_that_is_recorded_late_withdraws() -> None:
    answer = an_answer(time=at("03-01T10:04"), recordedtime=at("03-01T10:30"))
    [problem] = problems_of(UNANSWERED, a_contact(), answer)

    assert (problem.cleared_at, problem.withdrawn_at) == (None, ASKED + 30 * MINUTE)


def test_a_contact_learnt_of_late_is_due_when_it_is_known() -> None:
    late = a_contact(recordedtime=at("03-01T12:00"))
    [problem] = problems_of(UNANSWERED, late, until=ASKED + 3 * HOUR)

    assert (problem.opened_at, problem.due_at) == (ASKED + 2 * HOUR, DUE)


def test_the_same_contact_twice_is_one() -> None:
    again = a_contact(recordedtime=at("03-01T10:01"))

    assert len(problems_of(UNANSWERED, a_contact(), again, until=DUE + HOUR)) == 1


def test_a_contact_about_no_order_belongs_to_its_customer() -> None:
    [problem] = problems_of(UNANSWERED, a_contact(order_id=""), until=DUE + 1)

    assert (problem.order_id, problem.customer_id) == (None, "c-1")


def test_a_customer_who_left_a_number_is_called_within_a_minute() -> None:
    events = [a_contact(), an_answer(), a_callback_request(time=at("03-01T11:00"))]
    promised = at_ms("03-01T11:01")
    too_early = problems_of(UNANSWERED, *events, until=promised)
    [problem] = problems_of(UNANSWERED, *events, until=promised + 1)

    assert too_early == []
    assert problem.opened_at == promised


def test_the_call_clears_it_and_another_request_opens_it_anew() -> None:
    asked = [a_callback_request(time=at(f"03-01T{hour}:00")) for hour in (11, 13)]
    events = [a_contact(), an_answer(), *asked, a_callback(time=at("03-01T12:00"))]
    first, second = problems_of(UNANSWERED, *events, until=ASKED + 9 * HOUR)

    assert first.cleared_at == at_ms("03-01T12:00")
    assert second.opened_at == at_ms("03-01T13:01")


def test_the_wish_to_be_called_may_come_with_the_contact() -> None:
    [problem] = problems_of(UNANSWERED, a_contact(wants_callback=True), until=ASKED + HOUR)

    assert problem.opened_at == ASKED + MINUTE


def test_a_playbook_sets_both_limits() -> None:
    patient = UnansweredContact(timedelta(hours=1), timedelta(minutes=10))
    [answer] = problems_of(patient, a_contact(), until=ASKED + 2 * HOUR)
    [call] = problems_of(patient, a_contact(wants_callback=True), until=ASKED + 2 * HOUR)

    assert (answer.opened_at, call.opened_at) == (ASKED + HOUR, ASKED + 10 * MINUTE)
