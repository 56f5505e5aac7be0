"""The data folder of one embedded Andon: where its files are, and who may write them."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


class FolderInUse(Exception):  # noqa: N818 - read as a sentence: the folder is in use
    """Another process writes this folder; the message names it and the way out."""


@dataclass(frozen=True, slots=True)
class Folder:
    """Journal, ledger and lock below one path."""

    path: Path

    @property
    def journal(self) -> Path:
        """The log of accepted and rejected records."""
        return self.path / "journal.db"

    @property
    def ledger(self) -> Path:
        """The record of problems, decisions, actions and outcomes."""
        return self.path / "ledger.db"

    @property
    def snapshots(self) -> Path:
        """The state of workers on Kafka, from time to time, unless it is kept elsewhere."""
        return self.path / "snapshots"

    @property
    def verified(self) -> Path:
        """When the ledger was last found whole: for monitors."""
        return self.path / "verified.json"

    @property
    def ledger_url(self) -> str:
        """The ledger as a database URL."""
        return f"sqlite:///{self.ledger.absolute()}"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder against a second writer; the lock dies with the process.

        Raises:
            FolderInUse: Another process holds it.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / "lock").open("a+", encoding="ascii") as lock:
            self._take(lock.fileno())
            lock.truncate(0)
            lock.write(f"{os.getpid()}\n")
            lock.flush()
            yield

    def _take(self, file: int) -> None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise FolderInUse(self._explanation()) from error

    def _explanation(self) -> str:
        owner = (self.path / "lock").read_text(encoding="ascii").strip() or "unknown"
        return (
            f"{self.path} is in use by process {owner}: stop it first, "
            "or give this one its own folder with --data"
        )
