"""Chunks: pieces of state named by their content, so that what did not change is there already."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import zstandard

from streams.snapshots.manifests import Part, digest
from streams.snapshots.pickles import Buffer
from streams.snapshots.settings import Unreadable
from streams.snapshots.shelves import Shelf

SIZE: Final = 1 << 20
"""Bytes of a chunk: small enough that much stays the same, few enough for a folder."""

LEVEL: Final = 1
"""Of zstd: a worker has no time for more."""

ENDING: Final = ".zst"

READERS: Final = 8
"""Chunks that are read at once: reading waits for disks and networks, unpacking frees the GIL."""


def pieces(part: Buffer, size: int) -> Iterator[tuple[str, memoryview]]:
    """Yield the chunks of a part, each with its name."""
    whole = memoryview(part).cast("B")
    for start in range(0, len(whole), size):
        piece = whole[start : start + size]
        yield digest(piece), piece


def packed(piece: memoryview) -> bytes:
    """Return a chunk as it is kept."""
    return zstandard.ZstdCompressor(level=LEVEL).compress(piece)


class BadChunk(Unreadable):
    """A chunk is missing or damaged; whoever finds it in the way of a new one may remove it."""

    def __init__(self, name: str, reason: str) -> None:
        """Say which chunk, and what is wrong with it."""
        super().__init__(f"chunk {name} {reason}")
        self.file = name + ENDING


def read(shelf: Shelf, folder: str, name: str, size: int) -> bytes:
    """Return the chunk called ``name``, which has ``size`` bytes.

    Raises:
        BadChunk: It is missing or damaged.
    """
    try:
        kept = shelf.read(f"{folder}/{name}{ENDING}")
    except FileNotFoundError:
        raise BadChunk(name, "is missing") from None
    try:
        # A frame says itself how much it unpacks to: a false one could fill the memory.
        if zstandard.frame_content_size(kept) != size:
            raise BadChunk(name, f"does not say that it is of {size} bytes")
        content = zstandard.ZstdDecompressor().decompress(kept)
    except zstandard.ZstdError as error:
        raise BadChunk(name, f"is cut off or damaged: {error}") from error
    if digest(content) != name:
        raise BadChunk(name, "was changed: its content has another digest")
    return content


def joined(shelf: Shelf, folder: str, part: Part, size: int, pool: ThreadPoolExecutor) -> bytearray:
    """Return a part that was cut into chunks of ``size`` bytes, several of them read at once.

    Raises:
        BadChunk: A chunk is missing or damaged.
        Unreadable: There are more or fewer chunks than it takes.
    """
    if len(part.chunks) != -(-part.size // size):
        raise Unreadable(f"{len(part.chunks)} chunks do not make {part.size} bytes")
    starts = range(0, part.size, size)
    sizes = [min(size, part.size - start) for start in starts]
    found = pool.map(lambda name, nbytes: read(shelf, folder, name, nbytes), part.chunks, sizes)
    whole = bytearray(part.size)
    for start, content in zip(starts, found, strict=True):
        whole[start : start + len(content)] = content
    return whole
