"""What tests ask an engine with: events in, problems out."""

from collections.abc import Sequence

import numpy as np

from detectors.question import Question
from schemas.events import Event
from schemas.problems import Problem
from schemas.stamps import parse
from streams.engine import Batch, Engine


def batch_of(*events: Event) -> Batch:
    """Return ``events`` with the clocks they carry; recorded when they happened unless they say."""
    occurred, _ = parse([event.time for event in events])
    recorded, _ = parse([event.recordedtime or event.time for event in events])
    return Batch(events, occurred, recorded)


def problems_of(
    detector: Question | Sequence[Question], *events: Event, until: int | None = None
) -> list[Problem]:
    """Return what ``detector`` finds in ``events``, decided strictly before ``until`` (ms UTC).

    Without ``until`` the input ends with its newest event. Each problem is as it was at the end;
    they are in the order in which they opened.
    """
    asked = detector if isinstance(detector, Sequence) else (detector,)
    engine = Engine(asked)
    batch = batch_of(*events)
    changes = [*engine.step(_before(batch, until)), *engine.flush()]
    if until is not None:
        changes += engine.advance(until)
    kinds = {question.kind for question in asked}
    newest = {c.problem.id: c.problem for c in changes if c.problem.kind in kinds}
    return sorted(newest.values(), key=lambda problem: (problem.opened_at, problem.id))


def _before(batch: Batch, until: int | None) -> Batch:
    """Return the events recorded before ``until``: nobody knows of the others yet."""
    known = np.flatnonzero(batch.recorded < (until or np.inf))
    events = [batch.events[i] for i in known.tolist()]
    return Batch(events, batch.occurred[known], batch.recorded[known])
