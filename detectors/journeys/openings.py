"""New problems, written column by column: what they share is looked up once for all of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, groupby
from typing import Final, cast

import numpy as np

from detectors.journeys.book import CUSTOMER_KEY, Book
from detectors.journeys.folds import Fold, Numbers
from detectors.journeys.names import UNKNOWN
from detectors.journeys.streams import told_by
from detectors.journeys.tables import ROWS, Table
from detectors.journeys.versions import Versions
from detectors.question import Question
from schemas.problems import Cause, Evidence, Problem, problem_id
from schemas.times import NEVER, Times

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

Said = tuple[Evidence, ...]
"""What one fact proves; nothing where nobody reported it."""


@dataclass(frozen=True, slots=True)
class Openings:
    """The versions in which problems of one table open, and since when each was due (ms UTC)."""

    table: Table
    v: Versions
    version: Numbers
    due: Times

    @property
    def opened_at(self) -> Times:
        """When each problem opens, ms UTC: never before it was known."""
        return np.maximum(self.due, self.v.at[self.version])

    @property
    def rows(self) -> Numbers:
        """The row that each problem is about."""
        return self.v.row[self.version]


def problems(
    book: Book, questions: Sequence[Question], new: Openings, orders: Versions | None
) -> list[Problem]:
    """Return the problem of every opening, to which ``questions`` belong one by one, in runs.

    ``orders`` are what was just decided on orders.
    """
    subject_type, paths = SUBJECT_TYPE[new.table], book.paths(new.table, new.rows)
    return [
        Problem(
            id=problem_id(question.kind, subject_type, subject, opened_at),
            kind=question.kind,
            subject_type=subject_type,
            subject=subject,
            order_id=None if path[0].startswith(CUSTOMER_KEY) else path[0],
            customer_id=customer,
            opened_at=opened_at,
            due_at=due,
            severity=question.severity,
            evidence=evidence,
            detector=question.kind,
            detector_version=question.version,
            opened_by=cause,
        )
        for question, path, subject, customer, opened_at, due, evidence, cause in zip(
            questions,
            paths,
            ["/".join(path).removeprefix(CUSTOMER_KEY) for path in paths],
            _customers(book, new, paths, orders),
            new.opened_at.tolist(),
            new.due.tolist(),
            _evidence(book, questions, new),
            _opened_by(new),
            strict=True,
        )
    ]


def caused(v: Versions, version: Numbers) -> list[Cause]:
    """Return the earliest event that made each version; none of them is one from before."""
    told = zip(v.cause[version].tolist(), v.at[version].tolist(), strict=True)
    return [Cause(*told_by(cause), at) for cause, at in told]


def _opened_by(new: Openings) -> list[Cause]:
    """Return the clock where a problem waited for its time, else the event it became known by."""
    waited = new.opened_at > new.v.at[new.version]
    told = iter(caused(new.v, new.version[~waited]))
    opened = zip(waited.tolist(), new.opened_at.tolist(), strict=True)
    return [Cause(CLOCK, at, at) if has_waited else next(told) for has_waited, at in opened]


def _customers(
    book: Book, new: Openings, paths: Sequence[Sequence[str]], orders: Versions | None
) -> list[str | None]:
    """Return whose order each row was, on what was known when the problem opened."""
    codes = _customer_codes(book, new, orders)
    known = (codes != UNKNOWN).nonzero()[0]
    names: list[str | None] = [
        path[0].removeprefix(CUSTOMER_KEY) if path[0].startswith(CUSTOMER_KEY) else None
        for path in paths
    ]
    for i, name in zip(known.tolist(), book.words.customers.many(codes[known]), strict=True):
        names[i] = names[i] or name
    return names


def _customer_codes(book: Book, new: Openings, orders: Versions | None) -> Numbers:
    rows = book.orders_of(new.table, new.rows)
    codes = book.stores[Table.ORDER].read("customer", rows)
    if orders is not None:
        version = orders.in_force(rows, new.opened_at)
        is_new = version >= 0
        codes[is_new] = orders.rows.column("customer")[version[is_new]]
    return codes


def _evidence(book: Book, questions: Sequence[Question], new: Openings) -> list[Said]:
    """Return what proves every opening, fact by fact for all openings of one question."""
    evidence: list[Said] = []
    for question, some in groupby(questions):
        end = len(evidence) + len(list(some))
        version = new.version[len(evidence) : end]
        nothing: list[Said] = [()] * version.size
        columns = [nothing, *(_said(book, new, name, version) for name in question.evidence)]
        evidence += [tuple(chain.from_iterable(said)) for said in zip(*columns, strict=True)]
    return evidence


def _said(book: Book, new: Openings, name: str, version: Numbers) -> list[Said]:
    """Return what a fact, or a property of the rows, proves of every opening."""
    rows, fact = new.v.rows, ROWS[new.table].facts.get(name)
    column = cast("Numbers", getattr(rows, name)) if fact is None else rows.column(name)
    numbers = column[version].tolist()
    if fact is not None and fact.fold in (Fold.FIRST, Fold.LAST):
        meant = {code: _meant(book, name, code) for code in set(numbers)}
        return [meant[code] for code in numbers]
    if name.endswith(("_at", "_by")):
        return [(Evidence(name, at=at),) if 0 < at < NEVER else () for at in numbers]
    return [(Evidence(name, value=number),) for number in numbers]


def _meant(book: Book, name: str, code: int) -> Said:
    meant = book.words.said(name, code)
    return tuple(Evidence(part, value=value) for part, value in meant.items())
