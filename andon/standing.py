"""What is open for a customer, for whoever asks over HTTP before something is sold to them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from actions.ledger import Ledger
from actions.promotions import standing_of
from andon.wiring import AWAY
from streams.ingest import LedgerAway, Standing


@contextmanager
def answering() -> Iterator[None]:
    """Ask a ledger inside; raise LedgerAway if its database does not answer."""
    try:
        yield
    except AWAY as error:
        raise LedgerAway(f"the ledger does not answer: {type(error).__name__}") from error


def standing_in(ledger: Callable[[], Ledger]) -> Standing:
    """Return what answers by ``ledger`` whether a promotion may reach a customer."""

    def standing(name: str) -> dict[str, object]:
        with answering():
            return standing_of(ledger(), name).plain()

    return standing
