"""The kit's jobs give the answers that its rules give when they are read one event at a time."""

import json
import random
from collections.abc import Iterator

import pytest

from benchmarks.kit import Alert, alerts
from schemas.stamps import parse_one
from schemas.times import DAY, HOUR, iso

START = 1_767_225_600_000
Line = dict[str, object]


def event(kind: str, at: int, **fields: object) -> Line:
    return {"event_id": f"{kind}-{at}-{fields}", "type": kind, "ts": iso(at), **fields}


def placed(order: int, sku: str = "SKU-1", at: int = START) -> Line:
    return event("order_placed", at, order_id=f"O-{order}", sku=sku)


def returned(order: int, at: int, reason: str = "wrong_item") -> Line:
    return event("return_requested", at, order_id=f"O-{order}", reason=reason)


def sent(parcel: int, at: int, lane: str = "L-1", promised_at: int = START + 9 * DAY) -> Line:
    fields = {"shipment_id": f"P-{parcel}", "lane": lane, "promised_at": iso(promised_at)}
    return event("shipment_dispatched", at, **fields)


def scanned(parcel: int, at: int) -> Line:
    return event("carrier_scan", at, shipment_id=f"P-{parcel}")


def delivered(parcel: int, at: int) -> Line:
    return event("shipment_delivered", at, shipment_id=f"P-{parcel}")


def found(events: list[Line], size: int = 1000) -> set[Alert]:
    lines = [json.dumps(one).encode() for one in events]
    texts = [b"\n".join(lines[i : i + size]) for i in range(0, len(lines), size)]
    seen = list(alerts(texts))

    assert len(seen) == len(set(seen))
    return set(seen)


def test_the_third_wrong_item_in_exactly_seven_days_is_one_too_many() -> None:
    orders = [placed(number) for number in range(3)]
    times = [START + DAY, START + 2 * DAY, START + 8 * DAY]

    assert found(orders + [returned(i, at) for i, at in enumerate(times)]) == {
        ("J1", "SKU-1", START + 8 * DAY)
    }


def test_a_millisecond_more_than_seven_days_is_too_long() -> None:
    orders = [placed(number) for number in range(3)]
    times = [START + DAY, START + 2 * DAY, START + 8 * DAY + 1]

    assert found(orders + [returned(i, at) for i, at in enumerate(times)]) == set()


def test_an_episode_alerts_once_and_ends_with_the_first_return_that_is_alone() -> None:
    days = [1, 2, 3, 4, 20, 21, 22]
    orders = [placed(number) for number in range(len(days))]
    returns = [returned(i, START + day * DAY) for i, day in enumerate(days)]

    assert found(orders + returns) == {
        ("J1", "SKU-1", START + 3 * DAY),
        ("J1", "SKU-1", START + 22 * DAY),
    }


def test_other_reasons_other_skus_and_repeats_do_not_count() -> None:
    orders = [placed(0), placed(1), placed(2, "SKU-2"), placed(3)]
    returns = [
        returned(0, START + DAY),
        returned(0, START + DAY),
        returned(1, START + DAY + 1),
        returned(2, START + DAY + 2),
        returned(3, START + DAY + 3, "wrong_size"),
    ]

    assert found(orders + returns) == set()


def test_a_parcel_seen_at_the_last_moment_is_not_silent() -> None:
    limit = START + 72 * HOUR
    events = [sent(1, START), sent(2, START), scanned(1, limit), scanned(2, limit + 1)]

    assert found(events) == {("J3", "P-2", limit)}


def test_a_parcel_nobody_saw_is_silent_once_its_hours_are_over() -> None:
    events = [sent(1, START), sent(2, START + HOUR), placed(1, at=START + 73 * HOUR - 1)]

    assert found(events) == {("J3", "P-1", START + 72 * HOUR)}


def test_what_arrives_an_hour_late_is_seen_in_time() -> None:
    limit = START + 72 * HOUR
    events = [sent(1, START), placed(1, at=limit + HOUR), delivered(1, limit)]

    assert found(events, size=1) == set()


def test_a_lane_late_twice_as_often_as_all_lanes_is_named_from_twenty_deliveries_on() -> None:
    promise = START + 2 * DAY
    parcels = [(f"L-{number % 4}", number) for number in range(80)]
    events = [sent(i, START + DAY, lane, promise) for lane, i in parcels]
    events += [delivered(i, promise + (lane == "L-1")) for lane, i in parcels]
    few = [one for one in events if one["shipment_id"] != "P-1"]
    end = [placed(1, at=START + 4 * DAY)]

    assert found(events + end) == {("J2", "L-1", START + 2 * DAY)}
    assert found(few + end) == set()


def test_a_day_that_is_not_over_names_no_lane() -> None:
    promise = START + 2 * DAY
    events = [sent(i, START + DAY, f"L-{i % 4}", promise) for i in range(80)]
    events += [delivered(i, promise + (i % 4 == 1)) for i in range(80)]

    assert found(events) == set()


def as_they_arrive(events: list[Line], dice: random.Random) -> list[Line]:
    """Return events up to an hour late and some of them twice."""
    arrivals = []
    for one in events:
        at = parse_one(str(one["ts"])) or 0
        times = 1 + (dice.random() < 0.1)
        arrivals += [(at + dice.randrange(HOUR) * (dice.random() < 0.2), one) for _ in range(times)]
    return [one for _, one in sorted(arrivals, key=lambda arrival: arrival[0])]


def journey(number: int, dice: random.Random) -> Iterator[Line]:
    at, lane = START + dice.randrange(10 * DAY), dice.randrange(4)
    arrived = at + DAY + dice.randrange(5 * DAY)
    promise = at + 3 * DAY if lane == 0 else at + 6 * DAY
    yield placed(number, f"SKU-{dice.randrange(5)}", at)
    yield sent(number, at, f"L-{lane}", promise)
    if dice.random() < 0.5:
        yield scanned(number, at + dice.randrange(HOUR, DAY))
    yield delivered(number, arrived)
    if dice.random() < 0.2:
        yield returned(number, arrived + 1)


@pytest.mark.parametrize("size", [1, 7, 500])
def test_any_batch_size_gives_the_same_alerts(size: int) -> None:
    dice = random.Random(5)  # noqa: S311 - no secret: the same story each time
    story = [one for number in range(800) for one in journey(number, dice)]
    in_time = sorted(story, key=lambda one: str(one["ts"]))
    expected = found(in_time, len(in_time))

    assert found(as_they_arrive(story, dice), size) == expected
    assert {job for job, *_ in expected} == {"J1", "J2", "J3"}
