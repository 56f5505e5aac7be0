"""What happened to one order, and what was made of it: from the journal, or from recordings."""

import json
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from andon.config import read_config
from andon.wiring import NotPossible, build_engine, read_playbook
from schemas.codec import Decoded, Decoder
from schemas.events import TYPE_NAME, ContactLinked, Event
from schemas.problems import Problem, plain
from schemas.times import iso
from streams.engine import Batch
from streams.folder import Folder
from streams.journal import Journal
from streams.recordings import find

_PIECE = 1 << 21
_NOT_SHOWN = frozenset({"id", "time", "source", "recordedtime", "order_id"})


@dataclass(frozen=True, slots=True)
class Account:
    """An order's events with the times (ms UTC) they were recorded, and its problems."""

    order_id: str
    events: list[tuple[int, Event]]
    problems: list[Problem]

    def rows(self) -> list[dict[str, object]]:
        """Return the problems as JSON objects."""
        return [plain(problem) for problem in self.problems]

    def text(self) -> str:
        """Return the account as people read it: what happened, then what was made of it."""
        return "\n".join([f"order {self.order_id}", "", *self._happened(), "", *self._found()])

    def _happened(self) -> Iterator[str]:
        for recorded, event in self.events:
            yield f"{iso(recorded)}  {TYPE_NAME[type(event)]:24} {_said(event)}"

    def _found(self) -> Iterator[str]:
        if not self.problems:
            yield "no problem was found"
        for problem in self.problems:
            yield f"{problem.kind} {problem.subject}: opened {iso(problem.opened_at)}"
            yield f"    by {problem.opened_by.fact}, due {iso(problem.due_at)}"
            for proof in problem.evidence:
                value = iso(proof.at) if proof.at is not None else proof.value
                yield f"    {proof.fact} {value}"
            yield f"    {_end(problem)}"


def explain_order(
    order_id: str, paths: Sequence[Path], data: Path | None, playbook: Path | None
) -> Account:
    """Return the account of an order from ``paths``, or from the journal if there are none.

    Raises:
        NotPossible: Nothing is known of the order.
        JournalError: There is no journal yet.
    """
    text, clock = _from_files(order_id, paths) if paths else _from_journal(order_id, data)
    decoded = Decoder().decode_lines(text)
    mine = [i for i, event in enumerate(decoded.events) if _is_about(event, order_id)]
    if not mine:
        raise NotPossible(f"nothing is known of order {order_id}: is it spelt as in its events?")
    return _account(order_id, decoded, clock, playbook)


def _account(order_id: str, decoded: Decoded, clock: int, playbook: Path | None) -> Account:
    engine = build_engine(read_playbook(playbook))
    changes = engine.step(Batch(decoded.events, decoded.occurred, decoded.recorded))
    changes += engine.flush() + engine.advance(clock)
    newest = {change.problem.id: change.problem for change in changes}
    mine = [p for p in newest.values() if p.order_id in (order_id, None)]
    pairs = zip(decoded.recorded.tolist(), decoded.events, strict=True)
    return Account(
        order_id,
        sorted(pairs, key=lambda pair: pair[0]),
        sorted(mine, key=lambda problem: (problem.opened_at, problem.id)),
    )


def _from_journal(order_id: str, data: Path | None) -> tuple[bytes, int]:
    """Return the order's lines, and the clock (ms UTC) up to which the journal tells."""
    path = Folder(data or Path(read_config().data)).journal
    with Journal.reader(path) as journal:
        lines = journal.order_lines(order_id)
        linked = [e for e in Decoder().decode_lines(lines).events if isinstance(e, ContactLinked)]
        contacts = {event.contact_id for event in linked}
        customers = {event.customer_id for event in linked}
        others = [journal.order_lines(f"customer {customer}") for customer in sorted(customers)]
        clock = journal.floor + 1
    return b"\n".join([lines, *_naming(contacts, others)]), clock


def _from_files(order_id: str, paths: Sequence[Path]) -> tuple[bytes, int]:
    """Return the order's lines, and the clock (ms UTC) at which the recordings end."""
    lines: list[bytes] = []
    clock = 0
    with tempfile.TemporaryDirectory(prefix="andon-") as scratch:
        for found in find(paths, Path(scratch)):
            text = b""
            for piece in found.pieces(_PIECE):
                text = piece.text
                lines += _naming({order_id}, [text])
            clock = max(clock, found.decided, _end_of(text))
    return b"\n".join(lines), clock


def _end_of(text: bytes) -> int:
    """Return the moment after the newest event in ``text``, ms UTC; 0 if there is none."""
    recorded = Decoder().decode_lines(text).recorded
    return int(recorded.max()) + 1 if recorded.size else 0


def _naming(names: Iterable[str], texts: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the lines in which one of ``names`` stands as a JSON string."""
    wanted = [json.dumps(name).encode() for name in names]
    for text in texts:
        if any(name in text for name in wanted):
            yield from (line for line in text.split(b"\n") if any(name in line for name in wanted))


def _is_about(event: Event, order_id: str) -> bool:
    return getattr(event, "order_id", "") == order_id


def _said(event: Event) -> str:
    fields = msgspec.to_builtins(event)
    return " ".join(f"{k}={_short(v)}" for k, v in fields.items() if k not in _NOT_SHOWN | {"type"})


def _short(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def _end(problem: Problem) -> str:
    if problem.withdrawn_at is not None:
        return f"withdrawn {iso(problem.withdrawn_at)}: it never was one"
    if problem.cleared_at is not None:
        return f"over {iso(problem.cleared_at)}"
    return "open"
