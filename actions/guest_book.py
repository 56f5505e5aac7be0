"""What customers have told the shop about themselves, and how often it has let them down.

The one table that may be changed and erased: it holds what is personal, and nothing depends on it
but the tone, the channel and the order of the queue.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Final

from sqlalchemy import Connection, select

from actions.bulk import select_among
from actions.guests import Guest
from actions.store import insert_into
from actions.tables import customers, problems
from schemas.events import Event, OrderPlaced
from schemas.problems import ChangeKind, Problem
from schemas.times import DAY

REMEMBERED_MS: Final = 90 * DAY
"""For how long a problem makes the next one of that customer worse (practice 1.6)."""


def hear(connection: Connection, events: Iterable[Event], now: int) -> None:
    """Note what orders say about their customers; what was learnt later wins."""
    said = {e.customer_id: e.customer for e in events if isinstance(e, OrderPlaced) and e.customer}
    rows = [
        {
            "id": name,
            "tier": one.tier,
            "locale": one.locale,
            "channel": one.channel,
            "told_at": now,
        }
        for name, one in said.items()
        if one.tier or one.locale or one.channel
    ]
    if not rows:
        return
    insert = insert_into(connection, customers)
    newest = {name: insert.excluded[name] for name in ("tier", "locale", "channel", "told_at")}
    connection.execute(insert.on_conflict_do_update(index_elements=["id"], set_=newest), rows)


def guests_in(connection: Connection, concerned: Iterable[Problem], now: int) -> dict[str, Guest]:
    """Return what is known of the customers of these problems, as of ``now`` (ms UTC)."""
    orders = {p.customer_id: p.order_id for p in concerned if p.customer_id}
    harmed = _harmed(connection, set(orders), now)
    guests = {name: Guest(harmed_before=len(harmed[name] - {orders[name]})) for name in orders}
    for row in select_among(connection, select(customers), customers.c.id, orders):
        before = guests[row.id].harmed_before
        guests[row.id] = Guest(row.tier, row.locale, row.channel, before)
    return guests


def _harmed(
    connection: Connection, names: Collection[str], now: int
) -> defaultdict[str, set[str | None]]:
    """Return the orders of each customer that had a real problem lately."""
    found: defaultdict[str, set[str | None]] = defaultdict(set)
    query = select(problems.c.customer_id, problems.c.order_id).where(
        problems.c.opened_at > now - REMEMBERED_MS,
        problems.c.order_id.is_not(None),
        problems.c.state != ChangeKind.WITHDRAWN.value,
    )
    for row in select_among(connection, query, problems.c.customer_id, names):
        found[row.customer_id].add(row.order_id)
    return found
