"""What is true of a simulated shop: its faults, whom they hit, and how often what happened."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from andon.simulate.carriers import passes
from andon.simulate.faults import Faults, Misplaced, Window
from andon.simulate.journeys import Act
from andon.simulate.log import Happenings
from andon.simulate.parcels import Fate
from andon.simulate.returns import REPLACEMENT, RIGHT_ITEM, WRONG
from andon.simulate.world import WAREHOUSES, World, hub_name, lane_name, seller_name, sku_name
from schemas.times import DAY, HOUR, MINUTE, NEVER, iso

LATE_FACT: Final = MINUTE
"""A fact recorded longer than this after it happened counts as a late one."""

REFUND_LIMIT: Final = 5 * DAY
ANSWER_LIMIT: Final = 5 * MINUTE


class KnownFault(msgspec.Struct, frozen=True, omit_defaults=True):
    """One injected fault, active in [onset, end); ``kind`` is the problem it should raise.

    ``affected_units`` counts what it hit: wrong units packed, parcels slowed or lost, hand-overs
    that came late.
    """

    fault: str
    kind: str
    subject_type: str
    subject: str
    onset: str
    end: str
    affected_units: int
    warehouse_id: str = ""
    bin: str = ""
    sku_found: str = ""


class Truth(msgspec.Struct, frozen=True):
    """All that a detector is measured against; counts are over the whole recording."""

    seed: int
    orders: int
    days: int
    faults: list[KnownFault]
    counts: dict[str, int]


def write_truth(path: Path, truth: Truth) -> None:
    """Write ``truth`` as indented JSON."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(truth), indent=2) + b"\n")


def known_faults(world: World, faults: Faults, acts: Sequence[Act]) -> list[KnownFault]:
    """Return every injected fault with the number of units it hit."""
    return [
        _misplaced(world, "mis-slotted-sku", faults.mis_slotted, acts),
        *(_misplaced(world, "swapped-bins", swap, acts) for swap in faults.swapped),
        _named("slow-lane", "lane-late", ("lane", lane_name(faults.slow_lane.row)),
               faults.slow_lane, sum(_slowed(faults, act) for act in acts)),
        _named("lossy-hub", "lost-shipment", ("hub", hub_name(faults.lossy_hub.row)),
               faults.lossy_hub, sum(_lost_at_hub(faults, act) for act in acts)),
        _named("bad-seller", "seller-late", ("seller", seller_name(faults.bad_seller.row)),
               faults.bad_seller, sum(_late_hand_overs(world, faults, act) for act in acts)),
    ]  # fmt: skip


def _misplaced(world: World, name: str, bad: Misplaced, acts: Sequence[Act]) -> KnownFault:
    return KnownFault(
        fault=name,
        kind="sku-wrong-item",
        subject_type="sku",
        subject=sku_name(bad.row),
        onset=iso(bad.onset),
        end=iso(bad.end),
        affected_units=sum(_wrong_units(act, bad) for act in acts),
        warehouse_id=WAREHOUSES[bad.warehouse],
        bin=world.bins[bad.warehouse][bad.row],
        sku_found=sku_name(bad.inside),
    )


def _named(
    name: str, kind: str, subject: tuple[str, str], window: Window, affected: int
) -> KnownFault:
    return KnownFault(
        name, kind, subject[0], subject[1], iso(window.onset), iso(window.end), affected
    )


def _wrong_units(act: Act, bad: Misplaced) -> int:
    p = act.parcels
    there = (act.orders.warehouse[p.order] == bad.warehouse) & (p.packed >= bad.onset)
    there &= p.packed < bad.end
    wrong = (act.orders.sku[p.order] == bad.row) & (p.inside == bad.inside) & p.holds
    return int((act.orders.quantity[p.order] * (wrong & there[:, None])).sum())


def _slowed(faults: Faults, act: Act) -> int:
    return int(faults.slow_lane.holds(act.parcels.lane, act.parcels.dispatched).sum())


def _lost_at_hub(faults: Faults, act: Act) -> int:
    return int((passes(faults, act.parcels) & (act.parcels.fate == Fate.LOST)).sum())


def _late_hand_overs(world: World, faults: Faults, act: Act) -> int:
    p, orders = act.parcels, act.orders
    seller = world.sku_seller[orders.sku[p.order, p.holds.argmax(axis=1)]]
    late = p.dispatched > orders.ship_by[p.order]
    return int((faults.bad_seller.holds(seller, orders.placed[p.order]) & late).sum())


def counts(acts: Sequence[Act], what: Happenings) -> dict[str, int]:
    """Return how often what happened, over all acts."""
    rows = [_counts(act) for act in acts]
    total = {name: sum(row[name] for row in rows) for name in rows[0]}
    again = what.number.size - np.unique(what.number).size
    delay = what.recorded - what.occurred
    return total | {
        "replacements": sum(act.orders.size for act in acts[1:]),
        "repeated_events": again,
        "facts_recorded_late": int((delay > LATE_FACT).sum()),
        "facts_recorded_over_an_hour_late": int((delay > HOUR + LATE_FACT).sum()),
    }


def _counts(act: Act) -> dict[str, int]:
    p, units, back, said = act.parcels, act.units, act.returns, act.contacts
    arrived = p.delivered < NEVER
    flags = {
        "parcels": p.order >= 0,
        "parcels_dispatched_late": p.dispatched > act.orders.ship_by[p.order],
        "parcels_delivered_late": arrived & (p.delivered > act.orders.promised_by[p.order]),
        "parcels_lost": p.fate == Fate.LOST,
        "parcels_sent_back": ~arrived & (p.fate != Fate.LOST),
        "orders_cancelled": act.cancellations.order >= 0,
        "lines_unfillable": act.shortages.order >= 0,
        "lines_delivered_wrong": units.wrong,
        "lines_delivered_damaged": units.damaged,
        "lines_delivered_short": units.missing,
        "returns": back.order >= 0,
        "returns_contradicted": (back.reason == WRONG) & (back.disposition == RIGHT_ITEM)
        & (back.received < NEVER),
        "refunds_over_5_days": (back.received < NEVER) & (back.wants != REPLACEMENT)
        & (back.refunded > back.received + REFUND_LIMIT),
        "contacts": said.order >= 0,
        "contacts_without_order": ~said.named,
        "contacts_unanswered_in_5_minutes": said.answered > said.opened + ANSWER_LIMIT,
        "reviews": act.reviews.order >= 0,
        "reviews_of_2_or_less": act.reviews.rating <= 2,
    }  # fmt: skip
    return {"orders": act.orders.size} | {name: int(flag.sum()) for name, flag in flags.items()}
