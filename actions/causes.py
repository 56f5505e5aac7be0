"""From a problem to the harm behind it, and from the harm to ids that outlive every rule change."""

from collections.abc import Mapping
from hashlib import sha1
from typing import Final
from uuid import UUID

from msgspec.structs import replace

from actions.populations import cause_of_population, population_kinds
from schemas.problems import Problem

ACTION_NAMESPACE: Final = UUID("6f1d1f0a-6a0e-5b0c-9d4b-0c8e2b6f7a31")
"""The UUIDv5 namespace of actions. Changing it would pay every customer again."""

CAUSE_OF_KIND: Final[Mapping[str, str]] = {
    "late-dispatch": "late",
    "late-delivery": "late",
    "silent-shipment": "late",
    "never-picked-up": "late",
    "needed-by-at-risk": "late",
    "lost-shipment": "lost",
    "not-received": "lost",
    "damaged-shipment": "damaged",
    "delivery-change": "delivery change",
    "delivery-failed": "undelivered",
    "pickup-uncollected": "undelivered",
    "returning-to-sender": "undelivered",
    "mispick": "wrong item",
    "weight-mismatch": "wrong item",
    "wrong-item": "wrong item",
    "sku-wrong-item-watch": "wrong item",
    "sku-wrong-item": "wrong item",
    "missing-item": "missing item",
    "damaged-item": "damaged",
    "line-unfillable": "out of stock",
    "return-stalled": "return",
    "refund-overdue": "refund",
    "unanswered-contact": "no answer",
    "unanswered-review": "no answer",
    "repeat-contact": "no answer",
}
"""Kinds that tell of one harm share a group; remedies are counted per group, never per kind."""

KINDS: Final = (*CAUSE_OF_KIND, *(k for k in population_kinds() if k not in CAUSE_OF_KIND))
"""Every kind of problem that is known to do harm."""

OWNER_OF_CAUSE: Final[Mapping[str, str]] = {
    "late": "carrier",
    "lost": "carrier",
    "undelivered": "carrier",
    "delivery change": "carrier",
    "damaged": "carrier",
    "wrong item": "warehouse",
    "missing item": "warehouse",
    "out of stock": "listing",
    "return": "warehouse",
    "refund": "finance",
    "no answer": "service",
    "defective": "range",
    "not as described": "listing",
    "size": "listing",
    "bad reviews": "sellers",
    "complaints": "sellers",
}
"""The team that can remove a cause (an investigation may find another)."""

OPERATIONS: Final = "operations"
"""Who answers for what nobody else answers for."""

PARTS_OF_AN_ORDER: Final = frozenset({"order", "shipment", "line"})
"""A customer placed one order: what befalls its parts in one way is one harm to them."""

ONE_PURCHASE: Final = PARTS_OF_AN_ORDER | {"return", "refund", "review", "contact"}
"""Subjects of one customer's purchase; the others are populations, which may fail repeatedly."""


def cause_of(kind: str) -> str:
    """Return the cause group of ``kind``; a kind of its own where none is listed."""
    return CAUSE_OF_KIND.get(kind) or cause_of_population(kind) or kind


def owner_of(problem: Problem) -> str:
    """Return the team that answers for a problem, whoever is at fault (practice 1.12)."""
    if problem.subject_type == "seller":
        return "sellers"
    return OWNER_OF_CAUSE.get(cause_of(problem.kind), OPERATIONS)


def fact_of(problem: Problem, name: str) -> str | None:
    """Return the evidence called ``name`` as text, ``None`` where there is none."""
    found = (item.value for item in problem.evidence if item.fact == name)
    value = next(found, None)
    return None if value is None else str(value)


def is_population(problem: Problem) -> bool:
    """Whether the problem is about many customers' purchases at once."""
    return problem.subject_type not in ONE_PURCHASE


def harm_to_customer(problem: Problem) -> str:
    """Return what befell the one customer of this problem: an order fails in one way once.

    Parcels, lines and the population they proved share the order, so that all problems about it
    give one apology and one credit. What is done to a single line has that line as its target.
    """
    whole = is_population(problem) or problem.subject_type in PARTS_OF_AN_ORDER
    affected = problem.order_id if whole else None
    return f"{affected or problem.subject}|{cause_of(problem.kind)}|1"


def harm_to_shop(problem: Problem, occurrence: int) -> str:
    """Return what befell the subject itself, for the ``occurrence``-th time (from 1)."""
    return f"{problem.subject_type}:{problem.subject}|{cause_of(problem.kind)}|{occurrence}"


def named_id(name: str) -> str:
    """Return the UUIDv5 (RFC 9562) of ``name`` in the namespace of actions, as text."""
    said = sha1(ACTION_NAMESPACE.bytes + name.encode(), usedforsecurity=False).hexdigest()
    variant = _VARIANT[said[16]]
    return f"{said[:8]}-{said[8:12]}-5{said[13:16]}-{variant}{said[17:20]}-{said[20:32]}"


_VARIANT: Final = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))
"""The first digit of the second half: its upper two bits tell the variant."""


def action_id(harm: str, action: str, target: str) -> str:
    """Return the id of an action: UUIDv5 of (harm, action, target), and of nothing else."""
    return named_id(f"{harm}\x1f{action}\x1f{target}")


REPORT: Final = "report "
"""Evidence of a population problem: this and then ``order_id/line_id`` of a report that counted."""


def victims(problem: Problem, customers: Mapping[str, str]) -> tuple[Problem, ...]:
    """Return the problem as each customer has it: for one purchase, it is theirs already.

    A population problem is proved by reports about several orders; ``customers`` says whose they
    are, as far as it is known. Each customer appears once, with the last of their orders.
    """
    if not is_population(problem) or problem.order_id or problem.customer_id:
        return (problem,)
    facts = [item.fact for item in problem.evidence if item.fact.startswith(REPORT)]
    orders = [fact.removeprefix(REPORT).rpartition("/")[0] for fact in facts]
    if fact_of(problem, "customers") == "1":
        orders = orders[-1:]
    last = {customers.get(order, order): order for order in orders}
    return tuple(
        replace(problem, order_id=order, customer_id=customers.get(order))
        for order in last.values()
    )


def reported_orders(problem: Problem) -> set[str]:
    """Return the orders whose customers only the ledger knows."""
    if not is_population(problem):
        return set()
    return {one.order_id for one in victims(problem, {}) if one.order_id}
