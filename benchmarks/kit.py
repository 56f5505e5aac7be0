"""The peer kit's three jobs on its own events, with the product's tables, folds and episodes.

    python -m benchmarks.kit EVENTS.jsonl ALERTS.csv

- J1: third ``wrong_item`` return of a SKU within 7 days, once per episode; a return names an order.
- J2: lanes late more than twice as often as all lanes on one day (UTC), of 20 deliveries or more.
- J3: parcels neither scanned nor delivered within 72 hours of dispatch.

All on event time: what is newer than an hour before the newest event waits, because the kit's
events arrive up to an hour late. No event id is read, because folds do not mind repeats.
"""

import gc
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import compress
from pathlib import Path
from typing import Any, ClassVar, Final

import msgspec
import numpy as np

from detectors.journeys.episodes import settle
from detectors.journeys.folds import First, Min, Numbers, Recent
from detectors.journeys.ids import OrderIds
from detectors.journeys.names import Interned
from detectors.journeys.rows import Rows, when
from detectors.journeys.store import BLOCK, Store
from detectors.journeys.streams import Stream, causes
from detectors.journeys.tables import Table
from detectors.journeys.versions import Versions, stored, versions
from detectors.journeys.vocabulary import Vocabulary
from detectors.question import Question
from schemas.problems import Severity
from schemas.stamps import parse
from schemas.times import DAY, HOUR, NEVER, Flags, Times

CHUNK: Final = 5 << 19
"""Bytes decoded at a time: some ten thousand events."""

LATENESS: Final = HOUR
FOREVER: Final = 1 << 41
LEAST: Final = 20
"""Deliveries of a lane on a day below which its share says nothing."""

Alert = tuple[str, str, int]
"""Job, subject, ms UTC."""


# ----- what is read -----


class Seen(msgspec.Struct, gc=False, tag_field="type"):
    """What every event of the kit has that is needed."""

    ts: str


class Placed(Seen, gc=False, tag="order_placed"):
    """An order of one SKU."""

    order_id: str
    sku: str


class Dispatched(Seen, gc=False, tag="shipment_dispatched"):
    """A parcel on its way."""

    shipment_id: str
    lane: str
    promised_at: str


class Scanned(Seen, gc=False, tag="carrier_scan"):
    """A parcel seen on its way."""

    shipment_id: str


class Delivered(Seen, gc=False, tag="shipment_delivered"):
    """A parcel that arrived."""

    shipment_id: str


class Returned(Seen, gc=False, tag="return_requested"):
    """An order that comes back."""

    order_id: str
    reason: str


class Contacted(Seen, gc=False, tag="contact_opened"):
    """A customer in touch; no job asks about it."""


KINDS: Final[tuple[type[Seen], ...]] = (Placed, Dispatched, Scanned, Delivered, Returned, Contacted)
_CODE: Final[dict[type, int]] = {kind: code for code, kind in enumerate(KINDS)}
_ONLY: Final = [bytes(code == other for other in range(256)) for code in range(len(KINDS))]
_DECODER: Final = msgspec.json.Decoder(
    Placed | Dispatched | Scanned | Delivered | Returned | Contacted
)


# ----- what is known -----


class Orders(Rows):
    """One row per order."""

    sku = First()
    complained_at = Min()


class Parcels(Rows):
    """One row per parcel."""

    dispatched_at = Min()
    moved_at = Min()
    delivered_at = Min()
    promised_by = Min()
    lane = First()


class Skus(Rows):
    """One row per SKU."""

    complaints = Recent(3)


# ----- what is asked -----


@dataclass(frozen=True, slots=True)
class Silent:
    """J3: nothing seen of a parcel for 72 hours from its dispatch."""

    kind: ClassVar[str] = "J3"
    version: ClassVar[str] = "1"
    table: ClassVar[Table] = Table.SHIPMENT
    severity: ClassVar[Severity] = Severity.WARNING
    evidence: ClassVar[tuple[str, ...]] = ()

    def due(self, parcel: Parcels) -> Times:
        """Return the end of the silence, ms UTC."""
        limit = parcel.dispatched_at + 72 * HOUR
        return when((parcel.dispatched_at < NEVER) & (parcel.moved_at > limit), limit)


@dataclass(frozen=True, slots=True)
class ThirdComplaint:
    """J1: the last three complaints about a SKU lie within 7 days."""

    kind: ClassVar[str] = "J1"
    version: ClassVar[str] = "1"
    table: ClassVar[Table] = Table.LINE
    severity: ClassVar[Severity] = Severity.WARNING
    evidence: ClassVar[tuple[str, ...]] = ()

    def due(self, sku: Skus) -> Times:
        """Return the time of the last complaint where it is one too many, ms UTC."""
        last, third = sku.recent("complaints", 0), sku.recent("complaints", 2)
        return when((third > 0) & (last - third <= 7 * DAY), last)


class Asked:
    """A table of the kit, what waits to be folded into it, and one question about its rows."""

    def __init__(self, rows: type[Rows], question: Question | None = None) -> None:
        self.store = Store(rows)
        self._questions = [question] if question else []
        self._words = Vocabulary()
        self._waiting: list[Stream] = []

    def write(self, rows: Numbers, at: Times, **values: Numbers) -> None:
        """Let something be said of ``rows`` that happened ``at`` (ms UTC)."""
        if rows.size:
            self.store.extend(int(rows.max()) + 1)
            self._waiting.append(Stream(rows, at, causes(at, 0), values))

    def versions(self, until: int) -> Versions | None:
        """Fold what happened before ``until`` (ms UTC)."""
        ripe, self._waiting = _parted(self._waiting, until)
        return versions(self.store, ripe, until, self._words) if ripe else None

    def opened(self, v: Versions | None, since: int, until: int) -> Iterator[tuple[int, int]]:
        """Yield the row and time of every problem that began in [``since``, ``until``), ms UTC."""
        if v is not None:
            yield from self._opened(v, since, until)
        late = self._overdue(until)
        if late.size:
            yield from self._opened(stored(self.store, late, until, self._words), since, until)

    def _opened(self, v: Versions, since: int, until: int) -> Iterator[tuple[int, int]]:
        settled = settle(v, self._questions, since, until, FOREVER)
        touched = v.row[v.lasts]
        self.store.due.values[touched] = settled.look_again
        np.minimum.at(self.store.earliest, touched // BLOCK, settled.look_again)
        for edge in settled.opened.version.tolist():
            yield int(v.row[edge]), int(settled.due[0, edge])

    def _overdue(self, until: int) -> Numbers:
        blocks = (self.store.earliest < until).nonzero()[0]
        rows = (blocks[:, None] * BLOCK + np.arange(BLOCK)).ravel()
        rows = rows[rows < self.store.count]
        due = self.store.due.values[rows]
        if blocks.size:
            waiting = np.where(due < until, NEVER, due)
            starts = np.arange(blocks.size) * BLOCK
            self.store.earliest[blocks] = np.minimum.reduceat(waiting, starts)
        overdue: Numbers = rows[due < until]
        return overdue


def _parted(streams: Sequence[Stream], until: int) -> tuple[list[Stream], list[Stream]]:
    """Return what of ``streams`` happened before ``until``, and the rest."""
    ripe, rest = [], []
    for stream in streams:
        before = stream.at < until
        if before.all():
            ripe.append(stream)
        else:
            ripe += _some(stream, before)
            rest += _some(stream, ~before)
    return ripe, rest


def _some(stream: Stream, wanted: Flags) -> list[Stream]:
    index = wanted.nonzero()[0]
    return [stream.take(index, stream.rows[index], list(stream.values))] if index.size else []


class Jobs:
    """J1, J2 and J3 over batches of lines."""

    def __init__(self) -> None:
        self.clock = 0
        self.newest = 0
        self._order_ids, self._parcel_ids = OrderIds(), OrderIds()
        self._skus, self._lanes = Interned[str](), Interned[str]()
        self._orders = Asked(Orders)
        self._parcels = Asked(Parcels, Silent())
        self._of_sku = Asked(Skus, ThirdComplaint())
        self._arrived = [np.empty((3, 0), np.int64)]
        """Lane, day and whether it was late of each delivery on a day that is not over."""

    def take(self, text: bytes) -> Iterator[Alert]:
        """Take in lines; yield the alerts that are certain by now."""
        self._read(text)
        return self._decide(self.newest - LATENESS)

    def flush(self) -> Iterator[Alert]:
        """Yield the alerts up to and including the newest event: nothing more will come."""
        return self._decide(self.newest + 1)

    # ----- in -----

    def _read(self, text: bytes) -> None:
        events = _DECODER.decode_lines(text)
        codes = bytes(map(_CODE.__getitem__, map(type, events)))
        times = parse([event.ts for event in events])[0]
        self.newest = max(self.newest, int(times.max()))
        code = np.frombuffer(codes, np.uint8)
        some: list[Any] = [list(compress(events, codes.translate(only))) for only in _ONLY]
        at = [times[code == number] for number in range(len(KINDS))]
        self._read_orders(some[0], at[0], some[4], at[4])
        self._read_parcels((some[1], some[2], some[3]), at[1:4])

    def _read_orders(
        self, placed: Sequence[Placed], at: Times, returned: Sequence[Returned], back_at: Times
    ) -> None:
        wrong = np.array([one.reason == "wrong_item" for one in returned], np.bool_)
        ids = [one.order_id for one in placed]
        ids += [one.order_id for one in compress(returned, wrong)]
        rows = self._order_ids.rows(ids)
        skus = self._skus.codes([one.sku for one in placed])
        self._orders.write(rows[: len(placed)], at, sku=skus)
        self._orders.write(rows[len(placed) :], back_at[wrong], complained_at=back_at[wrong])

    def _read_parcels(
        self,
        events: tuple[Sequence[Dispatched], Sequence[Scanned], Sequence[Delivered]],
        at: Sequence[Times],
    ) -> None:
        sent, seen, _ = events
        rows = self._parcel_ids.rows([one.shipment_id for some in events for one in some])
        parts = np.split(rows, [len(sent), len(sent) + len(seen)])
        promises = parse([one.promised_at for one in sent])[0]
        lanes = self._lanes.codes([one.lane for one in sent])
        self._parcels.write(parts[0], at[0], dispatched_at=at[0], promised_by=promises, lane=lanes)
        self._parcels.write(parts[1], at[1], moved_at=at[1])
        self._parcels.write(parts[2], at[2], moved_at=at[2], delivered_at=at[2])

    # ----- out -----

    def _decide(self, until: int) -> Iterator[Alert]:
        if until <= self.clock:
            return
        v = self._parcels.versions(until)
        for row, at in self._parcels.opened(v, self.clock, until):
            yield "J3", self._parcel_ids.texts[row], at
        if v is not None:
            self._arrived.append(_deliveries(v))
        yield from self._late_lanes(until)
        self._complain(self._orders.versions(until))
        complaints = self._of_sku.versions(until)
        for row, at in self._of_sku.opened(complaints, self.clock, until):
            yield "J1", self._skus.values[row], at
        self.clock = until

    def _complain(self, v: Versions | None) -> None:
        """Pass every complaint on to the SKU of its order."""
        if v is None:
            return
        sku, at = v.rows.column("sku"), v.rows.column("complained_at")
        new = became(v, (sku >= 0) & (at < NEVER))
        self._of_sku.write(sku[new], at[new], complaints=v.row[new])

    def _late_lanes(self, until: int) -> Iterator[Alert]:
        """Yield the lanes that were late on the days that are over."""
        lane, day, late = np.concatenate(self._arrived, axis=1)
        over = (day + 1) * DAY <= until
        self._arrived = [np.stack((lane, day, late))[:, ~over]]
        for today in np.unique(day[over]).tolist():
            here = over & (day == today)
            count = np.bincount(lane[here])
            bad = np.bincount(lane[here], late[here])
            share = bad.sum() / count.sum()
            guilty = (count >= LEAST) & (bad > 2 * share * count)
            for code in guilty.nonzero()[0].tolist():
                yield "J2", self._lanes.values[code], today * DAY


def became(v: Versions, known: Flags) -> Numbers:
    """Return the versions at which something became ``known`` that was not before."""
    return (v.changed(known.astype(np.int64)) > 0).nonzero()[0]


def _deliveries(v: Versions) -> Numbers:
    """Return lane, day and lateness of every parcel that became known to have arrived."""
    lane, at = v.rows.column("lane"), v.rows.column("delivered_at")
    new = became(v, (lane >= 0) & (at < NEVER))
    late = at[new] > v.rows.column("promised_by")[new]
    return np.stack((lane[new], at[new] // DAY, late.astype(np.int64)))


def chunks(path: Path) -> Iterator[bytes]:
    """Yield whole lines of ``path``, about ``CHUNK`` bytes at a time."""
    with path.open("rb") as file:
        while text := file.read(CHUNK):
            yield text + file.readline()


def alerts(texts: Iterable[bytes]) -> Iterator[Alert]:
    """Yield every alert about the events in ``texts``."""
    jobs = Jobs()
    for text in texts:
        yield from jobs.take(text)
    yield from jobs.flush()


def main() -> None:
    """Write the alerts about one file of the kit into another."""
    gc.disable()
    found = alerts(chunks(Path(sys.argv[1])))
    with Path(sys.argv[2]).open("w", encoding="utf-8") as out:
        out.writelines(f"{job},{subject},{at}\n" for job, subject, at in found)


if __name__ == "__main__":
    main()
