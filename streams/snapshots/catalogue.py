"""Which snapshots there are, whether they are whole, and which files belong to none of them."""

import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, NamedTuple

from streams.snapshots.chunks import ENDING, READERS, joined
from streams.snapshots.manifests import Manifest, number_of, opened
from streams.snapshots.settings import Unreadable
from streams.snapshots.shelves import Shelf

CHUNKS: Final = "chunks"
"""The folder of chunks below that of a name."""


@dataclass(frozen=True, slots=True)
class Damage:
    """A snapshot that cannot be used, and why."""

    name: str
    file: str
    reason: str


class Pruned(NamedTuple):
    """What was removed."""

    snapshots: int
    files: int
    """Chunks that no manifest mentions any more, and what somebody began to write."""
    nbytes: int
    """Of those files, compressed."""


class Found(NamedTuple):
    """A file that should be a manifest, and what it says."""

    name: str
    file: str
    says: Manifest | Unreadable


def files(shelf: Shelf, name: str) -> list[str]:
    """Return the manifests of ``name`` as files, the newest first."""
    return sorted((f for f in shelf.names(name) if number_of(f) is not None), reverse=True)


def next_number(shelf: Shelf, name: str) -> int:
    """Return the number of the next snapshot of ``name``."""
    return 1 + max((number_of(file) or 0 for file in files(shelf, name)), default=0)


def manifest(shelf: Shelf, name: str, file: str) -> Manifest:
    """Return what a manifest says.

    Raises:
        Unreadable: It is damaged, of another format or name, or gone.
    """
    try:
        found = opened(shelf.read(f"{name}/{file}"))
    except FileNotFoundError:
        raise Unreadable("it was removed") from None
    if found.name != name:
        raise Unreadable(f"it is a snapshot of {found.name}")
    return found


def found(shelf: Shelf) -> Iterator[Found]:
    """Yield every manifest, by name, the newest first."""
    for name in shelf.folders():
        for file in files(shelf, name):
            try:
                yield Found(name, file, manifest(shelf, name, file))
            except Unreadable as why:
                yield Found(name, file, why)


def mentioned(shelf: Shelf, name: str, some: Iterable[str]) -> set[str]:
    """Return the chunks that ``some`` manifests mention, of those that can be read."""
    every: set[str] = set()
    for file in some:
        try:
            every |= manifest(shelf, name, file).chunks
        except Unreadable:
            continue
    return every


# ----- whole or not -----


def damages(shelf: Shelf, *, chunks: bool) -> list[Damage]:
    """Read every manifest, and every chunk if so told; return which snapshots are damaged."""
    wrong: list[Damage] = []
    for name, file, says in found(shelf):
        if isinstance(says, Unreadable):
            wrong.append(Damage(name, file, str(says)))
        elif chunks:
            wrong += [Damage(name, file, reason) for reason in _wrong(shelf, says)]
    return wrong


def _wrong(shelf: Shelf, says: Manifest) -> Iterator[str]:
    """Yield what is wrong with each part of a snapshot, one reason a part."""
    folder = f"{says.name}/{CHUNKS}"
    with ThreadPoolExecutor(READERS) as pool:
        for part in says.parts:
            try:
                joined(shelf, folder, part, says.chunk_bytes, pool)
            except Unreadable as why:
                yield str(why)


# ----- tidying -----


def retire(shelf: Shelf, name: str, keep: int) -> int:
    """Remove the snapshots of ``name`` beyond ``keep``, and the chunks that only they mention."""
    old = files(shelf, name)[keep:]
    if not old:
        return 0
    gone = mentioned(shelf, name, old)
    for file in old:
        shelf.remove(f"{name}/{file}")
    for chunk in sorted(gone - mentioned(shelf, name, files(shelf, name))):
        shelf.remove(f"{name}/{CHUNKS}/{chunk}{ENDING}")
    return len(old)


_OURS: Final = re.compile(r"[0-9a-f]{32}\.zst|[0-9a-f-]+\.(zst|json)\.[0-9a-f]{32}\.part")
"""Chunks, and files that somebody began to write: what else lies in a folder is not removed."""


def _is_ours(file: str) -> bool:
    return _OURS.fullmatch(file) is not None


def prune(shelf: Shelf, name: str, keep: int, oldest: float) -> Pruned:
    """Remove the snapshots of ``name`` beyond ``keep``, then what belongs to none of the others.

    Only files last written at or before ``oldest`` (ms UTC) are removed: somebody may be writing
    the snapshot that younger ones belong to.
    """
    folder = f"{name}/{CHUNKS}"
    before = {folder: shelf.names(folder), name: shelf.names(name)}
    old = files(shelf, name)[keep:]
    for file in old:
        shelf.remove(f"{name}/{file}")
    kept = {c + ENDING for c in mentioned(shelf, name, files(shelf, name))}
    removed, nbytes = 0, 0
    for place, names in before.items():
        for file, (size, _) in names.items():
            # Asked again: a chunk that is mentioned anew is touched before the manifest is written.
            if _is_ours(file) and file not in kept and shelf.modified(f"{place}/{file}") <= oldest:
                shelf.remove(f"{place}/{file}")
                removed, nbytes = removed + 1, nbytes + size
    return Pruned(len(old), removed, nbytes)
