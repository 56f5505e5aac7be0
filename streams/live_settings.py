"""What all parts of a live worker go by."""

from dataclasses import dataclass, field
from typing import Final

from streams.group import LIVE, LOG
from streams.topics import Names

PARTS: Final = ("reader", "judge", "desk")
"""What a worker can do: read partitions, judge groups, decide and act."""

POLL_MS: Final = 200
"""How long a look for new records waits."""

SKEW_MS: Final = 2_000
"""How long after the broker's clock the end of a partition counts as passed."""


@dataclass(frozen=True, slots=True)
class LiveSettings:
    """Where the log is, whose clock counts, and what this worker does."""

    bootstrap: str
    """Kafka brokers to begin with, ``host:port`` separated by commas."""
    worker: str = "worker-1"
    """Name of this worker, kept over restarts: it gets its partitions back without a rebalance."""
    names: Names = field(default_factory=Names)
    parts: frozenset[str] = frozenset(PARTS)
    clock: str = LIVE
    """``live``: the broker's stamps and its clock; ``log``: only what recordings say."""
    web: tuple[str, int] = ("127.0.0.1", 6066)
    skew_ms: int = SKEW_MS
    session_ms: int = 15_000
    """How long a worker may be silent before others take its partitions."""
    datadir: str = ""
    """Folder that Faust may write to."""

    def __post_init__(self) -> None:
        """Refuse what means nothing.

        Raises:
            ValueError: There is no such clock or part.
        """
        if self.clock not in (LIVE, LOG):
            raise ValueError(f"no clock {self.clock!r}: there are {LIVE} and {LOG}")
        if unknown := self.parts - set(PARTS):
            raise ValueError(f"no part {', '.join(unknown)}: there are {', '.join(PARTS)}")

    @property
    def bootstraps(self) -> list[str]:
        """Brokers one by one."""
        return [one.strip() for one in self.bootstrap.split(",") if one.strip()]

    def group(self, part: str) -> str:
        """Return the consumer group of a part."""
        return f"{self.names.prefix}-{part}"

    def member(self, part: str) -> str:
        """Return what this worker is called in that group."""
        return f"{self.names.prefix}-{part}-{self.worker}"
