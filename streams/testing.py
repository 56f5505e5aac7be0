"""What tests ask an engine with: events in, problems out, and what the judge hears."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from detectors.journeys.names import Codes
from detectors.journeys.vocabulary import Vocabulary
from detectors.observations import Exposures, Reports
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


class Exposed(NamedTuple):
    """One exposure, with names for codes; -1 for what is unknown."""

    at: int
    clock: int
    day: int
    item: object
    place: object
    lane: object
    units: int


class Reported(NamedTuple):
    """One report, with names for codes; -1 for what is unknown."""

    at: int
    defect: int
    day: int
    item: object
    place: object
    lane: object
    buyer: int
    found: object
    units: int
    name: str


@dataclass(slots=True)
class Ear:
    """Listens to an engine, and remembers what was told, and how often."""

    exposures: Counter[Exposed] = field(default_factory=Counter)
    reports: Counter[Reported] = field(default_factory=Counter)

    def __call__(
        self, _partition: int, exposures: Exposures, reports: Reports, words: Vocabulary
    ) -> None:
        """Take in what one partition tells."""
        cells = _cells(exposures, words)
        e, r = exposures, reports
        for told in zip(e.at, e.clock, e.day, *cells, e.units, strict=True):
            self.exposures[Exposed(*map(_plain, told))] += 1
        cells, found = _cells(reports, words), _named(r.found, words.skus.values)
        for said in zip(
            r.at, r.defect, r.day, *cells, r.buyer, found, r.units, r.names, strict=True
        ):
            self.reports[Reported(*map(_plain, said))] += 1


def _cells(told: Exposures | Reports, words: Vocabulary) -> tuple[list[object], ...]:
    return (
        _named(told.item, words.items.values),
        _named(told.place, words.packed.values),
        _named(told.lane, words.lanes.values),
    )


def _named(codes: Codes, values: Sequence[object]) -> list[object]:
    return [values[code] if code >= 0 else code for code in codes.tolist()]


def _plain(value: Any) -> Any:  # noqa: ANN401 - numbers of arrays become plain ones, the rest stays
    return value.item() if isinstance(value, np.generic) else value


def heard_of(*events: Event, until: int | None = None, size: int = 100_000) -> Ear:
    """Return what the judge hears of ``events``, taken in ``size`` at a time, before ``until``."""
    ear = Ear()
    engine = Engine(listen=ear)
    for start in range(0, len(events), size):
        engine.step(_before(batch_of(*events[start : start + size]), until))
    engine.flush()
    if until is not None:
        engine.advance(until)
    return ear
