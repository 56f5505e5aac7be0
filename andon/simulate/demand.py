"""What customers order: when, what, where to, and what they are promised."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from andon.simulate.world import NEAREST, REGION_SHARE, REGIONS, START, WAREHOUSES, Ints, World
from schemas.times import DAY, HOUR, NEVER, Times

SLOTS: Final = 3
"""Most lines an order has; the tables of lines are (orders, SLOTS) with -1 where there is none."""

BY_WEEKDAY: Final = (1.1, 1.0, 0.98, 0.97, 0.92, 0.9, 1.13)
BY_HOUR: Final = (
    2,
    1,
    1,
    1,
    1,
    2,
    4,
    7,
    10,
    12,
    13,
    13,
    13,
    12,
    12,
    12,
    13,
    14,
    16,
    18,
    19,
    17,
    12,
    6,
)
MIDNIGHT: Final = 23 * HOUR
"""Local midnight of the shop in winter, as ms of the UTC day."""


@dataclass(frozen=True, slots=True)
class Baskets:
    """What is asked for, one row per order to be: when, by whom, where to, which SKUs."""

    placed: Times
    customer: Ints
    region: Ints
    sku: Ints


@dataclass(frozen=True, slots=True)
class Orders:
    """One row per order; the tables of lines have one column per slot."""

    first: int
    """Number of the first row; row + first is the order's number in its id."""
    placed: Times
    customer: Ints
    region: Ints
    warehouse: Ints
    sku: Ints
    quantity: Ints
    ship_by: Times
    promised_by: Times
    needed_by: Times
    tier: Ints
    shipping_cents: Ints
    replaces: Ints
    """Number of the order that is made good, or -1."""
    replaces_slot: Ints

    @property
    def size(self) -> int:
        """How many orders there are."""
        return self.placed.size


def draw_orders(world: World, count: int, days: int, rng: np.random.Generator) -> Orders:
    """Return ``count`` orders placed within ``days`` days of the start, in order of time."""
    placed = _moments(count, days, rng)
    sku = rng.choice(world.skus, (count, SLOTS), p=world.sku_share)
    lines = 1 + (rng.random(count) < 0.28) + (rng.random(count) < 0.12)
    sku[np.arange(SLOTS)[None, :] >= lines[:, None]] = -1
    customer = (world.customers * rng.random(count) ** 1.3).astype(np.int64)
    region = rng.choice(len(REGIONS), count, p=REGION_SHARE)
    return _promised(world, 0, Baskets(placed, customer, region, sku), rng)


def draw_replacements(
    world: World,
    first: int,
    orders: Orders,
    wanted: tuple[Ints, Ints, Times],
    rng: np.random.Generator,
) -> Orders:
    """Return the orders that make good ``wanted``: rows of ``orders``, slots and times (ms UTC)."""
    rows, slots, placed = wanted
    sku = np.full((rows.size, SLOTS), -1, np.int64)
    sku[:, 0] = orders.sku[rows, slots]
    again = Baskets(placed, orders.customer[rows], orders.region[rows], sku)
    made = _promised(world, first, again, rng)
    made.replaces[:] = rows + orders.first
    made.replaces_slot[:] = slots
    made.warehouse[:] = orders.warehouse[rows]
    made.quantity[:, 0] = orders.quantity[rows, slots]
    made.shipping_cents[:] = 0
    made.needed_by[:] = NEVER
    return made


def _promised(world: World, first: int, asked: Baskets, rng: np.random.Generator) -> Orders:
    count, region = asked.placed.size, asked.region
    warehouse = np.asarray(NEAREST)[region]
    elsewhere = rng.random(count) < 0.12
    warehouse = np.where(elsewhere, rng.integers(0, len(WAREHOUSES), count), warehouse)
    ship_by = _end_of_day(asked.placed + 40 * HOUR)
    usual = world.lane_usual[warehouse * len(REGIONS) + region]
    promised_by = _end_of_day(ship_by + usual + 30 * HOUR)
    gift = rng.random(count) < 0.02
    return Orders(
        first=first,
        placed=asked.placed,
        customer=asked.customer,
        region=region,
        warehouse=warehouse,
        sku=asked.sku,
        quantity=1 + (rng.random(asked.sku.shape) < 0.1).astype(np.int64),
        ship_by=ship_by,
        promised_by=promised_by,
        needed_by=np.where(gift, promised_by + rng.integers(0, 4, count) * DAY, NEVER),
        tier=np.select([asked.customer % 20 < 1, asked.customer % 20 < 3], [2, 1], 0),
        shipping_cents=np.where(rng.random(count) < 0.6, 490, 0),
        replaces=np.full(count, -1),
        replaces_slot=np.zeros(count, np.int64),
    )


def _moments(count: int, days: int, rng: np.random.Generator) -> Times:
    day = np.arange(days)
    busy = (
        np.asarray(BY_WEEKDAY)[day % 7] * (1 + 0.08 * np.sin(day / 23)) * rng.normal(1, 0.05, days)
    )
    weight = np.outer(np.clip(busy, 0.3, None), BY_HOUR).ravel()
    per_hour = rng.multinomial(count, weight / weight.sum())
    hour = np.repeat(np.arange(per_hour.size), per_hour)
    moments: Times = START + hour * HOUR + rng.integers(0, HOUR, count)
    moments.sort()
    return moments


def _end_of_day(moment: Times) -> Times:
    """Return the last ms of the local day that contains ``moment``."""
    ends: Times = (moment - MIDNIGHT + DAY) // DAY * DAY + MIDNIGHT - 1
    return ends


def lines_of(orders: Orders) -> NDArray[np.bool_]:
    """Return which slots hold a line, shape (orders, SLOTS)."""
    return orders.sku >= 0
