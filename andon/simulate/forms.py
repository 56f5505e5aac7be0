"""The data fields of every simulated event as JSON text, many rows of one kind at a time."""

from collections.abc import Callable
from typing import Final

import numpy as np

from andon.simulate.demand import SLOTS, lines_of
from andon.simulate.journeys import CANCELLED_BY, Act
from andon.simulate.world import (
    CARRIERS,
    COUNTRY,
    REGIONS,
    WAREHOUSE_REGION,
    WAREHOUSES,
    Ints,
    World,
    hub_name,
    sku_name,
)
from schemas.times import NEVER, Times

Bodies = Callable[[World, Act, Ints], list[str]]
"""Rows of a kind's table in; the insides of JSON objects out, ``order_id`` first if there."""

TO: Final = ("neighbour", "locker", "door", "door", "door", "door", "signed")
TIERS: Final = ("new", "regular", "gold")
HUBS: Final = [hub_name(hub) for hub in range(len(CARRIERS) * len(REGIONS))]
PLACES: Final = [f'{{"country":"{COUNTRY}","region":"{region}"}}' for region in REGIONS]


def stamps(moments: Times) -> list[str]:
    """Return RFC 3339 texts of exactly 24 characters; ``NEVER`` becomes an empty text."""
    texts = [
        f"{text}Z" for text in np.datetime_as_string(moments.astype("M8[ms]"), unit="ms").tolist()
    ]
    for row in np.flatnonzero(moments >= NEVER).tolist():
        texts[row] = ""
    return texts


def euros(cents: int) -> str:
    """Return an amount as a decimal text."""
    return f"{cents // 100}.{cents % 100:02d}"


def _orders(act: Act, order: Ints) -> list[int]:
    numbers: list[int] = (order + act.orders.first).tolist()
    return numbers


def placed(world: World, act: Act, rows: Ints) -> list[str]:
    """Return the bodies of ``order.placed``."""
    o = act.orders
    columns = zip(
        _orders(act, rows), o.customer[rows].tolist(), _ordered_lines(world, act, rows),
        stamps(o.ship_by[rows]), stamps(o.promised_by[rows]), _optional(act, rows),
        o.region[rows].tolist(), o.tier[rows].tolist(), o.shipping_cents[rows].tolist(),
        strict=True,
    )  # fmt: skip
    return [
        f'"order_id":"O-{order:08d}","customer_id":"U-{customer:07d}","currency":"EUR",'
        f'"lines":[{lines}],"ship_by":"{ship_by}","promised_by":"{promised}",{extra}'
        f'"destination":{PLACES[region]},"customer":{{"tier":"{TIERS[tier]}"}},'
        f'"shipping_fee":"{euros(fee)}"'
        for order, customer, lines, ship_by, promised, extra, region, tier, fee in columns
    ]


def _optional(act: Act, rows: Ints) -> list[str]:
    """Return the fields that few orders have: a need-by date, and what is replaced."""
    o = act.orders
    texts = [""] * rows.size
    gifts = np.flatnonzero(o.needed_by[rows] < NEVER)
    for at, stamp in zip(gifts.tolist(), stamps(o.needed_by[rows[gifts]]), strict=True):
        texts[at] = f'"needed_by":"{stamp}",'
    for at in np.flatnonzero(o.replaces[rows] >= 0).tolist():
        line = f"O-{o.replaces[rows[at]]:08d}", int(o.replaces_slot[rows[at]]) + 1
        texts[at] += f'"replaces":{{"order_id":"{line[0]}","line_id":"{line[1]}"}},'
    return texts


def _ordered_lines(world: World, act: Act, rows: Ints) -> list[str]:
    sku, quantity = act.orders.sku[rows], act.orders.quantity[rows]
    fields = world.sku_fields
    texts = [
        f'{{"line_id":"1",{fields[s]},"quantity":{q}}}'
        for s, q in zip(sku[:, 0].tolist(), quantity[:, 0].tolist(), strict=True)
    ]
    for slot in range(1, SLOTS):
        here = np.flatnonzero(lines_of(act.orders)[rows, slot])
        pairs = zip(
            here.tolist(), sku[here, slot].tolist(), quantity[here, slot].tolist(), strict=True
        )
        for at, s, q in pairs:
            texts[at] += f',{{"line_id":"{slot + 1}",{fields[s]},"quantity":{q}}}'
    return texts


def cancelled(_: World, act: Act, rows: Ints) -> list[str]:
    """Return the bodies of ``order.cancelled``."""
    table = act.cancellations
    by = table.by[rows].tolist()
    order = _orders(act, table.order[rows])
    return [
        f'"order_id":"O-{o:08d}","by":"{CANCELLED_BY[b]}"' for o, b in zip(order, by, strict=True)
    ]


def unfillable(_: World, act: Act, rows: Ints) -> list[str]:
    """Return the bodies of ``order.line_unfillable``."""
    slot = act.shortages.slot[rows].tolist()
    order = _orders(act, act.shortages.order[rows])
    return [
        f'"order_id":"O-{o:08d}","line_id":"{s + 1}","reason":"out_of_stock"'
        for o, s in zip(order, slot, strict=True)
    ]


def parcel_ids(act: Act, rows: Ints) -> list[str]:
    """Return the ids of parcels and their orders."""
    p = act.parcels
    pairs = zip(_orders(act, p.order[rows]), p.number[rows].tolist(), strict=True)
    return [f'"order_id":"O-{order:08d}","shipment_id":"P-{order:08d}-{n}"' for order, n in pairs]


def packed(world: World, act: Act, rows: Ints) -> list[str]:
    """Return the bodies of ``shipment.packed``."""
    return _packed(world, act, rows, act.parcels.scanned[rows])


def repacked(world: World, act: Act, rows: Ints) -> list[str]:
    """Return the bodies of ``shipment.packed`` for parcels that were opened and put right."""
    return _packed(world, act, rows, act.orders.sku[act.parcels.order[rows]])


def _packed(world: World, act: Act, rows: Ints, scanned: Ints) -> list[str]:
    p = act.parcels
    warehouse = act.orders.warehouse[p.order[rows]].tolist()
    expected, actual = _weights(world, act, rows)
    columns = zip(
        parcel_ids(act, rows), warehouse, _packed_lines(world, act, rows, scanned), expected,
        actual, strict=True,
    )  # fmt: skip
    return [
        f'{ids},"warehouse_id":"{WAREHOUSES[w]}","lines":[{lines}],"packaging":"box-{1 + want % 4}"'
        f',"expected_weight_g":{want},"actual_weight_g":{got}'
        for ids, w, lines, want, got in columns
    ]


def _weights(world: World, act: Act, rows: Ints) -> tuple[list[int], list[int]]:
    """Return the grams a parcel should weigh, and those on the scale (within 1 %)."""
    p = act.parcels
    order = p.order[rows]
    holds, quantity = p.holds[rows], act.orders.quantity[order]
    want = 120 + (world.sku_weight[act.orders.sku[order]] * quantity * holds).sum(axis=1)
    got = 120 + (world.sku_weight[p.inside[rows]] * quantity * holds).sum(axis=1)
    got = np.where(p.short[rows], got - world.sku_weight[p.inside[rows].max(axis=1)], got)
    noise = 1 + ((rows * 7919) % 201 - 100) / 10_000
    return want.tolist(), np.maximum(60, got * noise).astype(np.int64).tolist()


def _packed_lines(world: World, act: Act, rows: Ints, scanned: Ints) -> list[str]:
    p = act.parcels
    order = p.order[rows]
    warehouse = act.orders.warehouse[order]
    texts = [""] * rows.size
    for slot in range(SLOTS):
        here = np.flatnonzero(p.holds[rows, slot])
        of = order[here]
        columns = zip(
            here.tolist(), scanned[here, slot].tolist(), act.orders.sku[of, slot].tolist(),
            warehouse[here].tolist(), act.orders.quantity[of, slot].tolist(), strict=True,
        )  # fmt: skip
        for at, seen, sku, where, quantity in columns:
            comma = "," if texts[at] else ""
            texts[at] += (
                f'{comma}{{"line_id":"{slot + 1}","sku":"{sku_name(seen)}",'
                f'"quantity":{quantity},"bin":"{world.bins[where][sku]}"}}'
            )
    return texts


def dispatched(_: World, act: Act, rows: Ints) -> list[str]:
    """Return the bodies of ``shipment.dispatched``."""
    p = act.parcels
    lane = p.lane[rows]
    columns = zip(
        parcel_ids(act, rows), (lane // len(REGIONS)).tolist(), (lane % len(REGIONS)).tolist(),
        p.carrier[rows].tolist(), strict=True,
    )  # fmt: skip
    return [
        f'{ids},"warehouse_id":"{WAREHOUSES[w]}","carrier":"{CARRIERS[carrier]}",'
        f'"origin":{PLACES[WAREHOUSE_REGION[w]]},"destination":{PLACES[to]}'
        for ids, w, to, carrier in columns
    ]


def delivered(_: World, act: Act, rows: Ints) -> list[str]:
    """Return the bodies of ``shipment.delivered``."""
    to = (act.parcels.carrier[rows] + rows) % len(TO)
    return [
        f'{ids},"to":"{TO[where]}"'
        for ids, where in zip(parcel_ids(act, rows), to.tolist(), strict=True)
    ]
