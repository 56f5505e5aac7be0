"""History in, problems out; nothing is performed.

Recordings are read as they come. Where recorded time goes back, reading starts over in the order of
recorded time: senders' clocks are believed in recordings, so nothing is ever clamped because a file
is not sorted.
"""

import copy
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np

from schemas.acyclic import without_collector
from schemas.codec import Decoded, Decoder, Rejected
from schemas.problems import Change, Problem
from streams.engine import Batch, Engine
from streams.recordings import Recording, find
from streams.sorting import in_order

CHUNK: Final = 1 << 24
"""Bytes taken in at a time, some 50 thousand events.

The decoder cuts them into pieces that stay in the processor's cache; what is written of them costs
a fixed number of array operations for each type of event, so the more at once the better.
"""

BATCH: Final = 80_000
"""Events decided at a time unless told otherwise; any number gives the same answers."""

Progress = Callable[[int, int], None]
"""Told how many bytes are read, and how many there are in all."""


@dataclass(frozen=True, slots=True)
class Unread(Rejected):
    """A line that is no event: ``position`` counts the lines of ``file`` from 0."""

    file: str


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay found."""

    problems: list[Problem]
    """The newest state of each, by (opened_at, id)."""
    changes: list[Change]
    """In the order of time."""
    events: int
    rejected: list[Unread]
    cpu_seconds: float
    engine: Engine = field(repr=False)
    """The one that ended up with the state."""
    counts: Counter[str] = field(default_factory=Counter)
    """The engine's own: late or future stamps it cut, words it did not know."""


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when (ms UTC, ``None``: no bound) a replay is wanted."""

    since: int | None = None
    until: int | None = None


class _GoesBack(Exception):  # noqa: N818 - read as a sentence: recorded time goes back
    """Recorded time is earlier than what was taken in before."""


def replay_paths(  # noqa: PLR0913 - each a wish of its own, all but two by name
    paths: Sequence[Path | str],
    engine: Engine,
    *,
    batch_size: int = BATCH,
    decoder: Decoder | None = None,
    on_progress: Progress | None = None,
    since: int | None = None,
    until: int | None = None,
) -> Replayed:
    """Replay recordings through ``engine``, as one log in the order of recorded time.

    Args:
        paths: JSON Lines files (also ``.gz``, ``.zst``), folders of them, folders of a run, ``-``.
        engine: One that has seen nothing yet; it may not be the one that ends up with the state.
        batch_size: Events decided at a time; changes no answer.
        decoder: How lines are read; one that tells the form by itself if not given.
        on_progress: Told of bytes read and bytes in all.
        since: Leave out problems that were over before, and changes before (ms UTC).
        until: Leave out events recorded at or after this moment (ms UTC).

    Raises:
        NotARecording: A folder without recordings, or a damaged file.
        OSError: A file cannot be read.
    """
    began = time.process_time()
    span = Span(since, until)
    with TemporaryDirectory(prefix="andon-") as folder, without_collector():
        scratch = Path(folder)
        reading = _Reading(find(paths, scratch), decoder or Decoder(), on_progress)
        spare = copy.deepcopy(engine)
        try:
            run = _Run(engine, batch_size, span).play(reading.as_it_comes())
        except _GoesBack:
            reading.start_over()
            run = _Run(spare, batch_size, span).play(reading.sorted(scratch))
        run.end(reading.decided)
    return run.replayed(reading.rejected, time.process_time() - began)


class _Reading:
    """Recordings, decoded; keeps what was no event."""

    def __init__(
        self, recordings: Sequence[Recording], decoder: Decoder, on_progress: Progress | None
    ) -> None:
        self.rejected: list[Unread] = []
        self._recordings = recordings
        self._decoder = decoder
        self._tell = on_progress
        self._total = sum(recording.size for recording in recordings)

    @property
    def decided(self) -> int:
        return max((recording.decided for recording in self._recordings), default=0)

    def start_over(self) -> None:
        self.rejected.clear()

    def as_it_comes(self) -> Iterator[Batch]:
        """Yield the events recording by recording; raise ``_GoesBack`` where that is no log."""
        done, newest = 0, 0
        for recording in self._recordings:
            for piece in recording.pieces(CHUNK):
                self._progress(done + piece.before)
                batch = _batch(self.decode(piece.text, piece.line, recording.name))
                if batch.events:
                    if int(batch.recorded.min()) < newest:
                        raise _GoesBack
                    newest = int(batch.recorded.max())
                    yield batch
            done += recording.size
        self._progress(self._total)

    def sorted(self, scratch: Path) -> Iterator[Batch]:
        """Yield the events of all recordings in the order of recorded time."""
        for text in in_order(self._recordings, self.decode, scratch):
            yield _batch(self._decoder.decode_lines(text))
        self._progress(self._total)

    def decode(self, text: bytes, line: int, name: str) -> Decoded:
        """Decode lines of a recording; what is no event is kept with its place."""
        decoded = self._decoder.decode_lines(text)
        self.rejected += [
            Unread(line + one.position, one.path, one.reason, one.raw, name)
            for one in decoded.rejected
        ]
        return decoded

    def _progress(self, done: int) -> None:
        if self._tell:
            self._tell(done, self._total)


def _batch(decoded: Decoded) -> Batch:
    """Return what was decoded in the order of recorded time, so that it may be cut anywhere."""
    recorded = decoded.recorded
    batch = Batch(decoded.events, decoded.occurred, recorded)
    if bool((recorded[1:] < recorded[:-1]).any()):
        return _some(batch, recorded.argsort(kind="stable"))
    return batch


class _Run:
    """One engine at work on one log."""

    def __init__(self, engine: Engine, batch_size: int, span: Span) -> None:
        self._engine = engine
        self._batch_size = batch_size
        self._span = span
        self._left_out = False
        self._waiting = 0
        self._events = 0
        self._changes: list[Change] = []

    def play(self, batches: Iterator[Batch]) -> "_Run":
        """Take in ``batches``, whose recorded times do not go back from one to the next."""
        for batch in batches:
            self._take(self._wanted(batch))
        return self

    def _wanted(self, batch: Batch) -> Batch:
        until = self._span.until
        if until is None or int(batch.recorded.max()) < until:
            return batch
        self._left_out = True
        return _some(batch, np.flatnonzero(batch.recorded < until))

    def _take(self, batch: Batch) -> None:
        """Take in ``batch``, deciding each time that ``batch_size`` events are taken in."""
        start, count = 0, len(batch.events)
        self._events += count
        while start < count:
            end = min(count, start + self._batch_size - self._waiting)
            whole = start == 0 and end == count
            self._engine.take(batch if whole else _part(batch, start, end))
            self._waiting += end - start
            start = end
            if self._waiting == self._batch_size:
                self._changes += self._engine.decide()
                self._waiting = 0

    def end(self, decided: int) -> None:
        """Decide on what is left: the log has ended, or goes on after the span that is wanted."""
        self._changes += self._engine.flush()
        if self._span.until is not None and self._left_out:
            decided = self._span.until
        self._changes += self._engine.advance(decided)

    def replayed(self, rejected: list[Unread], cpu_seconds: float) -> Replayed:
        """Return the result; of what was over before the span nothing is left."""
        since = self._span.since or 0
        newest = {change.problem.id: change.problem for change in self._changes}
        problems = list(newest.values())
        if since:
            problems = [problem for problem in problems if _over_at(problem) >= since]
        problems.sort(key=lambda problem: (problem.opened_at, problem.id))
        changes = [change for change in self._changes if change.at >= since]
        counts = self._engine.counts
        return Replayed(
            problems, changes, self._events, rejected, cpu_seconds, self._engine, counts
        )


def _over_at(problem: Problem) -> float:
    """Return when a problem ended, ms UTC; infinity while it is open."""
    ended = [at for at in (problem.cleared_at, problem.withdrawn_at) if at is not None]
    return max(ended, default=float("inf"))


def _part(batch: Batch, start: int, end: int) -> Batch:
    return Batch(batch.events[start:end], batch.occurred[start:end], batch.recorded[start:end])


def _some(batch: Batch, index: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Batch:
    events = [batch.events[i] for i in index.tolist()]
    return Batch(events, batch.occurred[index], batch.recorded[index])
