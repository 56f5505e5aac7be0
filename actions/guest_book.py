"""What customers have told the shop about themselves, and how often it has let them down.

The one table that may be changed and erased: it holds what is personal, and nothing depends on it
but the tone, the channel and the order of the queue.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Final

from sqlalchemy import BigInteger, Column, Connection, String, Table, select

from actions.guests import Guest
from actions.store import insert_into
from actions.tables import metadata, problems
from schemas.events import Event, OrderPlaced
from schemas.problems import ChangeKind, Problem
from schemas.times import DAY

REMEMBERED_MS: Final = 90 * DAY
"""For how long a problem makes the next one of that customer worse (practice 1.6)."""

CHUNK: Final = 5_000
"""Values of one ``IN (...)``; SQLite takes 32 766."""

customers: Final = Table(
    "customers",
    metadata,
    Column("id", String, primary_key=True),
    Column("tier", String, nullable=False),
    Column("locale", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("told_at", BigInteger, nullable=False),
)
"""The newest of what each customer has said; ``told_at`` is ms UTC."""


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
    for chunk in _chunks(set(orders)):
        query = select(customers).where(customers.c.id.in_(chunk))
        for row in connection.execute(query):
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
    for chunk in _chunks(names):
        for row in connection.execute(query.where(problems.c.customer_id.in_(chunk))):
            found[row.customer_id].add(row.order_id)
    return found


def _chunks(names: Collection[str]) -> Iterable[list[str]]:
    every = sorted(names)
    return (every[start : start + CHUNK] for start in range(0, len(every), CHUNK))
