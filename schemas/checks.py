"""What types cannot say: readable times, real currencies, clean ids; a batch at a time.

:func:`settle` asks every question of a whole batch at once and answers only yes or no;
:func:`fault` asks them of one event and names the field. Both must agree on every event.
"""

from collections.abc import Iterator
from itertools import chain, compress
from typing import Final, NamedTuple, TypeVar

import msgspec

from schemas.events import (
    EVENT_TYPES,
    ContactEvent,
    Event,
    OrderPlaced,
    PriceChanged,
    RefundIssued,
    SellerAppealUpheld,
    ShipmentDispatched,
    ShipmentScanned,
)
from schemas.money import EXPONENTS, Malformed, minor_units
from schemas.stamps import parse, parse_one
from schemas.times import Times

_Some = TypeVar("_Some", bound=Event)

FREE_TEXT: Final = frozenset({"comment", "note", "place", "reason", "step", "topic"})
"""Fields people write into; line breaks are at home there. No id is made of them."""


STAMPS: Final = (
    "time",
    "recordedtime",
    "ship_by",
    "promised_by",
    "needed_by",
    "eta",
    "since",
    "until",
)
"""Fields of events that hold a time; lines of an order may have ``ship_by`` too."""


class Fault(NamedTuple):
    """What is wrong with one event: the JSON path of the field, and why."""

    path: str
    reason: str


class Settled(NamedTuple):
    """The two clocks of a batch without faults, ms UTC."""

    occurred: Times
    recorded: Times


def settle(events: list[Event], *, controls: bool) -> Settled | None:
    """Return the clocks of ``events`` if none of them has a fault, else ``None``.

    ``controls`` says that control characters may occur in their text.
    """
    groups = _Groups(events)
    sound = groups.money_is_sound() and groups.contacts_are_keyed()
    if not sound or (controls and any(map(_control_fault, events))):
        return None
    return _clocks(events, groups.stamps())


def fault(event: Event) -> Fault | None:
    """Return the first fault of ``event``, or ``None``."""
    found = chain(
        _time_faults(event), _money_faults(event), _contact_faults(event), _control_faults(event)
    )
    return next(found, None)


def _clocks(events: list[Event], others: list[str]) -> Settled | None:
    """Read the events' clocks together with every ``other`` stamp, in one go."""
    count = len(events)
    stamps = [event.time for event in events]
    if not all(stamps):
        return None
    if any(event.recordedtime for event in events):
        stamps += [event.recordedtime or event.time for event in events]
    times, good = parse(stamps + others)
    if not good.all():
        return None
    return Settled(times[:count], times[len(stamps) - count : len(stamps)])


class _Groups:
    """A batch split by event type, as far as there is something to check."""

    def __init__(self, events: list[Event]) -> None:
        self._events = events
        self._codes = bytes(map(_CODES.__getitem__, map(type, events)))
        self.placed = self._only(OrderPlaced)
        self.refunded = self._only(RefundIssued)

    def stamps(self) -> list[str]:
        """Return every stamp there is besides the two clocks."""
        found = [order.promised_by for order in self.placed]
        found += [order.ship_by for order in self.placed]
        found += [order.needed_by for order in self.placed]
        found += [line.ship_by for order in self.placed for line in order.lines]
        found += [parcel.promised_by for parcel in self._only(ShipmentDispatched)]
        found += [scan.eta for scan in self._only(ShipmentScanned)]
        appeals = self._only(SellerAppealUpheld)
        found += [stamp for appeal in appeals for stamp in (appeal.since, appeal.until)]
        return list(filter(None, found))

    def money_is_sound(self) -> bool:
        """Return whether every amount can be read in its currency."""
        try:
            for amount, currency in self._amounts():
                minor_units(amount, currency)
        except Malformed:
            return False
        return True

    def contacts_are_keyed(self) -> bool:
        """Return whether every later event of a contact names an order or a customer."""
        later = chain.from_iterable(map(self._only, _CONTACT_EVENTS))
        return all(contact.order_id or contact.customer_id for contact in later)

    def _amounts(self) -> set[tuple[str, str]]:
        """Return every distinct amount with its currency; most occur many times."""
        found = {(order.shipping_fee or "0", order.currency) for order in self.placed}
        found |= {(line.unit_price or "0", o.currency) for o in self.placed for line in o.lines}
        found |= {(refund.amount, refund.currency) for refund in self.refunded}
        found |= {(share.amount, r.currency) for r in self.refunded for share in r.lines or ()}
        return found | {(price.price, price.currency) for price in self._only(PriceChanged)}

    def _only(self, kind: type[_Some]) -> list[_Some]:
        if _CODES[kind] not in self._codes:
            return []
        chosen = compress(self._events, self._codes.translate(_CHOOSE[kind]))
        return list(chosen)  # type: ignore[arg-type]  # the codes are the types


def _time_faults(event: Event) -> Iterator[Fault]:
    if not event.time:
        yield Fault("$.time", "missing: when did it happen? (RFC 3339 with offset)")
    for path, stamp in _stamps(event):
        if stamp and parse_one(stamp) is None:
            yield Fault(path, f"no RFC 3339 time with offset between 1970 and 2109: {stamp!r:.80}")


def _stamps(event: Event) -> Iterator[tuple[str, str]]:
    for name in STAMPS:
        stamp = getattr(event, name, "")
        yield f"$.{name}", stamp
    if isinstance(event, OrderPlaced):
        for at, line in enumerate(event.lines):
            yield f"$.lines[{at}].ship_by", line.ship_by


def _money_faults(event: Event) -> Iterator[Fault]:
    for path, amount, currency in _amounts(event):
        try:
            minor_units(amount, currency)
        except Malformed as malformed:
            known = currency in EXPONENTS
            yield Fault(path if known else "$.currency", str(malformed))


def _amounts(event: Event) -> Iterator[tuple[str, str, str]]:
    match event:
        case OrderPlaced(currency=currency):
            yield "$.shipping_fee", event.shipping_fee or "0", currency
            for at, line in enumerate(event.lines):
                yield f"$.lines[{at}].unit_price", line.unit_price or "0", currency
        case RefundIssued(currency=currency):
            yield "$.amount", event.amount, currency
            for at, share in enumerate(event.lines or ()):
                yield f"$.lines[{at}].amount", share.amount, currency
        case PriceChanged(currency=currency):
            yield "$.price", event.price, currency
        case _:
            return


def _contact_faults(event: Event) -> Iterator[Fault]:
    if isinstance(event, ContactEvent) and not (event.order_id or event.customer_id):
        yield Fault(
            "$.order_id", "neither order_id nor customer_id: the same key as its contact.opened"
        )


def _control_faults(event: Event) -> Iterator[Fault]:
    for path, text in _texts("$", event):
        if not text.isprintable() and min(text) < " ":
            yield Fault(path, f"control character in {text!r:.80}")


def _texts(path: str, value: object) -> Iterator[tuple[str, str]]:
    """Walk through every text below ``value`` that is not free text, with its path."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, list):
        for at, item in enumerate(value):
            yield from _texts(f"{path}[{at}]", item)
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            if name not in FREE_TEXT:
                yield from _texts(f"{path}.{name}", getattr(value, name))


def _control_fault(event: Event) -> Fault | None:
    return next(_control_faults(event), None)


_CODES: Final = {kind: code for code, kind in enumerate(EVENT_TYPES.values())}
_CHOOSE: Final = {
    kind: bytes(code == other for other in range(256)) for kind, code in _CODES.items()
}
_CONTACT_EVENTS: Final = tuple(kind for kind in _CODES if issubclass(kind, ContactEvent))
