"""What is held against one SKU: its standing reports, and the problems they add up to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from dataclasses import replace as replace_rules
from typing import Final

from msgspec.structs import replace

from detectors.observations import Repair, Replacement, Report
from detectors.population.cases import QUESTIONS, Case, Question, by_time, evidence
from detectors.population.register import latest
from detectors.population.rules import PopulationRules
from schemas.problems import Cause, Change, ChangeKind, Problem, problem_id
from schemas.times import DAY, NEVER

CLOCK: Final = "clock"
"""The cause of an end that came because nothing happened."""

DEFECT: Final = "wrong_item"

HANDLING: Final = DAY
"""Longest usual time from the shelf to the carrier, ms: what leaves so soon after a repair may have
been picked before it."""


@dataclass(slots=True)
class Finding:
    """A problem, the reports it rests on by id, and the reports that could take their place.

    Those came after the repair ``since``, if there was one, and became known up to ``until`` (ms
    UTC). Support that is forgotten can no longer be taken back.
    """

    problem: Problem
    support: frozenset[str]
    since: Repair | None
    until: int = NEVER


@dataclass(slots=True)
class Track:
    """The answers to one question about one SKU; ``ended`` ones can still be withdrawn."""

    question: Question
    open: Finding | None = None
    ended: list[Finding] = field(default_factory=list)


@dataclass(slots=True)
class News:
    """What a period brought for one SKU beside new reports."""

    removed: list[Cause] = field(default_factory=list)
    """Why reports no longer count for this SKU."""
    repair: Repair | None = None
    """The last repair."""
    customers_needed: int = 1
    """How many customers with one wrong item each are more than chance brings this SKU."""


class SkuFile:
    """One SKU's file; ``repair`` is the last one, after which counts started clean."""

    def __init__(self, sku: str, rules: PopulationRules) -> None:
        """Open a file without reports."""
        self.sku = sku
        self.repair: Repair | None = None
        self._rules = rules
        self._repair_is_old = False
        self._reports: dict[str, Report] = {}
        self._tracks = [Track(question) for question in QUESTIONS]

    def add(self, report: Report) -> None:
        """Let ``report`` count."""
        self._reports[report.id] = report

    def remove(self, report: Report) -> None:
        """Let ``report`` no longer count."""
        del self._reports[report.id]

    def forget(self, fact: Report | Replacement | Repair) -> None:
        """Let go of an old fact without taking back what rests on it.

        A repair is kept as long as there are reports, which it may keep from counting.
        """
        if fact == self.repair:
            self._repair_is_old = True
        if isinstance(fact, Report):
            self._forget(fact)

    def _forget(self, report: Report) -> None:
        self.remove(report)
        for track in self._tracks:
            track.ended = [one for one in track.ended if report.id not in one.support]
            if track.open is not None and report.id in track.open.support:
                track.open.support = frozenset()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing in it that could matter."""
        idle = all(track.open is None and not track.ended for track in self._tracks)
        return idle and not self._reports and (self.repair is None or self._repair_is_old)

    def look_again(self) -> int:
        """Return the last moment (ms UTC) of an open problem that expires, else ``NEVER``."""
        spans = [t.question.lasts(self._rules) for t in self._tracks if t.open is not None]
        newest = max((report.at for report in self._reports.values()), default=NEVER)
        return min([newest + min(spans, default=NEVER), NEVER])

    def is_open(self, kind: str) -> bool:
        """Whether the problem of ``kind`` is open."""
        return any(t.question.kind == kind and t.open is not None for t in self._tracks)

    def judge(self, end: int, news: News, is_known: Callable[[str, str], bool]) -> list[Change]:
        """Return what the period that ends at ``end`` (ms UTC) changed.

        What ``is_known`` to be open about a SKU for another reason is not opened again, and so few
        customers as are usual for how much it sells (``news.customers_needed``) open nothing.
        """
        reports = sorted(self._reports.values(), key=by_time)
        changes = []
        for track in self._tracks:
            changes += self._withdraw(track, reports, end, news)
            changes += self._clear(track, reports, end, news)
        if news.repair is not None:
            self.repair, self._repair_is_old = news.repair, False
        for track in self._tracks:
            if not is_known(track.question.kind, self.sku):
                changes += self._open(track, reports, end, news.customers_needed)
        return changes

    def _withdraw(
        self, track: Track, reports: Sequence[Report], end: int, news: News
    ) -> list[Change]:
        """End the problems that what is left no longer justifies, also those already cleared."""
        findings = [*track.ended, *([track.open] if track.open is not None else [])]
        fallen = [one for one in findings if not self._stands(track.question, one, reports, news)]
        if track.open in fallen:
            track.open = None
        track.ended = [one for one in track.ended if one not in fallen]
        cause = latest(news.removed) if fallen else None
        return [
            Change(
                ChangeKind.WITHDRAWN, end, replace(one.problem, withdrawn_at=end, ended_by=cause)
            )
            for one in fallen
        ]

    def _stands(
        self, question: Question, finding: Finding, reports: Sequence[Report], news: News
    ) -> bool:
        """Whether a finding is justified, on other reports if its own are gone."""
        if finding.support.issubset(self._reports):
            return True
        until = finding.until if news.repair is None else min(finding.until, news.repair.at)
        known = [report for report in reports if report.at <= until]
        case = self._case(question, known, finding.since, finding.problem.opened_at)
        if case is not None:
            finding.support = case.ids
        return case is not None

    def _clear(self, track: Track, reports: Sequence[Report], end: int, news: News) -> list[Change]:
        """End the open problem if the SKU was repaired, or nobody has complained for long."""
        if track.open is None:
            return []
        if news.repair is not None:
            until, cause = news.repair.at, news.repair.cause
        elif self._has_expired(track.question, reports, end):
            until, cause = end - 1, Cause(CLOCK, end, end)
        else:
            return []
        finding, track.open = track.open, None
        finding.until = until
        finding.problem = replace(finding.problem, cleared_at=end, ended_by=cause)
        if finding.support:
            track.ended.append(finding)
        return [Change(ChangeKind.CLEARED, end, finding.problem)]

    def _has_expired(self, question: Question, reports: Sequence[Report], end: int) -> bool:
        return bool(reports) and reports[-1].at + question.lasts(self._rules) < end

    def _open(self, track: Track, reports: Sequence[Report], end: int, needed: int) -> list[Change]:
        """Begin a problem if what is known since the last repair makes a case."""
        if track.open is not None:
            return []
        rules = replace_rules(self._rules, customers=max(self._rules.customers, needed))
        case = self._case(track.question, reports, self.repair, end, rules)
        if case is None:
            return []
        problem = self._problem(track.question, case, end, rules)
        track.open = Finding(problem, case.ids, self.repair)
        return [Change(ChangeKind.OPENED, end, problem)]

    def _case(
        self,
        question: Question,
        reports: Sequence[Report],
        since: Repair | None,
        alive_at: int,
        rules: PopulationRules | None = None,
    ) -> Case | None:
        """Ask about the reports after the repair ``since`` that had not expired at ``alive_at``."""
        oldest = alive_at - question.lasts(self._rules)
        counted = [r for r in reports if r.at >= oldest and _is_after(r, since)]
        return question.find(counted, rules or self._rules)

    def _problem(self, question: Question, case: Case, end: int, rules: PopulationRules) -> Problem:
        last = case.reports[-1]
        return Problem(
            id=problem_id(question.kind, "sku", self.sku, end),
            kind=question.kind,
            subject_type="sku",
            subject=self.sku,
            opened_at=end,
            due_at=last.at,
            defect=DEFECT,
            severity=question.severity,
            evidence=evidence(case, rules),
            detector=question.kind,
            detector_version=question.version,
            opened_by=last.cause,
        )


def _is_after(report: Report, repair: Repair | None) -> bool:
    """Whether a report came after a repair, and is not about what may have left before it."""
    if repair is None:
        return True
    mended = repair.cause.occurred_at
    is_picked_after = report.ordered_at > mended or report.sent_at > mended + HANDLING
    return report.at > repair.at and is_picked_after
