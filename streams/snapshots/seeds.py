"""The seed of Python's hashes, one per store: ids are remembered by their hash."""

import secrets
from contextlib import suppress
from pathlib import Path
from typing import Final

from streams.snapshots.shelves import LocalShelf, Shelf, shelf

FILE: Final = "hash-seed"
_SEEDS: Final = 1 << 32
"""``PYTHONHASHSEED`` takes 32 bits."""


def hash_seed(where: str | Path) -> str:
    """Return the value of ``PYTHONHASHSEED`` for every worker of the store at ``where``.

    It is drawn at random for each store, so that nobody outside can choose order ids that collide,
    and kept there, because another process would not find the ids in a snapshot again.

    Raises:
        OSError: It can be neither read nor written.
        ValueError: The file holds something else.
    """
    place = shelf(where)
    with suppress(FileNotFoundError):
        return _read(place)
    drawn = f"{secrets.randbelow(_SEEDS - 1) + 1}\n".encode()
    if isinstance(place, LocalShelf):
        place.write_first(FILE, drawn)
    else:
        place.write(FILE, drawn)
    return _read(place)


def _read(place: Shelf) -> str:
    text = place.read(FILE).decode(errors="replace").strip()
    if not text.isdecimal() or int(text) >= _SEEDS:
        raise ValueError(f"{place}/{FILE} holds no number below 2**32: remove it")
    return text
