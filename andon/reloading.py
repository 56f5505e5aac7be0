"""A playbook that changes while Andon runs: the new one decides from the next problem on."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from actions.marks import PlaybookError
from actions.playbook import Playbook

_log = structlog.get_logger("andon")

GONE: Final = (0, 0)
"""Stands for a file that is not there: editors replace files in two steps."""

ASKED: Final = ("detectors", "populations", "calendar", "zone")
"""Parts that say what a problem is; the past would have to be asked again to change them."""


@dataclass(slots=True)
class Reloading:
    """Looks at the file and hands over what is new and sound; anything else is only told of."""

    path: Path
    read: Callable[[Path], Playbook]
    follow: Callable[[Playbook], None]
    in_force: Playbook
    _stamp: tuple[int, int] = GONE

    def look(self) -> None:
        """Follow the file if it has changed and is a sound playbook."""
        stamp = _stamp_of(self.path)
        if stamp not in {self._stamp, GONE}:
            self._stamp = stamp
            self._take()

    def _take(self) -> None:
        try:
            playbook = self.read(self.path)
        except PlaybookError as error:
            _log.error("the changed playbook is not followed", mistakes=str(error))
            return
        if playbook.version == self.in_force.version:
            return
        if waiting := differs_in(self.in_force, playbook):
            _log.warning("takes effect at the next start", parts=waiting)
        self.follow(playbook)
        self.in_force = playbook
        _log.info("playbook changed", version=playbook.version)


def differs_in(old: Playbook, new: Playbook) -> list[str]:
    """Return the parts in which two playbooks ask different questions of events."""
    return [name for name in ASKED if getattr(old.form, name) != getattr(new.form, name)]


def _stamp_of(path: Path) -> tuple[int, int]:
    """Return when a file was changed and how long it is; zeros if it is gone for the moment."""
    try:
        found = path.stat()
    except OSError:
        return GONE
    return found.st_mtime_ns, found.st_size
