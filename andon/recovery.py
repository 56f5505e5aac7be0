"""Do customers whom trouble was made good for come back? Those who were helped, and those not.

Whoever is outside a rule's rollout, or under a rule in shadow, was held back from help: what they
order later is what would have happened anyway. Both are followed for as long after it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from sqlalchemy import Connection, select

from actions.catalogue import ACTS
from actions.quantities import Money
from actions.tables import decisions, problems
from andon.scoreboard import Records
from schemas.codec import Decoder
from schemas.decisions import Verdict
from schemas.events import OrderPlaced
from schemas.money import minor_units
from schemas.times import ms

FOLLOWED: Final = timedelta(days=90)
"""How long after help a customer's orders count; the articles behind it look at 90 to 365 days."""

HELD_BACK: Final = (Verdict.OUTSIDE_ROLLOUT.value, Verdict.SHADOW.value)

Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class Group:
    """Customers with the moment (ms UTC) from which they are followed, and what they were given."""

    name: str
    since: Mapping[str, int]
    given: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Minor units by customer and currency."""

    def over(self, now: int) -> dict[str, int]:
        """Return those of whom everything is known at ``now`` (ms UTC)."""
        return {name: at for name, at in self.since.items() if at + ms(FOLLOWED) <= now}


@dataclass(frozen=True, slots=True)
class Ordered:
    """One order: when it was placed (ms UTC), and what for, in minor units."""

    at: int
    value: Money


def orders_in(texts: Iterable[bytes]) -> dict[str, list[Ordered]]:
    """Return the orders of every customer in JSON Lines; replacements are none of theirs."""
    found, decoder = defaultdict[str, dict[str, Ordered]](dict), Decoder()
    for text in texts:
        decoded = decoder.decode_lines(text)
        for event, at in zip(decoded.events, decoded.recorded.tolist(), strict=True):
            if isinstance(event, OrderPlaced) and event.replaces is None:
                found[event.customer_id].setdefault(event.order_id, Ordered(at, _value(event)))
    return {customer: list(orders.values()) for customer, orders in found.items()}


def _value(order: OrderPlaced) -> Money:
    prices = ((line.unit_price or "0", line.quantity) for line in order.lines)
    whole = sum(minor_units(price, order.currency) * quantity for price, quantity in prices)
    return Money(whole, order.currency)


def helped(records: Records) -> Group:
    """Return who got something, from the first time on; a message alone is no help."""
    since: dict[str, int] = {}
    given: Counter[tuple[str, str]] = Counter()
    for action in records.actions:
        at, customer = records.done_at.get(action.id), action.customer_id
        if at is None or customer is None or not ACTS[action.name].cost:
            continue
        since[customer] = min(at, since.get(customer, at))
        given[customer, action.currency] += action.cost_minor
    return Group("helped", since, given)


def held_back(connection: Connection, since: int, besides: Iterable[str]) -> Group:
    """Return who would have got something by a rule that was not for them, and got nothing."""
    query = (
        select(problems.c.customer_id, decisions.c.decided_at)
        .select_from(decisions.join(problems, problems.c.id == decisions.c.problem_id))
        .where(
            decisions.c.verdict.in_(HELD_BACK),
            decisions.c.decided_at >= since,
            problems.c.customer_id.is_not(None),
        )
        .order_by(decisions.c.decided_at.desc())
    )
    first = dict(map(tuple, connection.execute(query)))
    not_theirs = set(besides)
    return Group("held back", {one: at for one, at in first.items() if one not in not_theirs})


def recovery(
    better: Group, without: Group, orders: Mapping[str, list[Ordered]], now: int, currency: str
) -> list[Row]:
    """Return one row for each group: who came back, what for, and what that cost in ``currency``.

    Only customers followed for as long as :data:`FOLLOWED` count, so that groups compare.
    """
    one, other = (_followed(group, orders, now, currency) for group in (better, without))
    return [
        _row(better.name, one, currency, _kept(one, other)),
        _row(without.name, other, currency),
    ]


@dataclass(frozen=True, slots=True)
class _Followed:
    """A group in figures; money in minor units of one currency."""

    customers: int
    waiting: int
    again: int
    orders: int
    value: int
    given: int

    @property
    def each(self) -> float:
        """What each of them ordered for."""
        return self.value / self.customers if self.customers else 0.0


def _followed(
    group: Group, orders: Mapping[str, list[Ordered]], now: int, currency: str
) -> _Followed:
    over = group.over(now)
    later = [_later(orders.get(one, ()), at) for one, at in over.items()]
    values = [o.value for some in later for o in some]
    return _Followed(
        customers=len(over),
        waiting=len(group.since) - len(over),
        again=sum(bool(some) for some in later),
        orders=len(values),
        value=sum(value.minor for value in values if value.currency == currency),
        given=sum(group.given[one, currency] for one in over),
    )


def _later(orders: Iterable[Ordered], since: int) -> list[Ordered]:
    return [one for one in orders if since < one.at <= since + ms(FOLLOWED)]


def _kept(better: _Followed, without: _Followed) -> str:
    """Return what the helped ordered for beyond the others, for each unit given to them."""
    if not (better.customers and without.customers and better.given):
        return "-"
    return f"{(better.each - without.each) * better.customers / better.given:.2f}"


def _row(name: str, found: _Followed, currency: str, kept: str = "-") -> Row:
    share = f"{found.again / found.customers:.1%}" if found.customers else "-"
    return {
        "group": name,
        "customers": found.customers,
        "ordered again": f"{share} ({found.again} of {found.customers})",
        "later orders": found.orders,
        "value each": str(Money(round(found.each), currency)),
        "given in all, at most": str(Money(found.given, currency)),
        "kept for each unit given": kept,
        "still followed": found.waiting,
    }
