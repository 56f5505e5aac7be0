"""When problems begin and end, for all detectors of a table at once.

Version i lasts [at_i, end_i). A problem is true in it from max(due_i, at_i), if that lies strictly
before end_i. Adjoining true versions are one problem.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from detectors.journeys.folds import Numbers
from detectors.journeys.versions import Versions
from detectors.question import Question, is_refutable
from schemas.times import NEVER, Flags, Times


@dataclass(frozen=True, slots=True)
class Edges:
    """Where something happened to problems: detector and version of each, in step."""

    detector: Numbers
    version: Numbers


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


def settle(
    v: Versions, detectors: Sequence[Question], since: int, until: int, horizon: int
) -> Settled:
    """Find the beginnings and ends of problems in [``since``, ``until``), ms UTC.

    What began before ``since`` has been found before. A due time ``horizon`` (ms) or more after a
    version was recorded never comes: the journey is forgotten by then.
    """
    due = np.empty((len(detectors), v.at.size), np.int64)
    for i, detector in enumerate(detectors):
        due[i] = detector.due(v.rows)
    active = (due.min(axis=1) < until).nonzero()[0]
    opened, ended = _edges(v, due[active], since, horizon)
    newest = due[:, v.lasts]
    waits = (newest >= until) & (newest < v.at[v.lasts] + horizon)
    later = np.where(waits, newest, NEVER)
    taken_back = {
        i: flags
        for i, detector in enumerate(detectors)
        if is_refutable(detector) and (flags := detector.refuted(v.rows)).any()
    }
    return Settled(
        Edges(active[opened.detector], opened.version),
        Edges(active[ended.detector], ended.version),
        _refuted(v, taken_back),
        due,
        taken_back,
        later.min(axis=0),
    )


def _edges(v: Versions, due: Times, since: int, horizon: int) -> tuple[Edges, Edges]:
    """Return where problems begin and end, given the due times of some detectors."""
    begins = np.maximum(due, v.at)
    true = (begins < v.end) & (due < v.at + horizon)
    held = true & (due <= v.at)
    before = np.zeros_like(true)
    before[:, 1:] = true[:, :-1]
    before[:, v.heads] = False
    opened = true & ~(held & before)
    opened[:, v.heads] &= begins[:, v.heads] >= since
    return Edges(*opened.nonzero()), Edges(*(before & ~held).nonzero())


def _refuted(v: Versions, taken_back: Mapping[int, Flags]) -> Edges:
    became = {i: np.flatnonzero(v.changed(f.astype(np.int64)) > 0) for i, f in taken_back.items()}
    if not became:
        return Edges(np.empty(0, np.int64), np.empty(0, np.int64))
    detector = np.repeat(list(became), [versions.size for versions in became.values()])
    return Edges(detector, np.concatenate(list(became.values())))
