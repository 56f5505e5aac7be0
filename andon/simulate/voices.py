"""What customers say: contacts when things stay bad, ordinary questions, and reviews."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from andon.simulate.demand import Orders
from andon.simulate.log import Kind, Log
from andon.simulate.parcels import Parcels, Rng
from andon.simulate.returns import Returns, Units
from andon.simulate.stage import Stage
from andon.simulate.world import Ints
from schemas.times import DAY, HOUR, MINUTE, NEVER, Flags, Times

TOPICS: Final = (
    "where_is_my_order", "wrong_item", "damaged", "missing_item", "refund", "question",
)  # fmt: skip
WHERE, WRONG_ITEM, DAMAGED_ITEM, MISSING_ITEM, REFUND_TOPIC, QUESTION = range(6)
CHANNELS: Final = ("chat", "email", "phone", "form", "social")
CHANNEL_SHARE: Final = (0.4, 0.3, 0.18, 0.08, 0.04)
PHONE: Final = 2


@dataclass(frozen=True, slots=True)
class Contacts:
    """One row per contact."""

    order: Ints
    topic: Ints
    channel: Ints
    named: Flags
    """Whether the customer named the order when opening the contact."""
    callback: Flags
    opened: Times
    answered: Times


@dataclass(frozen=True, slots=True)
class Reviews:
    """One row per review; ``slot`` is the line it is about."""

    order: Ints
    slot: Ints
    rating: Ints


@dataclass(slots=True)
class _Asked:
    orders: list[Ints] = field(default_factory=list)
    topics: list[Ints] = field(default_factory=list)
    times: list[Times] = field(default_factory=list)

    def some(self, share: float, topic: int, order: Ints, at: Times, rng: Rng) -> None:
        real = (at < NEVER) & (rng.random(order.size) < share)
        self.orders.append(order[real])
        self.topics.append(np.full(int(real.sum()), topic))
        self.times.append(at[real])


def contact(stage: Stage, parcels: Parcels, units: Units, back: Returns) -> Contacts:
    """Return the contacts customers open, and log their answers, links and callbacks."""
    orders, rng = stage.orders, stage.rng
    asked = _Asked()
    _ask_about_delivery(asked, orders, parcels, rng)
    _ask_about_items(asked, units, rng)
    _ask_about_money(asked, back, rng)
    every = np.arange(orders.size)
    asked.some(0.035, QUESTION, every, orders.placed + rng.integers(HOUR, 9 * DAY, every.size), rng)
    order, topic, at = (np.concatenate(c) for c in (asked.orders, asked.topics, asked.times))
    again = np.flatnonzero((topic != QUESTION) & (rng.random(at.size) < 0.18))
    at_again = at[again] + rng.integers(8 * HOUR, 6 * DAY, again.size)
    channel = rng.choice(len(CHANNELS), at.size, p=CHANNEL_SHARE)
    other = (channel[again] + 1 + rng.integers(0, 3, again.size)) % len(CHANNELS)
    size = at.size + again.size
    opened = np.concatenate([at, at_again])
    contacts = Contacts(
        order=np.concatenate([order, order[again]]),
        topic=np.concatenate([topic, topic[again]]),
        channel=np.concatenate([channel, other]),
        named=rng.random(size) < 0.92,
        callback=rng.random(size) < 0.3,
        opened=opened,
        answered=np.concatenate([_answers(at, rng), _answers(at_again, rng)]),
    )
    contacts.callback[contacts.channel != PHONE] = False
    _log_contacts(contacts, stage.log, rng)
    return contacts


def _ask_about_delivery(asked: _Asked, orders: Orders, parcels: Parcels, rng: Rng) -> None:
    promised = orders.promised_by[parcels.order]
    wait = (rng.exponential(26, parcels.size) * HOUR).astype(np.int64)
    ask = promised + 3 * HOUR + wait
    asked.some(0.45, WHERE, parcels.order, np.where(parcels.delivered > ask, ask, NEVER), rng)
    lost = parcels.delivered == NEVER
    later = ask + rng.integers(2 * DAY, 7 * DAY, parcels.size)
    asked.some(0.3, WHERE, parcels.order, np.where(lost, later, NEVER), rng)


def _ask_about_items(asked: _Asked, units: Units, rng: Rng) -> None:
    wait = (rng.exponential(14, units.order.size) * HOUR).astype(np.int64)
    ask = units.delivered + 30 * MINUTE + wait
    for topic, flags in (
        (WRONG_ITEM, units.wrong), (DAMAGED_ITEM, units.damaged), (MISSING_ITEM, units.missing),
    ):  # fmt: skip
        asked.some(0.4, topic, units.order[flags], ask[flags], rng)


def _ask_about_money(asked: _Asked, back: Returns, rng: Rng) -> None:
    wait = (rng.exponential(2, back.size) * DAY).astype(np.int64)
    ask = back.received + 6 * DAY + wait
    owed = (back.received < NEVER) & (back.wants != 1) & (back.refunded > ask)
    asked.some(0.5, REFUND_TOPIC, back.order, np.where(owed, ask, NEVER), rng)


def _answers(opened: Times, rng: Rng) -> Times:
    luck = rng.random(opened.size)
    quick = rng.integers(20_000, 280_000, opened.size)
    slow = rng.integers(6 * MINUTE, 9 * HOUR, opened.size)
    answered: Times = opened + np.where(luck < 0.9, quick, slow)
    answered[luck > 0.985] = NEVER
    return answered


def _log_contacts(contacts: Contacts, log: Log, rng: Rng) -> None:
    opened, size = contacts.opened, contacts.opened.size
    rows = np.arange(size)
    settled = np.where(rng.random(size) < 0.5, rng.integers(MINUTE, 2 * DAY, size), NEVER)
    found = (~contacts.named) & (rng.random(size) < 0.85)
    log.add(Kind.CONTACT_OPENED, rows, opened)
    log.add(Kind.CONTACT_ANSWERED, rows, contacts.answered)
    log.add(Kind.CONTACT_RESOLVED, rows, contacts.answered + settled)
    linked = opened + rng.integers(5 * MINUTE, 3 * HOUR, size)
    log.add(Kind.CONTACT_LINKED, rows, np.where(found, linked, NEVER))
    asked = opened + rng.integers(5_000, MINUTE, size)
    called = asked + np.where(
        rng.random(size) < 0.9, rng.integers(10_000, 4 * MINUTE, size), 5 * HOUR
    )
    log.add(Kind.CALLBACK_REQUESTED, rows, np.where(contacts.callback, asked, NEVER))
    log.add(Kind.CALLBACK_STARTED, rows, np.where(contacts.callback, called, NEVER))


def review(stage: Stage, units: Units, bad_seller: Flags) -> Reviews:
    """Return the reviews customers post about lines they received, and log the shop's answers."""
    orders, rng, log = stage.orders, stage.rng, stage.log
    late = units.delivered > orders.promised_by[units.order]
    harmed = units.wrong | units.damaged | units.missing | units.defective
    shame = bad_seller[units.parcel]
    speaks = rng.random(units.order.size) < np.where(late | harmed | shame, 0.35, 0.11)
    rows = np.flatnonzero(speaks)
    mood = (
        rng.normal(4.7, 0.7, rows.size) - 1.4 * late[rows] - 2.6 * harmed[rows] - 1.8 * shame[rows]
    )
    rating = np.clip(np.round(mood), 1, 5).astype(np.int64)
    posted = units.delivered[rows] + rng.integers(6 * HOUR, 9 * DAY, rows.size)
    replied = posted + rng.integers(HOUR, 40 * HOUR, rows.size)
    silent = rng.random(rows.size) > np.where(rating <= 2, 0.85, 0.2)
    log.add(Kind.REVIEW_POSTED, np.arange(rows.size), posted)
    log.add(Kind.REVIEW_ANSWERED, np.arange(rows.size), np.where(silent, NEVER, replied))
    return Reviews(units.order[rows], units.slot[rows], rating)
