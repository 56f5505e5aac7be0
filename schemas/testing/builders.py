"""Builders: one event of every type with sensible fields, each overridden by keyword.

All are about order ``o-1`` of customer ``c-1`` unless told otherwise, happen on 2026-03-01 at 10:00
UTC, and have an ``id`` derived from their content: the same fact has the same id.
"""

import zlib
from collections.abc import Callable
from typing import Final, TypeVar

from msgspec.structs import replace

from schemas import events
from schemas.codec import encode
from schemas.testing.moments import at

_Some = TypeVar("_Some", bound=events.Event)

ORDER: Final = "o-1"
SHIPMENT: Final = "s-1"
CONTACT: Final = "t-1"


def a_line(**fields: object) -> events.OrderedLine:
    """Line ``1``: one unit of ``sku-1`` at 19.90."""
    return replace(events.OrderedLine(line_id="1", sku="sku-1", unit_price="19.90"), **fields)


def an_order(**fields: object) -> events.OrderPlaced:
    """An order of one line for customer ``c-1``, promised within four days."""
    return _built(
        events.OrderPlaced,
        fields,
        order_id=ORDER,
        customer_id="c-1",
        currency="EUR",
        lines=[a_line()],
        ship_by=at("03-03T10:00"),
        promised_by=at("03-05T10:00"),
        destination=events.Place(country="DE", region="BE"),
    )


def never_handed_over(count: int) -> list[events.OrderPlaced]:
    """So many orders of one seller, ``m-1``, that they hand over to nobody."""
    return [
        an_order(
            order_id=f"o-{number}",
            customer_id=f"c-{number}",
            promised_by="",
            ship_by=at("03-03T00:00"),
            lines=[a_line(seller_id="m-1")],
        )
        for number in range(count)
    ]


def a_cancellation(**fields: object) -> events.OrderCancelled:
    """The whole order is cancelled by the customer."""
    return _built(events.OrderCancelled, fields, order_id=ORDER, by="customer")


def an_unfillable_line(**fields: object) -> events.OrderLineUnfillable:
    """The first line is out of stock."""
    return _built(
        events.OrderLineUnfillable, fields, order_id=ORDER, line_id="1", reason="out_of_stock"
    )


def a_packing(**fields: object) -> events.ShipmentPacked:
    """The first line is packed as ordered."""
    return _built(
        events.ShipmentPacked,
        fields,
        order_id=ORDER,
        shipment_id=SHIPMENT,
        warehouse_id="w-1",
        lines=[events.PackedLine(line_id="1", sku="sku-1", bin="A-1")],
    )


def a_dispatch(**fields: object) -> events.ShipmentDispatched:
    """The parcel is handed to carrier ``acme``."""
    return _built(
        events.ShipmentDispatched,
        fields,
        order_id=ORDER,
        shipment_id=SHIPMENT,
        carrier="acme",
        warehouse_id="w-1",
        origin=events.Place(country="DE", region="HH"),
        destination=events.Place(country="DE", region="BE"),
    )


def a_scan(**fields: object) -> events.ShipmentScanned:
    """The parcel is in transit."""
    return _built(
        events.ShipmentScanned,
        fields,
        order_id=ORDER,
        shipment_id=SHIPMENT,
        status="in_transit",
        responsible="carrier",
    )


def a_delivery(**fields: object) -> events.ShipmentDelivered:
    """The parcel is at the door."""
    return _built(events.ShipmentDelivered, fields, order_id=ORDER, shipment_id=SHIPMENT, to="door")


def a_return_request(**fields: object) -> events.ReturnRequested:
    """The first line is to go back: wrong item."""
    return _built(
        events.ReturnRequested,
        fields,
        order_id=ORDER,
        return_id="r-1",
        lines=[events.ReturnedLine(line_id="1", reason="wrong_item")],
    )


def a_return_shipment(**fields: object) -> events.ReturnShipped:
    """The return is on its way."""
    return _built(events.ReturnShipped, fields, order_id=ORDER, return_id="r-1")


def a_return_receipt(**fields: object) -> events.ReturnReceived:
    """The first line came back and was as the customer said."""
    return _built(
        events.ReturnReceived,
        fields,
        order_id=ORDER,
        return_id="r-1",
        lines=[events.InspectedLine(line_id="1", disposition="as_claimed")],
    )


def a_return_cancellation(**fields: object) -> events.ReturnCancelled:
    """The customer keeps the goods."""
    return _built(events.ReturnCancelled, fields, order_id=ORDER, return_id="r-1")


def a_refund(**fields: object) -> events.RefundIssued:
    """The return is paid back."""
    return _built(
        events.RefundIssued,
        fields,
        order_id=ORDER,
        refund_id="f-1",
        return_id="r-1",
        amount="19.90",
        currency="EUR",
    )


def a_contact(**fields: object) -> events.ContactOpened:
    """The customer writes about the order."""
    return _built(
        events.ContactOpened,
        fields,
        contact_id=CONTACT,
        customer_id="c-1",
        order_id=ORDER,
        channel="email",
    )


def an_answer(**fields: object) -> events.ContactAnswered:
    """The contact is answered."""
    return _built(events.ContactAnswered, fields, contact_id=CONTACT, order_id=ORDER)


def a_resolution(**fields: object) -> events.ContactResolved:
    """The contact is settled."""
    return _built(events.ContactResolved, fields, contact_id=CONTACT, order_id=ORDER)


def a_link(**fields: object) -> events.ContactLinked:
    """A contact without an order turns out to be about the order."""
    return _built(
        events.ContactLinked, fields, contact_id=CONTACT, customer_id="c-1", order_id=ORDER
    )


def a_callback_request(**fields: object) -> events.CallbackRequested:
    """The customer asks to be called."""
    return _built(events.CallbackRequested, fields, contact_id=CONTACT, order_id=ORDER)


def a_callback(**fields: object) -> events.CallbackStarted:
    """The customer is called."""
    return _built(events.CallbackStarted, fields, contact_id=CONTACT, order_id=ORDER)


def an_abandoned_cart(**fields: object) -> events.CartAbandoned:
    """A cart is left at the payment."""
    return _built(events.CartAbandoned, fields, cart_id="k-1", customer_id="c-1", step="payment")


def a_delivery_change(**fields: object) -> events.DeliveryChangeRequested:
    """The customer asks for another date."""
    return _built(
        events.DeliveryChangeRequested, fields, order_id=ORDER, shipment_id=SHIPMENT, change="date"
    )


def a_review(**fields: object) -> events.ReviewPosted:
    """The customer gives one star."""
    return _built(
        events.ReviewPosted, fields, review_id="v-1", order_id=ORDER, customer_id="c-1", rating=1
    )


def a_review_answer(**fields: object) -> events.ReviewAnswered:
    """The shop replies to the review."""
    return _built(events.ReviewAnswered, fields, review_id="v-1", order_id=ORDER)


def a_price(**fields: object) -> events.PriceChanged:
    """The SKU costs 19.90 EUR from now on."""
    return _built(events.PriceChanged, fields, sku="sku-1", price="19.90", currency="EUR")


def a_repair(**fields: object) -> events.SkuRepaired:
    """The investigation of the SKU is closed."""
    return _built(events.SkuRepaired, fields, sku="sku-1")


def a_listing(**fields: object) -> events.SkuListed:
    """The SKU goes on sale."""
    return _built(events.SkuListed, fields, sku="sku-1", by="shop")


def a_delisting(**fields: object) -> events.SkuDelisted:
    """The SKU is taken off sale."""
    return _built(events.SkuDelisted, fields, sku="sku-1", by="shop")


def an_appeal_upheld(**fields: object) -> events.SellerAppealUpheld:
    """The seller was right about everything that was reported until now."""
    return _built(events.SellerAppealUpheld, fields, seller_id="m-1")


def _built(make: Callable[..., _Some], fields: dict[str, object], **usual: object) -> _Some:
    built = make(**{"id": "-", "time": _TIME, **usual, **fields})
    if "id" in fields:
        return built
    return replace(built, id=f"e-{zlib.crc32(encode(built)):08x}")


_TIME: Final = at("03-01T10:00")

BUILDERS: Final[dict[str, Callable[..., events.Event]]] = dict(
    zip(
        events.EVENT_TYPES,
        (
            an_order,
            a_cancellation,
            an_unfillable_line,
            a_packing,
            a_dispatch,
            a_scan,
            a_delivery,
            a_return_request,
            a_return_shipment,
            a_return_receipt,
            a_return_cancellation,
            a_refund,
            a_contact,
            an_answer,
            a_resolution,
            a_link,
            a_callback_request,
            a_callback,
            an_abandoned_cart,
            a_delivery_change,
            a_review,
            a_review_answer,
            a_price,
            a_repair,
            a_listing,
            a_delisting,
            an_appeal_upheld,
        ),
        strict=True,
    )
)
"""Event type to builder."""
