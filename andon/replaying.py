"""From recorded events to a result: which files, which stretch of time, which playbook."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from andon.wiring import build_engine, read_playbook
from streams.replay import BATCH, Replayed, replay_paths

_EPOCH: Final = datetime.fromtimestamp(0, UTC)
_DATE_LENGTH: Final = len("2026-01-01")


class Unreadable(ValueError):  # noqa: N818 - read as a sentence: this is unreadable
    """A moment that cannot be told; the message says how to write one."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to replay: files, playbook, and from when to when (ms UTC, ``None``: no bound)."""

    paths: Sequence[Path]
    playbook: Path | None = None
    since: int | None = None
    until: int | None = None
    batch_size: int = BATCH


def moment(text: datetime | str | None) -> int | None:
    """Return ms UTC of an aware datetime or RFC 3339 text; a bare date is its midnight in UTC.

    Raises:
        Unreadable: It is no time, or has a time of day and no zone.
    """
    if text is None:
        return None
    try:
        stamp = datetime.fromisoformat(text) if isinstance(text, str) else text
    except ValueError as error:
        raise Unreadable(f"{text!r} is no time: write it like 2026-01-01T00:00:00Z") from error
    if stamp.tzinfo is None and isinstance(text, str) and len(text) == _DATE_LENGTH:
        stamp = stamp.replace(tzinfo=UTC)
    if stamp.tzinfo is None:
        raise Unreadable(f"{text} has no zone: write it like 2026-01-01T00:00:00Z")
    return (stamp - _EPOCH) // timedelta(milliseconds=1)


def replay_sources(
    wanted: Wanted, on_progress: Callable[[int, int], None] | None = None
) -> Replayed:
    """Replay what is wanted; nothing is performed.

    Raises:
        Unreadable: It begins after it ends.
    """
    if wanted.since is not None and wanted.until is not None and wanted.since >= wanted.until:
        raise Unreadable("nothing lies between since and until: since must be the earlier one")
    return replay_paths(
        wanted.paths,
        build_engine(read_playbook(wanted.playbook)),
        batch_size=wanted.batch_size,
        on_progress=on_progress,
        since=wanted.since,
        until=wanted.until,
    )
