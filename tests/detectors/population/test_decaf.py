"""The decaf story: events in, SKUs pulled. The same SKUs at the same times however it is read."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from msgspec.structs import replace

from andon.simulate.story import DECAF, decaf_week
from schemas.codec import Decoder
from schemas.events import ContactOpened, Event, InspectedLine, LineQuantity, Replaces
from schemas.problems import Change, ChangeKind, Problem, problems_digest
from schemas.testing import (
    a_dispatch,
    a_line,
    a_repair,
    a_return_cancellation,
    a_return_receipt,
    a_return_request,
    an_order,
    at,
    at_ms,
)
from schemas.testing.strategies import journeys
from schemas.times import DAY, HOUR, MINUTE, iso
from streams.engine import Batch, Engine
from streams.testing import batch_of

WATCH, STRUCK = "sku-wrong-item-watch", "sku-wrong-item"
FIRST, SECOND = at("03-02T10:00"), at("03-05T10:00")
PERIOD = 5 * MINUTE


def changes_of(batch: Batch, *, partitions: int = 1, size: int = 100_000) -> list[Change]:
    engine = Engine(partitions=partitions)
    changes = [change for part in pieces(batch, size) for change in engine.step(part)]
    return changes + engine.flush()


def pieces(batch: Batch, size: int) -> Iterator[Batch]:
    for start in range(0, len(batch.events), size):
        part = slice(start, start + size)
        yield Batch(batch.events[part], batch.occurred[part], batch.recorded[part])


def newest(changes: Sequence[Change]) -> list[Problem]:
    return list({change.problem.id: change.problem for change in changes}.values())


def about_skus(changes: Sequence[Change]) -> list[Change]:
    return [change for change in changes if change.problem.subject_type == "sku"]


def found(*events: Event) -> list[tuple[str, str, int]]:
    changes = about_skus(changes_of(batch_of(*events)))
    return [(change.problem.kind, change.what, change.at) for change in changes]


def ordered(order_id: str, replaces: str = "", **fields: object) -> Event:
    link = Replaces(order_id=replaces, line_id="1") if replaces else None
    return an_order(order_id=order_id, replaces=link, **fields)


def sent_back(order_id: str, time: str) -> Event:
    return a_return_request(order_id=order_id, return_id=f"r-{order_id}", time=time)


STORY = (
    ordered("o-1"),
    sent_back("o-1", FIRST),
    ordered("o-2", "o-1", time=FIRST),
    sent_back("o-2", SECOND),
)


@pytest.mark.practice("0.7")
def test_the_first_wrong_item_puts_the_sku_under_watch() -> None:
    assert found(*STORY[:2]) == [(WATCH, "opened", at_ms("03-02T10:05"))]


@pytest.mark.practice("0.8")
def test_a_replacement_that_is_wrong_again_stops_the_sku() -> None:
    assert found(*STORY)[1:] == [(STRUCK, "opened", at_ms("03-05T10:05"))]


@pytest.mark.practice("0.8")
def test_three_customers_stop_the_sku() -> None:
    three = [ordered(f"o-{n}", customer_id=f"c-{n}") for n in range(3)]
    told = [sent_back(f"o-{n}", FIRST) for n in range(3)]

    assert found(*three, *told[:2])[1:] == []
    assert found(*three, *told[:2], sent_back("o-2", SECOND))[1:] == [
        (STRUCK, "opened", at_ms("03-05T10:05"))
    ]


def test_an_inspection_that_finds_the_right_item_takes_the_report_back() -> None:
    right = [InspectedLine(line_id="1", disposition="right_item")]
    receipt = a_return_receipt(
        order_id="o-2", return_id="r-o-2", lines=right, time=at("03-09T10:00")
    )

    assert found(*STORY, receipt)[2:] == [(STRUCK, "withdrawn", at_ms("03-09T10:05"))]


def test_a_return_cancelled_takes_the_report_back() -> None:
    kept = a_return_cancellation(return_id="r-o-1", time=at("03-04T10:00"))

    assert found(*STORY[:2], kept)[1:] == [(WATCH, "withdrawn", at_ms("03-04T10:05"))]


def test_a_repaired_sku_starts_clean_with_what_leaves_from_then_on() -> None:
    repair = a_repair(time=at("03-06T10:00"))
    old = (
        ordered("o-3"),
        a_dispatch(
            order_id="o-3", shipment_id="s-3", lines=[LineQuantity(line_id="1")], time=SECOND
        ),
    )
    again = sent_back("o-3", at("03-07T10:00"))

    assert {row[1:] for row in found(*STORY, repair, *old, again)[2:]} == {
        ("cleared", at_ms("03-06T10:05"))
    }


def test_the_customer_is_known_however_much_is_read_at_once() -> None:
    [change] = about_skus(changes_of(batch_of(*STORY)))[1:]
    reports = [c.problem for c in changes_of(batch_of(*STORY)) if c.problem.kind == "wrong-item"]

    assert change.problem.evidence[1].value == 1
    assert {problem.customer_id for problem in reports} == {"c-1"}


# --- one answer --------------------------------------------------------------------------------

MOMENTS = tuple(
    at_ms("03-01T10:00") + step
    for step in (0, 1, PERIOD - 1, PERIOD, HOUR, DAY, 14 * DAY, 14 * DAY + 1, 60 * DAY, 61 * DAY)
)


@st.composite
def wrong_items(draw: DrawFn) -> list[Event]:
    """Draw orders of two SKUs that replace each other, reports, retractions, repairs; sorted."""
    told: list[Event] = []
    for number in range(draw(st.integers(1, 6))):
        told += draw(one_order(number))
    told += [a_repair(sku=sku) for sku in draw(st.lists(st.sampled_from(("sku-1", "sku-2"))))]
    told += draw(st.lists(st.sampled_from(told), max_size=3))
    recorded = draw(st.lists(st.sampled_from(MOMENTS), min_size=len(told), max_size=len(told)))
    timed = [
        replace(event, time=iso(min(learnt, occurred(event))), recordedtime=iso(learnt))
        for event, learnt in zip(told, recorded, strict=True)
    ]
    return sorted(timed, key=lambda event: event.recordedtime)


@st.composite
def one_order(draw: DrawFn, number: int) -> list[Event]:
    of = {"order_id": f"o-{number}"}
    replaced = draw(st.sampled_from(("", "", *(f"o-{n}" for n in range(6)))))
    line = a_line(sku=draw(st.sampled_from(("sku-1", "sku-1", "sku-2"))))
    customer = draw(st.sampled_from(("c-1", "c-2", "c-3", "c-4")))
    told = [ordered(f"o-{number}", replaced, customer_id=customer, lines=[line])]
    told.append(a_return_request(**of))
    right = [InspectedLine(line_id="1", disposition="right_item")]
    later = (a_dispatch(**of), a_return_cancellation(**of), a_return_receipt(**of, lines=right))
    return told + draw(st.lists(st.sampled_from(later), max_size=2))


def occurred(event: Event) -> int:
    """Return one time for one event, so that telling it again says nothing new."""
    return MOMENTS[sum(event.id.encode()) % len(MOMENTS)]


@given(events=wrong_items() | journeys(), size=st.sampled_from((1, 7)))
def test_partitions_and_batches_change_nothing(events: list[Event], size: int) -> None:
    batch = batch_of(*events)
    whole_at_once = changes_of(batch)
    for partitions in (1, 2, 4):
        in_parts = changes_of(batch, partitions=partitions, size=size)

        assert problems_digest(newest(in_parts)) == problems_digest(newest(whole_at_once))
        assert about_skus(in_parts) == about_skus(whole_at_once)


@given(events=wrong_items())
def test_events_delivered_twice_change_nothing(events: list[Event]) -> None:
    twice = [event for event in events for _ in range(2)]

    assert about_skus(changes_of(batch_of(*twice))) == about_skus(changes_of(batch_of(*events)))


@given(events=wrong_items(), data=st.data())
def test_arrival_within_a_batch_changes_nothing(events: list[Event], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(events))

    assert about_skus(changes_of(batch_of(*shuffled))) == about_skus(changes_of(batch_of(*events)))


# --- the week ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> Batch:
    path: Path = decaf_week(7, tmp_path_factory.mktemp("week")).events_path
    decoded = Decoder().decode_lines(path.read_bytes())
    return Batch(decoded.events, decoded.occurred, decoded.recorded)


@pytest.mark.practice("0.8")
def test_the_decaf_is_stopped_before_its_first_victim_has_to_call_again(week: Batch) -> None:
    [stopped] = [
        change.at
        for change in changes_of(week)
        if (change.problem.kind, change.problem.subject, change.what)
        == (STRUCK, DECAF, ChangeKind.OPENED)
    ]
    called = [
        int(week.recorded[i])
        for i, event in enumerate(week.events)
        if isinstance(event, ContactOpened) and event.order_id == "O-DECAF-01-R"
    ]

    assert stopped < min(called)


def test_the_week_is_one_answer(week: Batch) -> None:
    digests = {
        problems_digest(newest(changes_of(week, partitions=partitions, size=size)))
        for partitions, size in ((1, 100), (1, 500), (2, 500), (4, 100_000))
    }

    assert len(digests) == 1
