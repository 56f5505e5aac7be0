from collections.abc import Callable

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from schemas.events import EVENT_TYPES, TYPE_NAME, CartAbandoned, Event, OrderPlaced
from schemas.testing import BUILDERS, an_order, at, at_ms
from schemas.testing.strategies import START, journeys


@pytest.mark.parametrize(("name", "builder"), BUILDERS.items())
def test_each_builder_makes_its_type(name: str, builder: Callable[[], Event]) -> None:
    assert TYPE_NAME[type(builder())] == name


def test_there_is_a_builder_for_every_type() -> None:
    assert list(BUILDERS) == list(EVENT_TYPES)


def test_the_same_fact_has_the_same_id_and_another_fact_another() -> None:
    assert an_order() == an_order()
    assert an_order().id != an_order(order_id="o-2").id


def test_an_id_asked_for_is_kept() -> None:
    assert an_order(id="mine").id == "mine"


@pytest.mark.parametrize(
    ("moment", "stamp"),
    [
        ("03-01", "2026-03-01T00:00:00.000Z"),
        ("03-01T10:00", "2026-03-01T10:00:00.000Z"),
        ("03-01T10:00:59", "2026-03-01T10:00:59.000Z"),
        ("03-01T10:00:59.999", "2026-03-01T10:00:59.999Z"),
    ],
)
def test_moments_are_short_to_write(moment: str, stamp: str) -> None:
    assert at(moment) == stamp


def test_a_moment_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="03-32"):
        at_ms("03-32")


@given(journeys())
def test_journeys_are_sorted_by_recorded_time(journey: list[Event]) -> None:
    recorded = [event.recordedtime for event in journey]

    assert recorded == sorted(recorded)
    assert all(event.time <= event.recordedtime for event in journey)


def test_journeys_meet_every_event_of_an_order() -> None:
    met: set[type[Event]] = set()

    @settings(max_examples=400, phases=[Phase.generate], derandomize=True, database=None)
    @given(journeys())
    def look(journey: list[Event]) -> None:
        met.update(map(type, journey))

    look()

    assert met == set(TYPE_NAME) - {CartAbandoned}


@pytest.mark.parametrize(
    "meets",
    [
        lambda journey: len({event.order_id for event in placed(journey)}) > 1,
        lambda journey: any(order.replaces for order in placed(journey)),
        lambda journey: any(len(order.lines) > 1 for order in placed(journey)),
        lambda journey: len(set(journey_ids(journey))) < len(journey),
        lambda journey: len({event.recordedtime for event in journey}) < len(journey),
        lambda journey: any(event.time < event.recordedtime for event in journey),
        lambda journey: journey and not placed(journey),
    ],
    ids=["orders", "replacement", "lines", "repeat", "same millisecond", "late", "no order"],
)
def test_journeys_meet_what_senders_do(meets: Callable[[list[Event]], object]) -> None:
    assert first(meets)


@given(st.data())
def test_journeys_start_on_the_first_moment_of_the_grid(data: st.DataObject) -> None:
    journey = data.draw(journeys(most_orders=1))

    assert at_ms("03-01T10:00") == START
    assert all(event.time >= at("03-01T09:59:59.999") for event in journey)


def first(meets: Callable[[list[Event]], object]) -> list[Event]:
    """Return the first journey drawn that ``meets`` likes; nobody reads it, so it is not shrunk."""
    unshrunk = settings(phases=[Phase.generate], max_examples=3000, database=None)
    return find(journeys(), lambda journey: bool(meets(journey)), settings=unshrunk)


def placed(journey: list[Event]) -> list[OrderPlaced]:
    return [event for event in journey if isinstance(event, OrderPlaced)]


def journey_ids(journey: list[Event]) -> list[str]:
    return [event.id for event in journey]
