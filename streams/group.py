"""A partition group: the same-numbered partitions of all input topics, read as one log.

Kafka-free: records in, accounts out. Topics meet by recorded time: the group decides up to the
smallest moment that all its topics have passed. What waits has not touched the state, so the state
and the offsets of what waits are at any time a consistent snapshot.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from detectors.journeys.journeys import Typed
from schemas.codec import Decoded, Decoder, encode
from schemas.events import ContactAnswered, ContactOpened, Customer, Event, OrderPlaced
from streams.accounts import Offsets, Telling, telling_of
from streams.partition import Account, Partition, by_type
from streams.tracing import MOST_ORIGINS, Origins
from streams.waiting import Piece, Promise, Tail, floors
from streams.wire import DeadLetter, again_of, clock_of, is_end

LIVE, LOG = "live", "log"
"""Which clock counts: the broker's (log-append time), or in recordings the one in the events."""

CATALOGUE: Final = -1
"""Number of the group that reads the catalogue: events of SKUs and sellers, for the judge alone."""

CONTACTS: Final = (ContactOpened, ContactAnswered)
REMEMBERED: Final = 100_000
"""Customers of whom is remembered what was told; telling again does no harm."""

NO_VALUE: Final = "a record without a value: events are JSON objects"


Said = list[tuple[int, Event]]


class Record(Protocol):
    """A record as Kafka's clients hand it over."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Settled:
    """What a step of a group decided, of which stretch of recorded time (ms UTC)."""

    since: int
    until: int
    account: Account
    offsets: Offsets
    is_end: bool
    said: Said
    """What is worth telling whoever decides: when it was recorded (ms UTC), and the event."""
    orders: int
    """How many orders were placed."""

    def telling(self, number: int, of: int) -> Telling:
        """Return what it tells the judge as a step of the group ``number``, one of ``of``."""
        return telling_of(
            self.account,
            partition=number,
            of=of,
            since=self.since,
            until=self.until,
            offsets=self.offsets,
            is_end=self.is_end,
            said=[(at, encode(event).decode()) for at, event in self.said],
            orders=self.orders,
        )


class News:
    """Picks what whoever decides must hear: contacts, and what is new about customers."""

    def __init__(self) -> None:
        """Start knowing no customer."""
        self._known: dict[str, Customer] = {}
        self._alike: dict[Customer, Customer] = {}
        """One of all that are equal: few tiers, locales and channels are said over and over."""

    def of(self, typed: Sequence[Typed]) -> Said:
        """Return the events to tell by recorded time (ms UTC), whichever topic had them."""
        told: Said = []
        for kind, some, _, recorded in typed:
            if kind is OrderPlaced or kind in CONTACTS:
                told += zip(recorded.tolist(), some, strict=True)
        told.sort(key=lambda one: (one[0], one[1].id))
        return [one for one in told if self._is_worth_telling(one[1])]

    def _is_worth_telling(self, event: Event) -> bool:
        return not isinstance(event, OrderPlaced) or self._is_new(event)

    def _is_new(self, order: OrderPlaced) -> bool:
        customer = order.customer
        if not (customer and (customer.tier or customer.locale or customer.channel)):
            return False
        if self._known.get(order.customer_id) == customer:
            return False
        if len(self._known) >= REMEMBERED:
            self._known.clear()
            self._alike.clear()
        self._known[order.customer_id] = self._alike.setdefault(customer, customer)
        return True


class Group:
    """The state of one partition number, and what was read for it."""

    def __init__(
        self,
        number: int,
        state: Partition,
        offsets: Mapping[str, int],
        clock: str = LIVE,
        answered: int = 0,
    ) -> None:
        """Go on from ``offsets`` (by topic), up to which ``state`` knows everything.

        Whoever asked before the offset ``answered`` to be told again was told, or is being told.
        """
        self.number = number
        self.state = state
        self.answered = answered
        self.again: int | None = None
        """Since when (ms UTC) all must be told again, from an older state; ``None``: all is well.
        """
        self.tails = {topic: Tail(offset, state.clock) for topic, offset in offsets.items()}
        self._is_log = clock == LOG
        self._decoder = Decoder()
        self._decided = dict(offsets)
        self._is_end = False
        self._news = News()
        self.origins = Origins()
        """The spans in which what waits was sent."""

    @property
    def count(self) -> int:
        """How many events wait."""
        return sum(tail.count for tail in self.tails.values())

    @property
    def offsets(self) -> dict[str, int]:
        """Where reading must begin again to go on from the state as it is."""
        return {topic: tail.resume_at() for topic, tail in self.tails.items()}

    # ----- reading -----

    def take(self, topic: str, records: Sequence[Record]) -> list[DeadLetter]:
        """Take in records of ``topic`` in the order of their offsets; return what is no event.

        Records that were read before are passed over; the judge's wishes are noted in ``again``.
        """
        tail = self.tails[topic]
        letters: list[DeadLetter] = []
        sound: list[Record] = []
        clocks: list[Promise] = []
        for record in records:
            if record.offset < tail.next_offset:
                continue
            if record.headers and (clock := clock_of(record.headers)) is not None:
                ends = is_end(record.headers)
                clocks.append(Promise(len(sound), record.offset, clock, ends))
            elif record.headers and (since := again_of(record.headers)) is not None:
                self._heed(record.offset, since)
            elif record.value and not record.value.isspace():
                sound.append(record)
            else:
                letters.append(self._letter(topic, record, NO_VALUE, "$"))
        # Only recordings are played with clocks: live, the broker's stamps alone make time pass.
        letters += self._add(topic, tail, sound, clocks if self._is_log else [])
        if records:
            tail.next_offset = max(tail.next_offset, records[-1].offset + 1)
        return letters

    def _heed(self, offset: int, since: int) -> None:
        """Note that all ``since`` a moment (ms UTC) is wanted again, if it has been told."""
        if offset >= self.answered and since < self.state.clock:
            self.again = since if self.again is None else min(self.again, since)

    def _add(
        self, topic: str, tail: Tail, records: Sequence[Record], clocks: Sequence[Promise]
    ) -> list[DeadLetter]:
        decoded, at, letters = self._decode(topic, records)
        if decoded.events:
            tail.is_end = False
            offsets = np.array([records[i].offset for i in at], np.int64)
            stamps = (
                decoded.recorded
                if self._is_log
                else np.array([records[i].timestamp for i in at], np.int64)
            )
            tail.add(Piece(decoded.events, decoded.occurred, stamps, offsets), floors(at, clocks))
            traced = [(n, records[i]) for n, i in enumerate(at) if records[i].headers]
            self._note_origins(traced, tail.waiting[-1])
        for clock in clocks:
            tail.promise(clock.clock)
            tail.clocks.append((clock.offset, clock.clock))
        if clocks and not any(place >= clocks[-1].place for place in at[-1:]):
            tail.is_end = clocks[-1].is_end
        return letters

    def _note_origins(self, traced: Sequence[tuple[int, Record]], piece: Piece) -> None:
        """Remember in which traces events were sent, of the newest ones: a step links to no more.

        ``traced`` have headers, each with its place in ``piece``. Each is held until its moment is
        decided.
        """
        for place, record in traced[-MOST_ORIGINS:]:
            moment = int(piece.recorded[place])
            self.origins.note(record.headers, moment, moment)

    def _decode(
        self, topic: str, records: Sequence[Record]
    ) -> tuple[Decoded, Sequence[int], list[DeadLetter]]:
        """Return the events of ``records``, the place of each, and what is none."""
        text = b"\n".join(_one_line(record.value or b"") for record in records)
        decoded = self._decoder.decode_lines(text)
        bad = {one.position for one in decoded.rejected}
        at = [i for i in range(len(records)) if i not in bad] if bad else range(len(records))
        letters = [
            self._letter(topic, records[one.position], one.reason, one.path)
            for one in decoded.rejected
        ]
        return decoded, at, letters

    def _letter(self, topic: str, record: Record, reason: str, path: str) -> DeadLetter:
        return DeadLetter(
            topic,
            self.number,
            record.offset,
            reason,
            path,
            record.key,
            record.value,
            tuple(record.headers or ()),
        )

    def pass_time(self, topic: str, clock: int) -> None:
        """Believe that ``topic`` was read to its end, and that it was ``clock`` then (ms UTC)."""
        if not self._is_log:
            self.tails[topic].promise(clock)

    # ----- deciding -----

    @property
    def passed(self) -> int:
        """The moment (ms UTC) that all topics have passed."""
        return min(tail.passed for tail in self.tails.values())

    @property
    def has_news(self) -> bool:
        """Whether anything can be decided that is not."""
        ended = all(tail.is_end for tail in self.tails.values())
        return self.passed > self.state.clock or ended != self._is_end

    def settle(self) -> Settled:
        """Decide strictly before the moment that all topics have passed."""
        since, until = self.state.clock, max(self.passed, self.state.clock)
        every: list[Typed] = []
        for piece in filter(None, [tail.take(until) for tail in self.tails.values()]):
            typed = by_type(piece.events, piece.occurred, piece.recorded, until)
            self.state.counts["events"] += len(piece.events)
            self.state.write(typed)
            every += typed
        account = self.state.settle(until)
        self._is_end = all(tail.is_end for tail in self.tails.values())
        for tail in self.tails.values():
            if self._is_end or not tail.is_end:
                tail.forget_clocks(until)
        before, self._decided = self._decided, self.offsets
        offsets = {topic: (before[topic], after) for topic, after in self._decided.items()}
        said = self._news.of(every)
        orders = sum(len(some) for kind, some, *_ in every if kind is OrderPlaced)
        return Settled(since, until, account, offsets, self._is_end, said, orders)


def _one_line(value: bytes) -> bytes:
    """Return JSON without line breaks; between values they are but white space."""
    return value if b"\n" not in value else value.replace(b"\n", b" ")
