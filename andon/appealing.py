"""From the ledger to the journal: appeals that were upheld become events, each of them once."""

from collections.abc import Callable
from typing import Final

from actions.appeals import SOURCE, upheld_after
from actions.ledger import Ledger
from schemas.codec import encode
from streams.inbox import Arrival
from streams.intake import JSON, Delivery
from streams.journal import Journal, Mark

READ_SO_FAR: Final = "ledger: appeals upheld"
"""Under this name the journal keeps how far the words of people were read."""


def appeals_of(ledger: Ledger, journal: Journal) -> Callable[[], list[Arrival]]:
    """Return what is asked every turn: the appeals that the journal does not hold yet.

    The number of the last one is stored with its event, so that a kill neither loses nor repeats
    one.
    """

    def fresh() -> list[Arrival]:
        mark = journal.mark(READ_SO_FAR)
        told = upheld_after(ledger, 0 if mark is None else mark.offset)
        return [
            Arrival(Delivery(encode(event), JSON, SOURCE), Mark(READ_SO_FAR, number, ""))
            for number, event in told
        ]

    return fresh
