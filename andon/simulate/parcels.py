"""What the warehouses pack and what the carriers do with it."""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from andon.simulate.demand import SLOTS, Orders
from andon.simulate.faults import Faults, contents
from andon.simulate.log import Kind, Log
from andon.simulate.world import (
    CARRIER_SHARE,
    CARRIERS,
    REGIONS,
    WAREHOUSE_REGION,
    Ints,
    World,
)
from schemas.times import DAY, HOUR, MINUTE, NEVER, Times

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


@dataclass(slots=True)
class Scans:
    """What carriers report, as growing columns: parcel, status, place, responsible and eta."""

    parcel: list[Ints] = field(default_factory=list)
    status: list[Ints] = field(default_factory=list)
    place: list[Ints] = field(default_factory=list)
    responsible: list[Ints] = field(default_factory=list)
    eta: list[Times] = field(default_factory=list)
    size: int = 0

    def table(self) -> "ScanTable":
        """Return what was reported, one row per scan in the order of reporting."""
        columns = (self.parcel, self.status, self.place, self.responsible, self.eta)
        return ScanTable(*(np.concatenate(column).astype(np.int64) for column in columns))


@dataclass(frozen=True, slots=True)
class ScanTable:
    """One row per scan; ``status`` and ``responsible`` are rows of STATUSES and RESPONSIBLE."""

    parcel: Ints
    status: Ints
    place: Ints
    responsible: Ints
    eta: Times


STATUSES: Final = (
    "label_created", "accepted", "in_transit", "out_for_delivery", "available_for_pickup",
    "attempt_failed", "delayed", "damaged", "lost", "address_problem", "refused", "returning",
    "returned",
)  # fmt: skip
RESPONSIBLE: Final = ("", "carrier", "customer", "weather", "shop")


@dataclass(frozen=True, slots=True)
class Reporter:
    """Writes scans of ``parcels`` into the log and the table of scans."""

    log: Log
    scans: Scans

    def scan(
        self,
        status: str,
        parcels: Ints,
        at: Times,
        place: Ints,
        responsible: str = "",
        eta: Times | None = None,
    ) -> None:
        """Report ``status`` of ``parcels`` (rows) at ``at``; all arrays have one length."""
        real = at < NEVER
        count = int(real.sum())
        self.log.add(Kind.SCANNED, self.scans.size + np.arange(count), at[real])
        self.scans.size += count
        self.scans.parcel.append(parcels[real])
        self.scans.status.append(np.full(count, STATUSES.index(status)))
        self.scans.place.append(place[real])
        self.scans.responsible.append(np.full(count, RESPONSIBLE.index(responsible)))
        self.scans.eta.append(np.full(count, NEVER) if eta is None else eta[real])


def pack(
    world: World, faults: Faults, orders: Orders, supplied: NDArray[np.bool_], log: Log, rng: Rng
) -> Parcels:
    """Return the parcels of all ``supplied`` lines, shape (orders, SLOTS)."""
    order, number, holds = _boxes(supplied, rng)
    packed = _packing_times(world, faults, orders, order, number, rng)
    inside = contents(faults, orders, order, packed, rng)
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
    _slip(world, parcels, rng)
    rows = np.arange(order.size)
    log.add(Kind.PACKED, rows, packed)
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


def _packing_times(
    world: World, faults: Faults, orders: Orders, order: Ints, number: Ints, rng: Rng
) -> Times:
    placed = orders.placed[order]
    hours = np.clip(rng.lognormal(2.3, 0.65, order.size), 0.7, 120)
    seller = world.sku_seller[orders.sku[order, 0]]
    bad = faults.bad_seller.holds(seller, placed) & (rng.random(order.size) < 0.65)
    hours += np.where(bad, rng.uniform(36, 110, order.size), 0)
    packed: Times = placed + (hours * HOUR).astype(np.int64) + (number - 1) * 22 * HOUR
    sunday = (packed // DAY + 3) % 7 == 6
    return packed + np.where(sunday, DAY, 0)


def _slip(world: World, parcels: Parcels, rng: Rng) -> None:
    """Put a random wrong SKU into a few parcels; half of the slips are seen in the scan."""
    slip = np.flatnonzero(rng.random(parcels.size) < 0.002)
    slot = parcels.holds[slip].argmax(axis=1)
    wrong = rng.integers(0, world.skus, slip.size)
    parcels.inside[slip, slot] = wrong
    seen = rng.random(slip.size) < 0.5
    parcels.scanned[slip[seen], slot[seen]] = wrong[seen]


def carry(world: World, faults: Faults, parcels: Parcels, orders: Orders, log: Log, rng: Rng) -> ScanTable:
    """Move the parcels; fill in ``delivered`` and ``fate``, and return the carriers' scans."""
    say = Reporter(log, Scans())
    rows = np.arange(parcels.size)
    origin = np.asarray(WAREHOUSE_REGION)[parcels.lane // len(REGIONS)]
    start_hub = parcels.carrier * len(REGIONS) + origin
    end_hub = parcels.carrier * len(REGIONS) + parcels.lane % len(REGIONS)
    _delay_hand_over(parcels, start_hub, say, rng)
    log.add(Kind.DISPATCHED, rows, parcels.dispatched)
    arrival = _arrivals(world, faults, parcels, rng)
    _draw_fates(faults, parcels, start_hub, end_hub, rng)
    arrival = _report_trouble(parcels, arrival, end_hub, say, rng)
    _report_progress(parcels, arrival, (start_hub, end_hub), say, rng)
    reached = np.isin(parcels.fate, (Fate.DELIVERED, Fate.DAMAGED_DELIVERED))
    parcels.delivered[:] = np.where(reached, arrival, NEVER)
    log.add(Kind.DELIVERED, rows, parcels.delivered)
    return say.scans.table()


def _delay_hand_over(parcels: Parcels, hub: Ints, say: Reporter, rng: Rng) -> None:
    """Leave a few labelled parcels lying about for days before the carrier takes them."""
    left = np.flatnonzero(rng.random(parcels.size) < 0.002)
    say.scan("label_created", left, parcels.packed[left] + 20 * MINUTE, hub[left], "shop")
    parcels.dispatched[left] += rng.integers(5 * DAY, 9 * DAY, left.size)


def _arrivals(world: World, faults: Faults, parcels: Parcels, rng: Rng) -> Times:
    usual = world.lane_usual[parcels.lane] * rng.lognormal(0, 0.2, parcels.size)
    disrupted = rng.random(parcels.size) < 0.03
    usual += np.where(disrupted, rng.uniform(1, 5, parcels.size) * DAY, 0)
    slow = faults.slow_lane.holds(parcels.lane, parcels.dispatched)
    usual += np.where(slow, rng.uniform(2, 5, parcels.size) * DAY, 0)
    earliest = parcels.dispatched + usual.astype(np.int64)
    return _within_delivery_hours(earliest, rng)


def _within_delivery_hours(earliest: Times, rng: Rng) -> Times:
    """Return the first moment from ``earliest`` on between 7 and 18 h UTC, not on a Sunday."""
    hour = earliest % DAY
    later = earliest - hour + rng.integers(7 * HOUR, 18 * HOUR, earliest.size)
    moment = np.where(later < earliest, later + DAY, later)
    sunday = (moment // DAY + 3) % 7 == 6
    return moment + np.where(sunday, DAY, 0)


def _draw_fates(faults: Faults, parcels: Parcels, start: Ints, end: Ints, rng: Rng) -> None:
    luck = rng.random(parcels.size)
    shares = ((Fate.LOST, 0.002), (Fate.REFUSED, 0.002), (Fate.BAD_ADDRESS, 0.002),
              (Fate.DAMAGED_RETURNING, 0.001), (Fate.DAMAGED_DELIVERED, 0.0025))  # fmt: skip
    floor = 0.0
    for fate, share in shares:
        parcels.fate[(luck >= floor) & (luck < floor + share)] = fate
        floor += share
    lossy = faults.lossy_hub
    passing = lossy.holds(start, parcels.dispatched) | lossy.holds(end, parcels.dispatched)
    parcels.fate[passing & (rng.random(parcels.size) < 0.12)] = Fate.LOST


def _report_trouble(parcels: Parcels, arrival: Times, hub: Ints, say: Reporter, rng: Rng) -> Times:
    """Report what goes wrong underway; return the arrivals it leads to."""
    arrival = _report_attempts(parcels, arrival, hub, say, rng)
    _report_losses(parcels, hub, say, rng)
    _report_weather(parcels, arrival, hub, say, rng)
    turned = {Fate.REFUSED: ("refused", "customer"), Fate.BAD_ADDRESS: ("address_problem", "shop"),
              Fate.DAMAGED_RETURNING: ("damaged", "carrier")}  # fmt: skip
    for fate, (status, responsible) in turned.items():
        rows = np.flatnonzero(parcels.fate == fate)
        say.scan(status, rows, arrival[rows], hub[rows], responsible)
        back = arrival[rows] + rng.integers(HOUR, DAY, rows.size)
        say.scan("returning", rows, back, hub[rows], "carrier")
        say.scan("returned", rows, back + rng.integers(DAY, 4 * DAY, rows.size), hub[rows])
    rows = np.flatnonzero(parcels.fate == Fate.DAMAGED_DELIVERED)
    middle = (parcels.dispatched[rows] + arrival[rows]) // 2
    say.scan("damaged", rows, middle, hub[rows], "carrier")
    return arrival


def _report_attempts(parcels: Parcels, arrival: Times, hub: Ints, say: Reporter, rng: Rng) -> Times:
    """Report failed attempts and pick-up shops, which move the arrival by days."""
    luck = rng.random(parcels.size)
    later = arrival.copy()
    failed, kept = np.flatnonzero(luck < 0.025), np.flatnonzero(luck > 0.985)
    say.scan("attempt_failed", failed, arrival[failed], hub[failed], "customer")
    later[failed] += rng.integers(20 * HOUR, 50 * HOUR, failed.size)
    fixed = failed[rng.random(failed.size) < 0.1]
    say.scan("address_problem", fixed, arrival[fixed] + 20 * MINUTE, hub[fixed], "shop")
    say.scan("available_for_pickup", kept, arrival[kept], hub[kept])
    later[kept] += rng.integers(4 * HOUR, 90 * HOUR, kept.size)
    return later


def _report_losses(parcels: Parcels, hub: Ints, say: Reporter, rng: Rng) -> None:
    lost = np.flatnonzero(parcels.fate == Fate.LOST)
    admitted = parcels.dispatched[lost] + rng.integers(9 * DAY, 16 * DAY, lost.size)
    admitted[rng.random(lost.size) < 0.4] = NEVER
    say.scan("lost", lost, admitted, hub[lost], "carrier")


def _report_weather(parcels: Parcels, arrival: Times, hub: Ints, say: Reporter, rng: Rng) -> None:
    rows = np.flatnonzero((rng.random(parcels.size) < 0.008) & (parcels.fate != Fate.LOST))
    middle = (parcels.dispatched[rows] + arrival[rows]) // 2
    say.scan("delayed", rows, middle, hub[rows], "weather", arrival[rows])


def _report_progress(
    parcels: Parcels, arrival: Times, hubs: tuple[Ints, Ints], say: Reporter, rng: Rng
) -> None:
    rows = np.arange(parcels.size)
    travel = arrival - parcels.dispatched
    last_seen = np.where(parcels.fate == Fate.LOST, rng.integers(0, 2, parcels.size), 2)
    some = rows[(rng.random(parcels.size) < 0.6)]
    taken = parcels.dispatched + rng.integers(HOUR // 2, 5 * HOUR, parcels.size)
    say.scan("accepted", some, taken[some], hubs[0][some])
    on = rows[(rng.random(parcels.size) < 0.85) & (last_seen >= 1)]
    moving = parcels.dispatched + 6 * HOUR + (travel * rng.uniform(0.05, 0.55, parcels.size)).astype(np.int64)
    guess = np.where(rng.random(parcels.size) < 0.5, arrival // HOUR * HOUR + 2 * HOUR, NEVER)
    say.scan("in_transit", on, np.minimum(moving, arrival)[on], hubs[0][on], "", guess[on])
    near = rows[(rng.random(parcels.size) < 0.75) & (last_seen == 2)]
    van = arrival - rng.integers(HOUR // 2, 6 * HOUR, parcels.size)
    say.scan("out_for_delivery", near, van[near], hubs[1][near])
