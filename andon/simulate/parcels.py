"""What the warehouses pack: boxes, hours, and slips of the hand."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from andon.simulate.demand import SLOTS
from andon.simulate.faults import contents
from andon.simulate.log import Kind
from andon.simulate.stage import Stage
from andon.simulate.world import (
    CARRIER_SHARE,
    CARRIERS,
    REGIONS,
    Ints,
    World,
)
from schemas.times import DAY, HOUR, MINUTE, Times

Rng = np.random.Generator

SECOND_PARCEL: Final = 0.3
"""Share of the orders of several lines whose last line travels alone, a day later."""


class Fate(IntEnum):
    """What became of a parcel."""

    DELIVERED = 0
    LOST = 1
    REFUSED = 2
    BAD_ADDRESS = 3
    DAMAGED_RETURNING = 4
    DAMAGED_DELIVERED = 5


@dataclass(frozen=True, slots=True)
class Parcels:
    """One row per parcel. Times are ms UTC; contents have the shape (parcels, SLOTS)."""

    order: Ints
    number: Ints
    holds: NDArray[np.bool_]
    """Which lines of the order are in it."""
    inside: Ints
    """The SKU that is really in it."""
    scanned: Ints
    """The SKU as the packer scanned it."""
    packed: Times
    dispatched: Times
    delivered: Times
    carrier: Ints
    lane: Ints
    fate: Ints
    short: NDArray[np.bool_]
    """Whether a unit was left out of it."""

    @property
    def size(self) -> int:
        """How many parcels there are."""
        return self.order.size


def pack(stage: Stage, supplied: NDArray[np.bool_]) -> Parcels:
    """Return the parcels of all ``supplied`` lines, shape (orders, SLOTS)."""
    orders, rng = stage.orders, stage.rng
    order, number, holds = _boxes(supplied, rng)
    packed = _packing_times(stage, order, number)
    inside = contents(stage.faults, orders, order, packed, rng)
    region = orders.region[order]
    lane = orders.warehouse[order] * len(REGIONS) + region
    carrier = rng.choice(len(CARRIERS), order.size, p=CARRIER_SHARE)
    dispatched = packed + rng.integers(1 * HOUR, 5 * HOUR, order.size)
    blank = np.zeros(order.size, np.int64)
    scanned = np.where(holds, orders.sku[order], -1)
    parcels = Parcels(
        order, number, holds, np.where(holds, inside, -1), scanned, packed, dispatched,
        blank.copy(), carrier, lane, blank.copy(), rng.random(order.size) < 0.002,
    )  # fmt: skip
    again = _slip(stage.world, parcels, rng)
    stage.log.add(Kind.PACKED, np.arange(order.size), packed)
    stage.log.add(Kind.REPACKED, again, packed[again] + rng.integers(MINUTE, HOUR, again.size))
    return parcels


def _boxes(lines: NDArray[np.bool_], rng: Rng) -> tuple[Ints, Ints, NDArray[np.bool_]]:
    count = lines.sum(axis=1)
    two = (count > 1) & (rng.random(count.size) < SECOND_PARCEL)
    last = lines & (np.arange(SLOTS)[None, :] == (count - 1)[:, None])
    first_holds = lines & ~(last & two[:, None])
    one, second = np.flatnonzero(count > 0), np.flatnonzero(two)
    order = np.concatenate([one, second])
    number = np.concatenate([np.ones(one.size, np.int64), np.full(second.size, 2)])
    return order, number, np.concatenate([first_holds[one], last[second]])


def _packing_times(stage: Stage, order: Ints, number: Ints) -> Times:
    rng, placed = stage.rng, stage.orders.placed[order]
    hours = np.clip(rng.lognormal(2.3, 0.65, order.size), 0.7, 120)
    seller = stage.world.sku_seller[stage.orders.sku[order, 0]]
    bad = stage.faults.bad_seller.holds(seller, placed) & (rng.random(order.size) < 0.65)
    hours += np.where(bad, rng.uniform(36, 110, order.size), 0)
    packed: Times = placed + (hours * HOUR).astype(np.int64) + (number - 1) * 22 * HOUR
    sunday = (packed // DAY + 3) % 7 == 6
    return packed + np.where(sunday, DAY, 0)


def _slip(world: World, parcels: Parcels, rng: Rng) -> Ints:
    """Put a random wrong SKU into a few parcels; return those that are opened and packed again.

    Half of the slips are seen in the scan, and half of these are put right before dispatch.
    """
    slip = np.flatnonzero(rng.random(parcels.size) < 0.002)
    slot = parcels.holds[slip].argmax(axis=1)
    wrong, right = rng.integers(0, world.skus, slip.size), parcels.inside[slip, slot]
    parcels.inside[slip, slot] = wrong
    seen = rng.random(slip.size) < 0.5
    parcels.scanned[slip[seen], slot[seen]] = wrong[seen]
    caught = seen & (rng.random(slip.size) < 0.5)
    parcels.inside[slip[caught], slot[caught]] = right[caught]
    return slip[caught]
