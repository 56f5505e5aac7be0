"""Does the chain hold? If not: which entry is the first that does not."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from actions.chain import BEGINNING, Entry, Head, entries, head, link
from actions.errors import LedgerError


@dataclass(frozen=True, slots=True)
class Break:
    """The first entry that does not hold, and how."""

    number: int
    what: str

    def __str__(self) -> str:
        return f"entry {self.number}: {self.what}"


def first_break(connection: Connection, anchor: Head | None = None) -> Break | None:
    """Return the first broken entry, ``None`` if the whole chain holds.

    A chain that was written anew from some entry on holds in itself; ``anchor``, a head that was
    kept elsewhere, shows it.
    """
    last = head(connection)
    found = _broken(entries(connection), last)
    if found is None and anchor is not None:
        return _against(connection, anchor, last)
    return found


def _broken(stored: Iterable[Entry], last: Head) -> Break | None:
    number, previous = 0, BEGINNING
    for entry in stored:
        what = _fault(entry, number, previous)
        if what is not None:
            return Break(number if entry.number <= number else number + 1, what)
        number, previous = entry.number, entry.hash
    if number != last.number:
        return Break(number + 1, f"is missing, and so is all after it up to {last.number}")
    if previous != last.hash:
        return Break(number, "is not the one that was stored last")
    return None


def _fault(entry: Entry, number: int, previous: str) -> str | None:
    """Return what is wrong with the entry behind ``number``, ``None`` if nothing is."""
    if entry.number <= number:
        return f"stands there more than once (again in {entry.table})"
    if entry.number != number + 1:
        return "is missing"
    if link(entry.number, entry.table, entry.row, previous) != entry.hash:
        return f"in {entry.table} is not what was stored ({_key(entry)})"
    return None


def _key(entry: Entry) -> str:
    """Return enough of a row to find it: its first column."""
    name, value = next(iter(entry.row.items()))
    return f"{name} {value}"


def _against(connection: Connection, anchor: Head, last: Head) -> Break | None:
    if anchor.number > last.number:
        return Break(last.number + 1, f"is missing: the anchor knows {anchor.number}")
    at = (entry.hash for entry in entries(connection) if entry.number == anchor.number)
    if next(at, BEGINNING) != anchor.hash:
        return Break(anchor.number, "or one before it was written anew since the anchor was kept")
    return None


def read_anchor(text: str) -> Head:
    """Return the head that ``NUMBER:HASH`` names.

    Raises:
        LedgerError: It is not written so.
    """
    number, _, digest = text.strip().partition(":")
    if not number.isdecimal() or len(digest) != len(BEGINNING):
        raise LedgerError(f"{text!r} is no anchor: write NUMBER:HASH as `andon ledger verify` does")
    return Head(int(number), digest.lower())


def proofs(connection: Connection) -> Iterator[dict[str, Any]]:
    """Yield every entry with what proves it.

    Without its ``hash``, an entry as canonical JSON (RFC 8785) has that SHA-256; ``previous`` is
    the hash of the entry before. Nothing of ours is needed to check it.
    """
    previous = BEGINNING
    for entry in entries(connection):
        yield {
            "entry": entry.number,
            "table": entry.table,
            "row": dict(entry.row),
            "previous": previous,
            "hash": entry.hash,
        }
        previous = entry.hash
