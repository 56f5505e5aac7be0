"""The table of contents: every question Andon asks of a journey."""

from typing import Final

from detectors.journeys.tables import ROWS
from detectors.order.late_delivery import LateDelivery
from detectors.order.late_dispatch import LateDispatch
from detectors.order.silent_shipment import SilentShipment
from detectors.order.unanswered_contact import UnansweredContact
from detectors.order.wrong_item import WrongItem
from detectors.question import Question
from schemas.times import NEVER


def registered(*detectors: Question) -> tuple[Question, ...]:
    """Return ``detectors``, each of which says ``NEVER`` on a row about which nothing is known.

    Raises:
        ValueError: two detectors share a kind, or one would raise an alarm about nothing.
    """
    seen: set[str] = set()
    for detector in detectors:
        if detector.kind in seen:
            message = f"two detectors are called {detector.kind}: give one another kind"
            raise ValueError(message)
        seen.add(detector.kind)
        if detector.due(ROWS[detector.table].of()) != NEVER:
            message = f"{detector.kind} is due on an empty row: it must say NEVER there"
            raise ValueError(message)
    return detectors


DETECTORS: Final[tuple[Question, ...]] = registered(
    LateDispatch(),
    LateDelivery(),
    SilentShipment(),
    WrongItem(),
    UnansweredContact(),
)
"""A new detector is one file, one line here and one test."""
