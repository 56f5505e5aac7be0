"""What is wrong in the simulated shop, from when to when; the truth that a detector must find."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from andon.simulate.demand import Orders
from andon.simulate.world import REGIONS, START, WAREHOUSES, Ints, World
from schemas.times import DAY, Flags, Times


@dataclass(frozen=True, slots=True)
class Window:
    """One row of something that misbehaves in [onset, end), ms UTC."""

    row: int
    onset: int
    end: int

    def holds(self, rows: Ints, at: Times) -> Flags:
        """Return where ``rows`` is the one that misbehaves, and does so ``at`` that time."""
        flags: Flags = (rows == self.row) & (at >= self.onset) & (at < self.end)
        return flags


@dataclass(frozen=True, slots=True)
class Misplaced:
    """Units of SKU ``inside`` lie in the bin of SKU ``row`` of one warehouse in [onset, end)."""

    warehouse: int
    row: int
    inside: int
    onset: int
    end: int


@dataclass(frozen=True, slots=True)
class Faults:
    """All injected faults of a world."""

    mis_slotted: Misplaced
    swapped: tuple[Misplaced, Misplaced]
    slow_lane: Window
    lossy_hub: Window
    bad_seller: Window

    @property
    def misplaced(self) -> tuple[Misplaced, ...]:
        """Every bin whose contents differ from its label."""
        return (self.mis_slotted, *self.swapped)


WRONG_SHARE: Final = 0.9
"""Share of the picks from a misplaced bin that go wrong; some pickers notice."""


def draw_faults(world: World, days: int, rng: np.random.Generator) -> Faults:
    """Return one fault of each sort, in the middle of the simulated days, on busy subjects."""
    skus = rng.choice(np.arange(2, 14), 4, replace=False).tolist()
    home, other = rng.choice(len(WAREHOUSES), 2, replace=False).tolist()
    span = days * DAY

    def window(row: int) -> Window:
        onset = START + int(span * rng.uniform(0.25, 0.5)) // DAY * DAY
        return Window(row, onset, onset + max(DAY, int(span * rng.uniform(0.25, 0.4)) // DAY * DAY))

    slot, swap = window(0), window(0)
    hub = int(rng.integers(0, 2)) * len(REGIONS) + int(rng.integers(0, 3))
    return Faults(
        mis_slotted=Misplaced(home, skus[0], skus[1], slot.onset, slot.end),
        swapped=(
            Misplaced(other, skus[2], skus[3], swap.onset, swap.end),
            Misplaced(other, skus[3], skus[2], swap.onset, swap.end),
        ),
        slow_lane=window(int(rng.choice(_busy_lanes()))),
        lossy_hub=window(hub),
        bad_seller=window(_busy_seller(world)),
    )


def contents(
    faults: Faults, orders: Orders, rows: Ints, picked: Times, rng: np.random.Generator
) -> Ints:
    """Return what is really in the parcels of order ``rows``: SKUs, shape (rows, SLOTS)."""
    inside = orders.sku[rows].copy()
    for bad in faults.misplaced:
        open_now = (orders.warehouse[rows] == bad.warehouse) & (picked >= bad.onset)
        open_now &= (picked < bad.end) & (rng.random(rows.size) < WRONG_SHARE)
        inside[(orders.sku[rows] == bad.row) & open_now[:, None]] = bad.inside
    return inside


def _busy_lanes() -> Ints:
    """Return the lanes of ordinary size: home warehouse to the four largest regions."""
    return np.asarray([1 * len(REGIONS) + 0, 2 * len(REGIONS) + 1, 2 * len(REGIONS) + 2, 8 + 3])


def _busy_seller(world: World) -> int:
    """Return the seller, other than the shop, with the largest share of demand."""
    share = np.bincount(world.sku_seller, world.sku_share, world.sellers)
    share[0] = 0
    return int(share.argmax())
