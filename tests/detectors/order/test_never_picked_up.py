from datetime import timedelta

from detectors.order.never_picked_up import NeverPickedUp
from detectors.testing import due
from schemas.testing import a_cancellation, a_delivery, a_dispatch, a_packing, a_scan, at, at_ms
from schemas.times import DAY, NEVER
from streams.testing import problems_of

LEFT = NeverPickedUp()
MONDAY, FRIDAY = at_ms("03-02T10:00"), at_ms("03-06T10:00")
LABEL = a_scan(status="label_created", time=at("03-02T10:00"))


def test_four_business_days_after_the_label_to_the_millisecond() -> None:
    too_early = problems_of(LEFT, a_packing(), LABEL, until=FRIDAY)
    [problem] = problems_of(LEFT, a_packing(), LABEL, until=FRIDAY + 1)

    assert too_early == []
    assert (problem.opened_at, problem.subject) == (FRIDAY, "o-1/s-1")


def test_the_shops_own_word_is_no_scan_of_the_carrier() -> None:
    sent = a_dispatch(time=at("03-02T11:00"))
    [problem] = problems_of(LEFT, LABEL, sent, until=FRIDAY + 1)

    assert problem.opened_at == FRIDAY


def test_a_scan_on_the_last_millisecond_is_in_time() -> None:
    taken = a_scan(status="accepted", time=at("03-06T10:00"))

    assert problems_of(LEFT, LABEL, taken, until=FRIDAY + DAY) == []


def test_a_later_scan_clears_and_an_earlier_one_recorded_late_withdraws() -> None:
    later = a_scan(status="accepted", time=at("03-06T10:00:00.001"))
    earlier = a_scan(time=at("03-05T10:00"), recordedtime=at("03-07T10:00"))
    [cleared] = problems_of(LEFT, LABEL, later)
    [withdrawn] = problems_of(LEFT, LABEL, earlier)

    assert (cleared.cleared_at, cleared.withdrawn_at) == (FRIDAY + 1, None)
    assert (withdrawn.cleared_at, withdrawn.withdrawn_at) == (None, FRIDAY + DAY)


def test_another_label_is_no_pick_up_and_no_second_problem() -> None:
    again = a_scan(status="label_created", time=at("03-04T10:00"))
    [problem] = problems_of(LEFT, LABEL, LABEL, again, until=FRIDAY + 9 * DAY)

    assert problem.opened_at == FRIDAY


def test_a_label_learnt_of_late_is_due_when_it_is_known() -> None:
    late = a_scan(status="label_created", time=at("02-02T10:00"), recordedtime=at("03-02T10:00"))
    [problem] = problems_of(LEFT, late, until=FRIDAY)

    assert (problem.opened_at, problem.due_at) == (MONDAY, at_ms("02-06T10:00"))


def test_nobody_waits_for_a_void_label_or_a_cancelled_order() -> None:
    void = a_scan(status="cancelled", time=at("03-03T10:00"))
    cancelled = a_cancellation(time=at("03-03T10:00"))
    arrived = a_delivery(time=at("03-03T10:00"))

    for end in (void, cancelled, arrived):
        assert problems_of(LEFT, LABEL, end, until=FRIDAY + DAY) == []


def test_a_parcel_without_a_label_is_not_asked_about() -> None:
    assert due(LEFT, packed_at=MONDAY, dispatched_at=MONDAY, last_movement_at=MONDAY) == NEVER


def test_a_playbook_may_count_hours_instead() -> None:
    assert due(NeverPickedUp(timedelta(days=3)), label_at=FRIDAY) == FRIDAY + 3 * DAY
