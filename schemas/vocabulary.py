"""The words of the open vocabularies that Andon knows; any other is read as ``unknown``."""

from typing import Final

UNKNOWN: Final = "unknown"

STATUS: Final = (
    "label_created",
    "accepted",
    "in_transit",
    "out_for_delivery",
    "available_for_pickup",
    "attempt_failed",
    "held",
    "delayed",
    "damaged",
    "lost",
    "address_problem",
    "refused",
    "returning",
    "returned",
    "cancelled",
    UNKNOWN,
)
"""What a carrier's scan says of a parcel."""

RESPONSIBLE: Final = ("carrier", "shop", "customer", "customs", "weather")
"""Who answers for a scan; from the carrier's mapping, never from the customer's words."""

DELIVERED_TO: Final = ("door", "neighbour", "locker", "signed")
"""Where a parcel was left."""

RETURN_REASON: Final = (
    "wrong_item",
    "damaged",
    "defective",
    "missing_item",
    "not_as_described",
    "too_small",
    "too_large",
    "arrived_late",
    "never_arrived",
    "unwanted",
    "style",
    "colour",
    "other",
    UNKNOWN,
)
"""What the customer says of a return."""

DISPOSITION: Final = (
    "as_claimed",
    "right_item",
    "sellable",
    "carrier_damaged",
    "customer_damaged",
    "defective",
    "different_item",
    "empty",
    UNKNOWN,
)
"""What the warehouse finds in a return."""

WANTS: Final = ("refund", "replacement", "store_credit")
"""What the customer would like for a return."""

CANCELLED_BY: Final = ("customer", "shop", "seller", "carrier", UNKNOWN)
"""Who cancelled."""

UNFILLABLE_REASON: Final = ("out_of_stock", "oversold", "damaged_in_stock", UNKNOWN)
"""Why a line cannot be supplied."""

REFUND_METHOD: Final = ("original", "store_credit")
"""How money went back."""

CHANNEL: Final = ("chat", "email", "phone", "form", "social")
"""How a customer got in touch."""

DELIVERY_CHANGE: Final = ("date", "address", "pickup_point")
"""What a customer asks to change about a delivery."""

WORDS: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("ShipmentScanned", "status"): STATUS,
    ("ShipmentScanned", "responsible"): RESPONSIBLE,
    ("ShipmentDelivered", "to"): DELIVERED_TO,
    ("ReturnedLine", "reason"): RETURN_REASON,
    ("InspectedLine", "disposition"): DISPOSITION,
    ("ReturnRequested", "wants"): WANTS,
    ("OrderCancelled", "by"): CANCELLED_BY,
    ("OrderLineUnfillable", "reason"): UNFILLABLE_REASON,
    ("RefundIssued", "method"): REFUND_METHOD,
    ("ContactOpened", "channel"): CHANNEL,
    ("DeliveryChangeRequested", "change"): DELIVERY_CHANGE,
}
"""Struct and field to the words known there."""
