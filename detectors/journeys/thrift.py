"""When it pays to give back the memory of journeys that are forgotten."""

from dataclasses import dataclass

from schemas.times import DAY


@dataclass(frozen=True, slots=True)
class Thrift:
    """How much is forgotten before rows are moved together, which costs as much as what is kept.

    With a quarter of all journeys forgotten, three are moved at most for each that is dropped, so
    that forgetting one costs the same however many are known.
    """

    share: float = 0.25
    """Of all journeys."""
    least: int = 4_096
    """Journeys, with all that belongs to them 6 MB: less is not worth the trouble."""
    every: int = DAY
    """How much recorded time (ms) passes from one look to the next; a look reads one number a
    journey."""

    def pays(self, forgotten: int, known: int) -> bool:
        """Whether it pays to drop the ``forgotten`` of all ``known`` journeys."""
        return forgotten >= max(self.least, self.share * known)


HOARDING = Thrift(share=2.0)
"""Keeps everything for ever."""
