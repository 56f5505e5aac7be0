from typing import Final

import pytest

from detectors.journeys.names import stable_hashes
from detectors.observations import Clock
from detectors.population.defects import DEFECTS
from schemas.events import (
    Event,
    InspectedLine,
    LineQuantity,
    PackedLine,
    ReturnedLine,
)
from schemas.testing import (
    a_cancellation,
    a_contact,
    a_delivery,
    a_dispatch,
    a_line,
    a_packing,
    a_return_cancellation,
    a_return_receipt,
    a_return_request,
    a_review,
    a_scan,
    an_answer,
    an_order,
    an_unfillable_line,
    at,
    at_ms,
)
from schemas.times import DAY, HOUR, iso
from streams.testing import heard_of

PLACED: Final = an_order(time=at("03-01T10:00"))
PACKED: Final = a_packing(time=at("03-02T09:00"))
SENT: Final = a_dispatch(time=at("03-02T10:00"))
HERE: Final = a_delivery(time=at("03-04T10:00"))
SHIP_BY: Final = at_ms("03-03T10:00")
PROMISE: Final = at_ms("03-05T10:00")
COMPLAINT: Final = at_ms("03-06T10:00")
STORY: Final = (PLACED, PACKED, SENT, HERE)
SHIPPED_DAY: Final = at_ms("03-02") // DAY
ITEM: Final = ("sku-1", "", "", "", "")
PLACE: Final = ("sku-1", "w-1", "A-1", "")
LANE: Final = ("acme", "", "DE", "HH", "DE", "BE", "w-1")
[BUYER] = stable_hashes(["c-1"]).tolist()


def told(name: str, *events: Event, until: int | None = None) -> list[tuple[int, int]]:
    """Return when which change of the reports of a defect was told: (at, units)."""
    reports = heard_of(*events, until=until).reports
    return sorted((r.at, r.units) for r in reports if DEFECTS[r.defect].name == name)


def late(clock: Clock, *events: Event, until: int | None = None) -> list[tuple[int, int]]:
    """Return when which change of the late units by ``clock`` was told, whoever was slow."""
    [number] = [i for i, d in enumerate(DEFECTS) if d.clock is clock and d.exposes]
    reports = heard_of(*events, until=until).reports
    return sorted((r.at, r.units) for r in reports if r.defect == number)


def counted(clock: Clock, *events: Event, until: int | None = None) -> list[tuple[int, int, int]]:
    """Return which unit came and went: (at, day, units)."""
    exposures = heard_of(*events, until=until).exposures
    return sorted((e.at, e.day, e.units) for e in exposures if e.clock == clock)


def returned(reason: str, line_id: str = "1", **fields: object) -> Event:
    """Return the request to send a line back for a ``reason``."""
    lines = [ReturnedLine(line_id=line_id, reason=reason)]
    return a_return_request(lines=lines, time=iso(COMPLAINT), **fields)


def inspected(disposition: str, sku_found: str = "") -> Event:
    """Return what the warehouse finds in the return, a day after it was asked for."""
    line = InspectedLine(line_id="1", disposition=disposition, sku_found=sku_found)
    return a_return_receipt(lines=[line], time=iso(COMPLAINT + DAY))


CANCELLED: Final = a_return_cancellation(time=iso(COMPLAINT + HOUR))


# ----- units -----


def test_a_line_is_in_its_cell_from_the_moment_its_dispatch_is_known() -> None:
    [(exposed, times)] = [
        pair
        for pair in heard_of(PLACED, PACKED, SENT).exposures.items()
        if pair[0].clock == Clock.SHIPPED
    ]

    assert times == 1
    assert exposed == (at_ms("03-02T10:00"), Clock.SHIPPED, SHIPPED_DAY, ITEM, PLACE, LANE, 1)


def test_a_line_that_was_not_dispatched_is_in_no_cell() -> None:
    assert counted(Clock.SHIPPED, PLACED, PACKED) == []


def test_a_parcel_is_a_unit_of_its_carrier_whatever_is_inside() -> None:
    exposures = heard_of(SENT).exposures
    [parcel] = [told for told in exposures if told.clock == Clock.PARCEL]

    assert parcel == (at_ms("03-02T10:00"), Clock.PARCEL, SHIPPED_DAY, -1, -1, LANE, 1)


def test_an_earlier_dispatch_that_becomes_known_late_moves_the_line_to_its_day() -> None:
    earlier = a_dispatch(time=at("03-01T23:00"), recordedtime=at("03-04T09:00"))
    corrected = at_ms("03-04T09:00")

    assert counted(Clock.SHIPPED, PLACED, PACKED, SENT, earlier) == [
        (at_ms("03-02T10:00"), SHIPPED_DAY, 1),
        (corrected, SHIPPED_DAY - 1, 1),
        (corrected, SHIPPED_DAY, -1),
    ]


def test_what_is_packed_anew_before_dispatch_comes_from_where_it_was_packed_last() -> None:
    line = PackedLine(line_id="1", sku="sku-1", bin="B-2", batch="lot-7")
    again = a_packing(time=at("03-02T09:30"), lines=[line])
    places = {e.place for e in heard_of(PLACED, PACKED, again, SENT).exposures if e.clock == 0}

    assert places == {("sku-1", "w-1", "B-2", "lot-7")}


def test_a_dispatch_says_the_warehouse_where_nobody_told_of_the_packing() -> None:
    sent = a_dispatch(time=at("03-02T10:00"), lines=[LineQuantity(line_id="1")])
    places = {e.place for e in heard_of(PLACED, sent).exposures if e.clock == 0}

    assert places == {("", "w-1", "", "")}


def test_what_nobody_scanned_was_packed_in_a_place_all_the_same() -> None:
    packed = a_packing(time=at("03-02T09:00"), lines=[PackedLine(line_id="1", bin="A-1")])
    places = {e.place for e in heard_of(PLACED, packed, SENT).exposures if e.clock == 0}

    assert places == {("", "w-1", "A-1", "")}


def test_a_parcel_that_names_no_lines_may_carry_every_line_of_its_order() -> None:
    order = an_order(time=at("03-01T10:00"), lines=[a_line(), a_line(line_id="2", sku="sku-2")])
    exposures = [e for e in heard_of(order, SENT).exposures if e.clock == Clock.SHIPPED]

    assert sorted(str(e.item) for e in exposures) == [
        "('sku-1', '', '', '', '')",
        "('sku-2', '', '', '', '')",
    ]
    assert {(e.lane, e.place) for e in exposures} == {(LANE, ("", "w-1", "", ""))}


def test_a_line_that_a_parcel_turns_out_not_to_carry_leaves_its_cell() -> None:
    order = an_order(time=at("03-01T10:00"), lines=[a_line(), a_line(line_id="2", sku="sku-2")])
    named = a_packing(time=at("03-02T09:00"), recordedtime=at("03-02T12:00"))
    exposures = heard_of(order, SENT, named).exposures
    second = {e for e in exposures if e.clock == 0 and e.item == ("sku-2", "", "", "", "")}

    assert sorted((e.at, e.units) for e in second) == [
        (at_ms("03-02T10:00"), 1),
        (at_ms("03-02T12:00"), -1),
    ]


def test_a_line_that_came_in_time_counts_for_its_promise_when_that_is_known() -> None:
    late_news = a_delivery(time=at("03-04T10:00"), recordedtime=at("03-04T12:00"))

    assert counted(Clock.PROMISED, PLACED, PACKED, SENT, late_news) == [
        (at_ms("03-04T12:00"), PROMISE // DAY, 1)
    ]


def test_a_line_handed_over_in_time_counts_for_its_cut_off_at_once() -> None:
    assert counted(Clock.HANDED_OVER, PLACED, PACKED, SENT) == [
        (at_ms("03-02T10:00"), SHIP_BY // DAY, 1)
    ]


def test_a_dispatched_line_that_is_called_off_stays_in_its_cell_but_owes_no_promise() -> None:
    off = a_cancellation(time=at("03-03T08:00"))
    story = (PLACED, PACKED, SENT, off)

    assert [units for *_, units in counted(Clock.SHIPPED, *story)] == [1]
    assert counted(Clock.PROMISED, *story, until=PROMISE + DAY) == []
    assert late(Clock.PROMISED, *story, until=PROMISE + DAY) == []


# ----- reports -----


def test_a_wrong_item_is_reported_in_the_cell_of_its_line_by_its_buyer() -> None:
    [report] = [r for r in heard_of(*STORY, returned("wrong_item")).reports if r.defect == 0]

    assert report == (
        COMPLAINT, 0, SHIPPED_DAY, ITEM, PLACE, LANE, BUYER, -1, 1, "o-1/1",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("reason", "defect"),
    [
        ("wrong_item", "wrong_item"),
        ("missing_item", "missing_item"),
        ("damaged", "damaged"),
        ("defective", "defective"),
        ("not_as_described", "not_as_described"),
        ("too_small", "too_small"),
        ("too_large", "too_large"),
    ],
)
def test_what_a_customer_reports_is_taken_back_when_they_keep_it(reason: str, defect: str) -> None:
    events = (*STORY, returned(reason), CANCELLED)

    assert told(defect, *events) == [(COMPLAINT, 1), (COMPLAINT + HOUR, -1)]


@pytest.mark.parametrize("reason", ["unwanted", "style", "arrived_late", "unknown"])
def test_a_change_of_mind_is_no_defect(reason: str) -> None:
    assert heard_of(*STORY, returned(reason)).reports == {}


def test_the_money_back_does_not_take_a_report_back() -> None:
    events = (*STORY, returned("wrong_item"), inspected("as_claimed"))

    assert told("wrong_item", *events) == [(COMPLAINT, 1)]


def test_what_the_inspection_found_is_told_with_the_report() -> None:
    events = (*STORY, returned("wrong_item"), inspected("different_item", "sku-9"))
    reports = heard_of(*events).reports

    assert sorted((r.at, r.units, r.found) for r in reports) == [
        (COMPLAINT, 1, -1),
        (COMPLAINT + DAY, -1, -1),
        (COMPLAINT + DAY, 1, "sku-9"),
    ]


def test_a_report_contradicted_after_the_matter_was_settled_is_taken_back() -> None:
    received = inspected("unknown")
    right = a_return_receipt(
        lines=[InspectedLine(line_id="1", disposition="right_item")], time=iso(COMPLAINT + 2 * DAY)
    )
    events = (*STORY, returned("wrong_item"), received, right)

    assert told("wrong_item", *events) == [(COMPLAINT, 1), (COMPLAINT + 2 * DAY, -1)]


@pytest.mark.parametrize("who", ["carrier_damaged", "customer_damaged", "sellable"])
def test_damage_that_others_did_does_not_count_against_the_thing(who: str) -> None:
    events = (*STORY, returned("damaged"), inspected(who))

    assert told("damaged", *events) == [(COMPLAINT, 1), (COMPLAINT + DAY, -1)]


def test_damage_that_the_carrier_reported_is_the_carriers_alone() -> None:
    broken = a_scan(status="damaged", time=at("03-03T10:00"))
    events = (PLACED, PACKED, SENT, broken, HERE, returned("damaged"))

    assert told("damaged", *events) == []
    assert told("carrier_damaged", *events) == [(at_ms("03-03T10:00"), 1)]


def test_several_sizes_of_one_thing_are_ordered_to_choose_from() -> None:
    sizes = [
        a_line(line_id="1", sku="sku-m", size="M", category="shirts", brand="alba"),
        a_line(line_id="2", sku="sku-l", size="L", category="shirts", brand="alba"),
    ]
    both = an_order(time=at("03-01T10:00"), lines=sizes)
    other = an_order(time=at("03-01T10:00"), lines=[sizes[0], a_line(line_id="2", size="L")])
    rest = (SENT, HERE, returned("too_small"))

    assert told("too_small", both, *rest) == []
    assert told("too_small", other, *rest) == [(COMPLAINT, 1)]


def test_a_report_follows_its_unit_to_the_day_on_which_it_was_really_sent() -> None:
    earlier = a_dispatch(time=at("03-01T23:00"), recordedtime=iso(COMPLAINT + HOUR))
    reports = heard_of(*STORY, returned("wrong_item"), earlier).reports

    assert sorted((r.at, r.day, r.units) for r in reports) == [
        (COMPLAINT, SHIPPED_DAY, 1),
        (COMPLAINT + HOUR, SHIPPED_DAY - 1, 1),
        (COMPLAINT + HOUR, SHIPPED_DAY, -1),
    ]


def test_a_report_about_what_was_never_sent_waits_until_it_was() -> None:
    sent = a_dispatch(time=at("03-02T10:00"), recordedtime=iso(COMPLAINT + DAY))
    events = (PLACED, PACKED, returned("wrong_item"), sent)

    assert told("wrong_item", *events[:3]) == []
    assert told("wrong_item", *events) == [(COMPLAINT + DAY, 1)]


# ----- parcels -----


def test_a_lost_parcel_is_reported_and_one_that_turns_up_late_stays_so() -> None:
    lost = a_scan(status="lost", time=at("03-04T10:00"))
    found = a_delivery(time=at("03-09T10:00"))

    assert told("lost", PLACED, PACKED, SENT, lost, found) == [(at_ms("03-04T10:00"), 1)]


def failed(moment: str) -> Event:
    """Return a failed attempt to deliver."""
    return a_scan(status="attempt_failed", time=at(moment))


def test_a_second_failed_attempt_is_the_carriers_at_once() -> None:
    events = (PLACED, PACKED, SENT, failed("03-03T10:00"), failed("03-03T15:00"))

    assert told("delivery_failed", *events) == [(at_ms("03-03T15:00"), 1)]


def test_a_first_failed_attempt_put_right_in_time_is_nobodys() -> None:
    events = (PLACED, PACKED, SENT, failed("03-03T10:00"), a_delivery(time=at("03-04T09:00")))

    assert told("delivery_failed", *events, until=at_ms("03-09T10:00")) == []


def test_a_first_failed_attempt_not_put_right_in_time_stays_the_carriers() -> None:
    events = (PLACED, PACKED, SENT, failed("03-03T10:00"), a_delivery(time=at("03-07T09:00")))
    [(opened_at, units)] = told("delivery_failed", *events)

    assert units == 1
    assert at_ms("03-04T00:00") < opened_at < at_ms("03-05T23:00")


@pytest.mark.parametrize("slip", ["address_problem", "refused"])
def test_an_address_that_was_wrong_or_a_parcel_refused_is_charged_to_nobody(slip: str) -> None:
    twice = (failed("03-03T10:00"), failed("03-03T15:00"))
    events = (PLACED, PACKED, SENT, *twice, a_scan(status=slip, time=at("03-03T16:00")))

    assert told("delivery_failed", *events) == [
        (at_ms("03-03T15:00"), 1),
        (at_ms("03-03T16:00"), -1),
    ]


# ----- promises -----


def test_a_promise_passes_in_its_last_millisecond() -> None:
    story = (PLACED, PACKED, SENT)

    assert late(Clock.PROMISED, *story, until=PROMISE) == []
    assert late(Clock.PROMISED, *story, until=PROMISE + 1) == [(PROMISE, 1)]
    assert counted(Clock.PROMISED, *story, until=PROMISE + 1) == [(PROMISE, PROMISE // DAY, 1)]


def test_a_delivery_in_the_last_millisecond_keeps_the_promise() -> None:
    story = (PLACED, PACKED, SENT, a_delivery(time=iso(PROMISE)))

    assert late(Clock.PROMISED, *story, until=PROMISE + DAY) == []


def test_a_late_delivery_stays_late_and_counts_once() -> None:
    story = (PLACED, PACKED, SENT, a_delivery(time=iso(PROMISE + 1)))

    assert late(Clock.PROMISED, *story, until=PROMISE + DAY) == [(PROMISE, 1)]
    assert counted(Clock.PROMISED, *story, until=PROMISE + DAY) == [(PROMISE, PROMISE // DAY, 1)]


def test_a_delivery_in_time_that_is_known_late_takes_the_report_back_and_counts_as_good() -> None:
    news = PROMISE + HOUR
    story = (PLACED, PACKED, SENT, a_delivery(time=iso(PROMISE), recordedtime=iso(news)))

    assert late(Clock.PROMISED, *story, until=PROMISE + DAY) == [(PROMISE, 1), (news, -1)]
    assert counted(Clock.PROMISED, *story, until=PROMISE + DAY) == [
        (PROMISE, PROMISE // DAY, 1),
        (news, PROMISE // DAY, -1),
        (news, PROMISE // DAY, 1),
    ]


def test_a_late_line_that_is_called_off_at_last_was_late() -> None:
    off = a_cancellation(time=iso(PROMISE + HOUR))

    assert late(Clock.PROMISED, PLACED, PACKED, SENT, off) == [(PROMISE, 1)]


def test_some_units_called_off_after_the_promise_do_not_make_the_rest_come_in_time() -> None:
    order = an_order(time=at("03-01T10:00"), lines=[a_line(quantity=2)])
    off = a_cancellation(time=iso(PROMISE + HOUR), lines=[LineQuantity(line_id="1", quantity=1)])
    early = a_cancellation(time=iso(PROMISE - HOUR), lines=[LineQuantity(line_id="1", quantity=1)])

    assert late(Clock.PROMISED, order, PACKED, SENT, HERE, off) == [(PROMISE, 1)]
    assert late(Clock.PROMISED, order, PACKED, SENT, HERE, early, until=PROMISE + DAY) == []


def test_a_late_line_is_the_carriers_only_if_it_had_it_in_time() -> None:
    handed = (PLACED, PACKED, a_dispatch(time=iso(SHIP_BY)))
    kept_back = (PLACED, PACKED, a_dispatch(time=iso(SHIP_BY + 1)))

    assert _on_the_way(*handed, until=PROMISE + 1) == [(PROMISE, 1)]
    assert _on_the_way(*kept_back, until=PROMISE + 1) == []
    assert late(Clock.PROMISED, *kept_back, until=PROMISE + 1) == [(PROMISE, 1)]


def _on_the_way(*events: Event, until: int) -> list[tuple[int, int]]:
    """Return when which change of the units late on the way was told."""
    reports = heard_of(*events, until=until).reports
    charged = {r for r in reports if "lane" in DEFECTS[r.defect].charged}
    return sorted((r.at, r.units) for r in charged)


def test_without_a_cut_off_a_carrier_that_had_it_before_the_promise_had_it_in_time() -> None:
    order = an_order(time=at("03-01T10:00"), ship_by="")

    assert _on_the_way(order, PACKED, SENT, until=PROMISE + 1) == [(PROMISE, 1)]


def test_a_line_with_no_carrier_at_its_cut_off_is_late_and_stays_so_in_its_cell() -> None:
    sent = a_dispatch(time=iso(SHIP_BY + HOUR))
    reports = [r for r in heard_of(PLACED, PACKED, sent).reports if DEFECTS[r.defect].exposes]

    assert sorted((r.at, r.units, r.place) for r in reports) == [
        (SHIP_BY, 1, -1),
        (SHIP_BY + HOUR, -1, -1),
        (SHIP_BY + HOUR, 1, PLACE),
    ]


def test_unnamed_parcels_keep_the_promise_together() -> None:
    in_time = (PLACED, SENT, a_delivery(time=iso(PROMISE)))
    too_late = (PLACED, SENT, a_delivery(time=iso(PROMISE + 1)))

    assert late(Clock.PROMISED, *in_time, until=PROMISE + DAY) == []
    assert [units for *_, units in counted(Clock.PROMISED, *in_time)] == [1]
    assert late(Clock.PROMISED, *too_late, until=PROMISE + DAY) == [(PROMISE, 1)]


# ----- reviews and complaints -----


def a_bad_review(**fields: object) -> Event:
    """Return one star for what came."""
    return a_review(time=iso(COMPLAINT), **fields)


def test_a_bad_review_counts_against_the_line_it_names() -> None:
    order = an_order(
        time=at("03-01T10:00"), lines=[a_line(), a_line(line_id="2", sku="sku-2", seller_id="s-2")]
    )
    rest = (SENT, HERE)
    by_sku = heard_of(order, *rest, a_bad_review(sku="sku-2")).reports
    by_seller = heard_of(order, *rest, a_bad_review(seller_id="s-2")).reports
    of_nothing = heard_of(order, *rest, a_bad_review()).reports

    assert [r.name for r in by_sku] == [r.name for r in by_seller] == ["o-1/2"]
    assert of_nothing == {}


def test_a_review_of_an_order_of_one_line_need_not_name_it() -> None:
    assert told("bad_review", *STORY, a_bad_review()) == [(COMPLAINT, 1)]


def test_a_better_review_later_takes_the_bad_one_back() -> None:
    better = a_review(time=iso(COMPLAINT + HOUR), rating=5)

    assert told("bad_review", *STORY, a_bad_review(), better) == [
        (COMPLAINT, 1),
        (COMPLAINT + HOUR, -1),
    ]


@pytest.mark.parametrize(("rating", "count"), [(1, 1), (2, 1), (3, 0)])
def test_two_stars_are_bad_and_three_are_not(rating: int, count: int) -> None:
    assert len(told("bad_review", *STORY, a_bad_review(rating=rating))) == count


def test_a_bad_review_of_a_late_order_is_about_the_delay() -> None:
    came_late = a_delivery(time=iso(PROMISE + HOUR))
    known_later = a_delivery(time=iso(PROMISE + HOUR), recordedtime=iso(COMPLAINT + HOUR))

    assert told("bad_review", PLACED, PACKED, SENT, came_late, a_bad_review()) == []
    assert told("bad_review", PLACED, PACKED, SENT, a_bad_review(), known_later) == []


def test_a_review_of_what_is_not_on_its_way_counts_against_nothing() -> None:
    early = a_review(time=at("03-02T09:30"))

    assert told("bad_review", PLACED, PACKED, early, SENT) == []


ASKED: Final = a_contact(time=iso(COMPLAINT), seller_id="seller-1")
SOLD: Final = an_order(time=at("03-01T10:00"), lines=[a_line(seller_id="seller-1")])
TWO_DAYS: Final = COMPLAINT + 48 * HOUR


def test_a_complaint_about_a_seller_counts_when_two_days_have_passed() -> None:
    story = (SOLD, PACKED, SENT, HERE, ASKED)

    assert told("complaint", *story, until=TWO_DAYS) == []
    assert told("complaint", *story, until=TWO_DAYS + 1) == [(TWO_DAYS, 1)]


def test_an_answer_in_time_that_is_known_late_takes_the_complaint_back() -> None:
    answer = an_answer(time=iso(TWO_DAYS), recordedtime=iso(TWO_DAYS + HOUR))
    story = (SOLD, PACKED, SENT, HERE, ASKED, answer)

    assert told("complaint", *story) == [(TWO_DAYS, 1), (TWO_DAYS + HOUR, -1)]


def test_an_answer_too_late_does_not() -> None:
    answer = an_answer(time=iso(TWO_DAYS + 1))

    assert told("complaint", SOLD, PACKED, SENT, HERE, ASKED, answer) == [(TWO_DAYS, 1)]


def test_a_contact_about_no_order_or_another_seller_is_no_complaint_about_a_line() -> None:
    no_order = a_contact(time=iso(COMPLAINT), seller_id="seller-1", order_id="")
    other = a_contact(time=iso(COMPLAINT), seller_id="seller-9")

    assert told("complaint", SOLD, SENT, HERE, no_order, until=TWO_DAYS + DAY) == []
    assert told("complaint", SOLD, SENT, HERE, other, until=TWO_DAYS + DAY) == []


# ----- what sellers could not supply -----

CALLED_OFF: Final = at_ms("03-02T12:00")
SOME_OF_IT: Final = [LineQuantity(line_id="1", quantity=1)]
NEXT_DAY: Final = at_ms("03-04")


def off(by: str, **fields: object) -> Event:
    """Return how somebody calls the order off, before it had to be handed over."""
    return a_cancellation(by=by, time=iso(CALLED_OFF), **fields)


@pytest.mark.parametrize(
    "event",
    [
        off("seller"),
        off("seller", lines=SOME_OF_IT),
        an_unfillable_line(time=iso(CALLED_OFF)),
    ],
)
def test_what_a_seller_calls_off_is_reported_and_counts_as_a_unit(event: Event) -> None:
    assert told("cancelled", PLACED, event) == [(CALLED_OFF, 1)]
    assert counted(Clock.HANDED_OVER, PLACED, event) == [(CALLED_OFF, SHIP_BY // DAY, 1)]
    assert late(Clock.HANDED_OVER, PLACED, event, until=NEXT_DAY) == []


@pytest.mark.parametrize("by", ["customer", "shop", "carrier", "unknown"])
def test_what_others_call_off_counts_for_nothing(by: str) -> None:
    after = an_unfillable_line(time=at("03-02T13:00"))
    events = (PLACED, off(by), after)

    assert told("cancelled", *events, until=NEXT_DAY) == []
    assert told("cancelled", PLACED, off(by, lines=SOME_OF_IT), until=NEXT_DAY) == []
    assert counted(Clock.HANDED_OVER, *events, until=NEXT_DAY) == []


def test_what_was_sent_before_it_was_called_off_was_supplied() -> None:
    event = an_unfillable_line(time=at("03-02T12:00"))

    assert told("cancelled", PLACED, PACKED, SENT, event) == []


def test_what_is_late_and_then_called_off_is_both_and_one_unit() -> None:
    event = an_unfillable_line(time=at("03-03T12:00"))
    day = SHIP_BY // DAY

    assert late(Clock.HANDED_OVER, PLACED, event, until=NEXT_DAY) == [(SHIP_BY, 1)]
    assert told("cancelled", PLACED, event) == [(at_ms("03-03T12:00"), 1)]
    assert counted(Clock.HANDED_OVER, PLACED, event) == [(SHIP_BY, day, 1)]


def test_some_of_the_units_called_off_leave_the_line_to_be_supplied() -> None:
    placed = an_order(time=at("03-01T10:00"), lines=[a_line(quantity=3)])

    assert told("cancelled", placed, off("seller", lines=SOME_OF_IT), until=NEXT_DAY) == []


def test_without_a_day_to_hand_it_over_nothing_is_counted_as_called_off() -> None:
    placed = an_order(time=at("03-01T10:00"), ship_by="")

    assert told("cancelled", placed, off("seller"), until=NEXT_DAY) == []
