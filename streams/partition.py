"""One partition: the journeys of its orders, and the account of them that the judge is given."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from detectors.journeys.journeys import Journeys, Typed
from detectors.journeys.thrift import Thrift
from detectors.journeys.vocabulary import Vocabulary
from detectors.journeys.writes import WRITES
from detectors.observations import Exposures, Observation, Reports
from detectors.population.defects import Defect
from detectors.population.hearsay import HEARD, retractions
from detectors.question import Question
from schemas.events import Event
from schemas.problems import Change
from schemas.times import Times

THRIFT: Final = Thrift()
"""When the memory of forgotten journeys is given back."""


@dataclass(frozen=True, slots=True)
class Account:
    """What became known in a partition between two moments: for people, and for the judge."""

    changes: list[Change]
    """Of problems about journeys, in no order."""
    observations: list[Observation]
    exposures: Exposures
    reports: Reports
    words: Vocabulary
    """What the codes of exposures and reports mean."""


class Partition:
    """Journeys that share nothing with those of other partitions."""

    def __init__(
        self,
        detectors: Sequence[Question],
        horizon: int,
        defects: Sequence[Defect],
        thrift: Thrift = THRIFT,
    ) -> None:
        """Start empty; a journey is forgotten ``horizon`` ms after its last event.

        ``thrift`` says when its memory is given back, which changes no answer.
        """
        self.journeys = Journeys(detectors, horizon, defects=defects)
        self._observed: list[Observation] = []
        self._thrift = thrift
        self._looked = 0
        """The stretch of recorded time in which it was last asked whether to forget pays."""

    @property
    def clock(self) -> int:
        """Everything recorded strictly before is decided, ms UTC."""
        return self.journeys.clock

    @property
    def nbytes(self) -> int:
        """Memory held by what is known of journeys, bytes."""
        return self.journeys.book.nbytes

    @property
    def counts(self) -> Counter[str]:
        """What was cut or not known: late or future stamps, words of no vocabulary."""
        return self.journeys.book.counts

    @counts.setter
    def counts(self, counts: Counter[str]) -> None:
        self.journeys.book.counts = counts

    def write(self, typed: Sequence[Typed]) -> None:
        """Take in events by type; they are not before ``clock``, and before the next settling."""
        for kind, some, happened, learnt in typed:
            if kind in HEARD:
                self._observed += HEARD[kind](some, happened, learnt)
        self.journeys.write([part for part in typed if part[0] in WRITES])

    def settle(self, until: int) -> Account:
        """Decide strictly before ``until`` (ms UTC) and give account of it."""
        changes = self.journeys.settle(until)
        observed, self._observed = self._observed, []
        observed += self.journeys.findings.reports
        self.journeys.findings.reports.clear()
        observed += retractions(changes)
        account = Account(changes, observed, *self.journeys.heard())
        self._forget()
        return account

    def _forget(self) -> None:
        """Give back the memory of forgotten journeys, from time to time, where that pays."""
        stretch = self.clock // self._thrift.every
        if stretch > self._looked:
            self._looked = stretch
            self.journeys.forget(self._thrift)


class _Codes(dict[type[Event], int]):
    """Event types to numbers; types of which nothing is asked share the last one."""

    def __missing__(self, kind: type[Event]) -> int:
        return _OTHER


_KINDS = tuple({**WRITES, **HEARD})
_OTHER = len(_KINDS)
_CODE = _Codes({kind: code for code, kind in enumerate(_KINDS)})


def by_type(events: Sequence[Event], occurred: Times, recorded: Times, until: int) -> list[Typed]:
    """Return the events recorded before ``until`` (ms UTC) by type, with their clocks."""
    code = np.fromiter(map(_CODE.__getitem__, map(type, events)), np.int8, len(events))
    code[recorded >= until] = _OTHER
    order = np.argsort(code, kind="stable")
    bounds = np.searchsorted(code[order], np.arange(_OTHER + 1)).tolist()
    found: list[Typed] = []
    for kind, start, end in zip(_KINDS, bounds[:-1], bounds[1:], strict=True):
        if end > start:
            at = order[start:end]
            some = [events[i] for i in at.tolist()]
            found.append((kind, some, occurred[at], recorded[at]))
    return found
