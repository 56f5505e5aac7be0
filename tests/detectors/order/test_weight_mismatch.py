from detectors.order.weight_mismatch import WeightMismatch
from detectors.testing import due
from schemas.events import ShipmentPacked
from schemas.testing import a_cancellation, a_delivery, a_dispatch, a_packing, an_order, at, at_ms
from schemas.times import NEVER
from streams.testing import problems_of

MISMATCH = WeightMismatch()
PACKED = at_ms("03-02T10:00")


def weighing(
    expected: int, actual: int, when: str = "03-02T10:00", **fields: object
) -> ShipmentPacked:
    weights = {"expected_weight_g": expected, "actual_weight_g": actual}
    return a_packing(time=at(when), **weights, **fields)


def test_it_opens_with_the_weighing_and_not_before() -> None:
    too_early = problems_of(MISMATCH, an_order(), weighing(1000, 500), until=PACKED)
    [problem] = problems_of(MISMATCH, an_order(), weighing(1000, 500), until=PACKED + 1)

    assert too_early == []
    assert (problem.opened_at, problem.subject) == (PACKED, "o-1/s-1")


def test_it_shows_both_weights() -> None:
    [problem] = problems_of(MISMATCH, weighing(1000, 500))
    said = {item.fact: item.value for item in problem.evidence}

    assert (said["expected_g"], said["actual_g"]) == (1000, 500)


def test_it_shows_the_warehouse_where_one_is_named() -> None:
    [named] = problems_of(MISMATCH, weighing(1000, 500, warehouse_id="WH-1"))
    [nameless] = problems_of(MISMATCH, weighing(1000, 500, warehouse_id=""))

    assert [item.value for item in named.evidence if item.fact == "warehouse"] == ["WH-1"]
    assert [item for item in nameless.evidence if item.fact == "warehouse"] == []


def test_a_tenth_is_tolerated_and_a_gram_more_is_not() -> None:
    assert problems_of(MISMATCH, weighing(1000, 1100)) == []
    assert problems_of(MISMATCH, weighing(1000, 900)) == []
    assert len(problems_of(MISMATCH, weighing(1000, 1101))) == 1
    assert len(problems_of(MISMATCH, weighing(1000, 899))) == 1


def test_fifty_grams_are_tolerated_of_any_parcel() -> None:
    assert problems_of(MISMATCH, weighing(100, 150)) == []
    assert len(problems_of(MISMATCH, weighing(100, 151))) == 1


def test_a_playbook_sets_both_tolerances() -> None:
    strict = WeightMismatch(share=0.05, grams=30)

    assert problems_of(strict, weighing(1000, 1050)) == []
    assert len(problems_of(strict, weighing(1000, 1051))) == 1
    assert len(problems_of(strict, weighing(100, 131))) == 1


def test_weighing_it_again_as_expected_clears_it() -> None:
    again = weighing(1000, 1001, "03-02T11:00")
    [problem] = problems_of(MISMATCH, weighing(1000, 500), again)

    assert (problem.cleared_at, problem.withdrawn_at) == (at_ms("03-02T11:00"), None)


def test_an_earlier_weighing_recorded_late_clears_nothing() -> None:
    earlier = weighing(1000, 1001, "03-02T09:00", recordedtime=at("03-03"))
    [problem] = problems_of(MISMATCH, weighing(1000, 500), earlier)

    assert problem.is_open


def test_dispatch_leaves_the_suspicion_and_delivery_ends_it() -> None:
    sent, arrived = a_dispatch(time=at("03-03")), a_delivery(time=at("03-04"))
    [on_its_way] = problems_of(MISMATCH, weighing(1000, 500), sent)
    [delivered] = problems_of(MISMATCH, weighing(1000, 500), sent, arrived)

    assert on_its_way.is_open
    assert delivered.cleared_at == at_ms("03-04")


def test_a_cancellation_before_the_weighing_that_is_recorded_late_withdraws() -> None:
    off = a_cancellation(time=at("03-02"), recordedtime=at("03-03"))
    [problem] = problems_of(MISMATCH, an_order(), weighing(1000, 500), off)

    assert problem.withdrawn_at == at_ms("03-03")


def test_a_weighing_learnt_of_late_opens_when_it_is_known() -> None:
    [problem] = problems_of(MISMATCH, weighing(1000, 500, recordedtime=at("03-04")))

    assert (problem.opened_at, problem.due_at) == (at_ms("03-04"), PACKED)


def test_the_same_weighing_twice_is_one() -> None:
    again = weighing(1000, 500, recordedtime=at("03-04"))

    assert len(problems_of(MISMATCH, weighing(1000, 500), again)) == 1


def test_a_parcel_nobody_weighed_is_not_asked_about() -> None:
    assert due(MISMATCH, packed_at=1) == NEVER
    assert problems_of(MISMATCH, a_packing(expected_weight_g=1000)) == []
