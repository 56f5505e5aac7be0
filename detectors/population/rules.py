"""When wrong items of one SKU are the shop's problem, as set in the playbook."""

from dataclasses import dataclass
from datetime import timedelta

from schemas.times import ms


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

    def __post_init__(self) -> None:
        """Refuse settings that mean nothing.

        Raises:
            ValueError: a period is shorter than 1 ms, or nobody at all would be enough.
        """
        if ms(self.period) < 1:
            raise ValueError(f"period must be at least a millisecond, not {self.period}")
        if self.customers < 1:
            raise ValueError(f"customers must be at least 1, not {self.customers}")

    def end_of(self, time_ms: int) -> int:
        """Return the end of the period in which ``time_ms`` lies (both ms UTC)."""
        period = ms(self.period)
        return (time_ms // period + 1) * period
