"""Snapshots beside the stream: one at a time, of the state that has waited longest."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog

from schemas.times import NEVER
from streams.embedded import wall_clock
from streams.snapshots import Background, Failed, Loaded, Pace, Saved, Settings, Snapshots

_log = structlog.get_logger("andon")

Header = Mapping[str, object]


@dataclass(slots=True)
class Kept:
    """How snapshots fare, for whoever watches."""

    saved: int = 0
    failed: int = 0
    written_bytes: int = 0
    loaded: int = 0
    newest_at: int = 0
    """When the newest that is there was begun, ms UTC; 0 if there is none."""


@dataclass(slots=True)
class Keeper:
    """Keeps the states of one worker; a store that refuses never stops the stream.

    Without a ``store`` every start reads the log from its beginning.
    """

    store: Snapshots | None
    fingerprint: str
    settings: Settings = field(default_factory=Settings)
    told: Kept = field(default_factory=Kept)
    _background: Background | None = None
    _pace: Pace = field(default_factory=lambda: Pace(time.monotonic()))
    _began: dict[str, float] = field(default_factory=dict)
    _begun_at: int = 0

    def load(self, name: str, until: int = NEVER) -> Loaded | None:
        """Return the newest whole snapshot that fits; ``None`` if there is none or none is read.

        Its ``clock`` is at most ``until`` (ms UTC).
        """

        def fits(header: Mapping[str, Any]) -> bool:
            return int(header.get("clock", 0)) <= until

        if self.store is None:
            return None
        try:
            loaded = self.store.load(name, self.fingerprint, self.settings, fits)
        except OSError as error:
            _log.error("snapshots cannot be read", name=name, reason=str(error))
            return None
        if loaded is not None:
            self.told.loaded += 1
            self.told.newest_at = max(self.told.newest_at, loaded.created_at)
            _log.info("snapshot loaded", name=name, number=loaded.number)
        return loaded

    def save(self, name: str, header: Header, state: object) -> None:
        """Write a snapshot now; if the store refuses, the one before stays the newest."""
        if self.store is None:
            return
        if self._background is not None and self._background.is_busy:
            self._note(self._background.wait(60.0))
        self._start(name)
        try:
            self._note(self.store.save(name, header, state, self.fingerprint))
        except OSError as error:
            self._note(Failed(name, str(error)))

    def due(self, names: Iterable[str]) -> str | None:
        """Return whose snapshot is due, if one is; also take note of the one under way."""
        if self.store is None:
            return None
        self._look()
        if (self._background and self._background.is_busy) or not self._pace.is_due(
            time.monotonic()
        ):
            return None
        return min(names, key=lambda name: self._began.get(name, 0.0), default=None)

    def begin(self, name: str, header: Header, state: object) -> None:
        """Begin a snapshot of ``state`` as it is now, while the stream goes on."""
        if self.store is None:
            return
        self._background = self._background or Background(self.store)
        self._start(name)
        try:
            self._background.start(name, header, state, self.fingerprint)
        except OSError as error:  # no more processes, or no more memory
            self._note(Failed(name, str(error)))

    def _start(self, name: str) -> None:
        now = time.monotonic()
        self._began[name] = now
        self._pace = Pace(now, self._pace.took)
        self._begun_at = wall_clock()

    def _look(self) -> None:
        if self._background is not None:
            self._note(self._background.poll())

    def _note(self, ended: Saved | Failed | None) -> None:
        if isinstance(ended, Saved):
            self.told.saved += 1
            self.told.newest_at = self._begun_at
            self.told.written_bytes += ended.bytes_written
            self._pace = Pace(self._pace.began, ended.seconds)
        elif isinstance(ended, Failed):
            self.told.failed += 1
            _log.error("snapshot not written", name=ended.name, reason=ended.reason)
