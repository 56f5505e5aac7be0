"""The scoreboard: what customers got out of it, what it cost, and what went wrong with it."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Final

from sqlalchemy import Connection, func, select

from actions.acts import Act
from actions.attention import tasks_in
from actions.catalogue import ACTS
from actions.commands import told
from actions.ledger import actions_now
from actions.limits import ceiling
from actions.past import uses
from actions.playbook import Playbook
from actions.quantities import Money, money, span_text
from actions.rows import action_from, problem_from
from actions.rules import Budget
from actions.tables import actions, outcomes, problems
from andon.heard import WINDOWS, Heard, percentiles
from schemas.commands import Command, Verb
from schemas.decisions import Action, Status
from schemas.problems import Problem
from schemas.times import HOUR, MINUTE

Row = dict[str, object]

PER: Final = 1_000
"""Contacts are counted per so many orders."""


@dataclass(frozen=True, slots=True)
class Records:
    """What the ledger says about a stretch of time; ``done_at`` is ms UTC by action id."""

    now: int
    problems: list[Problem]
    actions: list[Action]
    done_at: Mapping[str, int]
    said: list[Command]
    waiting: int
    budgets: list[Row]


def records_of(connection: Connection, playbook: Playbook, since: int, now: int) -> Records:
    """Read what was found, planned, done and said from ``since`` to ``now`` (ms UTC)."""
    recent = select(problems).where(problems.c.opened_at >= since)
    planned = actions_now().where(actions.c.planned_at >= since)
    done = select(outcomes.c.action_id, func.min(outcomes.c.at)).where(
        outcomes.c.status == Status.DONE.value, outcomes.c.at >= since
    )
    finished = connection.execute(done.group_by(outcomes.c.action_id))
    return Records(
        now=now,
        problems=[problem_from(row) for row in connection.execute(recent).mappings()],
        actions=[action_from(row) for row in connection.execute(planned).mappings()],
        done_at=dict(map(tuple, finished)),
        said=[one for one in told(connection, list(Verb)) if one.word.at >= since],
        waiting=len(tasks_in(connection, now)),
        budgets=list(_budgets(connection, playbook, now)),
    )


def scoreboard(records: Records, heard: Heard) -> list[Row]:
    """Return the scoreboard, one figure a row, with what it is measured in."""
    parts = {
        "customers": _customers(records, heard),
        "answers": _answers(records, heard),
        "actions": _actions(records),
        "money": _money(records, heard),
        "people": _people(records),
    }
    rows: list[Row] = [
        {"part": part, "figure": figure, "value": value}
        for part, figures in parts.items()
        for figure, value in figures
    ]
    return rows + records.budgets


def _customers(records: Records, heard: Heard) -> Iterator[tuple[str, object]]:
    knew = heard.listening.measure(records.problems)
    contacts, orders = len(heard.asked), len(heard.orders)
    yield "knew first", _share(knew.known, knew.contacts)
    yield "median lead before the contact", _span(knew.median_lead)
    yield f"contacts per {PER:,} orders", _rate(contacts, orders)
    yield "remedies before the contact", _before_contact(records, heard)
    yield "steps a problem asks of the customer", _effort(records, heard)
    yield "problems found", len(records.problems)
    yield "problems open", sum(problem.is_open for problem in records.problems)
    withdrawn = sum(problem.withdrawn_at is not None for problem in records.problems)
    yield "problems withdrawn", _share(withdrawn, len(records.problems))


def _effort(records: Records, heard: Heard) -> str:
    """Return how many messages, forms and calls an order with a problem costs its customer."""
    orders = {problem.order_id for problem in records.problems if problem.order_id}
    steps = sum(len(heard.steps[order]) for order in orders)
    return f"{steps / len(orders):.2f} ({steps:,} for {len(orders):,} orders)" if orders else "-"


def _before_contact(records: Records, heard: Heard) -> str:
    """Of the orders for which a customer got something, before how many they had to ask."""
    first: dict[str, int] = {}
    for action in records.actions:
        at = records.done_at.get(action.id)
        if at is not None and action.order_id and _act(action).reaches_customer:
            first[action.order_id] = min(at, first.get(action.order_id, at))
    unasked = sum(at < heard.first_contact.get(order, at + 1) for order, at in first.items())
    return _share(unasked, len(first))


def _answers(records: Records, heard: Heard) -> Iterator[tuple[str, object]]:
    in_time = heard.share_in_time(records.now)
    yield "answered within 5 minutes", "-" if in_time is None else f"{in_time:.1%}"
    middle, worst = percentiles(heard.waits(), (50, 95))
    yield "wait for a first answer, median", _span(middle)
    yield "wait for a first answer, 95th percentile", _span(worst)
    for window, name in WINDOWS:
        rate = heard.burn_rate(records.now, window)
        yield f"burn rate, last {name}", "-" if rate is None else f"{rate:.1f}"


def _actions(records: Records) -> Iterator[tuple[str, object]]:
    statuses = Counter(action.status for action in records.actions)
    for status in Status:
        if statuses[status]:
            yield status.value, statuses[status]
    reversed_after = _reversals(records)
    yield "wrong: undone or put back", len(reversed_after)
    middle = round(median(reversed_after)) if reversed_after else None
    yield "median time to reverse", _span(middle)


def _reversals(records: Records) -> list[int]:
    """Return how long each action stood that was undone, ms; repaired causes are no mistakes."""
    known = {action.id: action for action in records.actions}
    undone = [action for action in records.actions if action.follows in known]
    return [
        records.done_at[action.id] - records.done_at[action.follows]
        for action in undone
        if action.follows
        and action.id in records.done_at
        and action.follows in records.done_at
        and not str(action.params.get("because", "")).startswith("over")
    ]


def _money(records: Records, heard: Heard) -> Iterator[tuple[str, object]]:
    spent: defaultdict[tuple[str, str], int] = defaultdict(int)
    for action in records.actions:
        if action.currency and action.id in records.done_at:
            spent[action.name, action.currency] += action.cost_minor
    for (name, currency), minor in sorted(spent.items()):
        yield f"{name}, at most", str(Money(minor, currency))
    yield from _given(records, heard)
    claimed: defaultdict[str, int] = defaultdict(int)
    for command in records.said:
        if "amount" in command.terms:
            paid = money(command.terms["amount"])
            claimed[paid.currency] += paid.minor
    for currency, minor in sorted(claimed.items()):
        yield "claims paid by carriers", str(Money(minor, currency))


def _given(records: Records, heard: Heard) -> Iterator[tuple[str, object]]:
    """What is paid rather than argued about (practice 4.4), whoever was at fault."""
    given: defaultdict[str, int] = defaultdict(int)
    for action in records.actions:
        if action.currency and action.id in records.done_at and _act(action).reaches_customer:
            given[action.currency] += action.cost_minor
    for currency, minor in sorted(given.items()):
        whole = Money(minor, currency)
        rate = Money(minor * PER // len(heard.orders), currency) if heard.orders else "-"
        yield f"given to customers per {PER:,} orders, at most", f"{rate} ({whole})"


def _people(records: Records) -> Iterator[tuple[str, object]]:
    said = Counter(command.verb for command in records.said)
    approved = {one.target for one in records.said if one.verb is Verb.APPROVE}
    alone = sum(action_id not in approved for action_id in records.done_at)
    yield "done without approval", _share(alone, len(records.done_at))
    yield "waiting for a person", records.waiting
    for verb in Verb:
        if said[verb]:
            yield f"said: {verb.value}", said[verb]
    outcomes_told = Counter(one.terms["outcome"] for one in records.said if "outcome" in one.terms)
    for outcome, count in sorted(outcomes_told.items()):
        yield outcome.replace("-", " "), count


def _budgets(connection: Connection, playbook: Playbook, now: int) -> Iterator[Row]:
    """Yield what is left of each budget and limit: of everything, or of whoever has least left."""
    for limit in playbook.limits:
        used = dict(uses(connection, limit, None, now))
        whose = max(used, key=lambda name: used[name], default="")
        left = ceiling(limit) - used.get(whose, 0)
        shown = str(Money(left, limit.at_most.currency)) if isinstance(limit, Budget) else left
        what = "money" if isinstance(limit, Budget) else limit.action
        named = "" if limit.per == "everything" or not whose else f" (least: {whose})"
        figure = f"{what} per {limit.per} in {span_text(limit.within)}{named}"
        yield {"part": "left", "figure": figure, "value": shown}


def rules_rows(records: Records) -> list[Row]:
    """Return what each rule did, cost, and had to take back (practice 3.10)."""
    known = {problem.id: problem for problem in records.problems}
    rows: list[Row] = []
    for rule in sorted({action.rule for action in records.actions}):
        own = [action for action in records.actions if action.rule == rule]
        about = {action.problem_id for action in own} & known.keys()
        wrong = sum(known[one].withdrawn_at is not None for one in about)
        rows.append(
            {
                "rule": rule,
                "problems": len(about),
                "actions": len(own),
                "done": sum(action.id in records.done_at for action in own),
                "right": _share(len(about) - wrong, len(about)),
                "at_most_spent": _spent(own, records),
            }
        )
    return rows


def _spent(own: list[Action], records: Records) -> str:
    spent: Counter[str] = Counter()
    for action in own:
        if action.currency and action.id in records.done_at:
            spent[action.currency] += action.cost_minor
    return ", ".join(str(Money(minor, currency)) for currency, minor in sorted(spent.items()))


def _act(action: Action) -> Act:
    return ACTS[action.name]


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%} ({part:,} of {whole:,})" if whole else "-"


def _rate(count: int, orders: int) -> str:
    return f"{count * PER / orders:.1f} ({count:,} for {orders:,})" if orders else "-"


def _span(time_ms: int | None) -> str:
    if time_ms is None:
        return "-"
    hours, minutes = time_ms // HOUR, time_ms % HOUR // MINUTE
    return f"{hours} h {minutes:02} min" if hours else f"{time_ms / MINUTE:.1f} min"
