"""What is asked of each table, and what the answers mean for the reports of defects."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from detectors.journeys.episodes import Edges, Settled
from detectors.journeys.folds import Numbers
from detectors.journeys.names import UNKNOWN
from detectors.journeys.standing import Columns, What, in_order
from detectors.journeys.tables import Table
from detectors.journeys.versions import Versions
from detectors.population.defects import Defect
from detectors.question import Question
from schemas.times import Flags, Times

BuyersOf = Callable[[Numbers, Times], Numbers]
"""Rows and moments (ms UTC) in, hashes of who was their customer then out."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The questions of one table, and the defect that the answers to each report, -1 for none."""

    questions: Sequence[Question]
    defects: Numbers
    public: int
    """How many of them are detectors; the answers to the rest are only counted."""

    @property
    def reports(self) -> bool:
        """Whether any of the answers reports a defect."""
        return bool((self.defects >= 0).any())

    def edges(self, v: Versions, settled: Settled, buyers_of: BuyersOf) -> Columns:
        """Return the edges at which reports begin and end, in order.

        A detector's problem that ends stays reported unless it never was one. The other questions
        are true as long as the report stands.
        """
        never_was = settled.withdrawn(v) | (settled.ended.detector >= self.public)
        ended, refuted = self._counted(settled.ended, never_was), self._counted(settled.refuted)
        opened = self._counted(settled.opened)
        at = np.maximum(settled.due[opened.detector, opened.version], v.at[opened.version])
        by = buyers_of(v.row[opened.version], at)
        return in_order(
            [
                self._columns(What.ENDED, ended, v.at[ended.version]),
                self._columns(What.REFUTED, refuted, v.at[refuted.version]),
                self._columns(What.OPENED, opened, at, by),
            ]
        )

    def _counted(self, edges: Edges, some: Flags | None = None) -> Edges:
        """Return the ``edges`` of questions that report a defect."""
        counted = self.defects[edges.detector] >= 0
        if some is not None:
            counted &= some
        return Edges(edges.detector[counted], edges.version[counted])

    def _columns(self, what: What, edges: Edges, at: Times, by: Numbers | None = None) -> Columns:
        buyers = np.zeros_like(at) if by is None else by
        defects = self.defects[edges.detector]
        return np.stack([edges.version, np.full_like(at, what), defects, at, buyers])


def asked(
    detectors: Mapping[Table, Sequence[Question]], defects: Sequence[Defect]
) -> dict[Table, Asked]:
    """Return the questions by table: ``detectors``, then those that ``defects`` bring along."""
    own = [defect.question for defect in defects if defect.question is not None]
    found = {}
    for table, public in detectors.items():
        questions = [*public, *(question for question in own if question.table is table)]
        reported = [_reported(question, defects) for question in questions]
        found[table] = Asked(questions, np.array(reported, np.int64), len(public))
    return found


def _reported(question: Question, defects: Sequence[Defect]) -> int:
    """Return the place in ``defects`` of what ``question`` reports, -1 if it reports nothing."""
    for place, defect in enumerate(defects):
        if question is defect.question or question.kind == defect.kind:
            return place
    return UNKNOWN
