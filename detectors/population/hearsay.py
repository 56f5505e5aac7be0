"""What the judge hears of events and of the changes of problems: one function per event type."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from detectors.observations import REPORTED, Appeal, Observation, Repair, Replacement, Retraction
from schemas.events import Event, OrderPlaced, Replaces, SellerAppealUpheld, SkuRepaired
from schemas.problems import Cause, Change, ChangeKind
from schemas.stamps import parse
from schemas.times import DAY, NEVER, Times

LATEST: Final = DAY
"""How far after its recorded time an event may claim to have occurred, ms; more is cut to it."""


def replacements(
    events: Sequence[OrderPlaced], occurred: Times, recorded: Times
) -> list[Observation]:
    """Some orders make good a line of another one."""
    return [
        _replacement(events[i], replaces, _cause("order.placed", occurred[i], recorded[i]))
        for i, replaces in enumerate([event.replaces for event in events])
        if replaces is not None
    ]


def _replacement(event: OrderPlaced, replaces: Replaces, cause: Cause) -> Replacement:
    return Replacement(
        at=cause.recorded_at,
        cause=cause,
        order_id=event.order_id,
        of_order=replaces.order_id,
        of_line=replaces.line_id,
        skus=tuple(sorted((line.line_id, line.sku) for line in event.lines)),
    )


def repairs(events: Sequence[SkuRepaired], occurred: Times, recorded: Times) -> list[Observation]:
    """Somebody found out what was wrong with a SKU, and put it right."""
    causes = [_cause("sku.repaired", *clocks) for clocks in zip(occurred, recorded, strict=True)]
    return [
        Repair(at=cause.recorded_at, cause=cause, sku=event.sku, warehouse_id=event.warehouse_id)
        for event, cause in zip(events, causes, strict=True)
    ]


def appeals(
    events: Sequence[SellerAppealUpheld], occurred: Times, recorded: Times
) -> list[Observation]:
    """Somebody looked into what was held against a seller, and found them right."""
    stamps = [event.since for event in events] + [event.until for event in events]
    times = parse(stamps)[0].reshape(2, -1)
    clocks = zip(events, times.T.tolist(), occurred, recorded, strict=True)
    return [
        _appeal(event, span, _cause("seller.appeal_upheld", happened, learnt))
        for event, span, happened, learnt in clocks
    ]


def _appeal(event: SellerAppealUpheld, span: Sequence[int], cause: Cause) -> Appeal:
    """An empty stamp is read as NEVER: from the first day, or until the day of the event."""
    since, until = span
    return Appeal(
        at=cause.recorded_at,
        cause=cause,
        seller=event.seller_id,
        defect=event.defect,
        first=since // DAY if since < NEVER else 0,
        last=(until if until < NEVER else cause.occurred_at) // DAY,
    )


def _cause(fact: str, occurred: int, recorded: int) -> Cause:
    at = int(recorded)
    return Cause(fact, min(int(occurred), at + LATEST), at)


def retractions(changes: Iterable[Change]) -> list[Observation]:
    """Some reports turn out never to have been any."""
    return [
        Retraction(
            at=change.at,
            cause=change.problem.ended_by or change.problem.opened_by,
            id=change.problem.id,
        )
        for change in changes
        if change.what is ChangeKind.WITHDRAWN and change.problem.kind in REPORTED
    ]


Hear = Callable[[Any, Times, Times], list[Observation]]
"""Events of one type and their clocks (ms UTC) in, what they tell the judge out."""

HEARD: Final[dict[type[Event], Hear]] = {
    OrderPlaced: replacements,
    SkuRepaired: repairs,
    SellerAppealUpheld: appeals,
}
"""The event types that tell the judge something directly."""
