"""Are the facts still right? Which feeds have fallen silent, judged by how they usually speak.

A decision on facts that no longer come is worse than none, so this is looked at before the rest.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Final

from actions.quantities import span_text
from schemas.codec import Decoder
from schemas.times import HOUR

PATIENCE: Final = 10
"""A feed is silent when it has paused so many times longer than ever lately."""

SHORTEST: Final = HOUR
"""And for at least this long, ms: a minute's pause of a busy feed is nothing."""

FEWEST: Final = 3
"""Events of a feed below which nobody knows how it usually speaks."""


@dataclass(frozen=True, slots=True)
class Feed:
    """How one source has spoken lately: its newest event, and its longest pause (ms UTC, ms)."""

    source: str
    newest: int
    longest_pause: int

    def is_silent(self, now: int) -> bool:
        """Whether it has said nothing for far longer than it ever did."""
        return now - self.newest > max(SHORTEST, PATIENCE * self.longest_pause)


def feeds_in(texts: Iterable[bytes]) -> list[Feed]:
    """Return the feeds that speak in JSON Lines, in the order of their names."""
    spoken, decoder = defaultdict[str, list[int]](list), Decoder()
    for text in texts:
        decoded = decoder.decode_lines(text)
        for event, at in zip(decoded.events, decoded.recorded.tolist(), strict=True):
            spoken[event.source].append(at)
    return [_feed(name, times) for name, times in sorted(spoken.items()) if len(times) >= FEWEST]


def _feed(source: str, times: Sequence[int]) -> Feed:
    return Feed(source, times[-1], max(later - one for one, later in pairwise(times)))


def silent(feeds: Iterable[Feed], now: int) -> Mapping[str, str]:
    """Return the silent feeds with how long they have been so, as people read it."""
    return {
        one.source or "without a name": span_text(timedelta(hours=(now - one.newest) // HOUR))
        for one in feeds
        if one.is_silent(now)
    }
