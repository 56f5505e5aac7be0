"""Recordings into Kafka: the right partition, the order of recorded time, clocks that hold."""

import threading
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from andon.simulate import simulate
from schemas.codec import Decoder, encode
from schemas.events import TYPE_NAME, Event
from schemas.testing import (
    BUILDERS,
    a_packing,
    a_price,
    a_scan,
    an_abandoned_cart,
    an_appeal_upheld,
    an_order,
    as_lines,
)
from schemas.times import MINUTE, iso
from streams.addresses import OF_JOURNEYS, Routes, key_of
from streams.engine import partition_of
from streams.recordings import Recording
from streams.sending import PERIOD, Outgoing, Record, routes, send
from streams.tailing import newest
from streams.testing_kafka import Broker
from streams.topics import Names, create, topics
from streams.trouble import KafkaTrouble
from streams.wire import clock_of

TO = Routes("andon.events", "andon.catalogue", {"andon.events": 4, "andon.catalogue": 1})
START = 1_771_999_800_000


def untold(_done: int, _total: int) -> None:
    """Let progress pass."""


def recorded_events(stamps: Sequence[int]) -> list[Event]:
    return [
        a_scan(id=f"e-{number}", order_id=f"o-{number % 7}", time=iso(ms), recordedtime=iso(ms))
        for number, ms in enumerate(stamps)
    ]


def outgoing(events: Sequence[Event], folder: Path, every: int) -> tuple[list[Record], Outgoing]:
    file = folder / "events.jsonl"
    file.write_bytes(as_lines(events))
    out = Outgoing(TO, untold, every)
    return list(out.recorded([Recording("events", file)], folder)), out


def recorded_at(record: Record) -> int:
    [at] = Decoder().decode_lines(record.value).recorded.tolist()
    return int(at)


@pytest.mark.parametrize("kind", sorted(TYPE_NAME[one] for one in OF_JOURNEYS))
def test_events_of_orders_go_where_the_engine_expects_them(kind: str) -> None:
    event = BUILDERS[kind]()
    topic, partition, key = TO.of(event)

    assert (topic, partition) == ("andon.events", partition_of(event, 4))
    assert key.decode() == key_of(event)


@pytest.mark.parametrize(
    ("event", "key"),
    [
        (a_price(sku="DECAF"), b"DECAF"),
        (an_abandoned_cart(customer_id="c-9"), b"c-9"),
        (an_appeal_upheld(seller_id="m-1"), b"m-1"),
    ],
)
def test_what_only_the_judge_hears_goes_to_the_catalogue(event: Event, key: bytes) -> None:
    assert TO.of(event) == ("andon.catalogue", 0, key)


@given(
    minutes=st.lists(st.integers(0, 60), min_size=1, max_size=40),
    every=st.integers(1, 10),
)
def test_no_clock_is_ever_broken(
    tmp_path_factory: pytest.TempPathFactory, minutes: list[int], every: int
) -> None:
    stamps = [START + minute * MINUTE for minute in minutes]
    records, out = outgoing(recorded_events(stamps), tmp_path_factory.mktemp("r"), every)
    clocks: dict[tuple[str, int], int] = defaultdict(int)
    seen: dict[tuple[str, int], int] = defaultdict(int)
    for record in records:
        place = (record.topic, record.partition)
        clock = clock_of(record.headers)
        if clock is None:
            assert recorded_at(record) >= max(clocks[place], seen[place])
            seen[place] = recorded_at(record)
        else:
            assert clock > clocks[place]
            clocks[place] = clock

    assert set(clocks.values()) == {max(stamps) + 1}
    assert len(clocks) == 5
    assert out.sent.events == len(minutes)
    assert out.sent.clocks * 5 == sum(clock_of(r.headers) is not None for r in records)


def test_clocks_stand_at_the_bounds_of_judged_periods(tmp_path: Path) -> None:
    stamps = [START + minute * MINUTE for minute in range(30)]
    records, _ = outgoing(recorded_events(stamps), tmp_path, 1)
    clocks = [ms for r in records if (ms := clock_of(r.headers)) is not None]

    assert all(ms % PERIOD == 0 for ms in clocks[:-5])
    assert len(set(clocks)) == 30 // 5 + 1


def test_few_events_over_a_long_time_are_not_drowned_in_clocks(tmp_path: Path) -> None:
    stamps = [START + number * 60 * MINUTE for number in range(100)]
    _, out = outgoing(recorded_events(stamps), tmp_path, 50)

    assert out.sent.clocks == 2


def test_lines_are_sent_as_they_are_and_others_kept_with_their_place(tmp_path: Path) -> None:
    strange = encode(a_packing())[:-1] + b', "of_no_interest": 1}'
    file = tmp_path / "events.jsonl"
    file.write_bytes(b"\n".join((encode(an_order()), b"", b"{nonsense", strange, b"")))
    out = Outgoing(TO, untold)
    records = list(out.as_it_comes([Recording("events", file)]))

    assert [record.value for record in records] == [encode(an_order()), strange]
    assert [(one.position, one.file) for one in out.sent.rejected] == [(2, "events")]


def test_an_empty_recording_sends_nothing_and_no_clock(tmp_path: Path) -> None:
    file = tmp_path / "empty.jsonl"
    file.write_bytes(b"\n")

    assert list(Outgoing(TO, untold).recorded([Recording("empty", file)], tmp_path)) == []


def test_a_recording_arrives_whole_in_order_and_once_although_the_broker_goes_away(
    mortal_broker: Broker, tmp_path: Path
) -> None:
    simulate(2000, 10, 3, tmp_path / "world")
    names = Names("away")
    create(mortal_broker.bootstrap, topics(names, 3))
    to = routes(mortal_broker.bootstrap, names)

    back = threading.Thread(target=mortal_broker.start)

    def take_away(done: int, total: int) -> None:
        if 0 < done < total and mortal_broker.is_running and back.ident is None:
            mortal_broker.kill()
            back.start()

    file = tmp_path / "world" / "events.jsonl"
    sent = send(mortal_broker.bootstrap, to, [file], recording=True, on_progress=take_away)
    back.join()
    found = newest(mortal_broker.bootstrap, [names.events, names.catalogue])
    records = list(Outgoing(to, untold).recorded([Recording("again", file)], tmp_path))

    wanted, there = defaultdict(list), defaultdict(list)
    for record in records:
        wanted[record.topic, record.partition].append((record.key, record.value))
    for one in sorted(found, key=lambda one: one.offset):
        there[one.topic, one.partition].append((one.key, one.value))
    assert there == wanted
    assert sent.events == file.read_bytes().count(b"\n")


def test_a_missing_topic_is_told_before_anything_is_sent(broker: Broker) -> None:
    with pytest.raises(KafkaTrouble, match=r"no topic nobody\.events, nobody\.catalogue"):
        routes(broker.bootstrap, Names("nobody"))


def test_events_are_not_sent_to_a_topic_that_nobody_reads(broker: Broker) -> None:
    with pytest.raises(KafkaTrouble, match=r"elsewhere is no input topic; there are andon\.events"):
        routes(broker.bootstrap, Names(), "elsewhere")
