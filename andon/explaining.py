"""What happened to one order, and what was made of it: from the journal, or from recordings."""

import json
import tempfile
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from andon.config import read_config
from andon.replaying import Wanted, replay_sources
from andon.wiring import (
    KINDS,
    NotPossible,
    build_detectors,
    has_ledger,
    open_ledger,
    read_playbook,
)
from schemas.codec import Decoder
from schemas.events import TYPE_NAME, ContactLinked, Event
from schemas.problems import Problem
from schemas.times import iso
from streams.engine import Batch
from streams.explain import Explanation, explain
from streams.folder import Folder
from streams.journal import Journal
from streams.recordings import find

POPULATION_KINDS: Final = tuple(kind for kind in KINDS if kind.startswith("sku-"))
"""Problems of many orders that one order may be a part of."""

_PIECE: Final = 1 << 21
_NOT_SHOWN: Final = frozenset({"type", "id", "time", "source", "recordedtime", "order_id"})


class UnknownOrder(NotPossible):
    """No event names the order."""


@dataclass(frozen=True, slots=True)
class Account:
    """An order's events with the times (ms UTC) they were recorded, and what was made of them."""

    order_id: str
    events: list[tuple[int, Event]]
    explanation: Explanation

    def rows(self) -> list[dict[str, object]]:
        """Return one JSON object for each detector's answer about each row of the order."""
        return self.explanation.rows()

    def text(self) -> str:
        """Return the account as people read it: what happened, then what was made of it."""
        return "\n".join([*self._happened(), "", *self.explanation.lines()])

    def _happened(self) -> Iterator[str]:
        for recorded, event in self.events:
            yield f"{iso(recorded)}  {TYPE_NAME[type(event)]:24} {_said(event)}"


@dataclass(frozen=True, slots=True)
class _Told:
    """An order's lines, the clock (ms UTC) up to which they tell, problems of populations."""

    lines: list[bytes]
    clock: int
    populations: list[Problem]


def explain_order(
    order_id: str, paths: Sequence[Path], data: Path | None, playbook: Path | None
) -> Account:
    """Return the account of an order from ``paths``, or from the journal if there are none.

    Raises:
        UnknownOrder: Nothing is known of the order.
        JournalError: There is no journal yet.
    """
    folder = Folder(data or Path(read_config().data))
    told = _from_files(order_id, paths, playbook) if paths else _from_journal(order_id, folder)
    events = _events(told.lines, order_id)
    if all(getattr(event, "order_id", "") != order_id for event in events.events):
        raise UnknownOrder(f"nothing is known of order {order_id}: is it spelt as in its events?")
    book = read_playbook(playbook)
    explanation = explain(
        order_id,
        events,
        build_detectors(book),
        until=told.clock,
        others=told.populations,
        locale=book.form.messages.locale,
    )
    pairs = zip(events.recorded.tolist(), events.events, strict=True)
    return Account(order_id, sorted(pairs, key=lambda pair: pair[0]), explanation)


def _events(lines: Sequence[bytes], order_id: str) -> Batch:
    """Return the order's events, and those of contacts without an order, in ``lines``."""
    decoded = Decoder().decode_lines(b"\n".join(lines))
    named = [getattr(event, "order_id", "") for event in decoded.events]
    mine = [i for i, name in enumerate(named) if name in (order_id, "")]
    events = [decoded.events[i] for i in mine]
    return Batch(events, decoded.occurred[mine], decoded.recorded[mine])


def _from_journal(order_id: str, folder: Folder) -> _Told:
    with Journal.reader(folder.journal) as journal:
        lines = [journal.order_lines(order_id)]
        linked = _linked(lines)
        customers = sorted({event.customer_id for event in linked})
        others = [journal.order_lines(f"customer {customer}") for customer in customers]
        clock = journal.floor + 1
    lines += _naming({event.contact_id for event in linked}, others)
    return _Told(lines, clock, _populations(folder))


def _populations(folder: Folder) -> list[Problem]:
    if not has_ledger(folder):
        return []
    with open_ledger(folder) as ledger:
        return [problem for kind in POPULATION_KINDS for problem in ledger.problems(kind=kind)]


def _from_files(order_id: str, paths: Sequence[Path], playbook: Path | None) -> _Told:
    lines = _lines_naming({order_id}, paths)
    if contacts := {event.contact_id for event in _linked(lines)}:
        lines += _lines_naming(contacts, paths)
    replayed = replay_sources(Wanted(paths, playbook))
    populations = [problem for problem in replayed.problems if problem.kind in POPULATION_KINDS]
    return _Told(lines, _end_of(paths), populations)


def _lines_naming(names: set[str], paths: Sequence[Path]) -> list[bytes]:
    with tempfile.TemporaryDirectory(prefix="andon-") as scratch:
        recordings = find(paths, Path(scratch))
        pieces = (piece.text for found in recordings for piece in found.pieces(_PIECE))
        return list(_naming(names, pieces))


def _linked(lines: Sequence[bytes]) -> list[ContactLinked]:
    decoded = Decoder().decode_lines(b"\n".join(lines))
    return [event for event in decoded.events if isinstance(event, ContactLinked)]


def _end_of(paths: Sequence[Path]) -> int:
    """Return the moment after the newest event at the end of a recording, ms UTC."""
    newest = 0
    with tempfile.TemporaryDirectory(prefix="andon-") as scratch:
        for found in find(paths, Path(scratch)):
            last = deque((piece.text for piece in found.pieces(_PIECE)), maxlen=1)
            recorded = Decoder().decode_lines(b"".join(last)).recorded
            newest = max(newest, found.decided - 1, int(recorded.max(initial=0)))
    return newest + 1


def _naming(names: Iterable[str], texts: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the lines in which one of ``names`` stands as a JSON string."""
    wanted = [json.dumps(name).encode() for name in names]
    for text in texts:
        if any(name in text for name in wanted):
            yield from (line for line in text.split(b"\n") if any(name in line for name in wanted))


def _said(event: Event) -> str:
    fields = msgspec.to_builtins(event)
    return " ".join(f"{k}={_short(v)}" for k, v in fields.items() if k not in _NOT_SHOWN)


def _short(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
