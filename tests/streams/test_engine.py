import pytest

from detectors.order.late_delivery import LateDelivery
from detectors.order.repeat_contact import RepeatContact
from detectors.order.unanswered_contact import UnansweredContact
from detectors.registry import DETECTORS
from schemas.events import (
    CartAbandoned,
    ContactAnswered,
    ContactOpened,
    Event,
    LineQuantity,
    PackedLine,
    ShipmentDelivered,
)
from schemas.problems import Change, ChangeKind, Problem
from schemas.testing import (
    BUILDERS,
    a_cancellation,
    a_contact,
    a_delivery,
    a_dispatch,
    a_line,
    a_packing,
    a_return_request,
    a_scan,
    an_abandoned_cart,
    an_answer,
    an_order,
    at,
    at_ms,
)
from schemas.times import DAY, HOUR, MINUTE, iso
from streams.engine import Engine, partition_of
from streams.testing import batch_of, problems_of

PROMISE = at_ms("03-05T10:00")
ASKED = at_ms("03-01T10:00")


def opened(changes: list[Change]) -> list[int]:
    return [change.at for change in changes if change.what is ChangeKind.OPENED]


def only(problems: list[Problem], kind: str) -> list[Problem]:
    return [problem for problem in problems if problem.kind == kind]


def test_nothing_is_decided_of_the_newest_millisecond_before_more_is_known() -> None:
    engine = Engine([UnansweredContact()])
    first = engine.step(batch_of(a_contact(), an_answer(time=iso(ASKED + 5 * MINUTE))))

    assert first == []
    assert engine.clock == ASKED + 5 * MINUTE
    assert engine.flush() == []


def test_an_answer_a_millisecond_too_late_is_too_late() -> None:
    engine = Engine([UnansweredContact()])
    late = an_answer(time=iso(ASKED + 5 * MINUTE + 1))

    assert opened(engine.step(batch_of(a_contact(), late))) == [ASKED + 5 * MINUTE]


def test_time_passes_strictly_before_the_clock() -> None:
    engine = Engine([UnansweredContact()])
    engine.step(batch_of(a_contact()))

    assert engine.advance(ASKED + 5 * MINUTE) == []
    assert opened(engine.advance(ASKED + 5 * MINUTE + 1)) == [ASKED + 5 * MINUTE]


def test_time_does_not_go_back() -> None:
    engine = Engine([UnansweredContact()])
    engine.step(batch_of(a_contact()))
    engine.advance(PROMISE)

    assert engine.advance(ASKED) == []
    assert engine.clock == PROMISE


def test_time_never_passes_what_was_taken_in() -> None:
    engine = Engine([UnansweredContact()])
    engine.take(batch_of(a_contact(), an_answer(time=iso(PROMISE))))

    assert opened(engine.advance(ASKED + 1)) == [ASKED + 5 * MINUTE]
    assert engine.clock == PROMISE


def test_an_empty_batch_and_an_empty_input_decide_nothing() -> None:
    engine = Engine()

    assert engine.step(batch_of()) == []
    assert engine.decide() == []
    assert engine.flush() == []
    assert engine.clock == 0


def test_the_end_of_the_input_decides_its_newest_millisecond() -> None:
    engine = Engine([LateDelivery()])
    batch = batch_of(an_order(time=iso(PROMISE + HOUR)))

    assert engine.step(batch) == []
    assert opened(engine.flush()) == [PROMISE + HOUR]


def test_events_recorded_before_the_clock_are_moved_to_it_and_counted() -> None:
    engine = Engine([LateDelivery()])
    engine.step(batch_of(a_scan(time=iso(PROMISE + DAY))))
    engine.step(batch_of(an_order()))
    [change] = engine.flush()

    assert engine.counts["late: clamped"] == 1
    assert change.at == PROMISE + DAY
    assert change.problem.due_at == PROMISE


def test_what_claims_to_occur_far_in_the_future_is_cut_to_a_day_ahead_and_counted() -> None:
    engine = Engine([UnansweredContact()])
    engine.step(batch_of(a_contact(time=iso(ASKED + 400 * DAY), recordedtime=iso(ASKED))))
    changes = engine.advance(ASKED + 2 * DAY)

    assert opened(changes) == [ASKED + DAY + 5 * MINUTE]
    assert engine.counts["from the future: clamped"] == 1


def test_words_nobody_knows_are_counted_and_read_as_unknown() -> None:
    engine = Engine(partitions=2)
    engine.step(batch_of(a_scan(status="on_the_moon"), a_return_request(order_id="o-2")))
    engine.flush()

    assert engine.counts["unknown words"] == 1


def test_a_day_ahead_is_still_believed() -> None:
    engine = Engine([UnansweredContact()])
    engine.step(batch_of(a_contact(time=iso(ASKED + DAY), recordedtime=iso(ASKED))))

    assert opened(engine.advance(ASKED + 2 * DAY)) == [ASKED + DAY + 5 * MINUTE]


def test_events_before_their_order_count_once_the_order_is_known() -> None:
    order = an_order(recordedtime=iso(PROMISE - HOUR))
    delivery = a_delivery(time=iso(PROMISE - DAY))
    packed = a_packing(time=iso(PROMISE - 2 * DAY))

    assert problems_of(LateDelivery(), packed, delivery, order, until=PROMISE + DAY) == []
    assert only(problems_of(LateDelivery(), order, until=PROMISE + DAY), "late-delivery")


def test_a_parcel_of_an_order_nobody_knows_is_watched_all_the_same() -> None:
    problems = problems_of(DETECTORS, a_dispatch(order_id="x"), until=ASKED + 30 * DAY)

    assert {problem.order_id for problem in problems} == {"x"}
    assert {problem.customer_id for problem in problems} == {None}
    assert "silent-shipment" in {problem.kind for problem in problems}
    assert "late-delivery" not in {problem.kind for problem in problems}


def test_a_late_fact_never_opens_a_problem_before_it_was_recorded() -> None:
    late = an_order(recordedtime=iso(PROMISE + 3 * DAY))
    [problem] = problems_of(LateDelivery(), late, until=PROMISE + 4 * DAY)

    assert problem.opened_at == PROMISE + 3 * DAY
    assert problem.due_at == PROMISE
    assert problem.opened_by.fact == "order.placed"


def test_ids_that_repeat_across_orders_are_other_parcels() -> None:
    events: list[Event] = []
    for order_id in ("o-1", "o-2"):
        events += [an_order(order_id=order_id), a_packing(order_id=order_id)]
    events.append(a_delivery(order_id="o-2", time=iso(PROMISE - DAY)))
    problems = problems_of(LateDelivery(), *events, until=PROMISE + DAY)

    assert [problem.order_id for problem in problems] == ["o-1"]


def test_contacts_without_an_order_are_about_their_customer() -> None:
    contact = a_contact(order_id="", customer_id="c-7")
    [problem] = problems_of(UnansweredContact(), contact, until=ASKED + HOUR)

    assert problem.order_id is None
    assert problem.customer_id == "c-7"
    assert problem.subject == "c-7/t-1"


def test_a_customer_named_like_an_order_is_not_the_order() -> None:
    about_customer = ContactOpened(
        id="1", time=iso(ASKED), contact_id="t-1", customer_id="o-1", order_id=""
    )
    answered = ContactAnswered(id="2", time=iso(ASKED + MINUTE), contact_id="t-1", order_id="o-1")

    assert problems_of(UnansweredContact(), about_customer, answered, until=ASKED + HOUR)


def test_contacts_of_a_customer_without_orders_are_counted_together() -> None:
    first = a_contact(order_id="", customer_id="c-7")
    second = a_contact(order_id="", customer_id="c-7", contact_id="t-2", time=iso(ASKED + 2 * DAY))
    [problem] = problems_of(RepeatContact(), first, second, until=ASKED + 3 * DAY)

    assert problem.customer_id == "c-7"


def test_a_promise_is_kept_by_all_parcels_and_not_by_one_of_two() -> None:
    order = an_order(lines=[a_line(), a_line(line_id="2")])
    one = a_dispatch(shipment_id="s-1", lines=[LineQuantity("1")])
    two = a_packing(shipment_id="s-2", lines=[PackedLine("2")])
    first = ShipmentDelivered(id="d", time=at("03-03"), order_id="o-1", shipment_id="s-1")
    second = a_delivery(shipment_id="s-2", time=at("03-04"))

    assert problems_of(LateDelivery(), order, one, two, first, until=PROMISE + 1)
    assert not problems_of(LateDelivery(), order, one, two, first, second, until=PROMISE + 1)


def test_a_journey_that_comes_back_after_the_horizon_starts_empty() -> None:
    later = PROMISE + 200 * DAY
    cancelled = a_cancellation(time=iso(PROMISE - HOUR))
    again = an_order(time=iso(later), promised_by=iso(later + DAY))
    events = an_order(), cancelled, again

    assert [p.opened_at for p in problems_of(LateDelivery(), *events, until=later + 2 * DAY)] == [
        later + DAY
    ]


@pytest.mark.parametrize("size", [1, 2, 5])
@pytest.mark.parametrize("off", [0, 1])
def test_the_horizon_is_counted_from_the_last_event_in_any_batch(size: int, off: int) -> None:
    first = ASKED + 180 * DAY + off
    events = [
        an_order(promised_by=""),
        a_cancellation(),
        an_order(time=iso(first), promised_by=iso(first + DAY)),
        a_scan(time=iso(first + 2 * DAY)),
    ]
    engine = Engine([LateDelivery()])
    found: list[int] = []
    for start in range(0, len(events), size):
        found += opened(engine.step(batch_of(*events[start : start + size])))
    found += opened(engine.flush())

    assert found == ([first + DAY] if off else [])


def test_an_alarm_that_would_come_after_the_journey_is_forgotten_never_comes() -> None:
    engine = Engine([LateDelivery()])
    due = ASKED + 180 * DAY
    engine.step(batch_of(an_order(promised_by=iso(due))))

    assert engine.advance(due + DAY) == []


def test_an_alarm_just_before_the_journey_is_forgotten_comes() -> None:
    engine = Engine([LateDelivery()])
    due = ASKED + 180 * DAY - 1
    engine.step(batch_of(an_order(promised_by=iso(due))))

    assert opened(engine.advance(due + DAY)) == [due]


@pytest.mark.parametrize("kind", BUILDERS)
def test_every_event_type_alone_is_taken_in(kind: str) -> None:
    engine = Engine()
    event = BUILDERS[kind]()
    engine.step(batch_of(event))
    engine.flush()

    assert engine.counts["events"] == 1
    assert engine.advance(engine.clock + 300 * DAY) is not None


def test_a_partition_is_the_same_for_all_events_of_a_journey() -> None:
    events = [an_order(), a_packing(), a_delivery(), a_contact()]

    assert len({partition_of(event, 16) for event in events}) == 1
    assert len({partition_of(an_order(order_id=f"o-{n}"), 16) for n in range(200)}) == 16


def test_what_is_part_of_no_journey_is_counted_and_asked_nothing() -> None:
    cart: CartAbandoned = an_abandoned_cart()

    assert problems_of(DETECTORS, cart, until=PROMISE) == []


def test_many_orders_may_fall_due_at_once_long_after_their_last_event() -> None:
    count = 2_500
    orders = [an_order(order_id=f"o-{n}", promised_by=iso(PROMISE + n)) for n in range(count)]
    engine = Engine([LateDelivery()])
    engine.step(batch_of(*orders))
    quiet = engine.advance(PROMISE)
    half = engine.advance(PROMISE + count // 2)
    rest = engine.advance(PROMISE + count)

    assert quiet == []
    assert opened(half) == list(range(PROMISE, PROMISE + count // 2))
    assert opened(rest) == list(range(PROMISE + count // 2, PROMISE + count))
