"""Where snapshots are kept: a folder, or whatever fsspec reaches, such as ``s3://bucket/path``."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from uuid import uuid4

UNFINISHED = ".part"
"""Ends the names of files that are being written."""


class Unreachable(Exception):  # noqa: N818 - read as a sentence: the place is unreachable
    """Nothing can be kept at a place at all; the message says what is missing."""


class Kept(NamedTuple):
    """One file on a shelf."""

    size: int
    modified: int
    """When it was last written or mentioned, ms UTC; 0 where that is not known."""


class Shelf(Protocol):
    """A few operations on small files; paths are relative, with ``/`` between their parts.

    All of them raise ``OSError`` where they are refused.
    """

    def read(self, path: str) -> bytes:
        """Return all of a file."""

    def write(self, path: str, content: bytes) -> None:
        """Write a file: after this, and never before, it is there, and whole."""

    def names(self, folder: str) -> Mapping[str, Kept]:
        """Return the files of a folder by name; none where there is no folder."""

    def folders(self) -> list[str]:
        """Return the folders at the top, by name."""

    def modified(self, path: str) -> int:
        """Return when a file was last written or touched, ms UTC; 0 where it is not there."""

    def touch(self, path: str) -> None:
        """Let a file look as if just written, as far as that is possible."""

    def remove(self, path: str) -> None:
        """Remove a file, if it is there."""

    def settle(self, folder: str) -> None:
        """Return when the names in a folder would survive a power cut."""


class LocalShelf:
    """A folder of this machine, or one that is mounted."""

    def __init__(self, root: Path) -> None:
        """Keep files below ``root``, which is made when it is first needed."""
        self._root = root

    def __str__(self) -> str:
        return str(self._root)

    def read(self, path: str) -> bytes:
        """Return all of a file."""
        return (self._root / path).read_bytes()

    def write(self, path: str, content: bytes) -> None:
        """Write under another name, force it to disk, rename."""
        with self._written(path, content) as part:
            part.rename(self._root / path)

    def write_first(self, path: str, content: bytes) -> None:
        """Write a file unless there is one already; of several that try one succeeds."""
        with self._written(path, content) as part, suppress(FileExistsError):
            (self._root / path).hardlink_to(part)

    @contextmanager
    def _written(self, path: str, content: bytes) -> Iterator[Path]:
        """Give ``content`` on disk under a name of its own, which is gone afterwards."""
        target = self._root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f"{target.name}.{uuid4().hex}{UNFINISHED}")
        try:
            with part.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            yield part
        except OSError as error:
            error.filename = error.filename or str(target)
            raise
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)

    def names(self, folder: str) -> Mapping[str, Kept]:
        """Return the files of a folder by name."""
        found = {}
        try:
            with os.scandir(self._root / folder) as entries:
                for entry in entries:
                    with suppress(FileNotFoundError):
                        if entry.is_file():
                            stat = entry.stat()
                            found[entry.name] = Kept(stat.st_size, stat.st_mtime_ns // 1_000_000)
        except (FileNotFoundError, NotADirectoryError):
            return {}
        return found

    def folders(self) -> list[str]:
        """Return the folders at the top, by name."""
        try:
            return sorted(path.name for path in self._root.iterdir() if path.is_dir())
        except FileNotFoundError:
            return []

    def modified(self, path: str) -> int:
        """Return a file's time, ms UTC; 0 where it is not there."""
        try:
            return (self._root / path).stat().st_mtime_ns // 1_000_000
        except FileNotFoundError:
            return 0

    def touch(self, path: str) -> None:
        """Set a file's time to now."""
        with suppress(FileNotFoundError):
            os.utime(self._root / path)

    def remove(self, path: str) -> None:
        """Remove a file, if it is there."""
        (self._root / path).unlink(missing_ok=True)

    def settle(self, folder: str) -> None:
        """Force the names in a folder to disk."""
        handle = os.open(self._root / folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


class RemoteShelf:
    """Whatever fsspec reaches; writing one object is taken to be atomic, as on S3."""

    def __init__(self, url: str) -> None:
        """Keep files below ``url``.

        Raises:
            Unreachable: What this kind of URL needs is not installed, or there is no such kind.
        """
        self._url = url
        self._files: Any
        try:
            # Of the extra `kafka`: a folder needs nothing of it.
            from fsspec.core import url_to_fs  # noqa: PLC0415

            self._files, self._root = url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise Unreachable(f"{url}: {error}") from error

    def __str__(self) -> str:
        return self._url

    def read(self, path: str) -> bytes:
        """Return all of an object."""
        content: bytes = self._files.cat_file(self._path(path))
        return content

    def write(self, path: str, content: bytes) -> None:
        """Write an object in one go."""
        self._files.makedirs(self._path(path).rpartition("/")[0], exist_ok=True)
        self._files.pipe_file(self._path(path), content)

    def names(self, folder: str) -> Mapping[str, Kept]:
        """Return the objects of a folder by name."""
        try:
            found = self._files.ls(self._path(folder), detail=True, refresh=True)
        except FileNotFoundError:
            return {}
        return {
            one["name"].rpartition("/")[2]: Kept(one["size"], _modified(one))
            for one in found
            if one["type"] == "file"
        }

    def folders(self) -> list[str]:
        """Return the folders at the top, by name."""
        try:
            found = self._files.ls(self._root, detail=True, refresh=True)
        except FileNotFoundError:
            return []
        return sorted(
            one["name"].rstrip("/").rpartition("/")[2]
            for one in found
            if one["type"] == "directory"
        )

    def modified(self, path: str) -> int:
        """Return when an object was written, ms UTC; 0 where it is not there."""
        try:
            return _modified(self._files.info(self._path(path)))
        except FileNotFoundError:
            return 0

    def touch(self, path: str) -> None:
        """Do nothing: objects have no time but that of their writing."""

    def remove(self, path: str) -> None:
        """Remove an object, if it is there."""
        with suppress(FileNotFoundError):
            self._files.rm_file(self._path(path))

    def settle(self, folder: str) -> None:
        """Do nothing: an object that was written stays."""

    def _path(self, path: str) -> str:
        return f"{self._root}/{path}" if path else self._root


def _modified(one: Mapping[str, object]) -> int:
    """Return when an object was written, ms UTC; every kind of file system says it otherwise."""
    for key in ("LastModified", "last_modified", "mtime", "modified", "updated", "created"):
        when = one.get(key)
        if isinstance(when, datetime):
            return int(when.timestamp() * 1000)
        if isinstance(when, int | float):
            return int(when * 1000)
    return 0


def is_remote(where: str | Path) -> bool:
    """Whether ``where`` is a URL that is no folder of this machine."""
    return isinstance(where, str) and "://" in where and not where.startswith("file://")


def shelf(where: str | Path) -> Shelf:
    """Return the shelf at ``where``: a path, or a URL."""
    if is_remote(where):
        return RemoteShelf(str(where))
    return LocalShelf(Path(str(where).removeprefix("file://")))
