"""Trying a playbook on cases: events go in; what it finds and plans is held against the case."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from actions.desk import Desk
from actions.guest_book import hear
from actions.ledger import Ledger
from actions.marks import Fault, PlaybookError
from actions.playbook import Playbook
from andon.replaying import moment
from andon.trial_forms import Case, CasesFile, ExpectedAction, ExpectedProblem, read_cases
from andon.wiring import build_engine, read_playbook
from schemas.codec import Decoder
from schemas.decisions import Action
from schemas.problems import Change, Problem
from schemas.times import iso, ms
from streams.engine import Batch


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of one case: every difference with its place, none if the playbook keeps it."""

    name: str
    problems: Sequence[Problem]
    actions: Sequence[Action]
    faults: Sequence[Fault]


def try_cases(path: Path, playbook: Path | None = None) -> list[Trial]:
    """Try a playbook (by default the one that the file names) on every case of a file.

    Raises:
        PlaybookError: The file, its events or the playbook hold mistakes.
    """
    file = read_cases(path)
    book = read_playbook(playbook or file.playbook)
    return [_tried(file, index, case, book) for index, case in enumerate(file.form.cases)]


def _tried(file: CasesFile, index: int, case: Case, playbook: Playbook) -> Trial:
    batch = _batch(file, index, case)
    problems, actions = lived(batch, _end(case, batch), playbook)
    found_problems = [seen_problem(problem) for problem in problems]
    found_actions = [seen_action(action) for action in actions]
    faults = [
        *_compared(file, (index, "problems"), case.expect.problems, found_problems),
        *_compared(file, (index, "actions"), case.expect.actions, found_actions),
    ]
    return Trial(case.name, problems, actions, faults)


def lived(
    batch: Batch, until: int | None, playbook: Playbook
) -> tuple[list[Problem], list[Action]]:
    """Let events happen, decide at the moment each thing becomes known; perform nothing.

    Returns the problems as they are at the end, and all actions in the order they were planned.
    """
    engine = build_engine(playbook)
    changes = engine.step(batch)
    changes += engine.flush() if until is None else engine.advance(until)
    ledger = Ledger("sqlite://")
    try:
        planned = list(_decided(changes, batch, Desk(ledger, playbook), ledger))
    finally:
        ledger.close()
    newest = {change.problem.id: change.problem for change in changes}
    return sorted(newest.values(), key=attrgetter("opened_at", "id")), planned


def _decided(
    changes: Sequence[Change], batch: Batch, desk: Desk, ledger: Ledger
) -> Iterator[Action]:
    heard = 0
    order = np.argsort(batch.recorded, kind="stable")
    for at, together in groupby(sorted(changes, key=attrgetter("at")), key=attrgetter("at")):
        known = int(np.count_nonzero(batch.recorded <= at))
        with ledger.writing() as connection:
            hear(connection, [batch.events[i] for i in order[heard:known]], at)
        heard = known
        for decision in desk.take(list(together), at):
            yield from decision.actions


def _batch(file: CasesFile, index: int, case: Case) -> Batch:
    lines = [_line(number, event) for number, event in enumerate(case.events)]
    decoded = Decoder().decode_lines(b"\n".join(lines))
    if decoded.rejected:
        raise PlaybookError(
            [
                Fault(
                    file.at("cases", index, "events", bad.position),
                    f"this is no event: {bad.path} {bad.reason}".replace("  ", " "),
                )
                for bad in decoded.rejected
            ]
        )
    return Batch(decoded.events, decoded.occurred, decoded.recorded)


def _line(number: int, event: Mapping[str, Any]) -> bytes:
    """An event of a case needs no id of its own: its place in the case is one."""
    return msgspec.json.encode({"id": f"event {number}", "source": "case"} | dict(event))


def _end(case: Case, batch: Batch) -> int | None:
    if case.until is not None:
        return moment(case.until)
    newest = int(batch.recorded.max(initial=0))
    return None if case.wait is None else newest + ms(case.wait)


# --- comparing --------------------------------------------------------------------------------


def seen_problem(problem: Problem) -> dict[str, object]:
    """Return a problem under the names that cases use."""
    return {
        "kind": problem.kind,
        "subject": f"{problem.subject_type}:{problem.subject}",
        "opened_at": problem.opened_at,
        "cleared_at": problem.cleared_at,
        "withdrawn_at": problem.withdrawn_at,
        "severity": problem.severity.value,
    }


def seen_action(action: Action) -> dict[str, object]:
    """Return an action under the names that cases use."""
    return {
        "name": action.name,
        "at": action.planned_at,
        "target": action.target,
        "status": action.status.value,
        "rule": action.rule,
        "params": action.params,
    }


def _compared(
    file: CasesFile,
    where: tuple[int, str],
    expected: Sequence[ExpectedProblem | ExpectedAction] | None,
    found: Sequence[Mapping[str, object]],
) -> Iterator[Fault]:
    """Yield what is missing and what nobody expected; each thing found serves one expectation."""
    index, what = where
    case = file.form.cases[index]
    left = list(found)
    for number, one in enumerate(expected or ()):
        wanted = _wanted(one)
        fitting = next((seen for seen in left if _fits(wanted, seen)), None)
        if fitting is None:
            at = file.at("cases", index, "expect", what, number)
            yield Fault(at, f"{case.name}: no {_said(wanted)}{_nearest(wanted, left)}")
        else:
            left.remove(fitting)
    if expected is not None and not case.expect.others:
        at = file.at("cases", index, "expect", what)
        yield from (Fault(at, f"{case.name}: nobody expected {_said(_brief(one))}") for one in left)


def _wanted(one: ExpectedProblem | ExpectedAction) -> dict[str, object]:
    named = one.model_dump(exclude_unset=True)
    return {name: _value(name, value) for name, value in named.items()}


def _value(name: str, value: object) -> object:
    is_time = name == "at" or name.endswith("_at")
    return moment(value) if is_time and isinstance(value, str) else value


def _fits(wanted: Mapping[str, object], seen: Mapping[str, object]) -> bool:
    return all(_same(value, seen[name]) for name, value in wanted.items())


def _same(wanted: object, seen: object) -> bool:
    if isinstance(wanted, dict) and isinstance(seen, dict):
        return all(seen.get(name) == value for name, value in wanted.items())
    return wanted == seen


def _nearest(wanted: Mapping[str, object], left: Sequence[Mapping[str, object]]) -> str:
    """Return what comes nearest of those with the same name, and in what it differs."""
    main = next(iter(wanted))
    same = [seen for seen in left if seen[main] == wanted[main]]
    if not same:
        return ""
    near = max(same, key=lambda seen: sum(_same(wanted[name], seen[name]) for name in wanted))
    other = {name: near[name] for name in wanted if not _same(wanted[name], near[name])}
    return f"; there is one with {_said(other)}"


def _brief(seen: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in seen.items() if value is not None and name != "params"}


def _said(row: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {_shown(name, value)}" for name, value in row.items())


def _shown(name: str, value: object) -> str:
    is_time = name == "at" or name.endswith("_at")
    return iso(value) if is_time and isinstance(value, int) else str(value)
