"""Everything Andon can do about a problem: at whom it is aimed, what it takes, what undoes it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class Aim(StrEnum):
    """What an action is done to; the value is the ``target_type`` of the planned action."""

    CUSTOMER = "customer"
    ORDER = "order"
    PURCHASE = "purchase"
    SKU = "sku"
    SELLER = "seller"
    CARRIER = "carrier"
    LANE = "lane"
    WAREHOUSE = "warehouse"
    SUBJECT = "subject"
    OPS = "ops"


class Takes(StrEnum):
    """What a parameter of an action is written as."""

    MONEY = "money"
    SPAN = "duration"
    TEXT = "text"


FOR_CUSTOMERS: Final = frozenset({Aim.CUSTOMER, Aim.ORDER, Aim.PURCHASE})
"""Aims that reach one customer; the rest act on the shop or its partners."""


@dataclass(frozen=True, slots=True)
class Act:
    """One entry of the catalogue; ``needs`` are the parameters without which it cannot be done."""

    name: str
    about: str
    aim: Aim
    takes: Mapping[str, Takes] = field(default_factory=dict)
    needs: frozenset[str] = frozenset()
    inverse: str | None = None

    @property
    def reaches_customer(self) -> bool:
        """Whether one customer gets something from it."""
        return self.aim in FOR_CUSTOMERS


_AMOUNT: Final = {"amount": Takes.MONEY, "note": Takes.TEXT}
_AT_MOST: Final = {"at_most": Takes.MONEY, "note": Takes.TEXT}
_NOTE: Final = {"note": Takes.TEXT}
_TO: Final = {"to": Takes.TEXT, "note": Takes.TEXT}

CATALOGUE: Final = (
    Act(
        "message-customer",
        "Write to the customer: what failed, what was done, what happens next.",
        Aim.CUSTOMER,
        {"hold": Takes.SPAN, "note": Takes.TEXT},
    ),
    Act("credit-customer", "Give store credit.", Aim.CUSTOMER, _AMOUNT, frozenset({"amount"})),
    Act("coupon", "Give a coupon for a later order.", Aim.CUSTOMER, _AMOUNT, frozenset({"amount"})),
    Act(
        "offer-substitute",
        "Offer another brand at the price already paid.",
        Aim.CUSTOMER,
        {"at_most": Takes.MONEY, "note": Takes.TEXT},
    ),
    Act(
        "schedule-callback", "Call the customer back.", Aim.CUSTOMER, _NOTE | {"within": Takes.SPAN}
    ),
    Act("upgrade-next-shipment", "Ship the next order faster, free.", Aim.CUSTOMER, _AT_MOST),
    Act(
        "refund-shipping",
        "Give back the shipping fee.",
        Aim.ORDER,
        _AT_MOST,
        frozenset({"at_most"}),
    ),
    Act("refund", "Give the money back.", Aim.PURCHASE, _AT_MOST, frozenset({"at_most"})),
    Act("replace-item", "Send the right item.", Aim.PURCHASE, _AT_MOST, frozenset({"at_most"})),
    Act("reship", "Send the parcel again.", Aim.PURCHASE, _AT_MOST, frozenset({"at_most"})),
    Act("source-elsewhere", "Buy the item elsewhere, same price.", Aim.PURCHASE, _AT_MOST),
    Act("delist-sku", "Take the SKU off sale.", Aim.SKU, _NOTE, inverse="relist-sku"),
    Act("relist-sku", "Put the SKU back on sale.", Aim.SKU, _NOTE, inverse="delist-sku"),
    Act("hold-sku", "No new picks of the SKU.", Aim.SKU, _NOTE, inverse="release-sku"),
    Act("release-sku", "Picks of the SKU may go on.", Aim.SKU, _NOTE, inverse="hold-sku"),
    Act("badge-sku", "Show a warning on the listing.", Aim.SKU, _NOTE, inverse="unbadge-sku"),
    Act("unbadge-sku", "Remove the warning.", Aim.SKU, _NOTE, inverse="badge-sku"),
    Act("warn-seller", "Tell the seller what must change.", Aim.SELLER, _NOTE),
    Act("cap-seller", "Limit the seller's orders.", Aim.SELLER, _NOTE, inverse="uncap-seller"),
    Act("uncap-seller", "Lift the limit.", Aim.SELLER, _NOTE, inverse="cap-seller"),
    Act("suspend-seller", "Stop the seller.", Aim.SELLER, _NOTE, inverse="reinstate-seller"),
    Act("reinstate-seller", "Let the seller sell.", Aim.SELLER, _NOTE, inverse="suspend-seller"),
    Act("reroute-lane", "Use another carrier on the lane.", Aim.LANE, _TO, inverse="restore-lane"),
    Act("restore-lane", "Use the usual carrier again.", Aim.LANE, _TO, inverse="reroute-lane"),
    Act("alert-carrier", "Ask the carrier to look for a parcel.", Aim.CARRIER, _TO),
    Act(
        "file-carrier-claim",
        "Claim the loss from the carrier, with the proof.",
        Aim.SUBJECT,
        {"deadline": Takes.SPAN, "note": Takes.TEXT},
    ),
    Act("alert-warehouse", "Ask the warehouse to check or correct.", Aim.WAREHOUSE, _TO),
    Act("open-investigation", "Have the owner of the cause find it.", Aim.SUBJECT, _TO),
    Act("assign-owner", "Make one person accountable.", Aim.SUBJECT, _TO | {"within": Takes.SPAN}),
    Act("notify-ops", "Tell the operations team.", Aim.OPS, _TO),
)
"""The catalogue, in the order of the documentation."""

ACTS: Final[Mapping[str, Act]] = {act.name: act for act in CATALOGUE}
"""Name to entry."""
