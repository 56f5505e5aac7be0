"""What the carriers do with parcels, and what they report about it."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from andon.simulate.faults import Faults
from andon.simulate.log import Kind, Log
from andon.simulate.parcels import Fate, Parcels, Rng
from andon.simulate.stage import Stage
from andon.simulate.world import REGIONS, WAREHOUSE_REGION, Ints
from schemas.times import DAY, HOUR, MINUTE, NEVER, Flags, Times

REPORTS: Final = {
    "label_created": "shop",
    "accepted": "",
    "in_transit": "",
    "out_for_delivery": "",
    "available_for_pickup": "",
    "attempt_failed": "customer",
    "delayed": "weather",
    "damaged": "carrier",
    "lost": "carrier",
    "address_problem": "shop",
    "refused": "customer",
    "returning": "carrier",
    "returned": "carrier",
}
"""The statuses carriers report, and who is responsible for each."""

STATUSES: Final = tuple(REPORTS)
AT_START: Final = ("label_created", "accepted", "in_transit")
"""Reported by the hub where the parcel starts; all else by the hub of its destination."""

DAMAGE: Final = (Fate.DAMAGED_RETURNING, Fate.DAMAGED_DELIVERED)

FATES: Final = (
    (Fate.LOST, 0.002),
    (Fate.REFUSED, 0.002),
    (Fate.BAD_ADDRESS, 0.002),
    (Fate.DAMAGED_RETURNING, 0.001),
    (Fate.DAMAGED_DELIVERED, 0.0025),
)
"""Shares of parcels that meet a fate other than a plain delivery."""


@dataclass(frozen=True, slots=True)
class Scans:
    """One row per scan; ``status`` is a row of STATUSES, ``place`` a hub, ``eta`` ms UTC."""

    parcel: Ints
    status: Ints
    place: Ints
    eta: Times


@dataclass(slots=True)
class Reporter:
    """Writes scans into the log and collects their details."""

    log: Log
    start_hub: Ints
    end_hub: Ints
    parts: list[Scans] = field(default_factory=list)
    size: int = 0

    def scan(self, status: str, parcels: Ints, at: Times, eta: Times | None = None) -> None:
        """Report ``status`` of ``parcels`` (rows) at ``at``; all arrays have one length."""
        real = at < NEVER
        rows = parcels[real]
        self.log.add(Kind.SCANNED, self.size + np.arange(rows.size), at[real])
        self.size += rows.size
        hub = self.start_hub if status in AT_START else self.end_hub
        expected = np.full(rows.size, NEVER) if eta is None else eta[real]
        self.parts.append(
            Scans(rows, np.full(rows.size, STATUSES.index(status)), hub[rows], expected)
        )

    def table(self) -> Scans:
        """Return what was reported, one row per scan in the order of reporting."""
        return Scans(
            parcel=np.concatenate([part.parcel for part in self.parts]),
            status=np.concatenate([part.status for part in self.parts]),
            place=np.concatenate([part.place for part in self.parts]),
            eta=np.concatenate([part.eta for part in self.parts]),
        )


def carry(stage: Stage, parcels: Parcels) -> Scans:
    """Move the parcels; fill in ``delivered`` and ``fate``, and return the carriers' scans."""
    rng, rows = stage.rng, np.arange(parcels.size)
    say = Reporter(stage.log, *hubs_of(parcels))
    _delay_hand_over(parcels, say, rng)
    stage.log.add(Kind.DISPATCHED, rows, parcels.dispatched)
    arrival = _arrivals(stage, parcels)
    _draw_fates(stage.faults, parcels, rng)
    arrival = _report_attempts(parcels, arrival, say, rng)
    _report_losses(parcels, say, rng)
    _report_turns(parcels, arrival, say, rng)
    _report_middle(parcels, arrival, say, rng)
    _report_progress(stage, parcels, arrival, say)
    reached = np.isin(parcels.fate, (Fate.DELIVERED, Fate.DAMAGED_DELIVERED))
    parcels.delivered[:] = np.where(reached, arrival, NEVER)
    stage.log.add(Kind.DELIVERED, rows, parcels.delivered)
    return say.table()


def hubs_of(parcels: Parcels) -> tuple[Ints, Ints]:
    """Return the hubs where each parcel starts, and where it is sent out for delivery."""
    origin = np.asarray(WAREHOUSE_REGION)[parcels.lane // len(REGIONS)]
    base = parcels.carrier * len(REGIONS)
    return base + origin, base + parcels.lane % len(REGIONS)


def passes(faults: Faults, parcels: Parcels) -> Flags:
    """Return which parcels pass the lossy hub while it loses parcels."""
    start, end = hubs_of(parcels)
    at = parcels.dispatched
    return faults.lossy_hub.holds(start, at) | faults.lossy_hub.holds(end, at)


def _delay_hand_over(parcels: Parcels, say: Reporter, rng: Rng) -> None:
    """Leave a few labelled parcels lying about for days before the carrier takes them."""
    left = np.flatnonzero(rng.random(parcels.size) < 0.002)
    say.scan("label_created", left, parcels.packed[left] + 20 * MINUTE)
    parcels.dispatched[left] += rng.integers(5 * DAY, 9 * DAY, left.size)


def _arrivals(stage: Stage, parcels: Parcels) -> Times:
    rng = stage.rng
    usual = stage.world.lane_usual[parcels.lane] * rng.lognormal(0, 0.2, parcels.size)
    disrupted = rng.random(parcels.size) < 0.03
    usual += np.where(disrupted, rng.uniform(1, 5, parcels.size) * DAY, 0)
    slow = stage.faults.slow_lane.holds(parcels.lane, parcels.dispatched)
    usual += np.where(slow, rng.uniform(2, 5, parcels.size) * DAY, 0)
    earliest = parcels.dispatched + usual.astype(np.int64)
    return _within_delivery_hours(earliest, rng)


def _within_delivery_hours(earliest: Times, rng: Rng) -> Times:
    """Return the first moment from ``earliest`` on between 7 and 18 h UTC, not on a Sunday."""
    midnight = earliest - earliest % DAY
    today = midnight + rng.integers(7 * HOUR, 18 * HOUR, earliest.size)
    moment = np.where(today < earliest, today + DAY, today)
    sunday = (moment // DAY + 3) % 7 == 6
    arrival: Times = moment + np.where(sunday, DAY, 0)
    return arrival


def _draw_fates(faults: Faults, parcels: Parcels, rng: Rng) -> None:
    luck, floor = rng.random(parcels.size), 0.0
    for fate, share in FATES:
        parcels.fate[(luck >= floor) & (luck < floor + share)] = fate
        floor += share
    swallowed = passes(faults, parcels) & (rng.random(parcels.size) < 0.12)
    parcels.fate[swallowed] = Fate.LOST


def _report_attempts(parcels: Parcels, arrival: Times, say: Reporter, rng: Rng) -> Times:
    """Report failed attempts and pick-up shops; return the arrivals, which these move by days."""
    luck = rng.random(parcels.size)
    later = arrival.copy()
    reaches = parcels.fate != Fate.LOST
    failed, kept = (
        np.flatnonzero((luck < 0.025) & reaches),
        np.flatnonzero((luck > 0.985) & reaches),
    )
    say.scan("attempt_failed", failed, arrival[failed])
    later[failed] += rng.integers(20 * HOUR, 50 * HOUR, failed.size)
    wrong = failed[rng.random(failed.size) < 0.1]
    say.scan("address_problem", wrong, arrival[wrong] + 20 * MINUTE)
    say.scan("available_for_pickup", kept, arrival[kept])
    later[kept] += rng.integers(4 * HOUR, 90 * HOUR, kept.size)
    return later


def _report_losses(parcels: Parcels, say: Reporter, rng: Rng) -> None:
    """Report six in ten losses, a fortnight late; of the rest nothing is ever heard."""
    lost = np.flatnonzero(parcels.fate == Fate.LOST)
    admitted = parcels.dispatched[lost] + rng.integers(9 * DAY, 16 * DAY, lost.size)
    admitted[rng.random(lost.size) < 0.4] = NEVER
    say.scan("lost", lost, admitted)


def _report_turns(parcels: Parcels, arrival: Times, say: Reporter, rng: Rng) -> None:
    """Report parcels that turn back at the door."""
    for fate, status in ((Fate.REFUSED, "refused"), (Fate.BAD_ADDRESS, "address_problem")):
        rows = np.flatnonzero(parcels.fate == fate)
        say.scan(status, rows, arrival[rows])
    turning = (Fate.REFUSED, Fate.BAD_ADDRESS, Fate.DAMAGED_RETURNING)
    rows = np.flatnonzero(np.isin(parcels.fate, turning))
    back = arrival[rows] + rng.integers(HOUR, DAY, rows.size)
    say.scan("returning", rows, back)
    say.scan("returned", rows, back + rng.integers(DAY, 4 * DAY, rows.size))


def _report_middle(parcels: Parcels, arrival: Times, say: Reporter, rng: Rng) -> None:
    """Report damage and delays by weather half-way."""
    middle = (parcels.dispatched + arrival) // 2
    hurt = np.flatnonzero(np.isin(parcels.fate, DAMAGE))
    say.scan("damaged", hurt, middle[hurt])
    storm = (rng.random(parcels.size) < 0.008) & (parcels.fate != Fate.LOST)
    rows = np.flatnonzero(storm)
    say.scan("delayed", rows, middle[rows], arrival[rows])


def _report_progress(stage: Stage, parcels: Parcels, arrival: Times, say: Reporter) -> None:
    """Report the usual scans; a slow lane forgets most of them, a lost parcel has few."""
    rng, size = stage.rng, parcels.size
    legs = np.where(parcels.fate == Fate.LOST, rng.integers(0, 2, size), 2)
    taken = np.flatnonzero(rng.random(size) < 0.5)
    moved = rng.integers(HOUR // 2, 5 * HOUR, size)
    say.scan("accepted", taken, (parcels.dispatched + moved)[taken])
    _report_legs(stage, parcels, arrival, legs, say)
    near = np.flatnonzero((rng.random(size) < 0.75) & (legs > 1))
    van = arrival - rng.integers(HOUR // 2, 6 * HOUR, size)
    say.scan("out_for_delivery", near, van[near])


def _report_legs(stage: Stage, parcels: Parcels, arrival: Times, legs: Ints, say: Reporter) -> None:
    """Report parcels in transit, a second time on long trips, half of them with an eta."""
    rng, size = stage.rng, parcels.size
    travel = arrival - parcels.dispatched
    slow = stage.faults.slow_lane.holds(parcels.lane, parcels.dispatched)
    guess = np.where(rng.random(size) < 0.5, arrival // HOUR * HOUR + 2 * HOUR, NEVER)
    for long, first, last in ((0, 0.1, 0.5), (66 * HOUR, 0.55, 0.85)):
        seen = (rng.random(size) < np.where(slow, 0.25, 0.88)) & (legs > 0) & (travel > long)
        rows = np.flatnonzero(seen & ((long == 0) | (legs > 1)))
        passed = parcels.dispatched + (travel * rng.uniform(first, last, size)).astype(np.int64)
        say.scan("in_transit", rows, passed[rows], guess[rows])
