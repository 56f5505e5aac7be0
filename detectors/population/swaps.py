"""Two SKUs that lie in each other's place: customers of each get the other one.

That is no matter of rates: that B is found in reports about A, and A in reports about B, hardly
happens by chance. It is looked for when a day begins, since inspections follow reports by days.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from msgspec.structs import replace

from detectors.observations import Repair
from detectors.population.almanac import WRONG_ITEM
from detectors.population.ladders import SWAPPED
from detectors.population.log import Log
from detectors.population.subjects import Subjects
from detectors.population.told import Voices
from schemas.problems import Cause, Change, ChangeKind, Evidence, Problem, Severity, problem_id
from schemas.times import DAY

VERSION: Final = "1"

LATELY: Final = 28
"""Cohort days that are looked at."""

FEWEST_EACH: Final = 2
"""Reports in each direction: one may be a slip of the hand."""


class Pair(NamedTuple):
    """Two SKUs by name, the first one first."""

    one: str
    other: str


class Swaps:
    """The swaps that are open, and when there was last anything to look at."""

    def __init__(self, subjects: Subjects, log: Log) -> None:
        """Start without swaps."""
        self._subjects = subjects
        self._log = log
        self._open: dict[Pair, Problem] = {}
        self._repaired: dict[str, int] = {}
        """By SKU: the day of its last repair; what left up to then does not count."""
        self._last = -LATELY
        """The last day on which something was found instead."""

    def is_idle(self, today: int) -> bool:
        """Whether nothing has to be looked at when ``today`` begins."""
        return not self._open and self._last < today - LATELY

    def note(self, voices: Voices, today: int) -> None:
        """Take note whether anything was found instead of what was ordered."""
        if np.any((voices.defect == WRONG_ITEM) & (voices.found >= 0)):
            self._last = today

    def mend(self, repair: Repair) -> None:
        """Let reports about what left up to the day of ``repair`` no longer count."""
        day = repair.cause.occurred_at // DAY
        self._repaired[repair.sku] = max(day, self._repaired.get(repair.sku, day))

    def begin_day(self, today: int) -> list[Change]:
        """Return the swaps that begin and end with ``today`` (UTC day number)."""
        if self.is_idle(today):
            return []
        end = today * DAY
        mirrored = dict(self._mirrored(today, end))
        over = [pair for pair in sorted(self._open) if pair not in mirrored]
        cause = Cause("clock", end, end)
        changes = [
            Change(
                ChangeKind.CLEARED,
                end,
                replace(self._open.pop(pair), cleared_at=end, ended_by=cause),
            )
            for pair in over
        ]
        for pair in sorted(mirrored):
            if pair not in self._open:
                self._open[pair] = _problem(pair, mirrored[pair], end)
                changes.append(Change(ChangeKind.OPENED, end, self._open[pair]))
        return changes

    def _mirrored(self, today: int, end: int) -> Iterator[tuple[Pair, tuple[int, int, int]]]:
        """Yield the pairs, with reports in both directions and the first cohort day of them."""
        voices, rows = self._log.voices(WRONG_ITEM, today - LATELY, end)
        count: Counter[Pair] = Counter()
        since: dict[Pair, int] = {}
        at = np.flatnonzero((voices.found >= 0) & (rows["sku"] >= 0))
        columns = (rows["sku"][at].tolist(), voices.found[at].tolist(), voices.day[at].tolist())
        for sku, found, day in zip(*columns, strict=True):
            way = Pair(self._subjects.name("sku", sku), self._subjects.name("sku", found))
            if way.one != way.other and day > self._repaired.get(way.one, -1):
                count[way] += 1
                since[way] = min(day, since.get(way, day))
        for way, there in count.items():
            back = count[Pair(way.other, way.one)]
            if way.one < way.other and min(there, back) >= FEWEST_EACH:
                yield way, (there, back, min(since[way], since[Pair(way.other, way.one)]))


def _problem(pair: Pair, reports: tuple[int, int, int], end: int) -> Problem:
    there, back, since = reports
    return Problem(
        id=problem_id(SWAPPED, "sku", pair.one, end),
        kind=SWAPPED,
        subject_type="sku",
        subject=pair.one,
        opened_at=end,
        due_at=since * DAY,
        defect="wrong_item",
        severity=Severity.HIGH,
        evidence=(
            Evidence("swapped_with", value=pair.other),
            Evidence("since", at=since * DAY),
            Evidence("reports", value=there),
            Evidence("reports_of_the_other", value=back),
        ),
        detector=SWAPPED,
        detector_version=VERSION,
        opened_by=Cause("clock", end, end),
    )
