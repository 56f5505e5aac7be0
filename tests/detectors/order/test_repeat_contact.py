from datetime import timedelta

from detectors.order.repeat_contact import RepeatContact
from detectors.testing import due
from schemas.events import ContactOpened
from schemas.testing import a_contact, an_answer, an_order, at, at_ms
from schemas.times import DAY, NEVER
from streams.testing import problems_of

REPEAT = RepeatContact()


def contact(number: int, when: str, **fields: object) -> ContactOpened:
    return a_contact(contact_id=f"t-{number}", time=at(when), **fields)


FIRST, SECOND = contact(1, "03-02T10:00"), contact(2, "03-05T10:00")
AGAIN = at_ms("03-05T10:00")


def test_asking_again_is_a_problem_at_once_whatever_the_channel() -> None:
    other = contact(2, "03-05T10:00", channel="phone")
    too_early = problems_of(REPEAT, an_order(), FIRST, other, until=AGAIN)
    [problem] = problems_of(REPEAT, an_order(), FIRST, other, until=AGAIN + 1)

    assert too_early == []
    assert (problem.opened_at, problem.subject_type, problem.subject) == (AGAIN, "order", "o-1")


def test_it_shows_both_contacts() -> None:
    [problem] = problems_of(REPEAT, FIRST, SECOND)
    said = {item.fact: item.at for item in problem.evidence}

    assert (said["earlier_contact_at"], said["last_contact_at"]) == (at_ms("03-02T10:00"), AGAIN)


def test_the_window_is_thirty_days_to_the_millisecond() -> None:
    inside, outside = contact(2, "04-01T10:00"), contact(2, "04-01T10:00:00.001")

    assert len(problems_of(REPEAT, FIRST, inside)) == 1
    assert problems_of(REPEAT, FIRST, outside) == []


def test_it_concerns_the_last_two_not_the_first() -> None:
    old = contact(0, "01-01T10:00")
    [problem] = problems_of(REPEAT, old, contact(1, "03-05T10:00"), contact(2, "03-06T10:00"))

    assert problem.opened_at == at_ms("03-06T10:00")


def test_an_answer_clears_it_and_the_next_contact_opens_it_anew() -> None:
    answer = an_answer(contact_id="t-2", time=at("03-06"))
    third = contact(3, "03-07T10:00")
    first, second = problems_of(REPEAT, FIRST, SECOND, answer, third)

    assert first.cleared_at == at_ms("03-06")
    assert second.opened_at == at_ms("03-07T10:00")


def test_an_answer_to_the_first_does_not_excuse_the_second() -> None:
    answer = an_answer(contact_id="t-1", time=at("03-02T10:02"))
    [problem] = problems_of(REPEAT, FIRST, answer, SECOND)

    assert problem.is_open


def test_the_same_contact_twice_is_no_repetition() -> None:
    assert problems_of(REPEAT, FIRST, contact(1, "03-02T10:00", recordedtime=at("03-09"))) == []


def test_a_contact_learnt_of_late_opens_when_it_is_known() -> None:
    late = contact(1, "03-02T10:00", recordedtime=at("03-09"))
    [problem] = problems_of(REPEAT, SECOND, late)

    assert (problem.opened_at, problem.due_at) == (at_ms("03-09"), AGAIN)


def test_contacts_about_two_orders_are_no_repetition() -> None:
    other = contact(2, "03-05T10:00", order_id="o-2")

    assert problems_of(REPEAT, FIRST, other) == []


def test_a_playbook_sets_the_window() -> None:
    assert problems_of(RepeatContact(timedelta(days=2)), FIRST, SECOND) == []


def test_one_contact_is_no_repetition() -> None:
    assert due(REPEAT, **{"contacts.0": DAY}) == NEVER
