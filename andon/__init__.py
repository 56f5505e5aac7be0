"""Andon notices what went wrong for a shop's customer, and puts it right before they have to ask.

The names below are all that an embedder needs; everything else may change::

    import andon

    result = andon.replay("events.jsonl")
    result.problems.groupby("kind").size()
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from andon.results import Result

__all__ = ["replay"]


def replay(
    source: str | Path | Sequence[str | Path],
    playbook: str | Path | None = None,
    since: datetime | str | None = None,
    until: datetime | str | None = None,
) -> "Result":
    """Read recorded events and return the problems found in them; nothing is performed.

    Args:
        source: A JSON Lines file (also gzipped), several of them, or a folder of ``andon run``.
        playbook: Path of a playbook; without it the one that ships with Andon.
        since: Leave out problems that were over before (an aware datetime, or RFC 3339 text).
            What was recorded earlier is still read: a problem has a history.
        until: Leave out events recorded at or after this moment.

    Raises:
        ValueError: A time cannot be read or has no zone.
        PlaybookError: The playbook holds mistakes.
        OSError: A file cannot be read.
    """
    from andon.replaying import Wanted, moment, replay_sources
    from andon.results import Result
    from andon.wiring import read_playbook

    sources = [source] if isinstance(source, str | Path) else list(source)
    paths = [Path(one) for one in sources]
    book = None if playbook is None else Path(playbook)
    replayed = replay_sources(Wanted(paths, book, moment(since), moment(until)))
    return Result(replayed, read_playbook(book))
