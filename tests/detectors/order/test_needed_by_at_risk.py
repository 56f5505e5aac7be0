from detectors.order.needed_by_at_risk import NeededByAtRisk
from detectors.testing import due, words_of
from schemas.events import ShipmentScanned
from schemas.testing import a_cancellation, a_delivery, a_dispatch, a_scan, an_order, at, at_ms
from schemas.times import NEVER
from streams.testing import problems_of

RISK = NeededByAtRisk()
NEEDED = "03-10T10:00"
ORDER = (an_order(needed_by=at(NEEDED)), a_dispatch())
SAID = at_ms("03-03T10:00")


def estimate(eta: str, when: str = "03-03T10:00", **fields: object) -> ShipmentScanned:
    return a_scan(eta=at(eta), time=at(when), **fields)


TOO_LATE = estimate("03-10T10:00:00.001")


def test_it_opens_when_the_estimate_is_known_long_before_it_is_too_late() -> None:
    too_early = problems_of(RISK, *ORDER, TOO_LATE, until=SAID)
    [problem] = problems_of(RISK, *ORDER, TOO_LATE, until=SAID + 1)

    assert too_early == []
    assert (problem.opened_at, problem.subject) == (SAID, "o-1/s-1")


def test_it_shows_the_estimate_and_the_need() -> None:
    [problem] = problems_of(RISK, *ORDER, TOO_LATE)
    said = {item.fact: item.at for item in problem.evidence}

    assert said["expected_by"] == at_ms(NEEDED) + 1
    assert said["needed_by"] == at_ms(NEEDED)


def test_an_estimate_of_the_very_millisecond_is_early_enough() -> None:
    assert problems_of(RISK, *ORDER, estimate(NEEDED)) == []


def test_a_better_estimate_clears_it_and_a_worse_one_opens_it_anew() -> None:
    better, worse = estimate("03-09", "03-04T10:00"), estimate("03-12", "03-05T10:00")
    first, second = problems_of(RISK, *ORDER, TOO_LATE, better, worse)

    assert first.cleared_at == at_ms("03-04T10:00")
    assert second.opened_at == at_ms("03-05T10:00")


def test_an_older_estimate_recorded_later_changes_nothing() -> None:
    older = estimate("03-09", "03-02T10:00", recordedtime=at("03-04"))
    [problem] = problems_of(RISK, *ORDER, TOO_LATE, older)

    assert problem.is_open


def test_a_delivery_clears_it_and_one_before_the_estimate_recorded_late_withdraws() -> None:
    late = a_delivery(time=at("03-05"))
    before = a_delivery(time=at("03-03"), recordedtime=at("03-05"))
    [cleared] = problems_of(RISK, *ORDER, TOO_LATE, late)
    [withdrawn] = problems_of(RISK, *ORDER, TOO_LATE, before)

    assert (cleared.cleared_at, cleared.withdrawn_at) == (at_ms("03-05"), None)
    assert (withdrawn.cleared_at, withdrawn.withdrawn_at) == (None, at_ms("03-05"))


def test_an_estimate_learnt_of_late_opens_when_it_is_known() -> None:
    late = estimate("03-12", recordedtime=at("03-06"))
    [problem] = problems_of(RISK, *ORDER, late)

    assert (problem.opened_at, problem.due_at) == (at_ms("03-06"), SAID)


def test_the_same_estimate_twice_is_one_risk() -> None:
    again = estimate("03-10T10:00:00.001", recordedtime=at("03-06"))

    assert len(problems_of(RISK, *ORDER, TOO_LATE, again)) == 1


def test_nobody_needs_a_cancelled_order() -> None:
    off = a_cancellation(time=at("03-02"))

    assert problems_of(RISK, *ORDER, off, TOO_LATE) == []


def test_without_a_need_or_an_estimate_nothing_is_at_risk() -> None:
    words = words_of(etas=(9,))

    assert due(RISK, words, eta=0, eta_at=1) == NEVER
    assert due(RISK, needed_by=1) == NEVER
    assert due(RISK, words, needed_by=8, eta=0, eta_at=1) == 1
