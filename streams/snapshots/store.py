"""The store of snapshots: state by name, each snapshot with a number; unchanged chunks are shared.

Below its place there is one folder for each name, with the manifests in it and the chunks in
``chunks/``. A manifest is written after the chunks that it mentions, so that a snapshot is there
when its manifest is. A name has one writer at a time; should two overlap, each makes sure after
writing a manifest that the other one has not removed what it mentions.
"""

import builtins
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any

import structlog

from schemas.times import HOUR
from streams.embedded import Clock, wall_clock
from streams.snapshots import catalogue, chunks
from streams.snapshots.catalogue import CHUNKS, Damage, Pruned
from streams.snapshots.chunks import BadChunk
from streams.snapshots.fingerprints import code, complete, difference
from streams.snapshots.manifests import FORMAT, Manifest, Part, checked, sealed
from streams.snapshots.pickles import Buffer, Frozen, freeze, thaw
from streams.snapshots.settings import Settings, Unreadable
from streams.snapshots.shelves import Shelf, shelf

_log = structlog.get_logger("andon")

Fits = Callable[[Mapping[str, Any]], bool]
"""Says by its header whether a snapshot is one of those that are looked for."""


def anyone(_header: Mapping[str, Any]) -> bool:
    """Take every snapshot."""
    return True


@dataclass(frozen=True, slots=True)
class Saved:
    """A snapshot that was written."""

    name: str
    number: int
    bytes_total: int
    """Of the state."""
    bytes_written: int
    """New in the store, compressed."""
    chunks_new: int
    seconds: float
    """From the beginning of its writing to its end."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A snapshot that was read."""

    name: str
    number: int
    created_at: int
    """ms UTC."""
    header: Mapping[str, Any]
    state: Any


@dataclass(frozen=True, slots=True)
class Snapshots:
    """The snapshots at one place."""

    where: str | Path
    """A folder, or a URL that fsspec reaches."""
    keep: int = 3
    """How many snapshots of each name stay."""
    clock: Clock = wall_clock

    def __post_init__(self) -> None:
        """Refuse to keep nothing.

        Raises:
            ValueError: ``keep`` is below 1.
        """
        if self.keep < 1:
            raise ValueError(f"at least one snapshot of each name is kept, not {self.keep}")
        # The code that runs is that which was there now: later another version may be installed.
        code()

    def reach(self) -> None:
        """Do nothing where the place can be reached.

        Raises:
            Unreachable: What its kind of URL needs is not installed, or there is no such kind.
        """
        shelf(self.where)

    # ----- writing -----

    def save(
        self, name: str, header: Mapping[str, object], state: object, fingerprint: str
    ) -> Saved:
        """Write a snapshot of ``state``, then remove those of its name beyond ``keep``.

        Args:
            name: Whose state it is, such as ``orders-3``.
            header: What to know before the state is used; JSON (input offsets, a clock).
            state: A partition, the judge, or containers of such.
            fingerprint: Of the settings that the state depends on.

        Raises:
            OSError: The store refused it; nothing of it stays.
            ValueError: The name cannot be that of a folder.
        """
        return self.write(name, header, freeze(state), fingerprint)

    def write(
        self, name: str, header: Mapping[str, object], frozen: Frozen, fingerprint: str
    ) -> Saved:
        """Write a snapshot of a state that was frozen before; see :meth:`save`."""
        began = time.monotonic()
        created_at = self.clock()
        at = shelf(self.where)
        writing = _Writing(at, f"{checked(name)}/{CHUNKS}")
        try:
            parts = writing.parts(frozen)
            number = catalogue.next_number(at, name)
            whole = complete(fingerprint)
            manifest = Manifest(
                FORMAT, name, number, created_at, whole, dict(header), chunks.SIZE, parts
            )
            file, content = sealed(manifest)
            at.write(f"{name}/{file}", content)
        except BaseException:
            writing.undo()
            raise
        writing.mend(frozen, parts)
        at.settle(name)
        catalogue.retire(at, name, self.keep)
        catalogue.prune(at, name, self.keep, created_at - HOUR)
        spent = time.monotonic() - began
        nbytes = writing.nbytes + len(content)
        return Saved(name, number, manifest.size, nbytes, writing.count, spent)

    # ----- reading -----

    def load(
        self, name: str, fingerprint: str, settings: Settings, fits: Fits = anyone
    ) -> Loaded | None:
        """Return the newest snapshot of ``name`` that is whole and fits; ``None`` if none does.

        What is damaged, or was written with other settings, by other code or under another hash
        seed, is passed over with a warning. A damaged chunk is removed: the next snapshot would
        take it to be there.

        Args:
            name: Whose state.
            fingerprint: Of the settings; under others the state would mean something else.
            settings: Put into the state in place of those that it was saved with.
            fits: Whether a snapshot with such a header will do.

        Raises:
            OSError: The store cannot be read.
        """
        at = shelf(self.where)
        mine = complete(fingerprint)
        for file in catalogue.files(at, checked(name)):
            try:
                manifest = catalogue.manifest(at, name, file)
                if fits(manifest.header):
                    return _loaded(at, manifest, mine, settings)
            except Unreadable as why:
                _log.warning("snapshot passed over", name=name, snapshot=file, reason=str(why))
                if isinstance(why, BadChunk):
                    at.remove(f"{name}/{CHUNKS}/{why.file}")
        return None

    def list(self) -> list[Manifest]:
        """Return what every manifest that can be read says, by name, the newest first."""
        every = catalogue.found(shelf(self.where))
        return [one.says for one in every if isinstance(one.says, Manifest)]

    def verify(self, *, chunks: bool = True) -> builtins.list[Damage]:
        """Read every manifest, and every chunk unless told otherwise; return what is damaged."""
        return catalogue.damages(shelf(self.where), chunks=chunks)

    # ----- tidying -----

    def prune(self, keep: int | None = None, *, force: bool = False) -> Pruned:
        """Remove snapshots beyond ``keep`` of each name, then what no manifest mentions.

        A file younger than an hour stays unless ``force`` is set: somebody may be writing the
        snapshot that will mention it.
        """
        at = shelf(self.where)
        oldest = inf if force else self.clock() - HOUR
        keep = self.keep if keep is None else keep
        pruned = [catalogue.prune(at, name, keep, oldest) for name in at.folders()]
        return Pruned(*(sum(column) for column in zip(Pruned(0, 0, 0), *pruned, strict=True)))


def _loaded(at: Shelf, manifest: Manifest, mine: str, settings: Settings) -> Loaded:
    if manifest.fingerprint != mine:
        raise Unreadable(f"it is foreign: {difference(mine, manifest.fingerprint)}")
    folder = f"{manifest.name}/{CHUNKS}"
    size = manifest.chunk_bytes
    with ThreadPoolExecutor(chunks.READERS) as pool:
        parts = [chunks.joined(at, folder, part, size, pool) for part in manifest.parts]
    if not parts:
        raise Unreadable("nothing is in it")
    state = thaw(Frozen(bytes(parts[0]), parts[1:]), settings)
    return Loaded(manifest.name, manifest.number, manifest.created_at, manifest.header, state)


class _Writing:
    """The chunks of one snapshot on their way into a folder."""

    def __init__(self, at: Shelf, folder: str) -> None:
        """Look what is there."""
        self._at = at
        self._folder = folder
        self._there = set(at.names(folder))
        self._new: list[str] = []
        self.nbytes = 0
        """How much they take, compressed."""

    @property
    def count(self) -> int:
        """How many chunks were written."""
        return len(self._new)

    def undo(self) -> None:
        """Remove what was written: on a full disk it would be in the way of everybody."""
        for file in self._new:
            with suppress(OSError):
                self._at.remove(f"{self._folder}/{file}")

    def parts(self, frozen: Frozen) -> list[Part]:
        """Write the chunks that are not there yet; return what the state is made of."""
        found = [self._part(part) for part in frozen.parts]
        self._at.settle(self._folder)
        return found

    def _part(self, part: Buffer) -> Part:
        names = []
        for name, piece in chunks.pieces(part, chunks.SIZE):
            names.append(name)
            self._put(name, piece)
        return Part(memoryview(part).nbytes, names)

    def _put(self, name: str, piece: memoryview) -> None:
        file = name + chunks.ENDING
        if file in self._there:
            self._at.touch(f"{self._folder}/{file}")
            return
        content = chunks.packed(piece)
        self._at.write(f"{self._folder}/{file}", content)
        self._there.add(file)
        self._new.append(file)
        self.nbytes += len(content)

    def mend(self, frozen: Frozen, parts: Sequence[Part]) -> None:
        """Write again what another process has removed since this one looked."""
        self._there = set(self._at.names(self._folder))
        wanted = {name + chunks.ENDING for part in parts for name in part.chunks}
        if not wanted <= self._there:
            self.parts(frozen)
