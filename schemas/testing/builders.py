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
        events.OrderPlaced(
            id="-",
            time=_TIME,
            order_id=ORDER,
            customer_id="c-1",
            currency="EUR",
            lines=[a_line()],
            ship_by=at("03-03T10:00"),
            promised_by=at("03-05T10:00"),
            destination=events.Place(country="DE", region="BE"),
        ),
        fields,
    )


def a_cancellation(**fields: object) -> events.OrderCancelled:
    """The whole order is cancelled by the customer."""
    return _built(events.OrderCancelled(id="-", time=_TIME, order_id=ORDER, by="customer"), fields)


def an_unfillable_line(**fields: object) -> events.OrderLineUnfillable:
    """The first line is out of stock."""
    return _built(
        events.OrderLineUnfillable(
            id="-", time=_TIME, order_id=ORDER, line_id="1", reason="out_of_stock"
        ),
        fields,
    )


def a_packing(**fields: object) -> events.ShipmentPacked:
    """The first line is packed as ordered."""
    return _built(
        events.ShipmentPacked(
            id="-",
            time=_TIME,
            order_id=ORDER,
            shipment_id=SHIPMENT,
            warehouse_id="w-1",
            lines=[events.PackedLine(line_id="1", sku="sku-1", bin="A-1")],
        ),
        fields,
    )


def a_dispatch(**fields: object) -> events.ShipmentDispatched:
    """The parcel is handed to carrier ``acme``."""
    return _built(
        events.ShipmentDispatched(
            id="-",
            time=_TIME,
            order_id=ORDER,
            shipment_id=SHIPMENT,
            carrier="acme",
            warehouse_id="w-1",
            origin=events.Place(country="DE", region="HH"),
            destination=events.Place(country="DE", region="BE"),
        ),
        fields,
    )


def a_scan(**fields: object) -> events.ShipmentScanned:
    """The parcel is in transit."""
    return _built(
        events.ShipmentScanned(
            id="-",
            time=_TIME,
            order_id=ORDER,
            shipment_id=SHIPMENT,
            status="in_transit",
            responsible="carrier",
        ),
        fields,
    )


def a_delivery(**fields: object) -> events.ShipmentDelivered:
    """The parcel is at the door."""
    return _built(
        events.ShipmentDelivered(
            id="-", time=_TIME, order_id=ORDER, shipment_id=SHIPMENT, to="door"
        ),
        fields,
    )


def a_return_request(**fields: object) -> events.ReturnRequested:
    """The first line is to go back: wrong item."""
    return _built(
        events.ReturnRequested(
            id="-",
            time=_TIME,
            order_id=ORDER,
            return_id="r-1",
            lines=[events.ReturnedLine(line_id="1", reason="wrong_item")],
        ),
        fields,
    )


def a_return_shipment(**fields: object) -> events.ReturnShipped:
    """The return is on its way."""
    return _built(events.ReturnShipped(id="-", time=_TIME, order_id=ORDER, return_id="r-1"), fields)


def a_return_receipt(**fields: object) -> events.ReturnReceived:
    """The first line came back and was as the customer said."""
    return _built(
        events.ReturnReceived(
            id="-",
            time=_TIME,
            order_id=ORDER,
            return_id="r-1",
            lines=[events.InspectedLine(line_id="1", disposition="as_claimed")],
        ),
        fields,
    )


def a_return_cancellation(**fields: object) -> events.ReturnCancelled:
    """The customer keeps the goods."""
    return _built(
        events.ReturnCancelled(id="-", time=_TIME, order_id=ORDER, return_id="r-1"), fields
    )


def a_refund(**fields: object) -> events.RefundIssued:
    """The return is paid back."""
    return _built(
        events.RefundIssued(
            id="-",
            time=_TIME,
            order_id=ORDER,
            refund_id="f-1",
            return_id="r-1",
            amount="19.90",
            currency="EUR",
        ),
        fields,
    )


def a_contact(**fields: object) -> events.ContactOpened:
    """The customer writes about the order."""
    return _built(
        events.ContactOpened(
            id="-",
            time=_TIME,
            contact_id=CONTACT,
            customer_id="c-1",
            order_id=ORDER,
            channel="email",
        ),
        fields,
    )


def an_answer(**fields: object) -> events.ContactAnswered:
    """The contact is answered."""
    return _built(
        events.ContactAnswered(id="-", time=_TIME, contact_id=CONTACT, order_id=ORDER), fields
    )


def a_resolution(**fields: object) -> events.ContactResolved:
    """The contact is settled."""
    return _built(
        events.ContactResolved(id="-", time=_TIME, contact_id=CONTACT, order_id=ORDER), fields
    )


def a_link(**fields: object) -> events.ContactLinked:
    """A contact without an order turns out to be about the order."""
    return _built(
        events.ContactLinked(
            id="-", time=_TIME, contact_id=CONTACT, customer_id="c-1", order_id=ORDER
        ),
        fields,
    )


def a_callback_request(**fields: object) -> events.CallbackRequested:
    """The customer asks to be called."""
    return _built(
        events.CallbackRequested(id="-", time=_TIME, contact_id=CONTACT, order_id=ORDER), fields
    )


def a_callback(**fields: object) -> events.CallbackStarted:
    """The customer is called."""
    return _built(
        events.CallbackStarted(id="-", time=_TIME, contact_id=CONTACT, order_id=ORDER), fields
    )


def an_abandoned_cart(**fields: object) -> events.CartAbandoned:
    """A cart is left at the payment."""
    return _built(
        events.CartAbandoned(id="-", time=_TIME, cart_id="k-1", customer_id="c-1", step="payment"),
        fields,
    )


def a_delivery_change(**fields: object) -> events.DeliveryChangeRequested:
    """The customer asks for another date."""
    return _built(
        events.DeliveryChangeRequested(
            id="-", time=_TIME, order_id=ORDER, shipment_id=SHIPMENT, change="date"
        ),
        fields,
    )


def a_review(**fields: object) -> events.ReviewPosted:
    """The customer gives one star."""
    return _built(
        events.ReviewPosted(
            id="-", time=_TIME, review_id="v-1", order_id=ORDER, customer_id="c-1", rating=1
        ),
        fields,
    )


def a_review_answer(**fields: object) -> events.ReviewAnswered:
    """The shop replies to the review."""
    return _built(
        events.ReviewAnswered(id="-", time=_TIME, review_id="v-1", order_id=ORDER), fields
    )


def a_price(**fields: object) -> events.PriceChanged:
    """The SKU costs 19.90 EUR from now on."""
    return _built(
        events.PriceChanged(id="-", time=_TIME, sku="sku-1", price="19.90", currency="EUR"), fields
    )


def a_repair(**fields: object) -> events.SkuRepaired:
    """The investigation of the SKU is closed."""
    return _built(events.SkuRepaired(id="-", time=_TIME, sku="sku-1"), fields)


def a_listing(**fields: object) -> events.SkuListed:
    """The SKU goes on sale."""
    return _built(events.SkuListed(id="-", time=_TIME, sku="sku-1", by="shop"), fields)


def a_delisting(**fields: object) -> events.SkuDelisted:
    """The SKU is taken off sale."""
    return _built(events.SkuDelisted(id="-", time=_TIME, sku="sku-1", by="shop"), fields)


def _built(event: _Some, fields: dict[str, object]) -> _Some:
    built = replace(event, **fields)
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
        ),
        strict=True,
    )
)
"""Event type to builder."""
