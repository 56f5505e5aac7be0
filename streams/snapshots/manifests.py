"""Manifests: what a snapshot is made of. One that is whole, and whose chunks are, is a snapshot."""

import re
from hashlib import blake2b
from typing import Any, Final

import msgspec

from streams.snapshots.settings import Unreadable

FORMAT: Final = 1
"""Version of the format; anything else is foreign."""

_FILE: Final = re.compile(r"(\d{12})-([0-9a-f]{8})\.json")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class Part(msgspec.Struct, frozen=True):
    """One buffer in chunks; the first one of a snapshot is the stream."""

    size: int
    """Bytes."""
    chunks: list[str]
    """Digest of each chunk, in order."""


class Manifest(msgspec.Struct, frozen=True):
    """What one snapshot is made of."""

    format: int
    name: str
    number: int
    created_at: int
    """When its writing began, ms UTC."""
    fingerprint: str
    header: dict[str, Any]
    chunk_bytes: int
    """Size of every chunk but the last one of each part."""
    parts: list[Part]

    @property
    def chunks(self) -> set[str]:
        """Every chunk it mentions."""
        return {chunk for part in self.parts for chunk in part.chunks}

    @property
    def size(self) -> int:
        """What it unpacks to, bytes."""
        return sum(part.size for part in self.parts)


class _Sealed(msgspec.Struct, frozen=True):
    checksum: str
    manifest: msgspec.Raw


def digest(content: bytes | bytearray | memoryview) -> str:
    """Return the name of a chunk: BLAKE2b of what is in it, 128 bits."""
    return blake2b(content, digest_size=16).hexdigest()


def checked(name: str) -> str:
    """Return the name of a state.

    Raises:
        ValueError: It cannot be the name of a folder everywhere.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"a snapshot's name is of letters, digits, dots and dashes, not {name!r}")
    return name


def sealed(manifest: Manifest) -> tuple[str, bytes]:
    """Return the name of the file that keeps ``manifest``, and what is in it."""
    raw = msgspec.json.encode(manifest)
    checksum = digest(raw)
    content = msgspec.json.encode(_Sealed(checksum, msgspec.Raw(raw)))
    return f"{manifest.number:012d}-{checksum[:8]}.json", content


def opened(content: bytes) -> Manifest:
    """Return the manifest in ``content``.

    Raises:
        Unreadable: It is cut off, was changed, or is of another format.
    """
    try:
        found = msgspec.json.decode(content, type=_Sealed)
        raw = bytes(found.manifest)
        if digest(raw) != found.checksum:
            raise Unreadable("its manifest was changed: the checksum does not fit")
        version = msgspec.json.decode(raw, type=dict[str, msgspec.Raw]).get("format")
        if version is None or bytes(version) != b"%d" % FORMAT:
            raise Unreadable(f"its format is {bytes(version or b'unknown').decode()}, not {FORMAT}")
        return msgspec.json.decode(raw, type=Manifest)
    except msgspec.MsgspecError as error:
        raise Unreadable(f"its manifest is cut off or damaged: {error}") from error


def number_of(file: str) -> int | None:
    """Return the number of the manifest in ``file``, ``None`` if that is another kind of file."""
    found = _FILE.fullmatch(file)
    return int(found[1]) if found else None
