"""When problems begin and end, for all detectors of a table at once.

Version i lasts [at_i, end_i). A problem is true in it from max(due_i, at_i), if that lies strictly
before end_i. Adjoining true versions are one problem.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from detectors.journeys.folds import Numbers
from detectors.journeys.streams import occurred
from detectors.journeys.versions import Versions
from detectors.question import Question, is_refutable
from schemas.times import NEVER, Flags, Times


@dataclass(frozen=True, slots=True)
class Edges:
    """Where something happened to problems: detector and version of each, in step."""

    detector: Numbers
    version: Numbers

    def first(self, count: int) -> "Edges":
        """Return those of the first ``count`` detectors."""
        some = self.detector < count
        return self if some.all() else Edges(self.detector[some], self.version[some])


@dataclass(frozen=True, slots=True)
class Settled:
    """What the versions of one table mean for the problems about its rows."""

    opened: Edges
    ended: Edges
    refuted: Edges
    """Versions in which a refutation became known."""
    due: Times
    """Due time by detector and version, ms UTC."""
    taken_back: Mapping[int, Flags]
    """By refutable detector: the versions in which what was reported has been taken back."""
    look_again: Times
    """When each row must be looked at again if nothing happens to it, ms UTC."""

    def first(self, count: int) -> "Settled":
        """Return what concerns the first ``count`` detectors only."""
        return replace(
            self,
            opened=self.opened.first(count),
            ended=self.ended.first(count),
            refuted=self.refuted.first(count),
        )

    def withdrawn(self, v: Versions) -> Flags:
        """Return which of the problems that ``ended`` never were any.

        What ended them had occurred by their due time, or refutes them.
        """
        detector, version = self.ended.detector, self.ended.version
        none: Flags = occurred(v.cause[version]) <= self.due[detector, version - 1]
        for number, back in self.taken_back.items():
            none |= (detector == number) & back[version]
        return none


def settle(
    v: Versions, detectors: Sequence[Question], since: int, until: int, horizon: int
) -> Settled:
    """Find the beginnings and ends of problems in [``since``, ``until``), ms UTC.

    What began before ``since`` has been found before. A due time ``horizon`` (ms) or more after a
    version was recorded never comes: the journey is forgotten by then.
    """
    due = np.empty((len(detectors), v.at.size), np.int64)
    ends, true = np.minimum(v.end, v.at + horizon), []
    later = np.full(v.lasts.size, NEVER)
    for mine, detector in zip(due, detectors, strict=True):  # column by column: caches are small
        mine[:] = detector.due(v.rows)
        true.append(np.flatnonzero(mine < ends))
        newest = mine[v.lasts]
        newest[newest < until] = NEVER
        np.minimum(later, newest, out=later)
    opened, ended = _edges(v, due, true, since)
    later[later >= v.at[v.lasts] + horizon] = NEVER
    taken_back = {
        i: flags
        for i, detector in enumerate(detectors)
        if is_refutable(detector) and (flags := detector.refuted(v.rows)).any()
    }
    return Settled(
        opened,
        ended,
        _refuted(v, taken_back),
        due,
        taken_back,
        later,
    )


def _edges(v: Versions, due: Times, true: Sequence[Numbers], since: int) -> tuple[Edges, Edges]:
    """Return where problems begin and end, by the few versions in which each detector is true."""
    detector = np.repeat(np.arange(len(true)), [versions.size for versions in true])
    version = np.concatenate([np.empty(0, np.int64), *true])
    is_head, is_last = _marked(v.heads, v.at.size)[version], _marked(v.lasts, v.at.size)[version]
    begins, at = due[detector, version], v.at[version]
    goes_on = (begins <= at) & ~is_head
    goes_on[:1] = False
    goes_on[1:] &= (detector[1:] == detector[:-1]) & (version[1:] == version[:-1] + 1)
    opened = ~goes_on & ~(is_head & (np.maximum(begins, at) < since))
    ended = ~is_last
    ended[:-1] &= ~goes_on[1:]
    return (
        Edges(detector[opened], version[opened]),
        Edges(detector[ended], version[ended] + 1),
    )


def _marked(places: Numbers, size: int) -> Flags:
    flags = np.zeros(size, np.bool_)
    flags[places] = True
    return flags


def _refuted(v: Versions, taken_back: Mapping[int, Flags]) -> Edges:
    became = {i: np.flatnonzero(v.changed(f.astype(np.int64)) > 0) for i, f in taken_back.items()}
    if not became:
        return Edges(np.empty(0, np.int64), np.empty(0, np.int64))
    detector = np.repeat(list(became), [versions.size for versions in became.values()])
    return Edges(detector, np.concatenate(list(became.values())))
