"""Acts of the simulation: a round of orders and all that follows from them."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from andon.simulate.carriers import Scans, carry
from andon.simulate.demand import Orders, draw_orders, draw_replacements, lines_of
from andon.simulate.faults import Faults
from andon.simulate.log import Kind, Log
from andon.simulate.parcels import Parcels, Rng, pack
from andon.simulate.returns import (
    Refunds,
    Returns,
    Units,
    pay_back,
    replacements,
    seller_of,
    send_back,
    unpack,
)
from andon.simulate.stage import Stage
from andon.simulate.voices import Contacts, Reviews, contact, review
from andon.simulate.world import Ints, World
from schemas.times import HOUR, MINUTE, Flags

MOST_ACTS: Final = 4
"""Replacements of replacements of replacements are made; what fails then is refunded by hand."""


@dataclass(frozen=True, slots=True)
class Cancellations:
    """One row per cancelled order; ``by`` is a row of ``CANCELLED_BY``."""

    order: Ints
    by: Ints


@dataclass(frozen=True, slots=True)
class Shortages:
    """One row per line that cannot be supplied."""

    order: Ints
    slot: Ints


CANCELLED_BY: Final = ("customer", "shop", "seller")


@dataclass(frozen=True, slots=True)
class Act:
    """A round of orders with its tables and its log; rows of one act refer to that act alone."""

    orders: Orders
    cancellations: Cancellations
    shortages: Shortages
    parcels: Parcels
    scans: Scans
    units: Units
    returns: Returns
    refunds: Refunds
    contacts: Contacts
    reviews: Reviews
    log: Log


def play(world: World, faults: Faults, orders: int, days: int, seed: int) -> list[Act]:
    """Return the acts: the customers' orders, then the replacements these led to, and so on."""
    rng = np.random.default_rng([seed, 2])
    acts = [_act(world, faults, draw_orders(world, orders, days, rng), rng)]
    number = orders
    while len(acts) < MOST_ACTS:
        wanted = replacements(acts[-1].returns, rng)
        if not wanted[0].size:
            break
        again = draw_replacements(world, number, acts[-1].orders, wanted, rng)
        number += again.size
        acts.append(_act(world, faults, again, rng))
    return acts


def _act(world: World, faults: Faults, orders: Orders, rng: Rng) -> Act:
    log = Log()
    stage = Stage(world, faults, orders, log, rng)
    log.add(Kind.PLACED, np.arange(orders.size), orders.placed)
    cancelled, gone = _cancel(orders, log, rng)
    short, supplied = _run_short(orders, gone, log, rng)
    cancelled = _give_up(stage, cancelled, short)
    parcels = pack(stage, supplied)
    scans = carry(stage, parcels)
    bad = faults.bad_seller.holds(seller_of(world, orders, parcels), orders.placed[parcels.order])
    units = unpack(stage, parcels, bad)
    back = send_back(stage, units)
    refunds = pay_back(stage, parcels, back)
    contacts = contact(stage, parcels, units, back)
    reviews = review(stage, units, bad)
    return Act(
        orders, cancelled, short, parcels, scans, units, back, refunds, contacts, reviews, log
    )


def _cancel(orders: Orders, log: Log, rng: Rng) -> tuple[Cancellations, Flags]:
    gone = rng.random(orders.size) < 0.012
    rows = np.flatnonzero(gone)
    by = rng.choice(len(CANCELLED_BY), rows.size, p=(0.7, 0.2, 0.1))
    at = orders.placed[rows] + rng.integers(2 * MINUTE, 20 * HOUR, rows.size)
    log.add(Kind.CANCELLED, np.arange(rows.size), at)
    return Cancellations(rows, by), gone


def _run_short(
    orders: Orders, gone: Flags, log: Log, rng: Rng
) -> tuple[Shortages, NDArray[np.bool_]]:
    """Report last lines that cannot be filled; return which lines are supplied."""
    supplied = lines_of(orders) & ~gone[:, None]
    rows = np.flatnonzero((rng.random(orders.size) < 0.004) & ~gone)
    slot = supplied[rows].sum(axis=1) - 1
    supplied[rows, slot] = False
    at = orders.placed[rows] + rng.integers(HOUR, 20 * HOUR, rows.size)
    log.add(Kind.UNFILLABLE, np.arange(rows.size), at)
    return Shortages(rows, slot), supplied


def _give_up(stage: Stage, cancelled: Cancellations, short: Shortages) -> Cancellations:
    """Cancel most orders whose only line cannot be supplied, a day later; some are forgotten."""
    empty = short.order[(short.slot == 0) & (stage.rng.random(short.slot.size) < 0.7)]
    rows = cancelled.order.size + np.arange(empty.size)
    stage.log.add(Kind.CANCELLED, rows, stage.orders.placed[empty] + 30 * HOUR)
    by_shop = np.full(empty.size, CANCELLED_BY.index("shop"))
    return Cancellations(
        np.concatenate([cancelled.order, empty]), np.concatenate([cancelled.by, by_shop])
    )
