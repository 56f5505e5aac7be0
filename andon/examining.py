"""The checks of ``andon doctor``: each says what it found and, if it is wrong, the remedy."""

import os
import sqlite3
import sys
import zoneinfo
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from sqlalchemy.exc import DatabaseError

from actions.database import missing_tables
from actions.errors import LedgerError
from andon.config import DEFAULT_ADDRESS, Config
from andon.feeds import feeds_in, silent
from andon.running import read_address
from andon.wiring import NotPossible, executors_of, open_ledger, read_playbook
from schemas.times import iso
from streams.embedded import wall_clock
from streams.folder import Folder, FolderInUse
from streams.journal import Journal, JournalError
from streams.trouble import KafkaTrouble
from streams.workers import listen

_OLDEST_SQLITE: Final = (3, 37, 0)
"""STRICT tables: https://www.sqlite.org/stricttables.html."""

_LATELY: Final = 5_000
"""Newest events by which it is judged how feeds usually speak."""

_YEARS: Final = range(2024, 2100)


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: its name, what was found, whether that is sound, and what to do if not."""

    name: str
    sound: bool
    found: str
    remedy: str = ""


def examine(
    config: Config, data: Path | None, playbook: Path | None, port: int | None
) -> list[Finding]:
    """Run every check; none of them changes what is in the folder."""
    folder = Folder(data or Path(config.data))
    book = playbook or (Path(config.playbook) if config.playbook else None)
    address = config.http or DEFAULT_ADDRESS if port is None else str(port)
    return [
        _python(),
        _sqlite(),
        _clock(),
        _zones(),
        _writable(folder.path),
        *_stores(folder, config.ledger_url),
        _facts(folder.journal),
        _playbook(book),
        _executors(config),
        *_topics(config),
        _port(read_address(address)),
    ]


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding("python", sys.version_info >= (3, 11), version, "install Python 3.11 or newer")


def _sqlite() -> Finding:
    sound = sqlite3.sqlite_version_info >= _OLDEST_SQLITE
    return Finding("sqlite", sound, sqlite3.sqlite_version, "needs SQLite 3.37 or newer")


def _clock() -> Finding:
    now = datetime.now(UTC)
    remedy = "set the clock: every stamp comes from it"
    return Finding("clock", now.year in _YEARS, iso(wall_clock()), remedy)


def _zones() -> Finding:
    try:
        zoneinfo.ZoneInfo("Asia/Ho_Chi_Minh")
    except zoneinfo.ZoneInfoNotFoundError:
        return Finding("time zones", sound=False, found="missing", remedy="pip install tzdata")
    return Finding("time zones", sound=True, found=f"{len(zoneinfo.available_timezones())} zones")


def _writable(path: Path) -> Finding:
    nearest = next(parent for parent in (path, *path.absolute().parents) if parent.exists())
    sound = os.access(nearest, os.W_OK) and nearest.is_dir()
    found = f"{path}" if path.exists() else f"{path} (will be made)"
    return Finding("data folder", sound, found, f"make {nearest} writable, or choose --data")


def _stores(folder: Folder, url: str) -> Iterator[Finding]:
    yield _stopped_or_in_use(folder)
    yield _opened("journal", folder.journal, lambda: _journal(folder.journal))
    if url:
        yield _tried("ledger", lambda: _tables(folder, url))
    else:
        yield _opened("ledger", folder.ledger, lambda: _ledger(folder))


def _stopped_or_in_use(folder: Folder) -> Finding:
    if not folder.path.exists():
        return Finding("lock", sound=True, found="no run yet")
    try:
        with folder.locked():
            return Finding("lock", sound=True, found="free")
    except FolderInUse as error:
        return Finding("lock", sound=True, found=str(error).partition(":")[0])
    except OSError as error:
        return Finding("lock", sound=False, found=str(error), remedy="make the folder writable")


def _opened(name: str, path: Path, look: Callable[[], str]) -> Finding:
    if not path.exists():
        return Finding(name, sound=True, found="none yet")
    return _tried(name, look)


def _tried(name: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(name, sound=True, found=look())
    except (JournalError, LedgerError, NotPossible, sqlite3.Error, DatabaseError) as error:
        found = str(getattr(error, "orig", error))
        return Finding(name, sound=False, found=found, remedy="restore it, or choose --data")


def _whole(path: Path) -> None:
    """Read all of a database; raise NotPossible, or sqlite3's own error, if a part is damaged."""
    with closing(sqlite3.connect(path, timeout=30)) as connection:
        (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise NotPossible(f"damaged: {found}")


def _journal(path: Path) -> str:
    _whole(path)
    with Journal.reader(path) as journal:
        return f"{journal.count():,} events, {len(journal.rejected()):,} rejected"


def _facts(path: Path) -> Finding:
    """Look at the facts before anything that is decided on them: are they read, do they come?"""
    try:
        with Journal.reader(path) as journal:
            feeds = feeds_in([journal.newest_lines(_LATELY)])
            quiet, refused = silent(feeds, journal.floor), len(journal.rejected())
    except (JournalError, sqlite3.Error):
        return Finding("facts", sound=True, found="none to look at")
    wrong = [f"{name} has been silent for {span}" for name, span in quiet.items()]
    wrong += [f"{refused:,} records could not be read"] if refused else []
    found = "; ".join(wrong) or f"{len(feeds)} feeds speak as usual"
    return Finding("facts", not wrong, found, "ask who sends them; see andon rejected list")


def _ledger(folder: Folder) -> str:
    _whole(folder.ledger)
    return _tables(folder, "")


def _tables(folder: Folder, url: str) -> str:
    with open_ledger(folder, url) as ledger, ledger.reading() as connection:
        missing = missing_tables(connection)
    if missing:
        raise NotPossible(f"has no tables {', '.join(missing)}")
    return "at the newest version"


def _playbook(path: Path | None) -> Finding:
    name = str(path or "shipped")
    try:
        book = read_playbook(path)
    except Exception as error:  # noqa: BLE001 - whatever is wrong with it, the check says so
        return Finding("playbook", sound=False, found=str(error), remedy="andon playbook check")
    return Finding("playbook", sound=True, found=f"{name}, {len(book.rules)} rules")


def _executors(config: Config) -> Finding:
    try:
        performed = executors_of(config)
    except NotPossible as error:
        return Finding("executors", sound=False, found=str(error), remedy="mend the setting")
    found = "ready" if performed else "none: actions are planned and wait"
    return Finding("executors", sound=True, found=found)


def _topics(config: Config) -> Iterator[Finding]:
    """Look at the topics if a broker is named."""
    if not config.kafka:
        return
    try:
        yield from _topics_on(config)
    except KafkaTrouble as error:
        remedy = "start it, or mend ANDON_KAFKA"
        yield Finding("kafka", sound=False, found=str(error), remedy=remedy)
    except ModuleNotFoundError as error:
        remedy = "pip install 'andon[kafka]'"
        yield Finding("kafka", sound=False, found=f"no package {error.name}", remedy=remedy)


def _topics_on(config: Config) -> Iterator[Finding]:
    from andon.kafka import cluster  # noqa: PLC0415 - needs what only users of Kafka install
    from streams.topics import differences, topics  # noqa: PLC0415 - as above

    where = cluster(None, config=config)
    wanted = topics(where.names)
    wrong = differences(where.bootstrap, wanted)
    for one in wrong:
        found = f"{one.topic}: {one.what} {one.found}, not {one.wanted}"
        yield Finding("topics", sound=False, found=found, remedy=one.remedy)
    if not wrong:
        yield Finding("topics", sound=True, found=f"{len(wanted)} on {where.bootstrap}")


def _port(address: tuple[str, int]) -> Finding:
    host, port = address
    try:
        listen(host, port).close()
    except OSError as error:
        found = f"{host}:{port} {error.strerror}"
        return Finding("port", sound=False, found=found, remedy="free it, or use --port")
    return Finding("port", sound=True, found=f"{host}:{port} is free")
