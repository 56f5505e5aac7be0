"""When wrong items of one SKU are the shop's problem, as set in the playbook."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from detectors.journeys.names import Codes
from detectors.population.presets import PRESETS
from schemas.times import DAY, ms

BUDGET: Final[Mapping[str, float]] = {
    "sku": 1.0,
    "sku_warehouse": 1.0,
    "bin": 1.0,
    "batch": 1.0,
    "warehouse": 0.2,
    "seller": 1.0,
    "category": 0.2,
    "sku_size": 1.0,
    "carrier": 0.2,
    "lane": 1.0,
    "region": 0.2,
    "market": 0.1,
}
"""Wrong alarms allowed in a month for each defect, by subject type: the fewer subjects there are of
a type, and the more a wrong alarm disturbs, the fewer."""


@dataclass(frozen=True, slots=True)
class SellerRules:
    """The standard that sellers are held to, and how fast the steps follow each other."""

    preset: str = "amazon"
    """Whose published measures; Amazon's are the best known, and the strictest on defects."""
    step: timedelta = timedelta(days=7)
    """How long a step must have been open before the next: Shopee caps a seller's orders for a
    week before anything worse."""
    orders: int = 50
    """Fewest order lines in a measure's days: below that one bad line is worth 2 %, more than most
    standards allow at all."""

    def __post_init__(self) -> None:
        """Refuse settings that mean nothing.

        Raises:
            ValueError: there is no such preset, a step lasts less than a day, or no order at all
                would be enough.
        """
        if self.preset not in PRESETS:
            known = ", ".join(PRESETS)
            raise ValueError(f"there is no preset {self.preset!r} for sellers: there are {known}")
        if ms(self.step) < DAY:
            raise ValueError(f"a step of sellers must last a day or more, not {self.step}")
        if self.orders < 1:
            raise ValueError(f"orders of sellers must be at least 1, not {self.orders}")


@dataclass(frozen=True, slots=True)
class PopulationRules:
    """The floor below the statistics: two wrong items for one customer, or one each for several."""

    period: timedelta = timedelta(minutes=5)
    """How often evidence is judged: at every such stretch of recorded time, counted from 1970."""
    strike_window: timedelta = timedelta(days=60)
    """Longest time between two wrong items of one customer and SKU; as long a SKU is watched after
    the last report."""
    customers: int = 3
    """How many customers with one wrong item each are no coincidence."""
    customers_window: timedelta = timedelta(days=14)
    """Longest time between the first and the last of those reports."""
    budget: Mapping[str, float] = field(default_factory=lambda: dict(BUDGET))
    """Wrong alarms by evidence allowed in a month for each defect, by subject type."""
    sellers: SellerRules = field(default_factory=SellerRules)
    """What sellers are held to."""

    def __post_init__(self) -> None:
        """Refuse settings that mean nothing.

        Raises:
            ValueError: a period is shorter than 1 ms, nobody at all would be enough, or no
                evidence ever.
        """
        if ms(self.period) < 1:
            raise ValueError(f"period must be at least a millisecond, not {self.period}")
        if self.customers < 1:
            raise ValueError(f"customers must be at least 1, not {self.customers}")

        for subject_type, allowed in self.budget.items():
            if allowed <= 0:
                raise ValueError(f"the budget of {subject_type} must be above 0, not {allowed}")

    def end_of(self, time_ms: int) -> int:
        """Return the end of the period in which ``time_ms`` lies (both ms UTC)."""
        period = ms(self.period)
        return (time_ms // period + 1) * period

    def ends_of(self, times: Codes) -> Codes:
        """Return the ends of the periods in which ``times`` lie (both ms UTC)."""
        period = ms(self.period)
        return (times // period + 1) * period

    def last_end(self, until: int) -> int:
        """Return the end of the last period that ended before ``until`` (both ms UTC)."""
        period = ms(self.period)
        return (until - 1) // period * period
