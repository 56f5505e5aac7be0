"""Which failures the caller can mend, and how they are put to them."""

from typing import Final

from rich.markup import escape

_OF_EXTRAS: Final = {"aiokafka": "kafka", "faust": "kafka", "kafka": "kafka", "psycopg": "postgres"}
"""Packages that come with an extra only, and which one it is."""


def explained(error: Exception) -> str | None:
    """Return what to tell the caller about ``error``; ``None`` where the fault is ours."""
    import sqlite3

    from sqlalchemy.exc import OperationalError

    from actions.errors import LedgerError
    from actions.marks import PlaybookError
    from andon.config import ConfigError
    from andon.connectors.olist import Unimportable
    from andon.replaying import Unreadable
    from andon.wiring import NotPossible
    from streams.folder import FolderInUse
    from streams.journal import JournalError
    from streams.recordings import NotARecording
    from streams.trouble import KafkaTrouble

    known = (
        ConfigError,
        FolderInUse,
        JournalError,
        KafkaTrouble,
        LedgerError,
        NotARecording,
        NotPossible,
        PlaybookError,
        Unimportable,
        Unreadable,
    )
    if isinstance(error, known):
        return escape(str(error))
    if isinstance(error, ModuleNotFoundError) and error.name in _OF_EXTRAS:
        return escape(f"this needs more packages: pip install 'andon[{_OF_EXTRAS[error.name]}]'")
    if isinstance(error, sqlite3.OperationalError | OperationalError):
        reason = getattr(error, "orig", error)
        return escape(f"journal or ledger: {reason}; what was accepted is kept, start again")
    if type(getattr(error, "orig", error)) is sqlite3.DatabaseError:
        reason = getattr(error, "orig", error)
        return escape(f"journal or ledger: {reason}; `andon doctor` says which of them")
    if isinstance(error, OSError) and error.filename is not None:
        return escape(f"{error.filename}: {error.strerror}")
    return None
