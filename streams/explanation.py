"""An explanation: every detector's answer about every row of one order, in words and as JSON."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from actions.accounts import account
from schemas.problems import Cause, Evidence, Problem, plain
from schemas.times import iso


class Verdict(StrEnum):
    """What a detector makes of one row."""

    OPEN = "is a problem"
    CLEARED = "was a problem and is over"
    WITHDRAWN = "was taken for a problem and was none"
    WAITING = "will be a problem if nothing happens"
    PREVENTED = "was put right in time"
    NO_SIGN = "no sign of it"


@dataclass(frozen=True, slots=True)
class Stage:
    """What a detector said on what was known from ``cause.recorded_at`` until ``end`` (ms UTC)."""

    cause: Cause
    """The earliest of the facts that became known then."""
    end: int
    due: int | None
    """When it would be a problem, ms UTC; ``None`` for never."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One detector's answer about one row."""

    kind: str
    subject_type: str
    subject: str
    verdict: Verdict
    stages: tuple[Stage, ...]
    """One for each moment at which its due time changed."""
    problems: tuple[Problem, ...]
    """In the order of time, each as it is now."""

    @property
    def prevented(self) -> tuple[Stage, Stage] | None:
        """The last stage whose due time did not come, and the one that put it off."""
        pairs = zip(self.stages, self.stages[1:], strict=False)
        put_off = [pair for pair in pairs if _puts_off(*pair)]
        return put_off[-1] if put_off else None

    def lines(self) -> Iterator[str]:
        """Yield the answer as people read it."""
        yield f"{self.kind} of {self.subject_type} {self.subject}: {self.verdict}"
        for problem in self.problems:
            yield from (f"    {line}" for line in _told(problem))
        if self.verdict is Verdict.WAITING:
            yield f"    due {_moment(self.stages[-1].due)}"
        if self.prevented:
            early, late = self.prevented
            yield f"    would have been due at {_moment(early.due)}; {_because(late.cause)}"

    def row(self) -> dict[str, object]:
        """Return the answer as a JSON object."""
        early, late = self.prevented or (None, None)
        return {
            "kind": self.kind,
            "subject_type": self.subject_type,
            "subject": self.subject,
            "verdict": self.verdict.value,
            "due_at": _stamp(self.stages[-1].due) if self.stages else None,
            "would_have_been_due_at": _stamp(early.due) if early else None,
            "prevented_by": late.cause.fact if late else None,
            "prevented_at": iso(late.cause.recorded_at) if late else None,
            "stages": [_plain(stage) for stage in self.stages],
            "problems": [plain(problem) for problem in self.problems],
        }


@dataclass(frozen=True, slots=True)
class Explanation:
    """Every detector's answer about every row of one order, as known before ``until`` (ms UTC)."""

    order_id: str
    until: int
    answers: tuple[Answer, ...]
    about_its_skus: tuple[Problem, ...]
    """Problems of many orders that this one is a part of."""
    locale: str = "en"
    """The language in which those are told."""

    def lines(self) -> Iterator[str]:
        """Yield the explanation as people read it, the weightiest first."""
        yield f"order {self.order_id}, on what was recorded before {iso(self.until)}"
        for answer in self.answers:
            if answer.verdict is not Verdict.NO_SIGN:
                yield ""
                yield from answer.lines()
        for problem in self.about_its_skus:
            yield ""
            yield f"{problem.kind} of {problem.subject_type} {problem.subject}"
            yield f"    {account(problem, self.locale)}"
            yield from (f"    {line}" for line in _told(problem))
        yield from self._without_sign()

    def text(self) -> str:
        """Return the explanation as one text."""
        return "\n".join(self.lines())

    def rows(self) -> list[dict[str, object]]:
        """Return one JSON object per answer."""
        return [answer.row() for answer in self.answers]

    def _without_sign(self) -> Iterator[str]:
        kinds: dict[str, list[str]] = {}
        for answer in self.answers:
            if answer.verdict is Verdict.NO_SIGN:
                name = f"{answer.subject_type} {answer.subject}"
                kinds.setdefault(name, []).append(answer.kind)
        if kinds:
            yield ""
            yield "no sign of"
        for name, some in kinds.items():
            yield f"    {name}: {', '.join(sorted(some))}"


def _puts_off(stage: Stage, later: Stage) -> bool:
    """Whether the due time of ``stage`` did not come because of what ``later`` knows."""
    if stage.due is None or max(stage.due, stage.cause.recorded_at) < stage.end:
        return False
    return later.due is None or later.due > stage.due


def _told(problem: Problem) -> Iterator[str]:
    due = "" if problem.due_at == problem.opened_at else f", due {iso(problem.due_at)}"
    yield f"opened {iso(problem.opened_at)}{due}; {_because(problem.opened_by)}"
    yield from (f"    {_proof(proof)}" for proof in problem.evidence)
    if problem.ended_by is not None:
        word = "over" if problem.withdrawn_at is None else "withdrawn"
        ended = problem.withdrawn_at or problem.cleared_at
        yield f"{word} {_moment(ended)}; {_because(problem.ended_by)}"


def _proof(proof: Evidence) -> str:
    return f"{proof.fact} {proof.value if proof.at is None else iso(proof.at)}"


def _because(cause: Cause) -> str:
    if cause.fact == "clock":
        return "time passed"
    late = cause.recorded_at != cause.occurred_at
    return f"{cause.fact}{f' of {iso(cause.occurred_at)}' if late else ''}, recorded " + iso(
        cause.recorded_at
    )


def _moment(time_ms: int | None) -> str:
    return "never" if time_ms is None else iso(time_ms)


def _stamp(time_ms: int | None) -> str | None:
    return None if time_ms is None else iso(time_ms)


def _plain(stage: Stage) -> dict[str, object]:
    return {
        "known_from": iso(stage.cause.recorded_at),
        "known_until": iso(stage.end),
        "cause": stage.cause.fact,
        "due_at": _stamp(stage.due),
    }
