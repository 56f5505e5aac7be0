"""Between what we think in (structs) and what is stored (rows and JSON text)."""

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import RowMapping

from actions.causes import named_id
from actions.limits import account_of
from actions.persons import References, Veil, hidden_problem, shown_action
from actions.tracing import TRACEPARENT, carried
from schemas.decisions import Action, Decision, Mode, Outcome, Status, Verdict, plain_action
from schemas.problems import Change, ChangeKind, Problem

Row = RowMapping | Mapping[str, Any]
"""One row of a table, by column."""


def text(value: object) -> str:
    """Return ``value`` as compact JSON."""
    return msgspec.json.encode(value).decode()


def problem_row(change: Change) -> dict[str, object]:
    """Return the problem as it is after ``change``."""
    problem = change.problem
    return {
        "id": problem.id,
        "kind": problem.kind,
        "subject_type": problem.subject_type,
        "subject": problem.subject,
        "order_id": problem.order_id,
        "customer_id": problem.customer_id,
        "severity": problem.severity.value,
        "state": state_of(problem),
        "opened_at": problem.opened_at,
        "cleared_at": problem.cleared_at,
        "withdrawn_at": problem.withdrawn_at,
        "parent": problem.parent,
        "changed_at": change.at,
        "body": text(problem),
    }


def state_of(problem: Problem) -> str:
    """Return ``open``, ``cleared`` or ``withdrawn``; a withdrawal outweighs a clearing."""
    if problem.withdrawn_at is not None:
        return ChangeKind.WITHDRAWN.value
    return "open" if problem.cleared_at is None else ChangeKind.CLEARED.value


def problem_from(row: Row) -> Problem:
    """Return the problem that a row of ``problems`` holds."""
    return msgspec.json.decode(row["body"], type=Problem)


def change_row(change: Change, now: int, refs: References) -> dict[str, object]:
    """Return what happened, as it is kept for good; ``now`` is ms UTC."""
    return {
        "problem_id": change.problem.id,
        "what": change.what.value,
        "at": change.at,
        "stored_at": now,
        "body": text(hidden_problem(change.problem, refs)),
    }


def decision_id(change: Change) -> str:
    """Return the id of the one decision that ``change`` gets."""
    return named_id(f"decision\x1f{change.problem.id}\x1f{change.what}\x1f{change.at}")


def decision_row(decision: Decision, detail: str) -> dict[str, object]:
    """Return a decision without its actions; ``detail`` is what it says, naming nobody."""
    return {
        "id": decision.id,
        "problem_id": decision.problem_id,
        "change": decision.change.value,
        "verdict": decision.verdict.value,
        "detail": detail,
        "rule": decision.rule,
        "mode": decision.mode.value,
        "playbook_version": decision.playbook_version,
        "decided_at": decision.decided_at,
    }


def decision_from(row: Row, actions: tuple[Action, ...], detail: str) -> Decision:
    """Return the decision that a row of ``decisions`` holds, with ``actions`` and ``detail``."""
    return Decision(
        id=row["id"],
        problem_id=row["problem_id"],
        change=ChangeKind(row["change"]),
        verdict=Verdict(row["verdict"]),
        detail=detail,
        rule=row["rule"],
        mode=Mode(row["mode"]),
        playbook_version=row["playbook_version"],
        decided_at=row["decided_at"],
        actions=actions,
    )


def action_row(action: Action, decision: Decision, veil: Veil) -> dict[str, object]:
    """Return an action as it was planned by ``decision``, with a reference for its customer."""
    kept = veil.action(action)
    return {
        "id": kept.id,
        "decision_id": decision.id,
        "problem_id": kept.problem_id,
        "name": kept.name,
        "target_type": kept.target_type,
        "target": kept.target,
        "harm": kept.harm,
        "cost_minor": kept.cost_minor,
        "currency": kept.currency,
        "order_id": kept.order_id,
        "person": kept.customer_id,
        "rule": kept.rule,
        "planned_at": kept.planned_at,
        "planned_status": kept.status.value,
        "follows": kept.follows,
        "params": text(kept.params),
    }


def action_from(row: Row) -> Action:
    """Return the action that a row of ``actions_now`` holds, in its ``status`` of now.

    Where its customer was erased, ``customer_id`` is ``None`` and the reference stands elsewhere.
    """
    fields = {name: row[name] for name in Action.__struct_fields__ if name != "params"}
    fields["status"] = Status(row["status"])
    action = Action(params=msgspec.json.decode(row["params"]), **fields)
    ref, customer = row["person"], action.customer_id
    return action if ref is None or customer is None else shown_action(action, ref, customer)


def outbox_row(action: Action, due_at: int) -> dict[str, object]:
    """Return what the relay performs from ``due_at`` (ms UTC), under Debezium's column names."""
    return {
        "id": action.id,
        "aggregatetype": action.target_type,
        "aggregateid": action.target,
        "type": action.name,
        "payload": text(action),
        "status": Status.QUEUED.value,
        "follows": action.follows,
        "failures": 0,
        "due_at": due_at,
        "leased_until": 0,
        "account": account_of(action),
        "rule": action.rule,
        "cost_minor": action.cost_minor,
        "currency": action.currency,
        "planned_at": action.planned_at,
        "traceparent": carried().get(TRACEPARENT),
    }


def outcome_row(outcome: Outcome) -> dict[str, object]:
    """Return what came of one attempt."""
    return {
        "action_id": outcome.action_id,
        "attempt": outcome.attempt,
        "status": outcome.status.value,
        "at": outcome.at,
        "detail": outcome.detail,
    }


def outcome_from(row: Row) -> Outcome:
    """Return the outcome that a row of ``outcomes`` holds."""
    names = ("action_id", "attempt", "at", "detail")
    return Outcome(status=Status(row["status"]), **{name: row[name] for name in names})


def envelope(action: Action) -> dict[str, object]:
    """Return what other systems are sent: an action by its name, with what they need to do it."""
    said = plain_action(action)
    del said["status"]
    return {"type": f"action.{action.name}", "timestamp": said["planned_at"], "data": said}
