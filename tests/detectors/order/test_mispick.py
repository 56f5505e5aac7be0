import pytest

from detectors.order.mispick import Mispick
from detectors.testing import due
from schemas.events import PackedLine, ShipmentPacked
from schemas.testing import (
    a_cancellation,
    a_dispatch,
    a_line,
    a_packing,
    a_scan,
    an_order,
    at,
    at_ms,
)
from schemas.times import NEVER
from streams.testing import problems_of

MISPICK = Mispick()
PACKED = at_ms("03-02T10:00")


def packing(sku: str, when: str = "03-02T10:00", **fields: object) -> ShipmentPacked:
    return a_packing(lines=[PackedLine(line_id="1", sku=sku)], time=at(when), **fields)


WRONG = packing("sku-9")


def test_it_opens_with_the_packing_before_anything_is_dispatched() -> None:
    too_early = problems_of(MISPICK, an_order(), WRONG, until=PACKED)
    [problem] = problems_of(MISPICK, an_order(), WRONG, until=PACKED + 1)

    assert too_early == []
    assert (problem.opened_at, problem.order_id, problem.subject_type) == (PACKED, "o-1", "line")


def test_it_shows_what_was_packed_and_what_was_ordered() -> None:
    [problem] = problems_of(MISPICK, an_order(), WRONG)
    said = {item.fact: item.value for item in problem.evidence}

    assert said["packed_sku"] == "sku-9"
    assert said["sku"] == "sku-1"


def test_it_shows_the_warehouse_and_the_bin() -> None:
    lines = [PackedLine(line_id="1", sku="sku-9", bin="A-07")]
    [problem] = problems_of(MISPICK, an_order(), a_packing(lines=lines, warehouse_id="WH-1"))
    said = {item.fact: item.value for item in problem.evidence}

    assert (said["warehouse"], said["bin"]) == ("WH-1", "A-07")


def test_the_same_sku_from_another_bin_is_no_mispick() -> None:
    lines = [PackedLine(line_id="1", sku="sku-1", bin="A-07")]
    moved = a_packing(lines=lines, warehouse_id="WH-2")

    assert problems_of(MISPICK, an_order(), packing("sku-1"), moved) == []


def test_a_line_packed_without_a_scan_is_no_mispick_wherever_it_lay() -> None:
    lines = [PackedLine(line_id="1", bin="A-07")]

    assert problems_of(MISPICK, an_order(), a_packing(lines=lines, warehouse_id="WH-1")) == []


def test_packing_it_anew_without_a_scan_leaves_what_was_scanned() -> None:
    lines = [PackedLine(line_id="1", bin="A-07")]
    again = a_packing(lines=lines, warehouse_id="WH-1", time=at("03-02T11:00"))
    [problem] = problems_of(MISPICK, an_order(), WRONG, again)

    assert problem.is_open


def test_the_ordered_sku_is_no_mispick() -> None:
    assert problems_of(MISPICK, an_order(), packing("sku-1")) == []


def test_packing_it_anew_clears_it() -> None:
    [problem] = problems_of(MISPICK, an_order(), WRONG, packing("sku-1", "03-02T11:00"))

    assert (problem.cleared_at, problem.withdrawn_at) == (at_ms("03-02T11:00"), None)


def test_an_old_packing_recorded_late_does_not_undo_the_new_one() -> None:
    late = packing("sku-9", "03-02T09:00", recordedtime=at("03-02T12:00"))

    assert problems_of(MISPICK, an_order(), packing("sku-1"), late) == []


def test_dispatch_does_not_end_it_for_the_customer_will_get_it() -> None:
    [problem] = problems_of(MISPICK, an_order(), WRONG, a_dispatch(time=at("03-02T12:00")))

    assert problem.is_open


def test_voiding_the_parcel_or_cancelling_the_order_clears_it() -> None:
    void = a_scan(status="cancelled", time=at("03-03"))
    back = a_scan(status="returned", time=at("03-03"))
    off = a_cancellation(time=at("03-03"))

    for end in (void, back, off):
        [problem] = problems_of(MISPICK, an_order(), WRONG, end)
        assert problem.cleared_at == at_ms("03-03")


def test_a_cancelled_order_had_no_mispick() -> None:
    off = a_cancellation(time=at("03-02"))

    assert problems_of(MISPICK, an_order(), off, WRONG) == []


def test_a_cancellation_before_the_packing_that_is_recorded_late_withdraws() -> None:
    off = a_cancellation(time=at("03-02"), recordedtime=at("03-03"))
    [problem] = problems_of(MISPICK, an_order(), WRONG, off)

    assert problem.withdrawn_at == at_ms("03-03")


def test_a_packing_learnt_of_late_opens_when_it_is_known() -> None:
    [problem] = problems_of(MISPICK, an_order(), packing("sku-9", recordedtime=at("03-04")))

    assert (problem.opened_at, problem.due_at) == (at_ms("03-04"), PACKED)


def test_a_parcel_known_before_its_order_is_judged_when_the_order_is_known() -> None:
    late = an_order(recordedtime=at("03-04"))
    [problem] = problems_of(MISPICK, WRONG, late)

    assert problem.opened_at == at_ms("03-04")


def test_the_same_packing_twice_is_one() -> None:
    again = packing("sku-9", recordedtime=at("03-04"))

    assert len(problems_of(MISPICK, an_order(), WRONG, again)) == 1


def test_each_line_is_compared_with_its_own_order() -> None:
    order = an_order(lines=[a_line(), a_line(line_id="2", sku="sku-2")])
    right = [PackedLine(line_id="1", sku="sku-1"), PackedLine(line_id="2", sku="sku-2")]
    swapped = [PackedLine(line_id="1", sku="sku-2"), PackedLine(line_id="2", sku="sku-1")]

    assert problems_of(MISPICK, order, a_packing(lines=right)) == []
    assert len(problems_of(MISPICK, order, a_packing(lines=swapped))) == 2


@pytest.mark.parametrize("known", [{"packed": 0}, {"item": 0}])
def test_without_both_skus_there_is_nothing_to_compare(known: dict[str, int]) -> None:
    assert due(MISPICK, packed_at=1, **known) == NEVER
