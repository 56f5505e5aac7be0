"""Everything Andon can do about a problem: at whom it is aimed, what it takes, what undoes it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from actions.acts import Act, Aim, Ceiling, Takes, Team

_AMOUNT: Final = {"amount": Takes.MONEY, "note": Takes.TEXT}
_AT_MOST: Final = {"at_most": Takes.MONEY, "note": Takes.TEXT}
_NOTE: Final = {"note": Takes.TEXT}
_TO: Final = {"to": Takes.TEXT, "note": Takes.TEXT}

_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)

_GIVEN: Final = "what a customer was given is theirs to keep"
_SENT: Final = "what was sent is on its way"
_SAID: Final = "what was said cannot be unsaid"
_LOST_SALES: Final = "sales lost meanwhile do not come back"

CATALOGUE: Final = (
    Act(
        "message-customer",
        "Write to the customer: what failed, what was done, what happens next.",
        Aim.CUSTOMER,
        Team.SERVICE,
        _SAID,
        {"hold": Takes.SPAN, "note": Takes.TEXT},
        ceiling=Ceiling(3, "customer", _DAY),
    ),
    Act(
        "credit-customer",
        "Give store credit.",
        Aim.CUSTOMER,
        Team.SERVICE,
        _GIVEN,
        _AMOUNT,
        frozenset({"amount"}),
    ),
    Act(
        "coupon",
        "Give a coupon for a later order.",
        Aim.CUSTOMER,
        Team.SERVICE,
        _GIVEN,
        _AMOUNT,
        frozenset({"amount"}),
    ),
    Act(
        "offer-substitute",
        "Offer another brand at the price already paid.",
        Aim.CUSTOMER,
        Team.SERVICE,
        _GIVEN,
        _AT_MOST,
    ),
    Act(
        "schedule-callback",
        "Call the customer back.",
        Aim.CUSTOMER,
        Team.SERVICE,
        _SAID,
        _NOTE | {"within": Takes.SPAN},
    ),
    Act(
        "upgrade-next-shipment",
        "Ship the next order faster, free.",
        Aim.CUSTOMER,
        Team.SERVICE,
        _GIVEN,
        _AT_MOST,
    ),
    Act(
        "refund-shipping",
        "Give back the shipping fee.",
        Aim.ORDER,
        Team.FINANCE,
        _GIVEN,
        _AT_MOST,
        frozenset({"at_most"}),
    ),
    Act(
        "refund",
        "Give the money back.",
        Aim.PURCHASE,
        Team.FINANCE,
        _GIVEN,
        _AT_MOST,
        frozenset({"at_most"}),
    ),
    Act(
        "replace-item",
        "Send the right item.",
        Aim.PURCHASE,
        Team.WAREHOUSE,
        _SENT,
        _AT_MOST,
        frozenset({"at_most"}),
    ),
    Act(
        "reship",
        "Send the parcel again.",
        Aim.PURCHASE,
        Team.WAREHOUSE,
        _SENT,
        _AT_MOST,
        frozenset({"at_most"}),
    ),
    Act(
        "source-elsewhere",
        "Buy the item elsewhere, same price.",
        Aim.PURCHASE,
        Team.RANGE,
        _SENT,
        _AT_MOST,
    ),
    Act(
        "delist-sku",
        "Take the SKU off sale.",
        Aim.SKU,
        Team.RANGE,
        _LOST_SALES,
        _NOTE,
        inverse="relist-sku",
        ceiling=Ceiling(3, "everything", _HOUR),
    ),
    Act(
        "relist-sku",
        "Put the SKU back on sale.",
        Aim.SKU,
        Team.RANGE,
        "what was sold meanwhile is sold",
        _NOTE,
        inverse="delist-sku",
    ),
    Act(
        "hold-sku",
        "No new picks of the SKU.",
        Aim.SKU,
        Team.WAREHOUSE,
        "orders that waited meanwhile leave later",
        _NOTE,
        inverse="release-sku",
        ceiling=Ceiling(10, "everything", _HOUR),
    ),
    Act(
        "release-sku",
        "Picks of the SKU may go on.",
        Aim.SKU,
        Team.WAREHOUSE,
        "what was picked meanwhile is on its way",
        _NOTE,
        inverse="hold-sku",
    ),
    Act(
        "badge-sku",
        "Show a warning on the listing.",
        Aim.SKU,
        Team.RANGE,
        "who read it has read it",
        _NOTE,
        inverse="unbadge-sku",
    ),
    Act(
        "unbadge-sku",
        "Remove the warning.",
        Aim.SKU,
        Team.RANGE,
        "who bought meanwhile was not warned",
        _NOTE,
        inverse="badge-sku",
    ),
    Act("warn-seller", "Tell the seller what must change.", Aim.SELLER, Team.SELLERS, _SAID, _NOTE),
    Act(
        "cap-seller",
        "Limit the seller's orders.",
        Aim.SELLER,
        Team.SELLERS,
        _LOST_SALES,
        _NOTE,
        inverse="uncap-seller",
        ceiling=Ceiling(5, "everything", _DAY),
    ),
    Act(
        "uncap-seller",
        "Lift the limit.",
        Aim.SELLER,
        Team.SELLERS,
        "what was sold meanwhile is sold",
        _NOTE,
        inverse="cap-seller",
    ),
    Act(
        "suspend-seller",
        "Stop the seller.",
        Aim.SELLER,
        Team.SELLERS,
        _LOST_SALES,
        _NOTE,
        inverse="reinstate-seller",
        ceiling=Ceiling(1, "everything", _DAY),
    ),
    Act(
        "reinstate-seller",
        "Let the seller sell.",
        Aim.SELLER,
        Team.SELLERS,
        "what was sold meanwhile is sold",
        _NOTE,
        inverse="suspend-seller",
    ),
    Act(
        "reroute-lane",
        "Use another carrier on the lane.",
        Aim.LANE,
        Team.CARRIERS,
        "parcels already handed over keep their way",
        _TO,
        inverse="restore-lane",
        ceiling=Ceiling(3, "everything", _DAY),
    ),
    Act(
        "restore-lane",
        "Use the usual carrier again.",
        Aim.LANE,
        Team.CARRIERS,
        "parcels already handed over keep their way",
        _TO,
        inverse="reroute-lane",
    ),
    Act(
        "alert-carrier",
        "Ask the carrier to look for a parcel.",
        Aim.CARRIER,
        Team.CARRIERS,
        _SAID,
        _TO,
    ),
    Act(
        "file-carrier-claim",
        "Claim the loss from the carrier, with the proof.",
        Aim.SUBJECT,
        Team.CARRIERS,
        "a claim is withdrawn by writing to the carrier",
        {"deadline": Takes.SPAN, "note": Takes.TEXT},
    ),
    Act(
        "alert-warehouse",
        "Ask the warehouse to check or correct.",
        Aim.WAREHOUSE,
        Team.WAREHOUSE,
        _SAID,
        _TO,
    ),
    Act(
        "open-investigation",
        "Have the owner of the cause find it.",
        Aim.SUBJECT,
        Team.OPERATIONS,
        "an investigation is closed with what it found",
        _TO,
    ),
    Act(
        "assign-owner",
        "Make one person accountable.",
        Aim.SUBJECT,
        Team.OPERATIONS,
        "another owner takes over by andon problems own",
        _TO | {"within": Takes.SPAN},
    ),
    Act("notify-ops", "Tell the operations team.", Aim.OPS, Team.OPERATIONS, _SAID, _TO),
)
"""The catalogue, in the order of the documentation."""

ACTS: Final[Mapping[str, Act]] = {act.name: act for act in CATALOGUE}
"""Name to entry."""
