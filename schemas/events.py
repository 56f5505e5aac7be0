"""Every event Andon understands, as one tagged union of frozen structs.

An event is a fact a system reported, in the past tense. ``time`` is when it happened (CloudEvents
``time``), ``recordedtime`` when it was learnt; both are RFC 3339 text here and become milliseconds
in :mod:`schemas.codec`. Open vocabularies (``status``, ``reason`` ...) stay text: an unknown word
is counted and read as ``unknown``, never refused.
"""

from typing import Annotated, Final

import msgspec

Quantity = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
"""Units of one line; at least one."""

Grams = Annotated[int, msgspec.Meta(ge=0)]
"""A weight in grams."""

Rating = Annotated[int, msgspec.Meta(ge=1, le=5)]
"""Stars of a review, 1 to 5."""

Id = Annotated[str, msgspec.Meta(min_length=1)]
"""An identifier given by the sender; never empty."""


class Record(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """Base of every nested value: frozen, unknown fields ignored, defaults left out."""


class Place(Record, frozen=True, gc=False):
    """Where a parcel starts or ends; ``region`` is the state or province."""

    country: str
    region: str = ""
    postal_code: str = ""


class Customer(Record, frozen=True, gc=False):
    """What is known of the customer at the time of the order."""

    tier: str = ""
    locale: str = ""
    channel: str = ""
    lifetime_value: str = ""


class Replaces(Record, frozen=True, gc=False):
    """The order line that a replacement order makes good."""

    order_id: Id
    line_id: Id


class OrderedLine(Record, frozen=True, gc=False):
    """One line as the customer ordered it; ``ship_by`` where the promise differs by line."""

    line_id: Id
    sku: Id
    quantity: Quantity = 1
    unit_price: str = ""
    seller_id: str = ""
    category: str = ""
    brand: str = ""
    size: str = ""
    ship_by: str = ""


class LineQuantity(Record, frozen=True, gc=False):
    """Some units of one line."""

    line_id: Id
    quantity: Quantity = 1


class PackedLine(Record, frozen=True, gc=False):
    """Units put into a parcel, with the SKU as it was scanned."""

    line_id: Id
    sku: str = ""
    quantity: Quantity = 1
    bin: str = ""
    batch: str = ""


class ReturnedLine(Record, frozen=True, gc=False):
    """Units a customer wants to send back, and why in the customer's words."""

    line_id: Id
    quantity: Quantity = 1
    reason: str = "unknown"


class InspectedLine(Record, frozen=True, gc=False):
    """Units that came back, and what the warehouse found."""

    line_id: Id
    quantity: Quantity = 1
    disposition: str = "unknown"
    sku_found: str = ""


class RefundedLine(Record, frozen=True, gc=False):
    """The share of a refund that belongs to one line."""

    line_id: Id
    amount: str


class Event(
    msgspec.Struct, frozen=True, gc=False, kw_only=True, tag_field="type", omit_defaults=True
):
    """What every event carries: identity (``source``, ``id``) and two clocks."""

    id: Id
    time: str
    source: str = ""
    recordedtime: str = ""


class OrderPlaced(Event, frozen=True, gc=False, tag="order.placed"):
    """A customer ordered; the promises made at that moment."""

    order_id: Id
    customer_id: Id
    currency: str
    lines: Annotated[list[OrderedLine], msgspec.Meta(min_length=1)]
    ship_by: str = ""
    promised_by: str = ""
    needed_by: str = ""
    shipping_fee: str = ""
    destination: Place | None = None
    customer: Customer | None = None
    replaces: Replaces | None = None


class OrderCancelled(Event, frozen=True, gc=False, tag="order.cancelled"):
    """Some lines, or without ``lines`` the whole order, will not be delivered."""

    order_id: Id
    lines: list[LineQuantity] | None = None
    by: str = "unknown"
    reason: str = ""


class OrderLineUnfillable(Event, frozen=True, gc=False, tag="order.line_unfillable"):
    """The shop cannot supply a line."""

    order_id: Id
    line_id: Id
    reason: str = "unknown"


class ShipmentPacked(Event, frozen=True, gc=False, tag="shipment.packed"):
    """A parcel was closed in a warehouse, with what was scanned into it."""

    order_id: Id
    shipment_id: Id
    warehouse_id: str = ""
    lines: list[PackedLine] = []
    packaging: str = ""
    expected_weight_g: Grams | None = None
    actual_weight_g: Grams | None = None


class ShipmentDispatched(Event, frozen=True, gc=False, tag="shipment.dispatched"):
    """A parcel was handed to a carrier."""

    order_id: Id
    shipment_id: Id
    carrier: str
    origin: Place | None = None
    destination: Place | None = None
    warehouse_id: str = ""
    service: str = ""
    promised_by: str = ""
    lines: list[LineQuantity] | None = None


class ShipmentScanned(Event, frozen=True, gc=False, tag="shipment.scanned"):
    """A carrier reported on a parcel."""

    order_id: Id
    shipment_id: Id
    status: str
    responsible: str = ""
    place: str = ""
    eta: str = ""


class ShipmentDelivered(Event, frozen=True, gc=False, tag="shipment.delivered"):
    """A parcel reached its customer."""

    order_id: Id
    shipment_id: Id
    to: str = ""


class ReturnRequested(Event, frozen=True, gc=False, tag="return.requested"):
    """A customer asked to send something back."""

    order_id: Id
    return_id: Id
    lines: Annotated[list[ReturnedLine], msgspec.Meta(min_length=1)]
    wants: str = ""
    comment: str = ""


class ReturnShipped(Event, frozen=True, gc=False, tag="return.shipped"):
    """A returning parcel is on its way."""

    order_id: Id
    return_id: Id
    shipment_id: str = ""


class ReturnReceived(Event, frozen=True, gc=False, tag="return.received"):
    """A returning parcel arrived and was inspected."""

    order_id: Id
    return_id: Id
    lines: list[InspectedLine] = []


class ReturnCancelled(Event, frozen=True, gc=False, tag="return.cancelled"):
    """A customer keeps what they had wanted to send back."""

    order_id: Id
    return_id: Id


class RefundIssued(Event, frozen=True, gc=False, tag="refund.issued"):
    """Money went back to a customer."""

    order_id: Id
    refund_id: Id
    amount: str
    currency: str
    return_id: str = ""
    lines: list[RefundedLine] | None = None
    method: str = "original"


class ContactOpened(Event, frozen=True, gc=False, tag="contact.opened"):
    """A customer got in touch."""

    contact_id: Id
    customer_id: Id
    order_id: str = ""
    channel: str = ""
    topic: str = ""
    wants_callback: bool = False
    seller_id: str = ""


class ContactEvent(Event, frozen=True, gc=False):
    """What later events of a contact share; keyed as their ``contact.opened`` was."""

    contact_id: Id
    customer_id: str = ""
    order_id: str = ""


class ContactAnswered(ContactEvent, frozen=True, gc=False, tag="contact.answered"):
    """Somebody answered a contact."""

    by: str = ""


class ContactResolved(ContactEvent, frozen=True, gc=False, tag="contact.resolved"):
    """A contact was settled."""

    by: str = ""


class ContactLinked(Event, frozen=True, gc=False, tag="contact.linked"):
    """A contact without an order turned out to be about ``order_id``."""

    contact_id: Id
    customer_id: Id
    order_id: Id


class CallbackRequested(ContactEvent, frozen=True, gc=False, tag="callback.requested"):
    """A customer asked to be called back."""


class CallbackStarted(ContactEvent, frozen=True, gc=False, tag="callback.started"):
    """The customer was called back."""


class CartAbandoned(Event, frozen=True, gc=False, tag="cart.abandoned"):
    """A customer left before buying."""

    cart_id: Id
    customer_id: Id
    step: str
    reason: str = ""


class DeliveryChangeRequested(Event, frozen=True, gc=False, tag="delivery.change_requested"):
    """A customer asked for another date, address or pick-up point."""

    order_id: Id
    shipment_id: Id
    change: str


class ReviewPosted(Event, frozen=True, gc=False, tag="review.posted"):
    """A customer said in public how it went."""

    review_id: Id
    order_id: Id
    customer_id: Id
    rating: Rating
    sku: str = ""
    seller_id: str = ""


class ReviewAnswered(Event, frozen=True, gc=False, tag="review.answered"):
    """The shop replied to a review."""

    review_id: Id
    order_id: Id


class PriceChanged(Event, frozen=True, gc=False, tag="price.changed"):
    """The price of a SKU changed."""

    sku: Id
    price: str
    currency: str


class SkuRepaired(Event, frozen=True, gc=False, tag="sku.repaired"):
    """An investigation is closed: from now on counts start clean."""

    sku: Id
    warehouse_id: str = ""
    note: str = ""


class SkuListed(Event, frozen=True, gc=False, tag="sku.listed"):
    """A SKU went on sale."""

    sku: Id
    by: str = ""


class SkuDelisted(Event, frozen=True, gc=False, tag="sku.delisted"):
    """A SKU was taken off sale."""

    sku: Id
    by: str = ""


class SellerAppealUpheld(Event, frozen=True, gc=False, tag="seller.appeal_upheld"):
    """A seller was right: what was reported of some days was not theirs to answer for.

    ``defect`` is a defect or a measure of the seller's standard, empty for all of them. The days
    are those of the cohorts from ``since`` (all before, if empty) to ``until`` (the day of the
    event, if empty).
    """

    seller_id: Id
    defect: str = ""
    since: str = ""
    until: str = ""
    note: str = ""


AnyEvent = (
    OrderPlaced
    | OrderCancelled
    | OrderLineUnfillable
    | ShipmentPacked
    | ShipmentDispatched
    | ShipmentScanned
    | ShipmentDelivered
    | ReturnRequested
    | ReturnShipped
    | ReturnReceived
    | ReturnCancelled
    | RefundIssued
    | ContactOpened
    | ContactAnswered
    | ContactResolved
    | ContactLinked
    | CallbackRequested
    | CallbackStarted
    | CartAbandoned
    | DeliveryChangeRequested
    | ReviewPosted
    | ReviewAnswered
    | PriceChanged
    | SkuRepaired
    | SkuListed
    | SkuDelisted
    | SellerAppealUpheld
)
"""The tagged union a decoder is built from."""

EVENT_TYPES: Final[dict[str, type[Event]]] = {
    str(kind.__struct_config__.tag): kind for kind in AnyEvent.__args__
}
"""Wire name to struct, in the order of the documentation."""

TYPE_NAME: Final[dict[type[Event], str]] = {kind: name for name, kind in EVENT_TYPES.items()}
"""Struct to wire name."""
