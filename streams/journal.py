"""The journal: the embedded log of accepted events, and of what was turned away.

One SQLite file. A batch of events, the records rejected with it and the position in the input they
came from commit in one transaction, so a process killed at any moment neither loses nor repeats a
record. Durability: write-ahead log with ``synchronous=FULL``, so a commit that returned outlives a
power cut, not only a killed process (https://www.sqlite.org/pragma.html#pragma_synchronous).

One connection, one thread. Readers open their own with :meth:`Journal.reader`.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

_TABLES: Final = (
    """CREATE TABLE IF NOT EXISTS event (
        seq INTEGER PRIMARY KEY, recorded_at INTEGER NOT NULL,
        order_key TEXT NOT NULL, line BLOB NOT NULL) STRICT""",
    "CREATE INDEX IF NOT EXISTS event_by_order ON event (order_key)",
    """CREATE TABLE IF NOT EXISTS rejected (
        id INTEGER PRIMARY KEY, received_at INTEGER NOT NULL, origin TEXT NOT NULL,
        position INTEGER NOT NULL, path TEXT NOT NULL, reason TEXT NOT NULL,
        raw BLOB NOT NULL, state TEXT NOT NULL DEFAULT 'kept') STRICT""",
    "CREATE INDEX IF NOT EXISTS rejected_by_state ON rejected (state)",
    """CREATE TABLE IF NOT EXISTS input (
        name TEXT PRIMARY KEY, offset INTEGER NOT NULL, head TEXT NOT NULL) STRICT""",
    "CREATE TABLE IF NOT EXISTS clock (only INTEGER PRIMARY KEY, decided INTEGER NOT NULL) STRICT",
)
_VERSION: Final = 1


class JournalError(Exception):
    """The journal cannot be used as asked; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One accepted event: ``recorded_at`` ms UTC, its order (or other) key, its canonical line."""

    recorded_at: int
    order_key: str
    line: bytes


@dataclass(frozen=True, slots=True)
class Refusal:
    """One record turned away: where it came from, its index there, and why.

    ``received_at`` is ms UTC, ``path`` a JSON path such as ``$.lines[0].quantity``.
    """

    received_at: int
    origin: str
    position: int
    path: str
    reason: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Kept:
    """A refusal as it stands in the journal; ``state`` is ``kept``, ``queued`` or ``retried``."""

    id: int
    refusal: Refusal
    state: str


@dataclass(frozen=True, slots=True)
class Mark:
    """How far an input file was read: ``offset`` in bytes, ``head`` tells the file from others."""

    name: str
    offset: int
    head: str


class Journal:
    """The log of one data folder; what it holds decides everything that is rebuilt from it."""

    def __init__(self, path: Path) -> None:
        """Open the journal at ``path``, or create it; raise JournalError if it is not one."""
        self._connection = sqlite3.connect(path, isolation_level=None, timeout=30)
        try:
            self._prepare()
        except sqlite3.DatabaseError as error:
            reason = f"{path} is not a journal of Andon ({error}): move it away or use --data"
            raise JournalError(reason) from error

    @classmethod
    def reader(cls, path: Path) -> Self:
        """Open an existing journal beside the one writer; raise JournalError if there is none."""
        if not path.exists():
            reason = f"no journal at {path}: start `andon run` first or name the folder by --data"
            raise JournalError(reason)
        return cls(path)

    def _prepare(self) -> None:
        run = self._connection.execute
        run("PRAGMA journal_mode=WAL")
        run("PRAGMA synchronous=FULL")
        version = run("PRAGMA user_version").fetchone()[0]
        if version not in (0, _VERSION):
            raise sqlite3.DatabaseError(f"format {version}, this Andon reads {_VERSION}")
        if version == 0:
            self._create()

    def _create(self) -> None:
        with self._transaction():
            for statement in _TABLES:
                self._connection.execute(statement)
            self._connection.execute(f"PRAGMA user_version={_VERSION}")

    def close(self) -> None:
        """Close the file; the journal cannot be used afterwards."""
        self._connection.close()

    def __enter__(self) -> Self:
        """Return the open journal."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self.close()

    def _transaction(self) -> "_Transaction":
        return _Transaction(self._connection)

    @property
    def floor(self) -> int:
        """Earliest stamp (ms UTC) the next event may bear: the newest, or what was decided."""
        query = "SELECT recorded_at FROM event ORDER BY seq DESC LIMIT 1"
        row = self._connection.execute(query).fetchone()
        return max(self.decided, row[0] if row else 0)

    @property
    def decided(self) -> int:
        """The clock (ms UTC) up to which something was decided without an event; 0 if never."""
        query = "SELECT coalesce(max(decided), 0) FROM clock"
        return int(self._connection.execute(query).fetchone()[0])

    def decide(self, clock: int) -> None:
        """Remember that problems were decided strictly before ``clock`` (ms UTC)."""
        statement = """INSERT INTO clock VALUES (1, ?)
                       ON CONFLICT DO UPDATE SET decided = max(decided, excluded.decided)"""
        self._connection.execute(statement, (clock,))

    def append(
        self,
        entries: Sequence[Entry],
        refusals: Sequence[Refusal] = (),
        marks: Iterable[Mark] = (),
        retried: Iterable[int] = (),
    ) -> None:
        """Commit a batch whole: events, refusals, input positions, refusals taken in after all.

        Raises:
            JournalError: A stamp lies before an earlier one; nothing was written.
        """
        self._refuse_going_back(entries)
        with self._transaction():
            self._write_entries(entries)
            self._write_refusals(refusals)
            self._write_marks(marks)
            self._set_state("retried", retried)

    def _refuse_going_back(self, entries: Sequence[Entry]) -> None:
        newest = self.floor if entries else 0
        for entry in entries:
            if entry.recorded_at < newest:
                raise JournalError(f"recorded_at goes back from {newest} to {entry.recorded_at}")
            newest = entry.recorded_at

    def _write_entries(self, entries: Sequence[Entry]) -> None:
        rows = ((entry.recorded_at, entry.order_key, entry.line) for entry in entries)
        statement = "INSERT INTO event (recorded_at, order_key, line) VALUES (?, ?, ?)"
        self._connection.executemany(statement, rows)

    def _write_refusals(self, refusals: Sequence[Refusal]) -> None:
        rows = ((r.received_at, r.origin, r.position, r.path, r.reason, r.raw) for r in refusals)
        statement = """INSERT INTO rejected (received_at, origin, position, path, reason, raw)
                       VALUES (?, ?, ?, ?, ?, ?)"""
        self._connection.executemany(statement, rows)

    def _write_marks(self, marks: Iterable[Mark]) -> None:
        rows = ((mark.name, mark.offset, mark.head) for mark in marks)
        self._connection.executemany("INSERT OR REPLACE INTO input VALUES (?, ?, ?)", rows)

    def mark(self, name: str) -> Mark | None:
        """Return how far the input called ``name`` was read, ``None`` if never."""
        query = "SELECT name, offset, head FROM input WHERE name = ?"
        row = self._connection.execute(query, (name,)).fetchone()
        return None if row is None else Mark(*row)

    def lines(self, size: int = 20_000) -> Iterator[bytes]:
        """Yield every event in the order of the log, as JSON Lines of at most ``size`` events."""
        after = 0
        query = "SELECT seq, line FROM event WHERE seq > ? ORDER BY seq LIMIT ?"
        while rows := self._connection.execute(query, (after, size)).fetchall():
            yield b"\n".join(line for _, line in rows)
            after = rows[-1][0]

    def newest_lines(self, count: int) -> bytes:
        """Return the newest ``count`` events in the order of the log, as JSON Lines."""
        query = "SELECT line FROM event ORDER BY seq DESC LIMIT ?"
        rows = self._connection.execute(query, (count,)).fetchall()
        return b"\n".join(line for (line,) in reversed(rows))

    def order_lines(self, order_key: str) -> bytes:
        """Return the events of one order in the order of the log, as JSON Lines."""
        query = "SELECT line FROM event WHERE order_key = ? ORDER BY seq"
        rows = self._connection.execute(query, (order_key,))
        return b"\n".join(line for (line,) in rows)

    def keys_naming(self, customer_id: str) -> list[str]:
        """Return what the events that name a customer are filed under; reads every event."""
        wanted = b'"customer_id":' + json.dumps(customer_id, ensure_ascii=False).encode()
        query = "SELECT DISTINCT order_key FROM event WHERE instr(line, ?) > 0 ORDER BY order_key"
        return [key for (key,) in self._connection.execute(query, (wanted,))]

    def count(self) -> int:
        """Return how many events were accepted."""
        return int(self._connection.execute("SELECT count(*) FROM event").fetchone()[0])

    def rejected(self, state: str | None = "kept", limit: int = -1) -> list[Kept]:
        """Return the newest ``limit`` refusals in ``state`` (``None``: any), oldest first."""
        query = """SELECT id, received_at, origin, position, path, reason, raw, state
                   FROM rejected WHERE state IN (?, ?, ?) ORDER BY id DESC LIMIT ?"""
        states = (state,) * 3 if state else ("kept", "queued", "retried")
        rows = self._connection.execute(query, (*states, limit)).fetchall()
        return [Kept(row[0], Refusal(*row[1:7]), row[7]) for row in reversed(rows)]

    def queue_rejected(self, ids: Sequence[int]) -> None:
        """Ask the writer to take in these refusals again at its next turn."""
        with self._transaction():
            self._set_state("queued", ids)

    def _set_state(self, state: str, ids: Iterable[int]) -> None:
        statement = "UPDATE rejected SET state = ? WHERE id = ? AND state <> 'retried'"
        self._connection.executemany(statement, ((state, number) for number in ids))


class _Transaction:
    """``BEGIN IMMEDIATE`` to ``COMMIT``; everything inside happens or nothing does."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, failure: type[BaseException] | None, *_: object) -> None:
        self._connection.execute("COMMIT" if failure is None else "ROLLBACK")
