"""Problems about journeys: found, ended, withdrawn, each change with what caused it."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, TypeVar

import msgspec
import numpy as np

from detectors.journeys.book import CUSTOMER_KEY, Book
from detectors.journeys.episodes import Edges, Settled
from detectors.journeys.folds import Fact, Fold, Numbers
from detectors.journeys.streams import told_by
from detectors.journeys.tables import ROWS, Table
from detectors.journeys.versions import Versions
from detectors.observations import REPORTED, Report
from detectors.question import Question, is_refutable
from schemas.problems import Cause, Change, ChangeKind, Evidence, Problem, problem_id
from schemas.times import NEVER

SUBJECT_TYPE: Final = {
    Table.ORDER: "order",
    Table.LINE: "line",
    Table.SHIPMENT: "shipment",
    Table.SHIPMENT_LINE: "line",
    Table.RETURN: "return",
    Table.RETURN_LINE: "line",
    Table.CONTACT: "contact",
    Table.REVIEW: "review",
}

CLOCK: Final = "clock"
"""The cause of a problem that opened because nothing happened."""

Key = tuple[str, Table, int]
"""Kind, table and row: what a journey can have one open problem of."""


class Opening(NamedTuple):
    """The version in which a problem opens, when it opens and since when it was due (ms UTC)."""

    version: int
    opened_at: int
    due_at: int


class Findings:
    """The problems that are open, and those that a refutation could still withdraw."""

    def __init__(self, book: Book, detectors: Sequence[Question]) -> None:
        """Start without problems; names come from ``book``."""
        self._book = book
        self._open: dict[Key, Problem] = {}
        self._cleared: dict[Key, Problem] = {}
        self._refutable = {d.kind for d in detectors if is_refutable(d)}
        self.reports: list[Report] = []
        """What the judge must hear of; whoever tells it empties the list."""
        self._nameless: dict[str, tuple[Key, int]] = {}
        """By id: new problems whose customer is not settled yet, and when they opened (ms UTC)."""

    def changes(
        self, table: Table, detectors: Sequence[Question], v: Versions, settled: Settled
    ) -> list[Change]:
        """Return what happened to problems, row by row in the order of time."""
        edges = [
            *_listed(settled.ended, 0),
            *_listed(settled.refuted, 1),
            *_listed(settled.opened, 2),
        ]
        edges.sort()
        found: list[Change | None] = []
        for version, step, detector in edges:
            question = detectors[detector]
            key = (question.kind, table, int(v.row[version]))
            if step == 0:
                due = int(settled.due[detector, version - 1])
                back = settled.taken_back.get(detector)
                refuted = back is not None and bool(back[version])
                found.append(self._end(key, v, version, due, refuted=refuted))
            elif step == 1:
                found.append(self._refute(key, v, version))
            else:
                due = int(settled.due[detector, version])
                found.append(self._begin(key, question, v, version, due))
        return [change for change in found if change is not None]

    def named(self, changes: list[Change], orders: Versions | None) -> list[Change]:
        """Return ``changes`` with the customer that was known when each new problem opened.

        Orders are settled after the rows that belong to them; ``orders`` are their new versions.
        """
        if not self._nameless:
            return changes
        customers: dict[str, str] = {}
        for id_, (key, opened_at) in self._nameless.items():
            customer = self._customer(key, opened_at, orders)
            if customer is not None:
                customers[id_] = customer
                for kept in (self._open, self._cleared):
                    if key in kept:
                        kept[key] = _named(kept[key], customers)
        self._nameless.clear()
        self.reports = [_named(report, customers) for report in self.reports]
        return [Change(c.what, c.at, _named(c.problem, customers)) for c in changes]

    def _begin(self, key: Key, question: Question, v: Versions, version: int, due: int) -> Change:
        at = int(v.at[version])
        opened_at = max(due, at)
        problem = self._problem(key, question, v, Opening(version, opened_at, due))
        self._open[key] = problem
        if problem.customer_id is None:
            self._nameless[problem.id] = key, opened_at
        if problem.kind in REPORTED:
            self.reports.append(self._report(key, problem, v, version))
        return Change(ChangeKind.OPENED, opened_at, problem)

    def _report(self, key: Key, problem: Problem, v: Versions, version: int) -> Report:
        """Return what the judge must know of a ``problem`` about a line."""
        _, table, row = key
        order_id, line_id = self._book.path(table, row)
        code = int(v.rows.column("item")[version])
        sku, seller_id, *_ = self._book.words.items.values[code]
        return Report(
            at=problem.opened_at,
            cause=problem.opened_by,
            id=problem.id,
            order_id=order_id,
            line_id=line_id,
            sku=sku,
            seller_id=seller_id,
            customer_id=problem.customer_id or "",
            ordered_at=int(v.rows.column("known_at")[version]),
            sent_at=int(v.rows.column("first_dispatched_at")[version]),
        )

    def _problem(self, key: Key, question: Question, v: Versions, opening: Opening) -> Problem:
        _, table, row = key
        version, opened_at, due = opening
        order, *rest = self._book.path(table, row)
        about_customer = order.startswith(CUSTOMER_KEY)
        subject = "/".join([order.removeprefix(CUSTOMER_KEY), *rest])
        subject_type = SUBJECT_TYPE[table]
        waited = opened_at > int(v.at[version])
        return Problem(
            id=problem_id(question.kind, subject_type, subject, opened_at),
            kind=question.kind,
            subject_type=subject_type,
            subject=subject,
            order_id=None if about_customer else order,
            customer_id=order.removeprefix(CUSTOMER_KEY) if about_customer else None,
            opened_at=opened_at,
            due_at=due,
            severity=question.severity,
            evidence=self._evidence(question, v, version),
            detector=question.kind,
            detector_version=question.version,
            opened_by=Cause(CLOCK, opened_at, opened_at) if waited else _cause(v, version),
        )

    def _customer(self, key: Key, at: int, orders: Versions | None) -> str | None:
        """Return whose order the row of ``key`` was, on what was known at ``at`` (ms UTC)."""
        row = self._book.order_of(key[1], key[2])
        version = -1 if orders is None else orders.in_force(row, at)
        if orders is None or version < 0:
            code = int(self._book.stores[Table.ORDER].read("customer", np.array([row]))[0])
        else:
            code = int(orders.rows.column("customer")[version])
        return self._book.words.customers[code] if code >= 0 else None

    def _evidence(self, question: Question, v: Versions, version: int) -> tuple[Evidence, ...]:
        facts = ROWS[question.table].facts
        said: list[Evidence] = []
        for name in question.evidence:
            said += self._said(facts.get(name), name, v, version)
        return tuple(said)

    def _said(self, fact: Fact | None, name: str, v: Versions, version: int) -> list[Evidence]:
        column: Numbers = getattr(v.rows, name) if fact is None else v.rows.column(name)
        number = int(column[version])
        if fact is not None and fact.fold in (Fold.FIRST, Fold.LAST):
            meant = self._book.words.said(name, number)
            return [Evidence(part, value=value) for part, value in meant.items()]
        if name.endswith(("_at", "_by")):
            return [Evidence(name, at=number)] if 0 < number < NEVER else []
        return [Evidence(name, value=number)]

    def _end(self, key: Key, v: Versions, version: int, due: int, *, refuted: bool) -> Change:
        problem = self._open.pop(key)
        at, cause = int(v.at[version]), _cause(v, version)
        if refuted or cause.occurred_at <= due:
            ended = msgspec.structs.replace(problem, withdrawn_at=at, ended_by=cause)
            return Change(ChangeKind.WITHDRAWN, at, ended)
        ended = msgspec.structs.replace(problem, cleared_at=at, ended_by=cause)
        if key[0] in self._refutable:
            self._cleared[key] = ended
        return Change(ChangeKind.CLEARED, at, ended)

    def _refute(self, key: Key, v: Versions, version: int) -> Change | None:
        problem = self._cleared.pop(key, None)
        if problem is None:
            return None
        at = int(v.at[version])
        refuted = msgspec.structs.replace(problem, withdrawn_at=at, ended_by=_cause(v, version))
        return Change(ChangeKind.WITHDRAWN, at, refuted)


_Named = TypeVar("_Named", Problem, Report)


def _named(about: _Named, customers: Mapping[str, str]) -> _Named:
    customer = customers.get(about.id)
    return about if customer is None else msgspec.structs.replace(about, customer_id=customer)


def _listed(edges: Edges, step: int) -> list[tuple[int, int, int]]:
    return [
        (version, step, detector)
        for version, detector in zip(edges.version.tolist(), edges.detector.tolist(), strict=True)
    ]


def _cause(v: Versions, version: int) -> Cause:
    return Cause(*told_by(int(v.cause[version])), int(v.at[version]))
