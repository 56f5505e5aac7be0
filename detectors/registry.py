"""The table of contents: every question Andon asks of a journey."""

from typing import Final

from detectors.journeys.tables import ROWS
from detectors.order.damaged_item import DamagedItem
from detectors.order.damaged_shipment import DamagedShipment
from detectors.order.delivery_change import DeliveryChange
from detectors.order.delivery_failed import DeliveryFailed
from detectors.order.late_delivery import LateDelivery
from detectors.order.late_dispatch import LateDispatch
from detectors.order.line_unfillable import LineUnfillable
from detectors.order.lost_shipment import LostShipment
from detectors.order.mispick import Mispick
from detectors.order.missing_item import MissingItem
from detectors.order.needed_by_at_risk import NeededByAtRisk
from detectors.order.never_picked_up import NeverPickedUp
from detectors.order.not_received import NotReceived
from detectors.order.pickup_uncollected import PickupUncollected
from detectors.order.refund_overdue import RefundOverdue
from detectors.order.repeat_contact import RepeatContact
from detectors.order.return_stalled import ReturnStalled
from detectors.order.returning_to_sender import ReturningToSender
from detectors.order.silent_shipment import SilentShipment
from detectors.order.unanswered_contact import UnansweredContact
from detectors.order.unanswered_review import UnansweredReview
from detectors.order.weight_mismatch import WeightMismatch
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
    NeededByAtRisk(),
    LineUnfillable(),
    Mispick(),
    WeightMismatch(),
    NeverPickedUp(),
    SilentShipment(),
    LostShipment(),
    DamagedShipment(),
    DeliveryChange(),
    DeliveryFailed(),
    PickupUncollected(),
    ReturningToSender(),
    NotReceived(),
    WrongItem(),
    MissingItem(),
    DamagedItem(),
    ReturnStalled(),
    RefundOverdue(),
    UnansweredContact(),
    RepeatContact(),
    UnansweredReview(),
)
"""A new detector is one file, one line here and one test."""
