"""The engine against slow, plain Python that reads the events of one order again at every moment.

Sameness is not truth: what is asked here is written down a second time, from the meaning of each
question and without folds, versions or arrays.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain, pairwise
from typing import Any, NamedTuple

import pytest
from hypothesis import given

from detectors.journeys.vocabulary import DISPOSITION, REASON
from detectors.order.late_delivery import LateDelivery
from detectors.order.silent_shipment import SilentShipment
from detectors.order.unanswered_contact import UnansweredContact
from detectors.order.unanswered_review import UnansweredReview
from detectors.order.wrong_item import WrongItem
from detectors.question import Question
from schemas import events as e
from schemas.events import Event
from schemas.problems import Problem
from schemas.stamps import parse_one
from schemas.testing.strategies import journeys
from schemas.times import DAY, HOUR, MINUTE, NEVER
from streams.engine import Engine
from streams.testing import batch_of

QUIET = timedelta(hours=72)


class Told(NamedTuple):
    """One event, when it was recorded and when it occurred (ms UTC)."""

    at: int
    occurred: int
    event: Any


Known = Sequence[Told]
Due = dict[str, int]
"""By subject: from when it is a problem, ms UTC."""


class Episode(NamedTuple):
    """A problem as its subject, when it opened, was due, and ended (ms UTC)."""

    subject: str
    opened_at: int
    due_at: int
    ended_at: int | None
    withdrawn: bool | None
    """``None`` where it is open or not compared."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A question in plain Python."""

    detector: Question
    ask: Callable[[Known], Due]
    concerns: Callable[[Event, str], bool] | None
    """Whether an event says something of a subject; ``None`` where withdrawing is not compared."""


# ----- the questions, written down again -----


def some(known: Known, *kinds: type[Event], **fields: str) -> list[Told]:
    return [
        told
        for told in known
        if isinstance(told.event, kinds)
        and all(getattr(told.event, name) == value for name, value in fields.items())
    ]


def ids(known: Known, name: str) -> set[str]:
    return {getattr(told.event, name) for told in known if getattr(told.event, name, "")}


def cancelled_whole(known: Known) -> bool:
    return any(told.event.lines is None for told in some(known, e.OrderCancelled))


def silent(known: Known) -> Due:
    due = {}
    for parcel in ids(known, "shipment_id"):
        scans = some(known, e.ShipmentScanned, shipment_id=parcel)
        sent = some(known, e.ShipmentDispatched, shipment_id=parcel)
        here = some(known, e.ShipmentDelivered, shipment_id=parcel)
        halted = {"returned", "cancelled", "returning", "available_for_pickup"}
        stopped = any(told.event.status in halted for told in scans)
        if sent and not here and not stopped and not cancelled_whole(known):
            heard = max(told.occurred for told in (*scans, *sent))
            due[parcel] = heard + 72 * HOUR
    return due


def speaks_of_parcel(event: Event, parcel: str) -> bool:
    if isinstance(event, e.OrderCancelled):
        return event.lines is None
    if isinstance(event, e.OrderPlaced):
        return bool(event.needed_by)
    if isinstance(event, e.RefundIssued):
        return not event.return_id
    moved = (e.ShipmentPacked, e.ShipmentDispatched, e.ShipmentScanned, e.ShipmentDelivered)
    return isinstance(event, moved) and event.shipment_id == parcel


ANSWERS = (e.ContactAnswered, e.ContactResolved, e.CallbackStarted)


def contact_unanswered(known: Known) -> Due:
    due = {}
    for contact in ids(known, "contact_id"):
        opened = some(known, e.ContactOpened, contact_id=contact)
        answers = some(known, *ANSWERS, contact_id=contact)
        asked = [told for told in opened if told.event.wants_callback]
        asked += some(known, e.CallbackRequested, contact_id=contact)
        calls = some(known, e.CallbackStarted, contact_id=contact)
        limits = [NEVER]
        if opened and not answers:
            limits.append(min(told.occurred for told in opened) + 5 * MINUTE)
        wish = max((told.occurred for told in asked), default=0)
        if wish > max((told.occurred for told in calls), default=0):
            limits.append(wish + MINUTE)
        due[contact] = min(limits)
    return due


def speaks_of_contact(event: Event, contact: str) -> bool:
    about = (e.ContactOpened, e.ContactEvent)
    return isinstance(event, about) and event.contact_id == contact


def review_unanswered(known: Known) -> Due:
    due = {}
    for review in ids(known, "review_id"):
        posted = some(known, e.ReviewPosted, review_id=review)
        if posted and not some(known, e.ReviewAnswered, review_id=review):
            stars = max((told.occurred, told.event.rating) for told in posted)[1]
            if stars <= 3:
                due[review] = min(told.occurred for told in posted) + 48 * HOUR
    return due


def speaks_of_review(event: Event, review: str) -> bool:
    about = (e.ReviewPosted, e.ReviewAnswered)
    return isinstance(event, about) and event.review_id == review


def late(known: Known) -> Due:
    placed = some(known, e.OrderPlaced)
    if not placed or cancelled_whole(known) or not waits(known) or all_unnamed_here(known):
        return {}
    promises = [parse_one(told.event.promised_by) for told in placed]
    return {"": min((promise for promise in promises if promise is not None), default=NEVER)}


def waits(known: Known) -> bool:
    """Whether a line is missing units that were neither cancelled nor unfillable."""
    ordered = most(known, e.OrderPlaced)
    cancelled = most(some_named(known), e.OrderCancelled)
    gone = {told.event.line_id for told in some(known, e.OrderLineUnfillable)}
    for line, units in ordered.items():
        wanted = 0 if line in gone else units - cancelled.get(line, 0)
        here = 0
        for parcel in ids(some(known, e.ShipmentDelivered), "shipment_id"):
            inside = [*some(known, e.ShipmentPacked, e.ShipmentDispatched, shipment_id=parcel)]
            here += most(inside, e.ShipmentPacked, e.ShipmentDispatched).get(line, 0)
        if here < wanted:
            return True
    return False


def some_named(known: Known) -> Known:
    return [told for told in known if getattr(told.event, "lines", None) is not None]


def most(known: Known, *kinds: type[Event]) -> dict[str, int]:
    """Return the largest number of units said of each line."""
    units: dict[str, int] = defaultdict(int)
    for told in some(known, *kinds):
        for line in getattr(told.event, "lines", None) or ():
            units[line.line_id] = max(units[line.line_id], line.quantity)
    return units


def all_unnamed_here(known: Known) -> bool:
    """Whether parcels that do not say what is inside all arrived, and there is one."""
    arrived = []
    parcels = (e.ShipmentPacked, e.ShipmentDispatched, e.ShipmentScanned, e.ShipmentDelivered)
    for parcel in ids(some(known, *parcels), "shipment_id"):
        said = some(known, e.ShipmentPacked, e.ShipmentDispatched, shipment_id=parcel)
        named = any(told.event.lines for told in said)
        void = some(known, e.ShipmentScanned, shipment_id=parcel, status="cancelled")
        if not named and not void:
            arrived.append(bool(some(known, e.ShipmentDelivered, shipment_id=parcel)))
    return bool(arrived) and all(arrived)


def wrong(known: Known) -> Due:
    due = {}
    for line in most(known, e.OrderPlaced):
        reports = list(wrong_reports(known, line))
        if any(is_open for _, is_open in reports):
            latest = max(
                at for earlier in histories(known) for at, _ in wrong_reports(earlier, line)
            )
            if latest > repaid(known, line):
                due[line] = latest
    return due


def histories(known: Known) -> Iterator[Known]:
    """Yield what was known at each moment: the time of a report is never moved back."""
    for at in {told.at for told in known}:
        yield [told for told in known if told.at <= at]


def wrong_reports(known: Known, line: str) -> Iterator[tuple[int, bool]]:
    """Yield when each return reported the line as wrong, and whether that is unsettled."""
    for back in ids(known, "return_id"):
        asked = [
            (told.occurred, REASON.get(one.reason, 0))
            for told in some(known, e.ReturnRequested, return_id=back)
            for one in told.event.lines
            if one.line_id == line
        ]
        if not asked or min(asked)[1] != REASON["wrong_item"]:
            continue
        found = [
            (told.occurred, DISPOSITION[one.disposition])
            for told in some(known, e.ReturnReceived, return_id=back)
            for one in told.event.lines
            if one.line_id == line
        ]
        over = (e.ReturnReceived, e.ReturnCancelled, e.RefundIssued)
        contradicted = bool(found) and max(found)[1] == DISPOSITION["right_item"]
        yield min(asked)[0], not some(known, *over, return_id=back) and not contradicted


def repaid(known: Known, line: str) -> int:
    refunds = some(known, e.RefundIssued, return_id="")
    mine = [
        told.occurred
        for told in refunds
        if not told.event.lines or any(one.line_id == line for one in told.event.lines)
    ]
    return max(mine, default=0)


REFERENCES = (
    Reference(SilentShipment(silence=QUIET, silence_abroad=QUIET), silent, speaks_of_parcel),
    Reference(UnansweredContact(), contact_unanswered, speaks_of_contact),
    Reference(UnansweredReview(), review_unanswered, speaks_of_review),
    Reference(LateDelivery(), late, None),
    Reference(WrongItem(), wrong, None),
)


# ----- problems, from due times at every moment -----


def episodes(known: Known, reference: Reference, end: int) -> set[Episode]:
    """Return the problems of one order whose events are ``known`` by ``end`` (ms UTC)."""
    moments = sorted({told.at for told in known})
    found: set[Episode] = set()
    running: dict[str, Episode] = {}
    before: Due = {}
    for at, until in pairwise([*moments, end]):
        due = reference.ask([told for told in known if told.at <= at])
        for subject, episode in list(running.items()):
            if not (due.get(subject, NEVER) <= at):
                withdrawn = _withdrawn(known, reference, subject, at, before[subject])
                found.add(episode._replace(ended_at=at, withdrawn=withdrawn))
                del running[subject]
        for subject, since in due.items():
            if subject not in running and max(since, at) < until:
                running[subject] = Episode(subject, max(since, at), since, None, None)
        before = due
    return found | set(running.values())


def _withdrawn(known: Known, reference: Reference, subject: str, at: int, due: int) -> bool | None:
    if reference.concerns is None:
        return None
    ending = [t.occurred for t in known if t.at == at and reference.concerns(t.event, subject)]
    return min(ending) <= due


def as_episode(problem: Problem, reference: Reference) -> Episode:
    subject = problem.subject.partition("/")[2]
    ended = problem.cleared_at if problem.withdrawn_at is None else problem.withdrawn_at
    withdrawn = None if ended is None else problem.withdrawn_at is not None
    compared = None if reference.concerns is None else withdrawn
    if problem.cleared_at is not None:
        ended = problem.cleared_at
    return Episode(subject, problem.opened_at, problem.due_at, ended, compared)


def journeys_of(log: Sequence[Event]) -> dict[str, list[Told]]:
    found: dict[str, list[Told]] = defaultdict(list)
    for event in log:
        key = getattr(event, "order_id", "") or getattr(event, "customer_id", "")
        occurred, recorded = parse_one(event.time), parse_one(event.recordedtime)
        if key and occurred is not None and recorded is not None:
            found[key].append(Told(recorded, occurred, event))
    return found


@pytest.mark.parametrize("reference", REFERENCES, ids=lambda one: one.detector.kind)
@given(log=journeys())
def test_the_engine_finds_what_plain_reading_finds(reference: Reference, log: list[Event]) -> None:
    engine = Engine((reference.detector,))
    changes = engine.step(batch_of(*log))
    end = max((told.at for told in chain(*journeys_of(log).values())), default=0) + 100 * DAY
    changes += engine.advance(end)
    newest = {change.problem.id: change.problem for change in changes}
    found: dict[str, set[Episode]] = defaultdict(set)
    for problem in newest.values():
        if problem.kind == reference.detector.kind:
            key = problem.order_id or problem.customer_id or ""
            found[key].add(as_episode(problem, reference))
    expected = {
        key: told
        for key, known in journeys_of(log).items()
        if (told := episodes(known, reference, end))
    }

    assert found == expected
