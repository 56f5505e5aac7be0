"""When the ledger was last found whole: a note in the data folder, for monitors alone.

It proves nothing. Whoever wants proof runs ``andon ledger verify --anchor``.
"""

import msgspec

from actions.chain import Head
from streams.folder import Folder


class Verified(msgspec.Struct, frozen=True):
    """All of so many ``entries`` held ``at`` that time (ms UTC)."""

    entries: int
    at: int


def note_verified(folder: Folder, newest: Head, now: int) -> None:
    """Note that every entry up to ``newest`` holds; where there is no folder, nothing is noted."""
    if folder.path.is_dir():
        fresh = folder.verified.with_suffix(".new")
        fresh.write_bytes(msgspec.json.encode(Verified(newest.number, now)))
        fresh.replace(folder.verified)


def last_verified(folder: Folder) -> Verified | None:
    """Return the note, ``None`` where nobody has verified or it cannot be read."""
    try:
        return msgspec.json.decode(folder.verified.read_bytes(), type=Verified)
    except (OSError, msgspec.MsgspecError):
        return None
