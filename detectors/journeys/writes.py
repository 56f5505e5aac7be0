"""Which event writes which fact: one function per event type, in the order of the documentation."""

from collections.abc import Callable, Sequence
from itertools import chain
from operator import attrgetter
from typing import Any, Final, Protocol, cast

import numpy as np

from detectors.journeys.folds import Numbers
from detectors.journeys.names import hashes
from detectors.journeys.streams import Happenings, Stream
from detectors.journeys.tables import Table
from detectors.journeys.vocabulary import (
    CLOSE_G,
    CLOSE_SHARE,
    DISPOSITION,
    GRAM_BITS,
    REASON,
    STATUS,
    STATUSES,
    Item,
    Lane,
    PackedItem,
    Subject,
    Vocabulary,
)
from schemas import events as e
from schemas.stamps import parse
from schemas.times import NEVER, Times


class Book(Protocol):
    """Where writes go, and who knows the rows."""

    words: Vocabulary

    def child(self, table: Table, parents: Numbers, ids: Sequence[str]) -> Numbers:
        """Return the row of each child, making new ones."""

    def link(self, table: Table, parents: Numbers, ids: Sequence[str], lines: Numbers) -> Numbers:
        """Return the row of each line in a parcel or return, making new ones."""

    def customers(self, names: Sequence[str]) -> Numbers:
        """Return a code for each customer's name."""

    def write(self, table: Table, stream: Stream) -> None:
        """Take in a stream."""

    def unknown_word(self, count: int) -> None:
        """Count words outside their vocabulary."""


def _times(stamps: Sequence[str]) -> Times:
    """Return optional stamps (checked when decoded) as times, ``NEVER`` for an empty one."""
    return parse(stamps)[0]


def _numbers(book: Book, words: Sequence[str], vocabulary: dict[str, int]) -> Numbers:
    """Return the number of each word of a closed vocabulary, counting unknown ones."""
    try:
        return np.fromiter(map(vocabulary.__getitem__, words), np.int64, len(words))
    except KeyError:
        known = [vocabulary.get(word, -1) for word in words]
        book.unknown_word(known.count(-1))
        return np.maximum(known, 0)


def _lines(events: Sequence[Any]) -> tuple[list[Any], list[int]]:
    """Return the nested lines of all events end to end, and how many each event has."""
    nested = [x.lines for x in events]
    return list(chain.from_iterable(nested)), list(map(len, nested))


_ITEM: Final = attrgetter(*Item._fields)


def placed(book: Book, events: Sequence[e.OrderPlaced], h: Happenings) -> None:
    """An order and its lines become known, with what was promised."""
    n = len(events)
    flat, counts = _lines(events)
    line_stamps = [line.ship_by for line in flat]
    times = _times([x.promised_by for x in events] + [x.ship_by for x in events])
    each = h.each(counts)
    ship_by = np.repeat(times[n:], counts)
    if any(line_stamps):
        own = _times(line_stamps)
        ship_by = np.where(own < NEVER, own, ship_by)
    customer = book.customers([x.customer_id for x in events])
    values = {"placed_at": h.occurred, "promised_by": times[:n], "customer": customer}
    book.write(Table.ORDER, h.write(h.orders, values))
    needed = [x.needed_by for x in events]
    if any(needed):
        some = np.flatnonzero([bool(stamp) for stamp in needed])
        by = _times(list(filter(None, needed)))
        book.write(Table.ORDER, h.some(some).write(h.orders[some], {"needed_by": by}))
    rows = book.child(Table.LINE, each.orders, [line.line_id for line in flat])
    items = cast("list[Item]", list(map(_ITEM, flat)))
    quantity = np.array([x.quantity for x in flat], np.int64)
    known = {
        "known_at": each.occurred,
        "promised_by": np.repeat(times[:n], counts),
        "ship_by": ship_by,
        "quantity": quantity,
        "item": book.words.items.codes(items),
    }
    book.write(Table.LINE, each.write(rows, known))
    _brackets(book, events, rows, each)


def _brackets(book: Book, events: Sequence[e.OrderPlaced], rows: Numbers, each: Happenings) -> None:
    """Mark the lines that an order has in several sizes, to choose from: the rest goes back."""
    sizes = np.array([bool(line.size) for x in events for line in x.lines])
    ends = np.cumsum([len(x.lines) for x in events])
    sized = np.add.reduceat(sizes, ends - np.diff(ends, prepend=0), dtype=np.int64)
    found: list[int] = []
    for number in np.flatnonzero(sized > 1).tolist():
        lines = events[number].lines
        first = int(ends[number]) - len(lines)
        found += [first + place for place in _bracketed(lines)]
    if found:
        index = np.array(found)
        some = each.some(index)
        book.write(Table.LINE, some.write(rows[index], {"bracket": np.ones_like(index)}))


def _bracketed(lines: Sequence[e.OrderedLine]) -> list[int]:
    """Return the numbers of the lines that differ from another one by nothing but the size."""
    sizes: dict[tuple[str, ...], set[str]] = {}
    for x in lines:
        if x.size:
            sizes.setdefault(_MODEL(x), set()).add(x.size)
    return [i for i, x in enumerate(lines) if x.size and len(sizes[_MODEL(x)]) > 1]


_MODEL: Final = attrgetter("seller_id", "category", "brand", "unit_price")
"""What sizes of one thing have in common; the SKU is not, and the name is not told."""


def cancelled(book: Book, events: Sequence[e.OrderCancelled], h: Happenings) -> None:
    """A whole order, or some units of some lines, are off."""
    whole = np.flatnonzero([x.lines is None for x in events])
    if whole.size:
        some = h.some(whole)
        book.write(Table.ORDER, some.write(some.orders, {"order_cancelled_at": some.occurred}))
        _by_sellers(book, events, whole, h)
    if whole.size < len(events):
        index = np.flatnonzero([x.lines is not None for x in events])
        flat, counts = _lines([events[i] for i in index.tolist()])
        some = h.some(index).each(counts)
        rows = book.child(Table.LINE, some.orders, [x.line_id for x in flat])
        units = np.array([x.quantity for x in flat], np.int64)
        values = {"cancelled_units": units, "units_cancelled_at": some.occurred}
        book.write(Table.LINE, some.write(rows, values))
        seller = np.flatnonzero(
            np.repeat([events[i].by == _SELLER for i in index.tolist()], counts)
        )
        if seller.size:
            theirs = some.some(seller)
            told = {"seller_units_cancelled_at": theirs.occurred}
            book.write(Table.LINE, theirs.write(rows[seller], told))


def _by_sellers(
    book: Book, events: Sequence[e.OrderCancelled], whole: Numbers, h: Happenings
) -> None:
    """Whole orders that their sellers called off."""
    seller = whole[[events[i].by == _SELLER for i in whole.tolist()]]
    if seller.size:
        some = h.some(seller)
        book.write(Table.ORDER, some.write(some.orders, {"seller_cancelled_at": some.occurred}))


_SELLER: Final = "seller"
"""Who cancelled, where it counts against a seller."""


def unfillable(book: Book, events: Sequence[e.OrderLineUnfillable], h: Happenings) -> None:
    """The shop cannot supply a line."""
    rows = book.child(Table.LINE, h.orders, [x.line_id for x in events])
    book.write(Table.LINE, h.write(rows, {"unfillable_at": h.occurred}))


def packed(book: Book, events: Sequence[e.ShipmentPacked], h: Happenings) -> None:
    """A parcel was closed; its lines with the SKUs as scanned."""
    rows = book.child(Table.SHIPMENT, h.orders, [x.shipment_id for x in events])
    flat, counts = _lines(events)
    off, well_at = _weighed(events, h)
    values = {
        "packed_at": h.occurred,
        "named_at": np.where(np.array(counts) > 0, h.occurred, NEVER),
        "weighed_well_at": well_at,
    }
    book.write(Table.SHIPMENT, h.write(rows, values))
    if off:
        index = np.array(list(off), np.int64)
        some = h.some(index)
        warehouses = [events[i].warehouse_id for i in off]
        badly = {
            "weights": book.words.weights.codes(list(off.values())),
            "weighed_badly_at": some.occurred,
            "warehouse": _known(book.words.warehouses.codes(warehouses), warehouses),
        }
        book.write(Table.SHIPMENT, some.write(rows[index], badly))
    lines, each = _carried(book, rows, h, flat, counts)
    inside = [(y.sku, x.warehouse_id, y.bin, y.batch) for x in events for y in x.lines]
    scanned = [x.sku for x in flat]
    codes = book.words.packed.codes(cast("list[PackedItem]", inside))
    values = {
        "packed_at": each.occurred,
        "quantity": np.array([x.quantity for x in flat], np.int64),
        "packed": _known(codes, scanned),
    }
    book.write(Table.SHIPMENT_LINE, each.write(lines, values))
    if "" in scanned:
        blind = np.flatnonzero([not where[0] and any(where) for where in inside])
        where_ = {"unscanned": codes[blind]}
        book.write(Table.SHIPMENT_LINE, each.some(blind).write(lines[blind], where_))


def _known(codes: Numbers, texts: Sequence[str]) -> Numbers:
    """Return ``codes`` with -1 where the text is empty."""
    if "" in texts:
        return np.where(np.array([bool(text) for text in texts]), codes, -1)
    return codes


def _weighed(events: Sequence[e.ShipmentPacked], h: Happenings) -> tuple[dict[int, int], Times]:
    """Return what was weighed where it was off, and when a parcel weighed what it should (or 0)."""
    expected = np.array([x.expected_weight_g or 0 for x in events], np.int64)
    actual = np.array([x.actual_weight_g or 0 for x in events], np.int64)
    known = (expected > 0) & (actual > 0)
    close = np.abs(actual - expected) <= np.maximum(expected // CLOSE_SHARE, CLOSE_G)
    badly = (known & ~close).nonzero()[0]
    pairs = expected[badly] << GRAM_BITS | actual[badly]
    off = dict(zip(badly.tolist(), pairs.tolist(), strict=True))
    return off, np.where(known & close, h.occurred, 0)


def _carried(
    book: Book, shipments: Numbers, h: Happenings, flat: Sequence[Any], counts: list[int]
) -> tuple[Numbers, Happenings]:
    """Return the rows of the lines in each parcel, and the event behind each."""
    each = h.each(counts)
    ids = [x.line_id for x in flat]
    lines = book.child(Table.LINE, each.orders, ids)
    return book.link(Table.SHIPMENT_LINE, np.repeat(shipments, counts), ids, lines), each


def dispatched(book: Book, events: Sequence[e.ShipmentDispatched], h: Happenings) -> None:
    """A carrier has a parcel."""
    rows = book.child(Table.SHIPMENT, h.orders, [x.shipment_id for x in events])
    values = {
        "dispatched_at": h.occurred,
        "last_movement_at": h.occurred,
        "lane": book.words.lanes.codes(_lanes(events)),
    }
    promises = [x.promised_by for x in events]
    if any(promises):
        values["carrier_promise"] = _times(promises)
    book.write(Table.SHIPMENT, h.write(rows, values))
    naming = np.flatnonzero([bool(x.lines) for x in events])
    if naming.size:
        some = h.some(naming)
        book.write(Table.SHIPMENT, some.write(rows[naming], {"named_at": some.occurred}))
        flat, counts = _lines([events[i] for i in naming.tolist()])
        lines, each = _carried(book, rows[naming], some, flat, counts)
        units = np.array([x.quantity for x in flat], np.int64)
        book.write(Table.SHIPMENT_LINE, each.write(lines, {"quantity": units}))


NOWHERE: Final = e.Place(country="")


def _lanes(events: Sequence[e.ShipmentDispatched]) -> list[Lane]:
    """Return who carries each parcel, from where to where: plain tuples, quick to make and find."""
    return cast(
        "list[Lane]",
        [
            (
                x.carrier,
                x.service,
                start.country,
                start.region,
                end.country,
                end.region,
                x.warehouse_id,
            )
            for x in events
            for start in (x.origin or NOWHERE,)
            for end in (x.destination or NOWHERE,)
        ],
    )


SCAN_FACT: Final = {
    "label_created": "label_at",
    "damaged": "damaged_at",
    "lost": "lost_at",
    "held": "held_at",
    "available_for_pickup": "pickup_at",
    "address_problem": "address_problem_at",
    "refused": "refused_at",
    "returning": "returning_at",
    "returned": "returned_at",
    "cancelled": "voided_at",
}
"""Statuses that are facts of their own."""

_HANDED_OVER: Final = np.array(
    [word not in ("label_created", "cancelled", "unknown") for word in STATUSES]
)
"""Statuses that only a carrier who has the parcel can report."""

_FACT_OF: Final = {STATUS[word]: fact for word, fact in SCAN_FACT.items()}


def scanned(book: Book, events: Sequence[e.ShipmentScanned], h: Happenings) -> None:
    """A carrier reported on a parcel."""
    rows = book.child(Table.SHIPMENT, h.orders, [x.shipment_id for x in events])
    status = _numbers(book, [x.status for x in events], STATUS)
    moving = _HANDED_OVER[status]
    values = {
        "accepted_at": np.where(moving, h.occurred, NEVER),
        "last_movement_at": h.occurred,
    }
    book.write(Table.SHIPMENT, h.write(rows, values))
    for number in np.flatnonzero(np.bincount(status)).tolist():
        index = np.flatnonzero(status == number)
        if number in _FACT_OF:
            some = h.some(index)
            book.write(Table.SHIPMENT, some.write(rows[index], {_FACT_OF[number]: some.occurred}))
    _attempts(book, rows, h, np.flatnonzero(status == STATUS["attempt_failed"]))
    _etas(book, events, rows, h)


def _attempts(book: Book, rows: Numbers, h: Happenings, index: Numbers) -> None:
    """Remember the last failed attempts; two scans of one moment are one attempt."""
    if index.size:
        some = h.some(index)
        book.write(Table.SHIPMENT, some.write(rows[index], {"attempts": some.occurred}))


def _etas(book: Book, events: Sequence[e.ShipmentScanned], rows: Numbers, h: Happenings) -> None:
    index = np.flatnonzero([bool(x.eta) for x in events])
    if index.size:
        some = h.some(index)
        codes = book.words.etas.codes(_times([events[i].eta for i in index.tolist()]).tolist())
        book.write(Table.SHIPMENT, some.write(rows[index], {"eta": codes, "eta_at": some.occurred}))


def delivered(book: Book, events: Sequence[e.ShipmentDelivered], h: Happenings) -> None:
    """A parcel reached its customer."""
    rows = book.child(Table.SHIPMENT, h.orders, [x.shipment_id for x in events])
    values = {"delivered_at": h.occurred, "last_movement_at": h.occurred}
    book.write(Table.SHIPMENT, h.write(rows, values))


def return_requested(book: Book, events: Sequence[e.ReturnRequested], h: Happenings) -> None:
    """A customer wants to send lines back, and says why."""
    rows = book.child(Table.RETURN, h.orders, [x.return_id for x in events])
    book.write(Table.RETURN, h.write(rows, {"requested_at": h.occurred}))
    _where(book, rows, h, "nothing_back_at", [not _has_goods(x) for x in events])
    _where(book, rows, h, "replacement_at", [x.wants == "replacement" for x in events])
    flat, counts = _lines(events)
    lines, each = _sent_back(book, rows, h, flat, counts)
    reasons = _numbers(book, [x.reason for x in flat], REASON)
    values = {"requested_at": each.occurred, "reason": reasons}
    book.write(Table.RETURN_LINE, each.write(lines, values))


_NOTHING_CAME: Final = frozenset({"missing_item", "never_arrived"})
"""Reasons that leave the customer with nothing to send back."""


def _has_goods(event: e.ReturnRequested) -> bool:
    return any(line.reason not in _NOTHING_CAME for line in event.lines)


def _where(book: Book, rows: Numbers, h: Happenings, fact: str, said: list[bool]) -> None:
    """Write when it happened to the ``fact`` of the returns of which it is ``said``."""
    index = np.flatnonzero(said)
    if index.size:
        some = h.some(index)
        book.write(Table.RETURN, some.write(rows[index], {fact: some.occurred}))


def _sent_back(
    book: Book, returns: Numbers, h: Happenings, flat: Sequence[Any], counts: list[int]
) -> tuple[Numbers, Happenings]:
    each = h.each(counts)
    ids = [x.line_id for x in flat]
    lines = book.child(Table.LINE, each.orders, ids)
    return book.link(Table.RETURN_LINE, np.repeat(returns, counts), ids, lines), each


def return_shipped(book: Book, events: Sequence[e.ReturnShipped], h: Happenings) -> None:
    """A returning parcel is on its way."""
    rows = book.child(Table.RETURN, h.orders, [x.return_id for x in events])
    book.write(Table.RETURN, h.write(rows, {"shipped_at": h.occurred}))


def return_received(book: Book, events: Sequence[e.ReturnReceived], h: Happenings) -> None:
    """A returning parcel arrived; what the warehouse found in it."""
    rows = book.child(Table.RETURN, h.orders, [x.return_id for x in events])
    book.write(Table.RETURN, h.write(rows, {"received_at": h.occurred}))
    flat, counts = _lines(events)
    lines, each = _sent_back(book, rows, h, flat, counts)
    found = _numbers(book, [x.disposition for x in flat], DISPOSITION)
    book.write(Table.RETURN_LINE, each.write(lines, {"disposition": found}))
    named = np.flatnonzero([bool(x.sku_found) for x in flat])
    if named.size:
        skus = book.words.skus.codes([flat[i].sku_found for i in named.tolist()])
        book.write(Table.RETURN_LINE, each.some(named).write(lines[named], {"sku_found": skus}))


def return_cancelled(book: Book, events: Sequence[e.ReturnCancelled], h: Happenings) -> None:
    """A customer keeps what they had wanted to send back."""
    rows = book.child(Table.RETURN, h.orders, [x.return_id for x in events])
    book.write(Table.RETURN, h.write(rows, {"cancelled_at": h.occurred}))


def refunded(book: Book, events: Sequence[e.RefundIssued], h: Happenings) -> None:
    """Money went back: for one return, for lines, or for the whole order."""
    named = [bool(x.return_id) for x in events]
    index = np.flatnonzero(named)
    if index.size:
        some = h.some(index)
        rows = book.child(Table.RETURN, some.orders, [events[i].return_id for i in index.tolist()])
        book.write(Table.RETURN, some.write(rows, {"refunded_at": some.occurred}))
    if index.size < len(events):
        index = np.flatnonzero(np.logical_not(named))
        _repaid(book, [events[i] for i in index.tolist()], h.some(index))


def _repaid(book: Book, events: Sequence[e.RefundIssued], h: Happenings) -> None:
    """Money went back without a return."""
    whole = np.array([not x.lines for x in events])
    values = {"order_refunded_at": h.occurred, "whole_refunded_at": np.where(whole, h.occurred, 0)}
    book.write(Table.ORDER, h.write(h.orders, values))
    flat = [line.line_id for x in events for line in x.lines or ()]
    each = h.each([len(x.lines or ()) for x in events])
    rows = book.child(Table.LINE, each.orders, flat)
    book.write(Table.LINE, each.write(rows, {"refunded_at": each.occurred}))


def contact_opened(book: Book, events: Sequence[e.ContactOpened], h: Happenings) -> None:
    """A customer got in touch."""
    ids = [x.contact_id for x in events]
    rows = book.child(Table.CONTACT, h.orders, ids)
    book.write(Table.CONTACT, h.write(rows, {"opened_at": h.occurred}))
    about = np.flatnonzero([bool(x.seller_id) for x in events])
    if about.size:
        sellers = book.words.sellers.codes([events[i].seller_id for i in about.tolist()])
        some = h.some(about)
        book.write(Table.CONTACT, some.write(rows[about], {"seller": sellers}))
    asked = np.flatnonzero([x.wants_callback for x in events])
    if asked.size:
        some = h.some(asked)
        book.write(Table.CONTACT, some.write(rows[asked], {"callback_at": some.occurred}))
    book.write(Table.ORDER, h.write(h.orders, {"contacts": hashes(ids)}))


def contact_answered(book: Book, events: Sequence[e.ContactEvent], h: Happenings) -> None:
    """Somebody answered or settled the matter."""
    rows = book.child(Table.CONTACT, h.orders, [x.contact_id for x in events])
    book.write(Table.CONTACT, h.write(rows, {"answered_at": h.occurred}))
    book.write(Table.ORDER, h.write(h.orders, {"contact_answered_at": h.occurred}))


def change_requested(
    book: Book, events: Sequence[e.DeliveryChangeRequested], h: Happenings
) -> None:
    """A customer would like a parcel to be delivered otherwise."""
    rows = book.child(Table.SHIPMENT, h.orders, [x.shipment_id for x in events])
    book.write(Table.SHIPMENT, h.write(rows, {"change_at": h.occurred}))


def callback_requested(book: Book, events: Sequence[e.CallbackRequested], h: Happenings) -> None:
    """A customer would like to be called."""
    rows = book.child(Table.CONTACT, h.orders, [x.contact_id for x in events])
    book.write(Table.CONTACT, h.write(rows, {"callback_at": h.occurred}))


def callback_started(book: Book, events: Sequence[e.CallbackStarted], h: Happenings) -> None:
    """Somebody calls back; that is an answer too."""
    rows = book.child(Table.CONTACT, h.orders, [x.contact_id for x in events])
    book.write(Table.CONTACT, h.write(rows, {"answered_at": h.occurred, "called_at": h.occurred}))
    book.write(Table.ORDER, h.write(h.orders, {"contact_answered_at": h.occurred}))


def review_posted(book: Book, events: Sequence[e.ReviewPosted], h: Happenings) -> None:
    """A customer said in public how it went."""
    rows = book.child(Table.REVIEW, h.orders, [x.review_id for x in events])
    rating = np.fromiter((x.rating for x in events), np.int64, len(events))
    about = book.words.subjects.codes([Subject(x.sku, x.seller_id) for x in events])
    values = {"posted_at": h.occurred, "rating": rating, "about": about}
    book.write(Table.REVIEW, h.write(rows, values))


def review_answered(book: Book, events: Sequence[e.ReviewAnswered], h: Happenings) -> None:
    """The shop replied to a review."""
    rows = book.child(Table.REVIEW, h.orders, [x.review_id for x in events])
    book.write(Table.REVIEW, h.write(rows, {"answered_at": h.occurred}))


Write = Callable[[Any, Any, Happenings], None]
"""A book, events of one type and their clocks in; writes into the book."""

WRITES: Final[dict[type[e.Event], Write]] = {
    e.OrderPlaced: placed,
    e.OrderCancelled: cancelled,
    e.OrderLineUnfillable: unfillable,
    e.ShipmentPacked: packed,
    e.ShipmentDispatched: dispatched,
    e.ShipmentScanned: scanned,
    e.ShipmentDelivered: delivered,
    e.ReturnRequested: return_requested,
    e.ReturnShipped: return_shipped,
    e.ReturnReceived: return_received,
    e.ReturnCancelled: return_cancelled,
    e.RefundIssued: refunded,
    e.ContactOpened: contact_opened,
    e.ContactAnswered: contact_answered,
    e.ContactResolved: contact_answered,
    e.CallbackRequested: callback_requested,
    e.CallbackStarted: callback_started,
    e.DeliveryChangeRequested: change_requested,
    e.ReviewPosted: review_posted,
    e.ReviewAnswered: review_answered,
}
"""Every event type that is part of a journey; the others are for the judge or for people."""
