"""The same facts are the same problems, however they arrive."""

import random
from collections.abc import Iterable, Iterator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from schemas.events import Event
from schemas.problems import Change, Problem, problems_digest
from schemas.stamps import parse
from schemas.testing.strategies import GRID, journeys
from schemas.times import DAY, iso
from streams.engine import Engine
from streams.testing import batch_of

Log = list[Event]
some = settings(max_examples=60)


def newest(changes: Sequence[Change]) -> list[Problem]:
    """Return each problem as it was at the end."""
    found = {change.problem.id: change.problem for change in changes}
    return [found[id_] for id_ in sorted(found)]


def at_once(events: Log) -> list[Problem]:
    engine = Engine()
    return newest([*engine.step(batch_of(*events)), *engine.flush()])


def in_pieces(pieces: Iterable[Log], engine: Engine | None = None) -> list[Problem]:
    engine = engine or Engine()
    changes = [change for piece in pieces for change in engine.step(batch_of(*piece))]
    return newest([*changes, *engine.flush()])


def cut(events: Log, size: int) -> Iterator[Log]:
    return (events[start : start + size] for start in range(0, len(events), size))


@given(journeys(), st.sampled_from((1, 2, 7, 500, 100_000)))
@some
def test_the_size_of_batches_changes_nothing(events: Log, size: int) -> None:
    assert in_pieces(cut(events, size)) == at_once(events)


@given(journeys(), st.randoms(use_true_random=False))
@some
def test_the_order_of_arrival_inside_a_batch_changes_nothing(
    events: Log, chance: random.Random
) -> None:
    shuffled = events.copy()
    chance.shuffle(shuffled)

    assert at_once(shuffled) == at_once(events)


@given(journeys(), st.randoms(use_true_random=False))
@some
def test_one_millisecond_may_arrive_in_any_order_and_in_any_pieces(
    events: Log, chance: random.Random
) -> None:
    shuffled = sorted(events, key=lambda event: (event.recordedtime, chance.random()))

    assert in_pieces(cut(shuffled, 1)) == at_once(events)


@given(journeys(), st.integers(1, 4))
@some
def test_events_delivered_twice_change_nothing(events: Log, size: int) -> None:
    twice = [event for event in events for _ in range(2)]

    assert in_pieces(cut(twice, size)) == at_once(events)


@given(journeys(), st.sampled_from((1, 2, 4)), st.integers(1, 9))
@some
def test_the_number_of_partitions_changes_nothing(events: Log, count: int, size: int) -> None:
    engine = Engine(partitions=count)

    assert in_pieces(cut(events, size), engine) == at_once(events)


@given(journeys(), st.lists(st.integers(0, 60), max_size=5), st.lists(st.integers(0, 60)))
@some
def test_reading_and_deciding_may_be_cut_anywhere(
    events: Log, reads: list[int], decisions: list[int]
) -> None:
    engine, changes = Engine(), []
    for number, event in enumerate(events):
        engine.take(batch_of(event))
        if number in reads:
            engine.take(batch_of())
        if number in decisions:
            changes += engine.decide()
    changes += engine.flush()

    assert newest(changes) == at_once(events)


@given(journeys(), st.lists(st.sampled_from(GRID), max_size=6), st.integers(-1, 1))
@some
def test_time_that_passes_between_events_changes_nothing(
    events: Log, clocks: list[int], off: int
) -> None:
    engine, changes = Engine(), []
    for event in events:
        recorded = int(parse([event.recordedtime])[0][0])
        for clock in sorted(clocks):
            if clock + off <= recorded:
                changes += engine.advance(clock + off)
        changes += engine.step(batch_of(event))
    changes += engine.flush()

    assert newest(changes) == at_once(events)


@given(journeys(most_orders=4), st.integers(1, 40 * DAY))
@some
def test_time_that_passes_after_the_last_event_may_pass_at_once_or_step_by_step(
    events: Log, span: int
) -> None:
    end = int(parse([event.recordedtime for event in events])[0].max(initial=0)) + span
    leap, walk = Engine(), Engine()
    at_a_leap = [*leap.step(batch_of(*events)), *leap.advance(end)]
    stepwise = walk.step(batch_of(*events))
    for clock in range(end - span, end, DAY):
        stepwise += walk.advance(clock)
    stepwise += walk.advance(end)

    assert newest(stepwise) == newest(at_a_leap)


@given(journeys(most_orders=2), st.integers(160, 200), st.sampled_from((1, 3, 100)))
@settings(max_examples=50)
def test_a_journey_that_comes_back_after_the_horizon_starts_anew_in_any_batch(
    events: Log, days: int, size: int
) -> None:
    again = [later(event, days * DAY) for event in events]
    log = sorted([*events, *again], key=lambda event: event.recordedtime)

    assert in_pieces(cut(log, size)) == at_once(log)


def later(event: Event, span: int) -> Event:
    occurred, recorded = parse([event.time, event.recordedtime])[0].tolist()
    return replace(event, time=iso(occurred + span), recordedtime=iso(recorded + span))


@given(journeys(), st.sampled_from((1, 3)))
@some
def test_a_change_is_told_once_and_never_before_its_time(events: Log, size: int) -> None:
    engine = Engine()
    told: list[Change] = []
    for piece in cut(events, size):
        before = engine.clock
        changes = engine.step(batch_of(*piece))

        assert all(before <= change.at for change in changes if change.problem.order_id)
        told += changes
    told += engine.flush()

    assert len({(change.problem.id, change.what) for change in told}) == len(told)


@pytest.mark.parametrize("size", [1, 7, 500, 100_000])
def test_one_hash_for_every_batch_size(world: Log, size: int) -> None:
    assert problems_digest(in_pieces(cut(world, size))) == problems_digest(at_once(world))
