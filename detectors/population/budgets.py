"""How much evidence is enough: thresholds from the wrong alarms a month that people allow.

R is a sum of one likelihood ratio for each day on which a subject shipped, and each of them is
expected to be 1 while nothing is wrong. So all subjects together open at most (active days / c)
wrong problems at the threshold c, however they depend on each other: "at most N a month" gives
c = active days a month / N. It is a bound that holds without tuning, and about ten times too
cautious in simulated shops.
"""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from detectors.population.evidence import Counts

MONTH: Final = 30
"""Days for which a budget is stated."""

WATCH: Final = 100
"""How much less than for acting is enough to watch: a hundred times the wrong alarms."""

HOLD: Final = 10
"""How much less than for acting is enough to hold and recount."""


@dataclass(frozen=True, slots=True)
class Rungs:
    """Natural logarithms of the R from which a subject is watched, held and acted upon."""

    watch: float
    hold: float
    act: float

    @classmethod
    def of(cls, active_days: int, allowed: float) -> Self:
        """Return the rungs that keep ``allowed`` wrong acts in as long as ``active_days`` come in.

        An active day is one subject that shipped on one day. Even a shop that is nearly empty
        demands a ratio of 1 to watch.

        Raises:
            ValueError: nothing at all is allowed, for which no evidence would ever be enough.
        """
        if allowed <= 0:
            raise ValueError(f"a budget of wrong alarms must be above 0, not {allowed}")
        act = float(np.log(max(active_days / allowed, float(WATCH))))
        return cls(act - float(np.log(WATCH)), act - float(np.log(HOLD)), act)


def active_days_a_month(active: Counts, subjects: int) -> int:
    """Return how many active days the coming month may have, by those of the days so far.

    ``active`` is the number of subjects that shipped, day by day, the newest last; only the last
    MONTH days count. A day before the history began counts as if all ``subjects`` had shipped:
    thresholds are too high rather than too low while little is known.
    """
    seen = active[-MONTH:]
    return int(seen.sum()) + (MONTH - len(seen)) * subjects
