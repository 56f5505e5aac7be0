"""What an action is: at whom it is aimed, what it takes, whose trade it is, what undoes it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Final, Literal, NamedTuple


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


class Team(StrEnum):
    """Whose trade an action is: the people who may do it without asking another team."""

    SERVICE = "service"
    WAREHOUSE = "warehouse"
    RANGE = "range"
    SELLERS = "sellers"
    CARRIERS = "carriers"
    FINANCE = "finance"
    OPERATIONS = "operations"


class Ceiling(NamedTuple):
    """How often an action is done without a person, where the playbook sets no limit of its own."""

    at_most: int
    per: Literal["customer", "rule", "everything"]
    within: timedelta


FOR_CUSTOMERS: Final = frozenset({Aim.CUSTOMER, Aim.ORDER, Aim.PURCHASE})
"""Aims that reach one customer; the rest act on the shop or its partners."""


@dataclass(frozen=True, slots=True)
class Act:
    """One entry of the catalogue; ``needs`` are the parameters without which it cannot be done.

    ``remains`` says what its inverse cannot bring back, or why there is none. ``ceiling`` holds
    where a playbook sets no limit for it.
    """

    name: str
    about: str
    aim: Aim
    team: Team
    remains: str
    takes: Mapping[str, Takes] = field(default_factory=dict)
    needs: frozenset[str] = frozenset()
    inverse: str | None = None
    ceiling: Ceiling | None = None

    @property
    def reaches_customer(self) -> bool:
        """Whether one customer gets something from it."""
        return self.aim in FOR_CUSTOMERS

    @property
    def cost(self) -> str:
        """Which parameter says what it costs at most; empty where it costs nothing."""
        money = (name for name, takes in self.takes.items() if takes is Takes.MONEY)
        return next(money, "")
