"""The journeys of one partition: batches of events in, beginnings and ends of problems out."""

from collections.abc import Callable, Sequence
from itertools import chain
from typing import cast

import numpy as np

from detectors.journeys.book import CUSTOMER_KEY, Book
from detectors.journeys.episodes import Settled, settle
from detectors.journeys.findings import Decided, Findings
from detectors.journeys.folds import Fold, Numbers
from detectors.journeys.hearing import Hearing
from detectors.journeys.names import UNKNOWN
from detectors.journeys.rollups import ROLLUPS, Rollup
from detectors.journeys.store import BLOCK, Store
from detectors.journeys.streams import KIND, Happenings, Stream, causes
from detectors.journeys.tables import ROWS, Table
from detectors.journeys.thrift import Thrift
from detectors.journeys.versions import Versions, stored, versions
from detectors.journeys.vocabulary import Vocabulary
from detectors.journeys.writes import WRITES
from detectors.observations import Exposures, Reports
from detectors.population.defects import Defect
from detectors.question import Question
from schemas.events import ContactEvent, ContactOpened, Event
from schemas.problems import Change
from schemas.times import DAY, NEVER, Times

LATEST = DAY
"""How far after its recorded time an event may claim to have occurred, ms; more is cut to it."""


Typed = tuple[type[Event], Sequence[Event], Times, Times]
"""Events of one type, with their occurred and recorded times (ms UTC)."""

Watch = Callable[[Table, Versions, Settled], None]
"""Told of every version that was decided on, and what was decided."""

KEYED_BY_CUSTOMER = (ContactOpened, ContactEvent)
"""Event types that may name no order; then they belong to a journey of their customer."""


def journey_keys(kind: type[Event], events: Sequence[Event]) -> list[str]:
    """Return whose journey each event belongs to: its order's, or its customer's without one.

    ``events`` are all of one ``kind``, which is a key of ``WRITES``.
    """
    some = cast("Sequence[ContactEvent]", events)
    if issubclass(kind, KEYED_BY_CUSTOMER):
        return [x.order_id or CUSTOMER_KEY + x.customer_id for x in some]
    return [x.order_id for x in some]


class Journeys:
    """Every journey of a partition, and the problems about them."""

    def __init__(
        self,
        detectors: Sequence[Question],
        horizon: int,
        watch: Watch | None = None,
        defects: Sequence[Defect] = (),
    ) -> None:
        """Start empty; a journey is forgotten ``horizon`` ms after its last event.

        ``defects`` are counted for the judge, see :mod:`detectors.journeys.hearing`.
        """
        self.book = Book(horizon)
        self.detectors = {table: [d for d in detectors if d.table is table] for table in ROWS}
        self.findings = Findings(self.book, detectors)
        self._hearing = Hearing(self.book, defects, self.detectors)
        self._watch = watch
        self.clock = 0
        """Everything strictly before is decided, ms UTC."""

    def write(self, events: Sequence[Typed]) -> None:
        """Take in events by type with their occurred and recorded times (ms UTC).

        They are not before ``clock``, and before what is settled next.
        """
        if not events:
            return
        recorded = np.concatenate([part[3] for part in events])
        occurred = self._sane(np.concatenate([part[2] for part in events]), recorded)
        keys = list(chain.from_iterable(journey_keys(kind, some) for kind, some, *_ in events))
        rows = self.book.order_rows(keys, recorded)
        start = 0
        for kind, some, _, at in events:
            end = start + len(some)
            cause = causes(occurred[start:end], KIND[kind])
            WRITES[kind](self.book, some, Happenings(rows[start:end], at, cause))
            start = end

    def settle(self, until: int) -> list[Change]:
        """Decide strictly before ``until``, ms UTC.

        Problems are worded last, when it is known whose orders they are about.
        """
        self.book.hand_all_down()
        told = {table: v for table in Table if (v := self._told(table, until)) is not None}
        asked = self._hearing.asked
        decided = [self._decide(t, v, until) for t, v in told.items() if asked[t].questions]
        self.clock = until
        orders = told.get(Table.ORDER)
        self._hearing.note(orders)
        return [change for one in decided for change in self.findings.changes(one, orders)]

    def forget(self, thrift: Thrift) -> None:
        """Give back the memory of forgotten journeys if there are enough of them to pay for it.

        Whether and when that is done changes no answer. Row numbers are others afterwards.
        """
        oldest = self.clock - self.book.horizon
        if thrift.pays(self.book.forgotten(oldest), len(self.book.orders)):
            kept = self.book.forget(oldest)
            self.findings.forget(kept)
            self._hearing.forget(kept)

    def heard(self) -> tuple[Exposures, Reports, Vocabulary]:
        """Return what became known of units and defects since this was last asked."""
        return self._hearing.told()

    def _sane(self, occurred: Times, recorded: Times) -> Times:
        ahead = int(np.count_nonzero(occurred > recorded + LATEST))
        if not ahead:
            return occurred
        self.book.counts["from the future: clamped"] += ahead
        return np.minimum(occurred, recorded + LATEST)

    def _told(self, table: Table, until: int) -> Versions | None:
        """Return the versions of the rows that something was told of, or that are overdue."""
        store = self.book.stores[table]
        streams, late = self.book.taken(table), self._overdue(store, until)
        if streams:
            v = versions(store, streams, until, self.book.words, late)
            self._roll_up(table, v)
            return v
        return stored(store, late, until, self.book.words) if late.size else None

    def _decide(self, table: Table, v: Versions, until: int) -> Decided:
        store, detectors = self.book.stores[table], self.detectors[table]
        questions = self._hearing.asked[table].questions
        settled = settle(v, questions, self.clock, until, self.book.horizon)
        touched = v.row[v.lasts]
        store.due.values[touched] = settled.look_again
        np.minimum.at(store.earliest, touched // BLOCK, settled.look_again)
        if self._watch:
            self._watch(table, v, settled)
        self._hearing.hear(table, v, settled)
        return Decided(table, detectors, v, settled.first(len(detectors)))

    def _overdue(self, store: Store, until: int) -> Numbers:
        """Return the rows to look at although nothing happened to them, and tidy the due index."""
        blocks = (store.earliest < until).nonzero()[0]
        if not blocks.size:
            return blocks
        due = store.due.values
        rows = (blocks[:, None] * BLOCK + np.arange(BLOCK)).ravel()
        rows = rows[rows < store.count]
        late = due[rows] < until
        waiting = np.where(late, NEVER, due[rows])
        store.earliest[blocks] = np.minimum.reduceat(waiting, np.arange(blocks.size) * BLOCK)
        overdue: Numbers = rows[late]
        return overdue

    def _roll_up(self, table: Table, v: Versions) -> None:
        """Write to parents what became known of this table's rows.

        Rare facts are written apart from the others, so that only rows that have them pay.
        """
        together: dict[tuple[Table, bool], list[Rollup]] = {}
        for rollup in ROLLUPS:
            if rollup.child is table:
                together.setdefault((rollup.target, rollup.fact.rare), []).append(rollup)
        for (target, _), rollups in together.items():
            self._roll_up_to(target, table, v, rollups)

    def _roll_up_to(
        self, target: Table, table: Table, v: Versions, rollups: Sequence[Rollup]
    ) -> None:
        measures = [rollup.measure(v.rows) for rollup in rollups]
        changes = [v.changed(measure) for measure in measures]
        became = np.logical_or.reduce([change != 0 for change in changes]).nonzero()[0]
        if not became.size:
            return
        told = zip(rollups, measures, changes, strict=True)
        values = {r.fact.name: _told(r.fact.fold, m, c)[became] for r, m, c in told}
        rows = self.book.chains[table, target].parent.values[v.row[became]].astype(np.int64)
        stream = Stream(rows, v.at[became], v.cause[became], values)
        self.book.write(target, stream)
        self.book.hand_down(target, stream)


def _told(fold: Fold, measure: Numbers, change: Numbers) -> Numbers:
    """Return what each version of a child writes to its parent."""
    if fold is Fold.SUM:
        return change
    if fold in (Fold.FIRST, Fold.LAST):
        return np.where(change != 0, measure, UNKNOWN)
    return measure
