"""Knew first: the product's own measure of itself.

A contact about something that was not already a problem is a miss. Each one is held against what
had been opened before, of a matching cause, on that order or on the SKUs in it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Final

from actions.causes import cause_of
from schemas.events import ContactOpened, Event, OrderPlaced
from schemas.problems import Problem

CAUSES_OF_TOPIC: Final[Mapping[str, frozenset[str]]] = {
    "wrong_item": frozenset({"wrong item"}),
    "missing_item": frozenset({"missing item"}),
    "damaged": frozenset({"damaged"}),
    "where_is_my_order": frozenset({"late", "lost", "undelivered", "out of stock", "damaged"}),
    "delivery": frozenset({"late", "lost", "undelivered", "out of stock", "damaged"}),
    "refund": frozenset({"refund", "return"}),
    "return": frozenset({"refund", "return"}),
}
"""Cause groups that answer what a customer asks about; any other topic is answered by all."""

NO_DEFECT: Final = frozenset({"question"})
"""Topics behind which nothing has gone wrong: there was nothing to know."""

BEGUN_BY_CUSTOMER: Final = "no answer"
"""Cause group of problems that begin with the customer: knowing those is not knowing first."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A contact about an order, recorded at ``at`` (ms UTC)."""

    order_id: str
    topic: str
    at: int


@dataclass(frozen=True, slots=True)
class KnewFirst:
    """How many contacts came about something known already, and for how long it was (ms)."""

    contacts: int
    known: int
    median_lead: int | None

    @property
    def rate(self) -> float | None:
        """Share of contacts that were no news; ``None`` without any."""
        return self.known / self.contacts if self.contacts else None


@dataclass(slots=True)
class Listening:
    """Collects from the events what the measure needs: who asked, and what was in each order."""

    asked: list[Asked] = field(default_factory=list)
    skus: dict[str, frozenset[str]] = field(default_factory=dict)

    def hear(self, event: Event, recorded_at: int) -> None:
        """Take note of ``event``, recorded at that time (ms UTC)."""
        if isinstance(event, ContactOpened):
            self._hear_contact(event, recorded_at)
        elif isinstance(event, OrderPlaced):
            self.skus[event.order_id] = frozenset(line.sku for line in event.lines)

    def _hear_contact(self, event: ContactOpened, recorded_at: int) -> None:
        if event.order_id and event.topic not in NO_DEFECT:
            self.asked.append(Asked(event.order_id, event.topic, recorded_at))

    def measure(self, problems: Iterable[Problem]) -> KnewFirst:
        """Hold every contact against ``problems``."""
        by_order, by_sku = _by_subject(problems)
        leads = []
        for one in self.asked:
            about = [*by_order[one.order_id]]
            for sku in self.skus.get(one.order_id, ()):
                about += by_sku[sku]
            known_since = [p.opened_at for p in about if _answers(p, one)]
            leads += [one.at - min(known_since)] if known_since else []
        middle = round(median(leads)) if leads else None
        return KnewFirst(len(self.asked), len(leads), middle)


def _by_subject(
    problems: Iterable[Problem],
) -> tuple[defaultdict[str, list[Problem]], defaultdict[str, list[Problem]]]:
    by_order: defaultdict[str, list[Problem]] = defaultdict(list)
    by_sku: defaultdict[str, list[Problem]] = defaultdict(list)
    for problem in problems:
        if problem.order_id:
            by_order[problem.order_id].append(problem)
        if problem.subject_type == "sku":
            by_sku[problem.subject].append(problem)
    return by_order, by_sku


def _answers(problem: Problem, asked: Asked) -> bool:
    """Whether ``problem`` had been opened before the customer asked about its cause."""
    cause = cause_of(problem.kind)
    wanted = CAUSES_OF_TOPIC.get(asked.topic)
    fits = cause in wanted if wanted else cause != BEGUN_BY_CUSTOMER
    return fits and problem.opened_at < asked.at and not _withdrawn_before(problem, asked.at)


def _withdrawn_before(problem: Problem, at: int) -> bool:
    return problem.withdrawn_at is not None and problem.withdrawn_at < at
