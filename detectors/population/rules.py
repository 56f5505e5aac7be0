"""When wrong items of one SKU are the shop's problem, as set in the playbook."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from detectors.journeys.names import Codes
from schemas.times import ms

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
