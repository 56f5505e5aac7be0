"""The tables of a journey: one row per thing, one fact per column. The vocabulary of detectors.

Times are ms UTC with ``NEVER`` for *not known to have happened* (``Min``) or 0 for *not yet*
(``Max``). A fact declared ``of`` a parent is inherited from it.
"""

from enum import IntEnum
from functools import cache, cached_property
from typing import Final

import numpy as np

from detectors.journeys.folds import First, Last, Max, Min, Numbers, Recent, Sum
from detectors.journeys.rows import Rows
from detectors.journeys.vocabulary import GRAM_BITS, VOCABULARIES
from schemas.times import NEVER, Flags


class Table(IntEnum):
    """The tables, each after the tables it depends on when facts flow up."""

    SHIPMENT = 0
    RETURN = 1
    SHIPMENT_LINE = 2
    RETURN_LINE = 3
    LINE = 4
    ORDER = 5
    CONTACT = 6
    REVIEW = 7


@cache
def _among(vocabulary: str, words: tuple[str, ...]) -> Flags:
    """Return which numbers of a vocabulary mean one of ``words``; the last is for *unsaid*."""
    numbers = VOCABULARIES[vocabulary]
    return np.array([*(word in words for word in numbers), False])


class Orders(Rows):
    """One row per order (or per customer, for contacts that name no order)."""

    placed_at = Min()
    promised_by = Min()
    order_cancelled_at = Min(rare=True)
    seller_cancelled_at = Min(rare=True)
    """When the seller called off the whole order."""
    needed_by = Min(rare=True)
    order_refunded_at = Max(rare=True)
    """Last refund that names no return."""
    whole_refunded_at = Max(rare=True)
    """Last refund that names neither a return nor lines."""
    replaces = First(rare=True)
    customer = First()
    lines_open = Sum()
    """Lines the customer still waits for."""
    unnamed_dispatched = Sum(rare=True)
    """Parcels on their way that name no lines, so each may carry any line."""
    unnamed_open = Sum(rare=True)
    """Such parcels that have not been delivered."""
    unnamed_delivered = Sum(rare=True)
    unnamed_sent_at = Min(rare=True)
    """When the first such parcel was dispatched."""
    unnamed_delivered_at = Max(rare=True)
    """When the last such parcel was delivered, of those that were."""
    unnamed_damaged_at = Min(rare=True)
    """When a carrier first called such a parcel damaged."""
    unnamed_lane = First(rare=True)
    """Who carried the first of them, from where to where."""
    lines_late = Sum(rare=True)
    """Lines that were delivered, or called off, after their promise had passed."""
    contacts = Recent(2)
    contact_answered_at = Max(rare=True)
    """Last answer to any contact."""

    @property
    def last_contact_at(self) -> Numbers:
        """When the customer last got in touch, ms UTC; 0 if never."""
        return self.recent("contacts", 0)

    @property
    def earlier_contact_at(self) -> Numbers:
        """When the customer got in touch the time before, ms UTC; 0 if never."""
        return self.recent("contacts", 1)


class Lines(Rows):
    """One row per order line."""

    known_at = Min()
    ship_by = Min()
    promised_by = Min()
    order_cancelled_at = Min(of=Orders, rare=True)
    seller_cancelled_at = Min(of=Orders, rare=True)
    whole_refunded_at = Max(of=Orders, rare=True)
    unfillable_at = Min(rare=True)
    quantity = Max()
    cancelled_units = Max(rare=True)
    units_cancelled_at = Max(rare=True)
    """Last time units of the line were called off."""
    seller_units_cancelled_at = Max(rare=True)
    """Last time the seller called off units of the line."""
    refunded_at = Max(rare=True)
    """Last refund that names the line."""
    item = First()
    dispatched_units = Sum()
    delivered_units = Sum()
    first_dispatched_at = Min()
    last_delivered_at = Max()
    """When the last parcel that names the line was delivered, of those that were."""
    lane = First()
    """Who carried its first parcel, from where to where."""
    place = First()
    """What was scanned for its first parcel, and where."""
    unnamed_dispatched = Sum(of=Orders, rare=True)
    unnamed_open = Sum(of=Orders, rare=True)
    unnamed_delivered = Sum(of=Orders, rare=True)
    unnamed_sent_at = Min(of=Orders, rare=True)
    unnamed_delivered_at = Max(of=Orders, rare=True)
    unnamed_damaged_at = Min(of=Orders, rare=True)
    unnamed_lane = First(of=Orders, rare=True)
    carrier_damaged_at = Min(rare=True)
    """When a carrier first called a parcel that names the line damaged."""
    bracket = Max(rare=True)
    """1 if other lines of the order are the same thing in other sizes, to choose from."""
    found = Last(rare=True)
    """The SKU that an inspection found in a return of the line."""
    reports_damaged = Sum(rare=True)
    """Reports not taken back, nor found to be the carrier's or the customer's doing."""
    reports_defective = Sum(rare=True)
    reports_misdescribed = Sum(rare=True)
    reports_too_small = Sum(rare=True)
    reports_too_large = Sum(rare=True)
    wrong_at = Max(rare=True)
    wrong_open = Sum(rare=True)
    """Reports neither taken back nor settled."""
    wrong_standing = Sum(rare=True)
    """Reports not taken back."""
    damaged_at = Max(rare=True)
    damaged_open = Sum(rare=True)
    damaged_standing = Sum(rare=True)
    missing_at = Max(rare=True)
    missing_open = Sum(rare=True)
    missing_standing = Sum(rare=True)
    unreceived_at = Max(rare=True)
    unreceived_open = Sum(rare=True)
    unreceived_standing = Sum(rare=True)

    @cached_property
    def wanted_units(self) -> Numbers:
        """Units the customer still expects in all: ordered, not cancelled, not unfillable."""
        gone = (self.order_cancelled_at < NEVER) | (self.unfillable_at < NEVER)
        return np.where(gone, 0, np.maximum(self.quantity - self.cancelled_units, 0))

    @property
    def is_open(self) -> Flags:
        """Whether the line is known and not wholly delivered."""
        return (self.known_at < NEVER) & (self.delivered_units < self.wanted_units)

    @property
    def is_known(self) -> Flags:
        """Whether the customer's order of the line is known."""
        known: Flags = self.known_at < NEVER
        return known

    @cached_property
    def sent_at(self) -> Numbers:
        """When the line was first dispatched, ms UTC; ``NEVER`` while it was not.

        A parcel that names no lines may carry it, unless another one is known to.
        """
        unnamed = np.where(self.unnamed_dispatched > 0, self.unnamed_sent_at, NEVER)
        return np.where(self.first_dispatched_at < NEVER, self.first_dispatched_at, unnamed)

    @cached_property
    def called_off_at(self) -> Numbers:
        """When it became clear that no unit will come, ms UTC; ``NEVER`` if that never happened."""
        units = np.where(self.cancelled_units >= self.quantity, self.units_cancelled_at, NEVER)
        units = np.where(self.units_cancelled_at > 0, units, NEVER)
        return np.minimum(units, np.minimum(self.order_cancelled_at, self.unfillable_at))

    @cached_property
    def not_supplied_at(self) -> Numbers:
        """When the seller called off a line of which nothing was sent, ms UTC; else ``NEVER``.

        Whoever calls it off first answers for it.
        """
        off = self.called_off_at
        units = self.seller_units_cancelled_at
        seller = np.minimum(self.seller_cancelled_at, self.unfillable_at)
        seller = np.minimum(seller, np.where(units > 0, units, NEVER))
        return np.where((seller <= off) & (off < self.sent_at), off, NEVER)

    @cached_property
    def delivered_at(self) -> Numbers:
        """When the customer had all units that were still to come, ms UTC; else ``NEVER``.

        Where the rest was called off after the others had come, that is when it was called off.
        """
        wanted = self.quantity - self.cancelled_units
        all_units = self.delivered_units >= self.quantity
        enough = (self.quantity > 0) & (self.delivered_units >= np.maximum(wanted, 1))
        rest_off = np.where(all_units, 0, self.units_cancelled_at)
        named = np.where(enough, np.maximum(self.last_delivered_at, rest_off), NEVER)
        all_here = (self.unnamed_delivered > 0) & (self.unnamed_open == 0)
        return np.minimum(named, np.where(all_here, self.unnamed_delivered_at, NEVER))

    @property
    def over_at(self) -> Numbers:
        """When the customer no longer waited: all had come, or was called off; ms UTC."""
        return np.minimum(self.delivered_at, self.called_off_at)

    @property
    def repaid_at(self) -> Numbers:
        """When money last went back for the line, not for a return; 0 if never."""
        return np.maximum(self.refunded_at, self.whole_refunded_at)


class Shipments(Rows):
    """One row per parcel."""

    packed_at = Min()
    label_at = Min()
    dispatched_at = Min()
    accepted_at = Min()
    """First sign that the carrier has the parcel."""
    last_movement_at = Max()
    delivered_at = Min()
    named_at = Min()
    """When somebody first said which lines are inside."""
    carrier_promise = Min(rare=True)
    lane = First()
    weighed_well_at = Max()
    """Last time it weighed what was expected, or nearly."""
    weighed_badly_at = Max(rare=True)
    weights = Last(rare=True)
    """Expected and actual weight when it did not, as ``expected_g << 24 | actual_g``."""
    warehouse = First(rare=True)
    """Who weighed it when it did not; the others are not worth remembering."""
    eta = Last()
    eta_at = Max()
    damaged_at = Min(rare=True)
    lost_at = Max(rare=True)
    """Last time the carrier called it lost."""
    held_at = Max(rare=True)
    """Last time the carrier kept it back."""
    pickup_at = Min(rare=True)
    """First time it lay ready for the customer to collect."""
    address_problem_at = Min(rare=True)
    refused_at = Min(rare=True)
    returning_at = Min(rare=True)
    returned_at = Min(rare=True)
    voided_at = Min(rare=True)
    change_at = Max(rare=True)
    """Last time its customer asked for another day, address or pick-up point; 0 if never."""
    attempts = Recent(3)
    """The last failed attempts to deliver."""
    order_cancelled_at = Min(of=Orders, rare=True)
    order_refunded_at = Max(of=Orders, rare=True)
    needed_by = Min(of=Orders, rare=True)

    @property
    def is_known(self) -> Flags:
        """Whether anything was reported of the parcel itself."""
        return (self.packed_at < NEVER) | (self.dispatched_at < NEVER) | (self.last_movement_at > 0)

    @property
    def last_attempt_at(self) -> Numbers:
        """When delivery was last tried in vain, ms UTC; 0 if never."""
        return self.recent("attempts", 0)

    @property
    def earlier_attempt_at(self) -> Numbers:
        """When it was tried in vain the time before, ms UTC; 0 if never."""
        return self.recent("attempts", 1)

    @cached_property
    def expected_by(self) -> Numbers:
        """When the carrier last said it would arrive, ms UTC; ``NEVER`` if it did not say."""
        return self.words.etas.of(self.eta, NEVER)

    @cached_property
    def expected_g(self) -> Numbers:
        """What it should have weighed when it did not, grams; 0 if it did."""
        return self.words.weights.of(self.weights, 0) >> GRAM_BITS

    @cached_property
    def actual_g(self) -> Numbers:
        """What it weighed instead, grams."""
        return self.words.weights.of(self.weights, 0) & ((1 << GRAM_BITS) - 1)

    @cached_property
    def is_over(self) -> Flags:
        """Whether nothing more is to come: delivered, back with the sender, or voided."""
        ends = np.minimum(self.delivered_at, np.minimum(self.returned_at, self.voided_at))
        return ends < NEVER

    @property
    def is_traced(self) -> Flags:
        """Whether anybody can report where the parcel is: a carrier is named, or has reported."""
        traced: Flags = (self.accepted_at < NEVER) | self.words.lanes.traced(self.lane)
        return traced

    @cached_property
    def is_awaited(self) -> Flags:
        """Whether the parcel is not over, and its order not cancelled as a whole."""
        awaited: Flags = ~self.is_over & (self.order_cancelled_at == NEVER)
        return awaited


class ShipmentLines(Rows):
    """One row per line in a parcel."""

    packed_at = Min()
    quantity = Max()
    packed = Last()
    """What was scanned into the parcel, and where; packing it again says it anew."""
    item = First(of=Lines)
    unscanned = Last(rare=True)
    """Where it was packed when nobody scanned what."""
    dispatched_at = Min(of=Shipments)
    delivered_at = Min(of=Shipments)
    lane = First(of=Shipments)
    damaged_at = Min(of=Shipments, rare=True)
    returned_at = Min(of=Shipments, rare=True)
    voided_at = Min(of=Shipments, rare=True)
    order_cancelled_at = Min(of=Shipments, rare=True)


class Returns(Rows):
    """One row per return."""

    requested_at = Min()
    shipped_at = Min()
    received_at = Min()
    cancelled_at = Min(rare=True)
    refunded_at = Min()
    nothing_back_at = Min(rare=True)
    """Asked for without goods to send back: they never came."""
    replacement_at = Min(rare=True)
    """Asked for with the wish for goods, not money."""
    order_refunded_at = Max(of=Orders, rare=True)


class ReturnLines(Rows):
    """One row per line in a return."""

    requested_at = Min()
    reason = First()
    disposition = Last()
    sku_found = Last(rare=True)
    """The SKU that the inspection found."""
    received_at = Min(of=Returns)
    cancelled_at = Min(of=Returns)
    refunded_at = Min(of=Returns)

    def reported(self, *reasons: str) -> Flags:
        """Whether the customer gave one of ``reasons``."""
        return _among("reason", reasons)[self.reason]

    def found(self, *dispositions: str) -> Flags:
        """Whether the inspection found one of ``dispositions``."""
        return _among("disposition", dispositions)[self.disposition]

    def settled(self) -> Flags:
        """Whether the customer is out of it: the goods are back, or the money is."""
        return np.minimum(self.received_at, self.refunded_at) < NEVER


class Contacts(Rows):
    """One row per contact of a customer."""

    opened_at = Min()
    answered_at = Min()
    callback_at = Max(rare=True)
    """Last time the customer asked to be called."""
    called_at = Max(rare=True)
    """Last time somebody called."""
    seller = First(rare=True)
    """The seller it is about."""


class Reviews(Rows):
    """One row per review."""

    posted_at = Min()
    answered_at = Min()
    rating = Last()
    about = First()
    """The SKU and the seller it is about."""
    promised_by = Min(of=Orders)
    lines_open = Sum(of=Orders)
    unnamed_open = Sum(of=Orders, rare=True)
    unnamed_delivered = Sum(of=Orders, rare=True)
    lines_late = Sum(of=Orders, rare=True)

    @property
    def is_waiting(self) -> Flags:
        """Whether the customer still waits for something of the order."""
        all_here = (self.unnamed_delivered > 0) & (self.unnamed_open == 0)
        waiting: Flags = (self.lines_open > 0) & ~all_here
        return waiting


ROWS: Final[dict[Table, type[Rows]]] = {
    Table.SHIPMENT: Shipments,
    Table.RETURN: Returns,
    Table.SHIPMENT_LINE: ShipmentLines,
    Table.RETURN_LINE: ReturnLines,
    Table.LINE: Lines,
    Table.ORDER: Orders,
    Table.CONTACT: Contacts,
    Table.REVIEW: Reviews,
}
