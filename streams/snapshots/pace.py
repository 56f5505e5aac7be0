"""When the next snapshot is due."""

from dataclasses import dataclass
from typing import Final

EVERY: Final = 10.0
"""Seconds from one snapshot to the next, so that about as much must be read again."""

SHARE: Final = 20
"""A snapshot is taken once in so many times of what the last one took: at most 5 % of the time."""


@dataclass(frozen=True, slots=True)
class Pace:
    """When the last snapshot began and how long it took, in seconds of a clock that never stops."""

    began: float
    took: float = 0.0

    @property
    def due(self) -> float:
        """The earliest beginning of the next one."""
        return self.began + max(EVERY, SHARE * self.took)

    def is_due(self, now: float) -> bool:
        """Whether the next one may begin."""
        return now >= self.due
