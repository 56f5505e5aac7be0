"""Decisions, actions and outcomes: what was decided about a problem, why, and what came of it."""

from enum import StrEnum

import msgspec

from schemas.problems import ChangeKind
from schemas.times import iso

Parameter = str | int | bool | None | list[str]
"""What a parameter of an action may hold: flat JSON without floating-point numbers."""


class Mode(StrEnum):
    """How far a rule of the playbook may go by itself."""

    OFF = "off"
    SHADOW = "shadow"
    REVIEW = "review"
    AUTO = "auto"


class Verdict(StrEnum):
    """Why something is done or not; the value is what people read and metrics are labelled with."""

    NO_RULE = "no rule: nothing is planned"
    SWITCHED_OFF = "the rule is off"
    COMPENSATE = "withdrawn: undo what can be undone"
    NOTHING_TO_UNDO = "withdrawn: nothing to undo"
    RESTORE = "over: put back what was held"
    OVER = "over: nothing more to do"
    ALREADY_HANDLED = "already handled"
    SHADOW = "shadow: recorded, not done"
    OUTSIDE_ROLLOUT = "outside the rollout: recorded, not done"
    STOPPED = "stopped by a person: decided when it starts again"
    SILENCED = "silenced by a person: decided when the silence ends"
    TOO_OLD = "learnt too late: a person decides"
    NO_TARGET = "an action has no target: a person decides"
    REVIEW = "a person decides"
    OVER_BUDGET = "over budget: a person decides"
    OVER_LIMIT = "over a limit: a person decides"
    COVERED_BY_PARENT = "covered by a root cause: the customer's own remedy only"
    ACT = "act now"
    BY_PERSON = "a person decided"
    UNATTENDED = "nobody took it in time: somebody else is told"


class Status(StrEnum):
    """Where an action stands; the value is what people read."""

    SHADOW = "shadow"
    WAITING = "waiting for a person"
    QUEUED = "queued"
    UNDER_WAY = "under way"
    FAILED = "failed, to be tried again"
    DONE = "done"
    DEAD = "given up: a person must look"
    CALLED_OFF = "called off"
    REJECTED = "rejected by a person"


class Action(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One intention, such as ``credit-customer``; its id is derived from the harm it answers.

    ``harm`` reads ``affected|cause group|occurrence``. ``cost_minor`` is the most it may cost, in
    minor units of ``currency`` (empty where an action costs nothing). ``follows`` is the action
    that must be finished first (an inverse waits for what it undoes). ``planned_at`` is ms UTC.
    """

    id: str
    name: str
    target_type: str
    target: str
    params: dict[str, Parameter] = {}
    cost_minor: int = 0
    currency: str = ""
    harm: str
    problem_id: str
    order_id: str | None = None
    customer_id: str | None = None
    rule: str = ""
    planned_at: int
    status: Status
    follows: str | None = None


class Decision(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What was decided when ``change`` happened to a problem; ``decided_at`` is ms UTC.

    ``detail`` says more than the verdict, for example which budget was exceeded. ``actions`` are
    those planned by this decision, without the ones an earlier decision had planned already.
    """

    id: str
    problem_id: str
    change: ChangeKind
    verdict: Verdict
    detail: str = ""
    rule: str = ""
    mode: Mode = Mode.OFF
    playbook_version: str
    decided_at: int
    actions: tuple[Action, ...] = ()


class Outcome(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What came of one attempt (counted from 1) at an action, ``at`` ms UTC."""

    action_id: str
    status: Status
    at: int
    detail: str = ""
    attempt: int = 1


def plain_action(action: Action) -> dict[str, object]:
    """Return the action as the JSON object users read: RFC 3339 times, statuses as text."""
    row = msgspec.structs.asdict(action)
    row["planned_at"] = iso(action.planned_at)
    row["status"] = action.status.value
    return row


def plain_decision(decision: Decision) -> dict[str, object]:
    """Return the decision with its actions as the JSON object users read."""
    row = msgspec.structs.asdict(decision)
    row["decided_at"] = iso(decision.decided_at)
    row["actions"] = [plain_action(action) for action in decision.actions]
    return row | {name: row[name].value for name in ("change", "verdict", "mode")}


def plain_outcome(outcome: Outcome) -> dict[str, object]:
    """Return the outcome as the JSON object users read."""
    row = msgspec.structs.asdict(outcome)
    return row | {"status": outcome.status.value, "at": iso(outcome.at)}
