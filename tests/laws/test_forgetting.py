"""Forgetting gives memory back and changes nothing else: no answer depends on when it is done."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from andon.simulate import simulate
from detectors.journeys.thrift import HOARDING, Thrift
from detectors.journeys.vocabulary import Vocabulary
from detectors.observations import Exposures, Reports
from detectors.population.defects import DEFECTS
from detectors.registry import DETECTORS
from schemas.codec import Decoder
from schemas.events import Event
from schemas.problems import Change
from schemas.stamps import parse
from schemas.testing import a_dispatch, a_packing, a_review, an_order
from schemas.testing.strategies import START, journeys
from schemas.times import DAY, iso
from streams.accounts import encoded, telling_of
from streams.engine import RULES, Batch, Engine
from streams.group import CATALOGUE
from streams.judging import Seat
from streams.partition import Account, Partition, by_type
from streams.snapshots import Settings
from streams.snapshots.pickles import Frozen, freeze, thaw
from streams.testing import Ear, batch_of

EAGER: Final = Thrift(share=0.0, least=1, every=1)
"""Drops what is forgotten at every step."""

NOW_AND_THEN: Final = Thrift(share=0.3, least=3, every=3 * DAY)


@dataclass(slots=True)
class Found:
    """All that an engine says."""

    changes: list[Change] = field(default_factory=list)
    ear: Ear = field(default_factory=Ear)
    most_orders: int = 0
    """How many orders it knew at once."""

    @property
    def said(self) -> tuple[object, ...]:
        """Everything that must not differ, with the evidence of every problem."""
        order = sorted(self.changes, key=lambda c: (c.at, c.problem.id, c.what))
        return order, self.ear.exposures, self.ear.reports


def found(
    steps: Iterable[Batch], days: float, thrift: Thrift, partitions: int = 1, *, saved: bool = False
) -> Found:
    """Return what an engine with a horizon of ``days`` says of ``steps``."""
    found = Found()
    engine = Engine(
        horizon=timedelta(days=days), partitions=partitions, listen=found.ear, thrift=thrift
    )
    for step in steps:
        found.changes += engine.step(step)
        known = [len(one.journeys.book.orders) for one in engine.partitions]
        found.most_orders = max(found.most_orders, sum(known))
        if saved:
            engine.partitions = [again(one) for one in engine.partitions]
    found.changes += engine.flush()
    return found


def again(partition: Partition) -> Partition:
    """Return a partition as another process would have it."""
    stream, buffers = freeze(partition)
    loaded = thaw(Frozen(stream, [bytearray(buffer) for buffer in buffers]), Settings())
    assert isinstance(loaded, Partition)
    return loaded


def cut(batch: Batch, size: int) -> list[Batch]:
    """Return the events of ``batch`` some at a time."""
    parts = [slice(start, start + size) for start in range(0, len(batch.events), size)]
    return [Batch(batch.events[p], batch.occurred[p], batch.recorded[p]) for p in parts]


def later(event: Event, span: int) -> Event:
    """Return an event that happens again, ``span`` ms later."""
    occurred, recorded = parse([event.time, event.recordedtime])[0].tolist()
    return replace(event, time=iso(occurred + span), recordedtime=iso(recorded + span))


# ----- few orders, with all that can go wrong in them -----

HORIZONS: Final = st.sampled_from((0.5, 1, 2, 5, 9))
"""Days; a step of the journeys is up to a week, so that some are forgotten on their way."""


@given(journeys(most_orders=5), HORIZONS, st.sampled_from((1, 3, 11)), st.integers(1, 40))
@settings(max_examples=50)
def test_whether_memory_is_given_back_changes_nothing(
    events: list[Event], days: float, size: int, gap: int
) -> None:
    log = [*events, *(later(event, gap * DAY) for event in events)]
    log.sort(key=lambda event: event.recordedtime)
    steps = cut(batch_of(*log), size)
    kept = found(steps, days, HOARDING)

    assert found(steps, days, EAGER).said == kept.said
    assert found(steps, days, NOW_AND_THEN).said == kept.said


@given(journeys(most_orders=5), HORIZONS, st.integers(1, 4))
@settings(max_examples=25)
def test_partitions_give_memory_back_each_in_its_own_time(
    events: list[Event], days: float, partitions: int
) -> None:
    steps = cut(batch_of(*events), 2)

    assert (
        found(steps, days, EAGER, partitions).said == found([batch_of(*events)], days, EAGER).said
    )


def a_sent_order(number: int, day: int) -> list[Event]:
    """Return an order of one line that left on the day it was placed."""
    of = {"order_id": f"o-{number}", "time": iso(START + day * DAY)}
    promised = iso(START + (day + 90) * DAY)
    return [an_order(**of, promised_by=promised), a_packing(**of), a_dispatch(**of)]


def test_a_report_that_only_mentions_a_line_can_be_taken_back_after_rows_were_moved() -> None:
    def stars(number: int, day: int, rating: int) -> Event:
        time = iso(START + day * DAY)
        return a_review(
            order_id=f"o-{number}", review_id=f"v-{number}", rating=rating, sku="sku-1", time=time
        )

    early = [*a_sent_order(0, 0), stars(0, 1, 1)]
    kept = [*a_sent_order(1, 6), stars(1, 7, 1), *a_sent_order(2, 9), stars(1, 12, 5)]
    steps = cut(batch_of(*early, *kept, *a_sent_order(3, 20)), 1)
    hoarded = found(steps, 8, HOARDING)

    assert found(steps, 8, EAGER).said == hoarded.said
    reports = [one for one in hoarded.ear.reports if DEFECTS[one.defect].name == "bad_review"]
    assert [(one.units, one.name) for one in reports] == [
        (1, "o-0/1"),
        (1, "o-1/1"),
        (-1, "o-1/1"),
    ]


@pytest.mark.parametrize("off", [0, 1])
def test_a_journey_is_kept_until_the_last_millisecond_in_which_an_event_reaches_it(
    off: int,
) -> None:
    end = START + 8 * DAY + off
    asked = an_order(order_id="o-1", time=iso(START), promised_by=iso(START + 7 * DAY))
    sent = a_dispatch(order_id="o-1", time=iso(end))
    before = an_order(order_id="o-0", time=iso(START - 1))
    other = an_order(order_id="o-2", time=iso(end - 1))
    steps = [batch_of(one) for one in (before, asked, other, sent)]
    engine = Engine(horizon=timedelta(days=8), thrift=EAGER)
    for step in steps:
        engine.step(step)
    engine.advance(end)
    ids = engine.partitions[0].journeys.book.orders.texts

    assert ids.many(np.arange(len(ids))) == ["o-1", "o-2"][off:]
    assert found(steps, 8, EAGER).said == found(steps, 8, HOARDING).said


# ----- a whole shop -----


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Batch:
    """Return four weeks of a shop, and the same orders once more, six weeks later."""
    text = simulate(250, 28, 11, tmp_path_factory.mktemp("shop")).events_path.read_bytes()
    return told((text, 0), (text, 42 * DAY))


def told(*recordings: tuple[bytes, int]) -> Batch:
    """Return the events of recordings, each so much later (ms), in the order of recorded time."""
    some = [(Decoder().decode_lines(text), span) for text, span in recordings]
    events = [event for decoded, _ in some for event in decoded.events]
    occurred = np.concatenate([decoded.occurred + span for decoded, span in some])
    recorded = np.concatenate([decoded.recorded + span for decoded, span in some])
    order = recorded.argsort(kind="stable")
    return Batch([events[i] for i in order.tolist()], occurred[order], recorded[order])


@pytest.mark.parametrize("days", [3, 14, 40])
def test_a_shop_is_told_the_same_however_soon_its_memory_is_given_back(
    shop: Batch, days: int
) -> None:
    kept = found(cut(shop, 300), days, HOARDING)
    eager = found(cut(shop, 300), days, EAGER)

    assert eager.said == kept.said
    assert found(cut(shop, 900), days, NOW_AND_THEN).said == kept.said
    assert eager.most_orders < kept.most_orders
    assert any(change.problem.is_open for change in kept.changes)


@pytest.mark.parametrize("days", [5, 14])
def test_a_state_is_saved_and_loaded_between_two_givings_back(shop: Batch, days: int) -> None:
    kept = found(cut(shop, 700), days, HOARDING)

    assert found(cut(shop, 700), days, EAGER, saved=True).said == kept.said
    assert found(cut(shop, 700), days, NOW_AND_THEN, saved=True).said == kept.said


# ----- for ever -----


def rows_of(partition: Partition) -> int:
    """Return how many rows of any table are known."""
    return sum(store.count for store in partition.journeys.book.stores.values())


def bytes_of(state: object) -> int:
    """Return how large a state is in a snapshot."""
    stream, buffers = freeze(state)
    return len(stream) + sum(memoryview(buffer).nbytes for buffer in buffers)


@dataclass(slots=True)
class Worker:
    """A partition, and the judge who hears of it and of an empty catalogue, as they are live."""

    partition: Partition
    seat: Seat

    def take(self, step: Batch) -> None:
        """Decide on all of a step."""
        since, until = self.partition.clock, int(step.recorded.max()) + 1
        self.partition.write(by_type(step.events, step.occurred, step.recorded, until))
        nothing = Account([], [], Exposures(), Reports(), Vocabulary())
        for number, account in ((0, self.partition.settle(until)), (CATALOGUE, nothing)):
            told = telling_of(account, partition=number, of=1, since=since, until=until, offsets={})
            for data in encoded(told):
                self.seat.hear(data)
        assert self.seat.decide().clock == until


def test_a_shop_that_goes_on_for_years_needs_no_more_memory_than_at_first(tmp_path: Path) -> None:
    text = simulate(200, 20, 3, tmp_path).events_path.read_bytes()
    horizon = 60 * DAY
    partition = Partition(DETECTORS, horizon, DEFECTS, Thrift(least=64))
    worker = Worker(partition, Seat(RULES, horizon))
    rows, partitions, seats = [], [], []
    for number in range(9):
        renamed = re.sub(rb'(_id":"[OPRFCVU]-|"id":")', rb"\g<1>%d-" % number, text)
        worker.take(told((renamed, number * 90 * DAY)))
        rows.append(rows_of(partition))
        partitions.append(bytes_of(partition))
        seats.append(bytes_of(worker.seat))

    assert max(rows[3:]) <= max(rows[:3])
    assert max(partitions[3:]) <= 1.01 * max(partitions[:3])
    assert max(seats[6:]) <= 1.01 * max(seats[3:6])
