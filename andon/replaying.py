"""From recorded events to a result: which files, which stretch of time, which playbook."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from andon.wiring import build_engine, read_playbook
from streams.replay import Replayed, replay_paths

_EPOCH = datetime.fromtimestamp(0, UTC)
BATCH = 10_000
"""Events decided at a time; any number gives the same answers."""


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
        ValueError: It cannot be read, or has a time of day and no zone.
    """
    if text is None:
        return None
    stamp = datetime.fromisoformat(text) if isinstance(text, str) else text
    if stamp.tzinfo is None:
        if not isinstance(text, str) or len(text) > len("2026-01-01"):
            raise ValueError(f"{text} has no zone: write it like 2026-01-01T00:00:00Z")
        stamp = stamp.replace(tzinfo=UTC)
    return (stamp - _EPOCH) // timedelta(milliseconds=1)


def replay_sources(
    wanted: Wanted, on_progress: Callable[[int, int], None] | None = None
) -> Replayed:
    """Replay what is wanted; nothing is performed."""
    engine = build_engine(read_playbook(wanted.playbook))
    return replay_paths(wanted.paths, engine, batch_size=wanted.batch_size, on_progress=on_progress)
