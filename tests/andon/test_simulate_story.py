"""The decaf week: what the demo shows must be in it, on any seed."""

from collections import Counter
from pathlib import Path

import msgspec
import numpy as np
import pytest

from andon.simulate.story import DECAF, REGULAR, decaf_story, decaf_week
from andon.simulate.truth import Truth
from schemas.codec import Decoded, Decoder
from schemas.events import (
    ContactAnswered,
    ContactOpened,
    OrderPlaced,
    RefundIssued,
    ReturnReceived,
    ReturnRequested,
    SkuRepaired,
)


def week(folder: Path, seed: int = 7) -> Decoded:
    return Decoder().decode_lines(decaf_week(seed, folder).events_path.read_bytes())


def test_a_week_is_the_same_for_the_same_seed(tmp_path: Path) -> None:
    one, two = (decaf_week(7, tmp_path / name) for name in ("one", "two"))

    assert one.events_path.read_bytes() == two.events_path.read_bytes()


@pytest.mark.parametrize("seed", [1, 7])
def test_the_week_is_sorted_and_readable(seed: int, tmp_path: Path) -> None:
    decoded = week(tmp_path, seed)

    assert decoded.rejected == []
    assert (np.diff(decoded.recorded) >= 0).all()
    assert 1_500 < len({e.order_id for e in decoded.events if isinstance(e, OrderPlaced)}) < 1_700


def test_the_replacement_for_wrong_coffee_is_wrong_again(tmp_path: Path) -> None:
    events = week(tmp_path).events
    again = next(
        event
        for event in events
        if isinstance(event, OrderPlaced)
        and event.replaces is not None
        and event.lines[0].sku == DECAF
    )
    assert again.replaces is not None
    struck = [again.replaces.order_id, again.order_id]
    claims = {
        event.order_id: event.lines[0].reason
        for event in events
        if isinstance(event, ReturnRequested) and event.order_id in struck
    }
    found = [
        event.lines[0].sku_found
        for event in events
        if isinstance(event, ReturnReceived) and event.order_id in struck
    ]

    assert claims == dict.fromkeys(struck, "wrong_item")
    assert set(found) == {REGULAR}


def test_other_customers_are_hit_by_the_same_sku(tmp_path: Path) -> None:
    events = week(tmp_path).events
    buyers = {
        event.order_id: event.customer_id
        for event in events
        if isinstance(event, OrderPlaced) and event.lines[0].sku == DECAF
    }
    struck = {
        buyers[event.order_id]
        for event in events
        if isinstance(event, ReturnRequested)
        and event.order_id in buyers
        and event.lines[0].reason == "wrong_item"
    }

    assert len(struck) >= 10


def test_the_bin_is_put_right_in_the_end(tmp_path: Path) -> None:
    assert DECAF in {e.sku for e in week(tmp_path).events if isinstance(e, SkuRepaired)}


def test_some_contacts_are_never_answered(tmp_path: Path) -> None:
    events = week(tmp_path).events
    opened = {event.contact_id for event in events if isinstance(event, ContactOpened)}
    answered = {event.contact_id for event in events if isinstance(event, ContactAnswered)}

    assert len(opened - answered) >= 2


def test_a_customer_asks_twice_on_two_channels(tmp_path: Path) -> None:
    channels: dict[str, set[str]] = {}
    for event in week(tmp_path).events:
        if isinstance(event, ContactOpened) and event.order_id == "O-NORTH-01":
            channels.setdefault(event.topic, set()).add(event.channel)

    assert channels == {"where_is_my_order": {"email", "phone"}}


def test_a_refund_is_more_than_a_week_overdue(tmp_path: Path) -> None:
    mine = [
        event
        for event in week(tmp_path).events
        if isinstance(event, (ReturnReceived, RefundIssued)) and event.order_id == "O-REFUND-01"
    ]
    days = [np.datetime64(event.time[:-1]) for event in mine]

    assert days[1] - days[0] > np.timedelta64(7, "D")


def test_the_truth_knows_the_decaf(tmp_path: Path) -> None:
    summary = decaf_week(7, tmp_path)
    truth = msgspec.json.decode(summary.truth_path.read_bytes(), type=Truth)
    known = next(fault for fault in truth.faults if fault.subject == DECAF)

    assert (known.fault, known.sku_found) == ("mis-slotted-sku", REGULAR)
    assert known.affected_units == 11


def test_a_story_s_contacts_have_names_of_their_own() -> None:
    bodies = Counter(event.body for event in decaf_story(7).told if '"channel"' in event.body)

    assert set(bodies.values()) == {1}
