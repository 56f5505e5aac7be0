"""What comes back: why, when, what the warehouse finds in it, and the money."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from andon.simulate.demand import Orders
from andon.simulate.log import Kind
from andon.simulate.parcels import Fate, Parcels, Rng
from andon.simulate.stage import Stage
from andon.simulate.world import Ints, World
from schemas.times import DAY, HOUR, MINUTE, NEVER, Flags, Times

REASONS: Final = (
    "wrong_item", "damaged", "defective", "missing_item", "not_as_described", "too_small",
    "too_large", "arrived_late", "unwanted", "style",
)  # fmt: skip
WRONG, DAMAGED, DEFECTIVE, MISSING, MISLED, SMALL, LARGE, LATE, UNWANTED, STYLE = range(10)

DISPOSITIONS: Final = (
    "different_item", "carrier_damaged", "defective", "as_claimed", "as_claimed", "sellable",
    "sellable", "sellable", "sellable", "sellable", "right_item", "customer_damaged", "empty",
)  # fmt: skip
RIGHT_ITEM, CUSTOMER_DAMAGED, EMPTY = 10, 11, 12
"""The first ten dispositions confirm the reason of the same number."""

WANTS: Final = ("refund", "replacement", "store_credit")
REFUND, REPLACEMENT, CREDIT = range(3)


@dataclass(frozen=True, slots=True)
class Units:
    """One row per delivered line of an order: what the customer found in the parcel."""

    order: Ints
    slot: Ints
    parcel: Ints
    wrong: Flags
    damaged: Flags
    missing: Flags
    defective: Flags
    delivered: Times
    inside: Ints


@dataclass(frozen=True, slots=True)
class Returns:
    """One row per return. Times are ms UTC, ``NEVER`` for a step that is not taken."""

    order: Ints
    slot: Ints
    reason: Ints
    wants: Ints
    disposition: Ints
    found: Ints
    """The SKU that was found in it, or -1."""
    requested: Times
    received: Times
    refunded: Times

    @property
    def size(self) -> int:
        """How many returns there are."""
        return self.order.size


@dataclass(frozen=True, slots=True)
class Refunds:
    """One row per payment to a customer; ``of_return`` is -1 where nothing had come back."""

    order: Ints
    slot: Ints
    of_return: Ints
    at: Times


def unpack(stage: Stage, parcels: Parcels, bad_seller: Flags) -> Units:
    """Return what customers find in the parcels that reached them; ``bad_seller`` is by parcel."""
    world, orders, rng = stage.world, stage.orders, stage.rng
    here = parcels.holds & (parcels.delivered < NEVER)[:, None]
    parcel, slot = np.nonzero(here)
    order = parcels.order[parcel]
    inside = parcels.inside[parcel, slot]
    careless = bad_seller[parcel] & (world.sku_seller[orders.sku[order, slot]] > 0)
    luck = rng.random(order.size)
    return Units(
        order=order,
        slot=slot,
        parcel=parcel,
        wrong=inside != orders.sku[order, slot],
        damaged=(parcels.fate[parcel] == Fate.DAMAGED_DELIVERED) | (luck < 0.003),
        missing=parcels.short[parcel],
        defective=luck > np.where(careless, 0.88, 0.994),
        delivered=parcels.delivered[parcel],
        inside=inside,
    )


def send_back(stage: Stage, units: Units) -> Returns:
    """Return the returns that customers ask for, and log their steps."""
    orders, rng = stage.orders, stage.rng
    reason = _reasons(stage.world, orders, units, rng)
    rows = np.flatnonzero(reason >= 0)
    reason = reason[rows]
    blame = reason <= MISLED
    days = np.where(blame, rng.exponential(1.2, rows.size), rng.uniform(0.5, 12, rows.size))
    requested = units.delivered[rows] + HOUR + (days * DAY).astype(np.int64)
    wants = _wishes(reason, rng)
    shipped, received, cancelled = _ways_back(requested, reason, rng)
    refunded = _pay_days(received, rng)
    refunded[wants == REPLACEMENT] = NEVER
    disposition, found = _findings(orders, units, rows, reason, rng)
    back = Returns(
        units.order[rows], units.slot[rows], reason, wants, disposition, found,
        requested, received, refunded,
    )  # fmt: skip
    every = np.arange(rows.size)
    for kind, at in (
        (Kind.RETURN_REQUESTED, requested), (Kind.RETURN_SHIPPED, shipped),
        (Kind.RETURN_RECEIVED, received), (Kind.RETURN_CANCELLED, cancelled),
    ):  # fmt: skip
        stage.log.add(kind, every, at)
    return back


def _reasons(world: World, orders: Orders, units: Units, rng: Rng) -> Ints:
    """Return the reason given for each unit, -1 where the customer keeps it."""
    luck, taste = rng.random(units.order.size), rng.random(units.order.size)
    sized = world.sku_sized[orders.sku[units.order, units.slot]]
    conditions = (
        (units.wrong & (luck < 0.85), WRONG), (units.missing & (luck < 0.8), MISSING),
        (units.damaged & (luck < 0.8), DAMAGED), (units.defective & (luck < 0.7), DEFECTIVE),
        (sized & (taste < 0.06), SMALL), (sized & (taste < 0.09), LARGE),
        (taste > 0.999, WRONG), (taste > 0.996, MISLED), (taste > 0.992, STYLE),
        (taste > 0.972, UNWANTED),
    )  # fmt: skip
    chosen: Ints = np.select(
        [where for where, _ in conditions], [reason for _, reason in conditions], -1
    )
    return chosen


def _wishes(reason: Ints, rng: Rng) -> Ints:
    luck = rng.random(reason.size)
    again = np.isin(reason, (WRONG, DAMAGED, MISSING)) & (luck < 0.6)
    wants: Ints = np.where(again, REPLACEMENT, np.where(luck > 0.95, CREDIT, REFUND))
    return wants


def _ways_back(requested: Times, reason: Ints, rng: Rng) -> tuple[Times, Times, Times]:
    """Return when returns are shipped, received and cancelled."""
    size = requested.size
    shipped = requested + rng.integers(4 * HOUR, 5 * DAY, size)
    received = shipped + rng.integers(2 * DAY, 6 * DAY, size)
    luck = rng.random(size)
    kept = luck < 0.05
    cancelled = np.where(luck < 0.025, requested + rng.integers(HOUR, 6 * DAY, size), NEVER)
    received[(luck > 0.97) | kept | (reason == MISSING)] = NEVER
    shipped[kept | (reason == MISSING)] = NEVER
    return shipped, received, cancelled


def _pay_days(received: Times, rng: Rng) -> Times:
    days = rng.uniform(0.3, 3.5, received.size)
    luck = rng.random(received.size)
    days += np.where(luck < 0.04, rng.uniform(7, 16, received.size), 0)
    paid = received + (days * DAY).astype(np.int64)
    paid[(received == NEVER) | (luck > 0.99)] = NEVER
    return paid


def _findings(
    orders: Orders, units: Units, rows: Ints, reason: Ints, rng: Rng
) -> tuple[Ints, Ints]:
    """Return what the inspection finds: dispositions, and the SKU where it was looked up."""
    luck = rng.random(rows.size)
    claimed_wrong = reason == WRONG
    disposition = reason.copy()
    disposition[claimed_wrong & ~units.wrong[rows]] = RIGHT_ITEM
    contradicted = claimed_wrong & (luck < 0.03)
    disposition[contradicted] = RIGHT_ITEM
    disposition[(reason == DAMAGED) & (luck < 0.05)] = CUSTOMER_DAMAGED
    disposition[luck > 0.998] = EMPTY
    ordered = orders.sku[units.order[rows], units.slot[rows]]
    found = np.where(disposition == RIGHT_ITEM, ordered, units.inside[rows])
    looked_up = claimed_wrong & (disposition != EMPTY)
    return disposition, np.where(looked_up, found, -1)


def pay_back(stage: Stage, parcels: Parcels, back: Returns) -> Refunds:
    """Return all refunds: for returns, and for parcels that will never arrive."""
    rng = stage.rng
    by_return = np.flatnonzero(back.refunded < NEVER)
    gone = np.flatnonzero((parcels.delivered == NEVER) & (rng.random(parcels.size) < 0.85))
    at = parcels.dispatched[gone] + rng.integers(6 * DAY, 18 * DAY, gone.size)
    refunds = Refunds(
        order=np.concatenate([back.order[by_return], parcels.order[gone]]),
        slot=np.concatenate([back.slot[by_return], parcels.holds[gone].argmax(axis=1)]),
        of_return=np.concatenate([by_return, np.full(gone.size, -1)]),
        at=np.concatenate([back.refunded[by_return], at]),
    )
    stage.log.add(Kind.REFUNDED, np.arange(refunds.at.size), refunds.at)
    return refunds


def replacements(back: Returns, rng: Rng) -> tuple[Ints, Ints, Times]:
    """Return which lines are sent again: order rows, slots, times (ms UTC); in time order."""
    rows = np.flatnonzero(back.wants == REPLACEMENT)
    at = back.requested[rows] + rng.integers(10 * MINUTE, 20 * HOUR, rows.size)
    order = np.argsort(at, kind="stable")
    rows = rows[order]
    return back.order[rows], back.slot[rows], at[order]


def seller_of(world: World, orders: Orders, parcels: Parcels) -> NDArray[np.int64]:
    """Return the seller who hands over each parcel."""
    slot = parcels.holds.argmax(axis=1)
    sellers: Ints = world.sku_seller[orders.sku[parcels.order, slot]]
    return sellers
