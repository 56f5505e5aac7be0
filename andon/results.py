"""What a replay found, as data frames: tidy, with documented columns and times in UTC."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import pandas as pd

from actions.playbook import Playbook
from schemas.decisions import Decision, plain_action, plain_decision
from schemas.problems import Change, plain, problems_digest
from schemas.times import iso
from streams.replay import Replayed

PROBLEM_COLUMNS: Final = {
    "id": "hash of kind, subject and opening time: the same for the same events",
    "kind": "what is wrong, such as late-delivery",
    "subject_type": "what it is about: order, line, shipment, sku, ...",
    "subject": "its id; of a line or shipment: order_id/child_id",
    "order_id": "the order concerned, if one is",
    "customer_id": "the customer concerned, if known",
    "opened_at": "when it was found (UTC)",
    "due_at": "from when it was a problem on what was known (UTC)",
    "cleared_at": "when it was over (UTC)",
    "withdrawn_at": "when later facts showed that it never was one (UTC)",
    "parent": "id of the problem that is its root cause",
    "defect": "of a population: what is wrong with its members",
    "severity": "critical, high, warning or info",
    "evidence": "the facts that prove it: list of {fact, at or value}",
    "detector": "who found it",
    "detector_version": "in which version",
    "opened_by": "the fact that opened it, with its times",
    "ended_by": "the fact that ended it, with its times",
}
"""Columns of ``Result.problems``, one row per problem."""

CHANGE_COLUMNS: Final = {
    "at": "when it happened (UTC)",
    "what": "opened, cleared, withdrawn or attached to a root cause",
    "problem_id": "id in Result.problems",
    "kind": "what is wrong",
    "subject": "what it is about",
}
"""Columns of ``Result.changes``, one row per event of a problem, in the order of time."""

DECISION_COLUMNS: Final = {
    "id": "id of the decision",
    "problem_id": "id in Result.problems",
    "change": "what had happened to the problem",
    "verdict": "why something is done or not, in words",
    "detail": "more than the verdict says, such as which budget was exceeded",
    "rule": "the rule of the playbook that matched",
    "mode": "off, shadow, review or auto",
    "playbook_version": "name and hash of the playbook",
    "decided_at": "when (UTC)",
}
"""Columns of ``Result.decisions``, one row per decision a live run would have taken."""

ACTION_COLUMNS: Final = {
    "id": "derived from the harm it answers: the same however often the log is read",
    "name": "what would be done, such as credit-customer",
    "target_type": "to what kind of thing",
    "target": "to which one",
    "params": "with what: dict",
    "cost_minor": "the most it may cost, in minor units of the currency",
    "currency": "ISO 4217",
    "harm": "affected|cause group|occurrence",
    "problem_id": "id in Result.problems",
    "order_id": "the order concerned, if one is",
    "customer_id": "the customer concerned, if known",
    "rule": "the rule of the playbook",
    "planned_at": "when (UTC)",
    "status": "queued, waiting for a person, shadow, ...",
    "follows": "id of the action it undoes",
}
"""Columns of ``Result.actions``, one row per action a live run would have planned."""

_TIMES: Final = (
    "opened_at",
    "due_at",
    "cleared_at",
    "withdrawn_at",
    "at",
    "decided_at",
    "planned_at",
)


@dataclass(frozen=True)
class Result:
    """Problems, changes, decisions and actions of one replay. Nothing was performed."""

    replayed: Replayed
    """The same as structs, with what was rejected: for those who do without pandas."""

    playbook: Playbook

    @property
    def hash(self) -> str:
        """One SHA-256 over the canonical list of problems: the same events, the same hash."""
        return problems_digest(self.replayed.problems)

    @cached_property
    def problems(self) -> pd.DataFrame:
        """One row per problem; columns are in ``PROBLEM_COLUMNS``."""
        return _frame([plain(problem) for problem in self.replayed.problems], PROBLEM_COLUMNS)

    @cached_property
    def changes(self) -> pd.DataFrame:
        """One row per event of a problem; columns are in ``CHANGE_COLUMNS``."""
        return _frame([_plain_change(change) for change in self.replayed.changes], CHANGE_COLUMNS)

    @cached_property
    def decisions(self) -> pd.DataFrame:
        """What a live run would have decided; columns are in ``DECISION_COLUMNS``."""
        return _frame([plain_decision(one) for one in self._decided], DECISION_COLUMNS)

    @cached_property
    def actions(self) -> pd.DataFrame:
        """What a live run would have planned; columns are in ``ACTION_COLUMNS``."""
        planned = [plain_action(action) for one in self._decided for action in one.actions]
        return _frame(planned, ACTION_COLUMNS)

    @cached_property
    def _decided(self) -> list[Decision]:
        from andon.wiring import decide_all  # noqa: PLC0415 - only who asks for decisions pays

        return decide_all(self.replayed.changes, self.playbook)

    @property
    def summary(self) -> pd.Series:
        """Events, rejected records, speed, and problems by kind."""
        run = self.replayed
        figures: dict[str, object] = {
            "events": run.events,
            "rejected": len(run.rejected),
            "cpu_seconds": round(run.cpu_seconds, 3),
            "events_per_cpu_second": round(run.events / max(run.cpu_seconds, 1e-3)),
            "problems": len(run.problems),
            "open": sum(problem.is_open for problem in run.problems),
        }
        kinds = Counter(problem.kind for problem in run.problems)
        return pd.Series(figures | dict(sorted(kinds.items())), name="replay", dtype=object)

    def _repr_html_(self) -> str:
        """Return the summary and the newest problems for a notebook."""
        columns = ["kind", "subject", "opened_at", "cleared_at", "severity"]
        newest = self.problems.sort_values("opened_at", ascending=False).head(10)[columns]
        return f"{self.summary.to_frame().to_html()}{newest.to_html(index=False)}"


def _frame(rows: Sequence[dict[str, object]], columns: dict[str, str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=list(columns))
    for name in columns:
        if name in _TIMES:
            frame[name] = pd.to_datetime(frame[name], utc=True, format="ISO8601")
    return frame


def _plain_change(change: Change) -> dict[str, object]:
    problem = change.problem
    about = {"problem_id": problem.id, "kind": problem.kind, "subject": problem.subject}
    return {"at": iso(change.at), "what": change.what.value, **about}
