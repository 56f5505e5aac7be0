"""Problems about journeys: found, ended, withdrawn, each change with what caused it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec
import numpy as np

from detectors.journeys.book import Book
from detectors.journeys.episodes import Settled
from detectors.journeys.folds import Numbers
from detectors.journeys.kept import Kept
from detectors.journeys.openings import Openings, caused, problems
from detectors.journeys.streams import KIND_BITS
from detectors.journeys.tables import Table
from detectors.journeys.versions import Versions
from detectors.observations import REPORTED, Report
from detectors.question import Question, is_refutable
from schemas.problems import Cause, Change, ChangeKind, Problem
from schemas.times import Flags

Key = tuple[str, Table, int]
"""Kind, table and row: what a journey can have one open problem of."""


class Decided(NamedTuple):
    """The versions of one table that were decided on, and what its detectors said of them."""

    table: Table
    detectors: Sequence[Question]
    v: Versions
    settled: Settled


class Ending(NamedTuple):
    """What ended a problem, and whether there never was one."""

    cause: Cause
    is_withdrawal: bool


ENDED, REFUTED, OPENED = range(3)
"""What can happen to problems about a row in one version, in this order."""

_CHANGE_OF: Final = {True: ChangeKind.WITHDRAWN, False: ChangeKind.CLEARED}

Edge = tuple[int, int, int, Problem | Ending | Cause]
"""Version, step, number of the detector, and what happened: edges are in the order of these."""


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

    def forget(self, kept: Mapping[Table, Kept]) -> None:
        """Let go of problems about rows that are not kept: nothing will be heard of them."""
        self._open, self._cleared = (
            {
                (kind, table, row): problem
                for (kind, table, before), problem in known.items()
                if (row := int(kept[table].anew[before])) >= 0
            }
            for known in (self._open, self._cleared)
        )

    def changes(self, decided: Decided, orders: Versions | None) -> list[Change]:
        """Return what happened to problems, row by row in the order of time.

        ``orders`` are the new versions of orders, decided on together with these.
        """
        table, detectors, v, settled = decided
        edges = [
            *_ends(v, settled),
            *_refutations(v, settled),
            *self._openings(decided, orders),
        ]
        edges.sort()
        found: list[Change | None] = []
        for version, _, detector, what in edges:
            key = (detectors[detector].kind, table, int(v.row[version]))
            if isinstance(what, Problem):
                found.append(self._begin(key, what, v, version))
            elif isinstance(what, Ending):
                found.append(self._end(key, what))
            else:
                found.append(self._refute(key, what))
        return [change for change in found if change is not None]

    def _openings(self, decided: Decided, orders: Versions | None) -> Iterator[Edge]:
        table, detectors, v, settled = decided
        detector, version = settled.opened.detector, settled.opened.version
        if version.size:
            new = Openings(table, v, version, settled.due[detector, version])
            questions = [detectors[number] for number in detector.tolist()]
            found = problems(self._book, questions, new, orders)
            for i, number, problem in zip(version.tolist(), detector.tolist(), found, strict=True):
                yield i, OPENED, number, problem

    def _begin(self, key: Key, problem: Problem, v: Versions, version: int) -> Change:
        self._open[key] = problem
        if problem.kind in REPORTED:
            self.reports.append(self._report(key, problem, v, version))
        return Change(ChangeKind.OPENED, problem.opened_at, problem)

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

    def _end(self, key: Key, ending: Ending) -> Change:
        problem = self._open.pop(key)
        at = ending.cause.recorded_at
        field = "withdrawn_at" if ending.is_withdrawal else "cleared_at"
        ended = msgspec.structs.replace(problem, ended_by=ending.cause, **{field: at})
        if not ending.is_withdrawal and key[0] in self._refutable:
            self._cleared[key] = ended
        return Change(_CHANGE_OF[ending.is_withdrawal], at, ended)

    def _refute(self, key: Key, cause: Cause) -> Change | None:
        problem = self._cleared.pop(key, None)
        if problem is None:
            return None
        at = cause.recorded_at
        refuted = msgspec.structs.replace(problem, withdrawn_at=at, ended_by=cause)
        return Change(ChangeKind.WITHDRAWN, at, refuted)


def _ends(v: Versions, settled: Settled) -> Iterator[Edge]:
    version, detector = settled.ended.version, settled.ended.detector
    never_was = v.cause[version] >> KIND_BITS <= settled.due[detector, version - 1]
    never_was |= _taken_back(settled, detector, version)
    causes = caused(v, version)
    for i, number, cause, is_withdrawal in zip(
        version.tolist(), detector.tolist(), causes, never_was.tolist(), strict=True
    ):
        yield i, ENDED, number, Ending(cause, is_withdrawal)


def _taken_back(settled: Settled, detector: Numbers, version: Numbers) -> Flags:
    """Return which ends are those of problems that have been taken back by then."""
    back = np.zeros(version.size, np.bool_)
    for number, flags in settled.taken_back.items():
        back |= (detector == number) & flags[version]
    return back


def _refutations(v: Versions, settled: Settled) -> Iterator[Edge]:
    version, detector = settled.refuted.version, settled.refuted.detector
    for i, number, cause in zip(
        version.tolist(), detector.tolist(), caused(v, version), strict=True
    ):
        yield i, REFUTED, number, cause
