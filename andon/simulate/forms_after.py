"""The data fields of scans, returns, contacts and reviews as JSON text."""

from typing import Final

import numpy as np

from andon.simulate import forms
from andon.simulate.carriers import REPORTS, STATUSES
from andon.simulate.forms import HUBS, Bodies, euros, stamps
from andon.simulate.journeys import Act
from andon.simulate.log import Kind
from andon.simulate.returns import DISPOSITIONS, REASONS, WANTS
from andon.simulate.voices import CHANNELS, TOPICS
from andon.simulate.world import Ints, World, seller_name, sku_name

BLAME: Final = [f',"responsible":"{who}"' if who else "" for who in REPORTS.values()]
METHODS: Final = ("original", "store_credit")
CALLBACK: Final = ("", ',"wants_callback":true')


def scanned(_: World, act: Act, rows: Ints) -> list[str]:
    """Return the bodies of ``shipment.scanned``."""
    s = act.scans
    columns = zip(
        forms.parcel_ids(act, s.parcel[rows]), s.status[rows].tolist(), s.place[rows].tolist(),
        stamps(s.eta[rows]), strict=True,
    )  # fmt: skip
    return [
        f'{ids},"status":"{STATUSES[status]}","place":"{HUBS[place]}"{BLAME[status]}'
        f"{_given('eta', eta)}"
        for ids, status, place, eta in columns
    ]


def _given(name: str, text: str) -> str:
    return f',"{name}":"{text}"' if text else ""


def _return_ids(act: Act, rows: Ints) -> list[str]:
    order = (act.returns.order[rows] + act.orders.first).tolist()
    slots = (act.returns.slot[rows] + 1).tolist()
    return [
        f'"order_id":"O-{o:08d}","return_id":"R-{o:08d}-{s}"'
        for o, s in zip(order, slots, strict=True)
    ]


def requested(_: World, act: Act, rows: Ints) -> list[str]:
    """Return the bodies of ``return.requested``."""
    r = act.returns
    columns = zip(
        _return_ids(act, rows), (r.slot[rows] + 1).tolist(), r.reason[rows].tolist(),
        r.wants[rows].tolist(), act.orders.quantity[r.order[rows], r.slot[rows]].tolist(),
        strict=True,
    )  # fmt: skip
    return [
        f'{ids},"lines":[{{"line_id":"{line}","quantity":{quantity},"reason":"{REASONS[why]}"}}],'
        f'"wants":"{WANTS[wants]}"'
        for ids, line, why, wants, quantity in columns
    ]


def sent(_: World, act: Act, rows: Ints) -> list[str]:
    """Return the bodies of ``return.shipped`` and ``return.cancelled``."""
    return _return_ids(act, rows)


def received(_: World, act: Act, rows: Ints) -> list[str]:
    """Return the bodies of ``return.received``."""
    r = act.returns
    columns = zip(
        _return_ids(act, rows), (r.slot[rows] + 1).tolist(), r.disposition[rows].tolist(),
        r.found[rows].tolist(), act.orders.quantity[r.order[rows], r.slot[rows]].tolist(),
        strict=True,
    )  # fmt: skip
    return [
        f'{ids},"lines":[{{"line_id":"{line}","quantity":{quantity},'
        f'"disposition":"{DISPOSITIONS[seen]}"'
        f"{_given('sku_found', sku_name(found) if found >= 0 else '')}}}]"
        for ids, line, seen, found, quantity in columns
    ]


def refunded(world: World, act: Act, rows: Ints) -> list[str]:
    """Return the bodies of ``refund.issued``."""
    r = act.refunds
    order, slot, of_return = r.order[rows], r.slot[rows], r.of_return[rows]
    cents = world.sku_price[act.orders.sku[order, slot]] * act.orders.quantity[order, slot]
    wants = np.append(act.returns.wants, -1)[of_return]
    credit = wants == WANTS.index("store_credit")
    columns = zip(
        (order + act.orders.first).tolist(), (slot + 1).tolist(), (of_return >= 0).tolist(),
        map(euros, cents.tolist()), credit.tolist(), strict=True,
    )  # fmt: skip
    return [
        f'"order_id":"O-{o:08d}","refund_id":"F-{o:08d}-{line}"'
        f'{_given("return_id", f"R-{o:08d}-{line}") if known else ""},"amount":"{paid}",'
        f'"currency":"EUR","lines":[{{"line_id":"{line}","amount":"{paid}"}}],'
        f'"method":"{METHODS[as_credit]}"'
        for o, line, known, paid, as_credit in columns
    ]


def _contact_ids(act: Act, rows: Ints, *, linked: bool = False) -> list[str]:
    """Return the ids of contacts; the order among them only if it is known."""
    order = act.contacts.order[rows]
    columns = zip(
        (order + act.orders.first).tolist(), act.orders.customer[order].tolist(), rows.tolist(),
        (act.contacts.named[rows] | linked).tolist(), strict=True,
    )  # fmt: skip
    return [
        (f'"order_id":"O-{o:08d}",' if known else "")
        + f'"contact_id":"C-{act.orders.first}-{row:07d}","customer_id":"U-{customer:07d}"'
        for o, customer, row, known in columns
    ]


def opened(world: World, act: Act, rows: Ints) -> list[str]:
    """Return the bodies of ``contact.opened``; the help desk knows who sold what is asked about."""
    c = act.contacts
    columns = zip(
        _contact_ids(act, rows), c.channel[rows].tolist(), c.topic[rows].tolist(),
        c.callback[rows].tolist(), _sellers(world, act, rows), strict=True,
    )  # fmt: skip
    return [
        f'{ids},"channel":"{CHANNELS[channel]}","topic":"{TOPICS[topic]}"{CALLBACK[wanted]}'
        f"{_given('seller_id', seller)}"
        for ids, channel, topic, wanted, seller in columns
    ]


def _sellers(world: World, act: Act, rows: Ints) -> list[str]:
    """Return who sold the first line of each contact's order, if the customer named the order."""
    sold_by = world.sku_seller[act.orders.sku[act.contacts.order[rows], 0]].tolist()
    named = act.contacts.named[rows].tolist()
    return [
        seller_name(seller) if known else "" for seller, known in zip(sold_by, named, strict=True)
    ]


def answered(_: World, act: Act, rows: Ints) -> list[str]:
    """Return the bodies of ``contact.answered`` and ``contact.resolved``."""
    agents = (rows % 23).tolist()
    return [
        f'{ids},"by":"agent-{agent:02d}"'
        for ids, agent in zip(_contact_ids(act, rows), agents, strict=True)
    ]


def linked(_: World, act: Act, rows: Ints) -> list[str]:
    """Return the bodies of ``contact.linked``."""
    return _contact_ids(act, rows, linked=True)


def callback(_: World, act: Act, rows: Ints) -> list[str]:
    """Return the bodies of ``callback.requested`` and ``callback.started``."""
    return _contact_ids(act, rows)


def _review_ids(act: Act, rows: Ints) -> list[str]:
    order = (act.reviews.order[rows] + act.orders.first).tolist()
    slots = (act.reviews.slot[rows] + 1).tolist()
    return [
        f'"order_id":"O-{o:08d}","review_id":"V-{o:08d}-{s}"'
        for o, s in zip(order, slots, strict=True)
    ]


def posted(world: World, act: Act, rows: Ints) -> list[str]:
    """Return the bodies of ``review.posted``."""
    v = act.reviews
    sku = act.orders.sku[v.order[rows], v.slot[rows]]
    columns = zip(
        _review_ids(act, rows), act.orders.customer[v.order[rows]].tolist(),
        v.rating[rows].tolist(), sku.tolist(), world.sku_seller[sku].tolist(), strict=True,
    )  # fmt: skip
    return [
        f'{ids},"customer_id":"U-{customer:07d}","rating":{rating},"sku":"{sku_name(about)}",'
        f'"seller_id":"{seller_name(seller)}"'
        for ids, customer, rating, about, seller in columns
    ]


def replied(_: World, act: Act, rows: Ints) -> list[str]:
    """Return the bodies of ``review.answered``."""
    return _review_ids(act, rows)


BODIES: Final[dict[Kind, Bodies]] = {
    Kind.PLACED: forms.placed,
    Kind.CANCELLED: forms.cancelled,
    Kind.UNFILLABLE: forms.unfillable,
    Kind.PACKED: forms.packed,
    Kind.REPACKED: forms.repacked,
    Kind.DISPATCHED: forms.dispatched,
    Kind.SCANNED: scanned,
    Kind.DELIVERED: forms.delivered,
    Kind.RETURN_REQUESTED: requested,
    Kind.RETURN_SHIPPED: sent,
    Kind.RETURN_RECEIVED: received,
    Kind.RETURN_CANCELLED: sent,
    Kind.REFUNDED: refunded,
    Kind.CONTACT_OPENED: opened,
    Kind.CONTACT_ANSWERED: answered,
    Kind.CONTACT_RESOLVED: answered,
    Kind.CONTACT_LINKED: linked,
    Kind.CALLBACK_REQUESTED: callback,
    Kind.CALLBACK_STARTED: callback,
    Kind.REVIEW_POSTED: posted,
    Kind.REVIEW_ANSWERED: replied,
}
"""How the details of each kind of event are written; stories and repairs bring their own."""
