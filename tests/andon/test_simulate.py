"""The simulated shop: deterministic, readable by the product, and as faulty as its truth says."""

from collections import Counter
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import TypeVar

import msgspec
import numpy as np
import pytest

from andon.simulate import Summary, simulate
from andon.simulate.truth import KnownFault, Truth
from andon.simulate.writing import Form
from schemas.codec import Decoded, Decoder
from schemas.events import (
    Event,
    OrderPlaced,
    ReturnReceived,
    ReturnRequested,
    ReviewPosted,
    ShipmentDelivered,
    ShipmentDispatched,
    ShipmentPacked,
    ShipmentScanned,
    SkuRepaired,
)
from schemas.times import DAY, HOUR, Times

ORDERS, DAYS, SEED = 12_000, 45, 11
E = TypeVar("E", bound=Event)


@cache
def world(form: Form = "flat") -> tuple[Summary, Decoded, Truth]:
    """Simulate once for all tests that only look."""
    summary = simulate(ORDERS, DAYS, SEED, Path(mkdtemp(prefix="andon-world-")), form=form)
    decoded = Decoder().decode_lines(summary.events_path.read_bytes())
    return summary, decoded, msgspec.json.decode(summary.truth_path.read_bytes(), type=Truth)


def fault(name: str) -> KnownFault:
    return next(known for known in world()[2].faults if known.fault == name)


def told(kind: type[E]) -> list[E]:
    return [event for event in world()[1].events if isinstance(event, kind)]


def active(known: KnownFault, event: Event) -> bool:
    return known.onset <= event.time < known.end


def lane(event: ShipmentDispatched) -> str:
    assert event.origin is not None
    assert event.destination is not None
    return f"{event.origin.region}->{event.destination.region}"


def travel_days(known: KnownFault, *, on_lane: bool) -> float:
    """Return the median days from dispatch to delivery while the fault was active."""
    came = {event.shipment_id: np.datetime64(event.time[:-1]) for event in told(ShipmentDelivered)}
    spans = [
        (came[event.shipment_id] - np.datetime64(event.time[:-1])) / np.timedelta64(1, "D")
        for event in told(ShipmentDispatched)
        if active(known, event)
        and event.shipment_id in came
        and (lane(event) == known.subject) is on_lane
    ]
    return float(np.median(spans))


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    one, two = (simulate(300, 10, 3, tmp_path / name) for name in ("one", "two"))

    assert one.events_path.read_bytes() == two.events_path.read_bytes()
    assert one.truth_path.read_bytes() == two.truth_path.read_bytes()


def test_another_seed_writes_another_world(tmp_path: Path) -> None:
    one, two = (simulate(300, 10, seed, tmp_path / str(seed)) for seed in (3, 4))

    assert one.events_path.read_bytes() != two.events_path.read_bytes()


def test_chunks_of_any_size_write_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = simulate(300, 10, 3, tmp_path / "one")
    monkeypatch.setattr("andon.simulate.writing.CHUNK", 97)
    two = simulate(300, 10, 3, tmp_path / "two")

    assert one.events_path.read_bytes() == two.events_path.read_bytes()


@pytest.mark.parametrize(("orders", "days"), [(1, 1), (2, 1), (30, 2)])
def test_a_tiny_shop_is_a_shop(orders: int, days: int, tmp_path: Path) -> None:
    summary = simulate(orders, days, 1, tmp_path)
    decoded = Decoder().decode_lines(summary.events_path.read_bytes())

    assert decoded.rejected == []
    assert len(decoded.events) == summary.events


def test_every_event_is_one_the_product_reads() -> None:
    summary, decoded, _ = world()

    assert decoded.rejected == []
    assert len(decoded.events) == summary.events


def test_cloudevents_tell_the_same_as_flat_json() -> None:
    _, flat, _ = world()
    _, enveloped, _ = world("cloudevents")

    assert enveloped.rejected == []
    assert enveloped.events == flat.events


def test_events_are_sorted_by_the_time_they_were_recorded() -> None:
    recorded = world()[1].recorded

    assert (np.diff(recorded) >= 0).all()


def test_stamps_have_the_form_that_is_read_fastest() -> None:
    assert {len(event.time) for event in world()[1].events} == {24}
    assert {len(event.recordedtime) for event in world()[1].events} == {24}


def test_nothing_is_recorded_before_it_happened() -> None:
    _, decoded, _ = world()

    assert (decoded.recorded > decoded.occurred).all()


def test_some_facts_are_learnt_within_the_hour_and_a_few_within_the_day() -> None:
    _, decoded, truth = world()
    delay: Times = decoded.recorded - decoded.occurred

    assert 0.01 < (delay > 60_000).mean() < 0.04
    assert 0.0005 < (delay > 2 * HOUR).mean() < 0.004
    assert delay.max() < DAY + 2 * HOUR
    assert truth.counts["facts_recorded_late"] == (delay > 60_000).sum()


def test_some_events_come_twice_alike_and_some_again_later() -> None:
    _, decoded, truth = world()
    seen: dict[str, set[str]] = {}
    for event in decoded.events:
        seen.setdefault(event.id, set()).add(event.recordedtime)
    times = Counter(event.id for event in decoded.events)
    alike = sum(1 for name, count in times.items() if count > len(seen[name]))

    assert alike > 100
    assert sum(len(stamps) > 1 for stamps in seen.values()) > 100
    assert sum(times.values()) - len(times) == truth.counts["repeated_events"]


def test_an_event_sent_again_says_the_same() -> None:
    first: dict[str, Event] = {}
    for event in world()[1].events:
        known = first.setdefault(event.id, event)
        assert msgspec.structs.replace(event, recordedtime=known.recordedtime) == known


def test_an_order_leads_to_six_to_eight_events_of_about_300_bytes() -> None:
    summary, _, _ = world()

    assert 6 < summary.events / summary.orders < 8
    assert 250 < summary.bytes / summary.events < 350


def test_few_skus_make_most_of_the_demand() -> None:
    demand = Counter(line.sku for event in told(OrderPlaced) for line in event.lines)
    ranked = sorted(demand.values(), reverse=True)

    assert sum(ranked[: len(ranked) // 10]) > 0.4 * sum(ranked)


def test_nights_are_quiet() -> None:
    hours = Counter(event.time[11:13] for event in told(OrderPlaced))

    assert hours["03"] * 5 < hours["19"]


def test_every_fault_of_the_truth_hit_something() -> None:
    assert {known.fault for known in world()[2].faults} == {
        "mis-slotted-sku",
        "swapped-bins",
        "slow-lane",
        "lossy-hub",
        "bad-seller",
    }
    assert all(known.affected_units > 0 for known in world()[2].faults)


def test_a_mis_slotted_sku_comes_back_as_the_other_sku() -> None:
    known = fault("mis-slotted-sku")
    ordered = {
        (event.order_id, line.line_id): line.sku
        for event in told(OrderPlaced)
        for line in event.lines
    }
    found = Counter(
        line.sku_found
        for event in told(ReturnReceived)
        for line in event.lines
        if ordered[event.order_id, line.line_id] == known.subject
        and line.disposition == "different_item"
    )

    assert found[known.sku_found] > 0.8 * found.total() > 5


def test_claims_of_wrong_items_gather_on_the_faulty_skus() -> None:
    faulty = {known.subject for known in world()[2].faults if known.kind == "sku-wrong-item"}
    ordered = {
        (event.order_id, line.line_id): line.sku
        for event in told(OrderPlaced)
        for line in event.lines
    }
    claims = Counter(
        ordered[event.order_id, line.line_id] in faulty
        for event in told(ReturnRequested)
        for line in event.lines
        if line.reason == "wrong_item"
    )

    assert claims[True] > claims[False]


def test_swapped_bins_mirror_each_other() -> None:
    one, other = (known for known in world()[2].faults if known.fault == "swapped-bins")

    assert (one.subject, one.sku_found) == (other.sku_found, other.subject)
    assert (one.onset, one.end, one.warehouse_id) == (other.onset, other.end, other.warehouse_id)


def test_a_bin_that_is_put_right_is_reported() -> None:
    repaired = {(event.sku, event.time) for event in told(SkuRepaired)}
    known = fault("mis-slotted-sku")

    assert (known.subject, known.end) in repaired


def test_parcels_on_the_slow_lane_take_days_longer() -> None:
    known = fault("slow-lane")

    assert travel_days(known, on_lane=True) > travel_days(known, on_lane=False) + 1.5


def test_the_lossy_hub_s_carrier_loses_more_than_the_others() -> None:
    known = fault("lossy-hub")
    came = {event.shipment_id for event in told(ShipmentDelivered)}
    sent = [event for event in told(ShipmentDispatched) if active(known, event)]
    carrier, region = known.subject.split("-hub-")
    here = [e for e in sent if e.carrier == carrier and region in lane(e).split("->")]
    lost = sum(event.shipment_id not in came for event in here) / len(here)
    elsewhere = [e for e in sent if e not in here]
    usual = sum(event.shipment_id not in came for event in elsewhere) / len(elsewhere)

    assert lost > 0.06
    assert lost > 3 * usual


def test_the_bad_seller_hands_over_late_and_is_rated_badly() -> None:
    known = fault("bad-seller")
    orders = {event.order_id: event for event in told(OrderPlaced)}
    packed = {event.order_id: event.time for event in told(ShipmentPacked)}
    theirs = [
        order.order_id
        for order in orders.values()
        if active(known, order) and order.lines[0].seller_id == known.subject
    ]
    late = [name for name in theirs if packed.get(name, "") > orders[name].ship_by]
    stars = [e.rating for e in told(ReviewPosted) if e.order_id in theirs]

    assert len(late) > 0.3 * len(theirs) > 5
    assert np.mean(stars) < 4


def test_replacements_name_the_line_they_make_good() -> None:
    orders = {event.order_id: event for event in told(OrderPlaced)}
    again = [order for order in orders.values() if order.replaces is not None]

    assert len(again) > 50
    for order in again:
        assert order.replaces is not None
        first = orders[order.replaces.order_id]
        assert order.customer_id == first.customer_id
        assert order.lines[0].sku in {line.sku for line in first.lines}


def test_every_word_of_trouble_is_spoken() -> None:
    assert {event.status for event in told(ShipmentScanned)} == {
        "label_created",
        "accepted",
        "in_transit",
        "out_for_delivery",
        "available_for_pickup",
        "attempt_failed",
        "delayed",
        "damaged",
        "lost",
        "address_problem",
        "refused",
        "returning",
        "returned",
    }


def test_progress_ends_with_all_events_written(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    summary = simulate(
        200, 5, 1, tmp_path, on_progress=lambda done, total: seen.append((done, total))
    )

    assert seen[-1] == (summary.events, summary.events)
