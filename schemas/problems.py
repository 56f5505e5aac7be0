"""A problem: a detector's answer, from when to when, about what, and the facts that prove it."""

import hashlib
from enum import StrEnum

import msgspec

from schemas.times import iso


class Severity(StrEnum):
    """How bad it is for the customer if nothing is done."""

    CRITICAL = "critical"
    HIGH = "high"
    WARNING = "warning"
    INFO = "info"


class Cause(msgspec.Struct, frozen=True, gc=False):
    """What made a problem open or end: an event type, or ``clock`` when only time passed.

    Times are ms UTC; ``occurred_at`` equals ``recorded_at`` for the clock.
    """

    fact: str
    occurred_at: int
    recorded_at: int


class Evidence(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One fact that proves a problem: ``at`` (ms UTC) for a time, ``value`` for anything else."""

    fact: str
    at: int | None = None
    value: str | int | None = None


class Problem(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One thing that is wrong for a customer; times ms UTC, ``None`` where it has not happened."""

    id: str
    kind: str
    subject_type: str
    subject: str
    order_id: str | None = None
    customer_id: str | None = None
    opened_at: int
    due_at: int
    cleared_at: int | None = None
    withdrawn_at: int | None = None
    parent: str | None = None
    defect: str | None = None
    severity: Severity = Severity.WARNING
    evidence: tuple[Evidence, ...] = ()
    detector: str
    detector_version: str
    opened_by: Cause
    ended_by: Cause | None = None

    @property
    def is_open(self) -> bool:
        """Whether nothing has ended the problem yet."""
        return self.cleared_at is None and self.withdrawn_at is None


class ChangeKind(StrEnum):
    """What happened to a problem."""

    OPENED = "opened"
    CLEARED = "cleared"
    WITHDRAWN = "withdrawn"
    ATTACHED = "attached to a root cause"
    REVISITED = "looked at again"


class Change(msgspec.Struct, frozen=True, gc=False):
    """An event of a problem: what happened at ``at`` (ms UTC), and the problem as it was then."""

    what: ChangeKind
    at: int
    problem: Problem


def problem_id(kind: str, subject_type: str, subject: str, opened_at: int) -> str:
    """Return the id every driver derives for this problem (32 hex digits, BLAKE2b-128).

    ``opened_at`` is ms UTC. Nothing of the run that found it enters: same events, same id.
    """
    text = f"{kind}\x1f{subject_type}\x1f{subject}\x1f{opened_at}"
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def problems_digest(problems: list[Problem]) -> str:
    """Return one SHA-256 (hex) over the canonical list: id, kind, subject, all times, parent.

    The list is sorted by id first, so the order in which problems were found cannot matter.
    """
    digest = hashlib.sha256()
    for p in sorted(problems, key=lambda problem: problem.id):
        row = (p.id, p.kind, p.subject_type, p.subject, p.opened_at)
        digest.update(repr((*row, p.due_at, p.cleared_at, p.withdrawn_at, p.parent)).encode())
        digest.update(b"\n")
    return digest.hexdigest()


def plain(problem: Problem) -> dict[str, object]:
    """Return the problem as the JSON object users read: RFC 3339 times, ``None`` as null."""
    row = msgspec.structs.asdict(problem)
    for name in ("opened_at", "due_at", "cleared_at", "withdrawn_at"):
        row[name] = None if row[name] is None else iso(row[name])
    row["severity"] = problem.severity.value
    row["evidence"] = [_plain_evidence(item) for item in problem.evidence]
    row["opened_by"] = _plain_cause(problem.opened_by)
    row["ended_by"] = None if problem.ended_by is None else _plain_cause(problem.ended_by)
    return row


def _plain_evidence(item: Evidence) -> dict[str, object]:
    if item.at is not None:
        return {"fact": item.fact, "at": iso(item.at)}
    return {"fact": item.fact, "value": item.value}


def _plain_cause(cause: Cause) -> dict[str, object]:
    times = {"occurred_at": iso(cause.occurred_at), "recorded_at": iso(cause.recorded_at)}
    return {"fact": cause.fact, **times}
