"""A person at the command line: who they are, by which playbook they act, and on which ledger."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from actions.attention import in_order, tasks_in
from actions.doings import allow, problem_named
from actions.ledger import Ledger
from actions.outcomes_told import Later, Told
from actions.people import People
from actions.playbook import Playbook, parse_playbook
from actions.quantities import money
from actions.tables import decisions, playbooks
from andon.config import read_config
from andon.wiring import KINDS, NotPossible, ledger_to_read, read_playbook
from schemas.commands import Command, Verb, Word
from schemas.decisions import Action
from schemas.problems import Problem
from schemas.times import iso
from streams.embedded import wall_clock


@dataclass(frozen=True, slots=True)
class Desk:
    """What a person has before them: the ledger, the playbook in force, and what they may do."""

    ledger: Ledger
    playbook: Playbook
    people: People

    def tell(self, command: Command) -> int:
        """Store a person's word about no single action, if they may say it; return its number."""
        from actions.commands import tell  # noqa: PLC0415 - SQLAlchemy loads only for who acts

        with self.ledger.writing() as connection:
            allow(connection, command.verb, None, command.word, self.playbook)
            return tell(connection, command)


@contextmanager
def open_desk(data: Path | None) -> Iterator[Desk]:
    """Open the ledger of a folder that has run before, with the playbook that decides there.

    Raises:
        NotPossible: Nothing has run in the folder yet.
        PlaybookError: The playbook in force holds mistakes.
    """
    with ledger_to_read(data) as ledger:
        playbook = playbook_in_force(ledger)
        yield Desk(ledger, playbook, People(ledger, playbook))


def playbook_in_force(ledger: Ledger) -> Playbook:
    """Return the playbook that is configured, else the one that decided last, else the shipped."""
    if configured := read_config().playbook:
        return read_playbook(Path(configured))
    newest = (
        select(playbooks.c.text, playbooks.c.version)
        .join(decisions, decisions.c.playbook_version == playbooks.c.version)
        .order_by(decisions.c.decided_at.desc())
        .limit(1)
    )
    with ledger.reading() as connection:
        row = connection.execute(newest).one_or_none()
    return read_playbook(None) if row is None else parse_playbook(row.text, row.version, KINDS)


def tasks_of(desk: Desk) -> list[dict[str, object]]:
    """Return what waits for people, in order, one row each."""
    now = wall_clock()
    with desk.ledger.reading() as connection:
        tasks = tasks_in(connection, now)
    return [
        {
            "since": iso(task.since),
            "severity": task.problem.severity.value,
            "kind": task.problem.kind,
            "subject": f"{task.problem.subject_type}:{task.problem.subject}",
            "owner": task.person or f"{task.team} (nobody yet)",
            "next_step": task.next_step,
            "tier": task.tier,
            "problem_id": task.problem.id,
            "actions": [action.id for action in task.waiting],
        }
        for task in in_order(tasks, desk.playbook.form.people, now)
    ]


def take(desk: Desk, named: str, word: Word) -> Problem:
    """Make a person answer for a problem; return it. LedgerError if there is none."""
    with desk.ledger.reading() as connection:
        problem = problem_named(connection, named)
    desk.tell(Command(verb=Verb.OWN, target_type="problem", target=problem.id, word=word))
    return problem


def outcome_named(problem: str, what: str, amount: str | None) -> Told:
    """Return an outcome as it was typed; NotPossible names those there are."""
    try:
        return Told(problem, Later(what), None if amount is None else money(amount))
    except ValueError as error:
        if amount is not None and what in set(Later):
            raise NotPossible(str(error)) from error
        raise NotPossible(f"no outcome {what!r}: there are {', '.join(Later)}") from error


def spoken(who: str | None, why: str) -> Word:
    """Return a word said now by ``who``, by default whoever is logged in.

    Raises:
        NotPossible: The reason is empty, or nobody can tell who speaks.
    """
    if not why.strip():
        raise NotPossible("say why: the ledger keeps the reason for whoever asks later")
    try:
        name = who or getpass.getuser()
    except (KeyError, OSError, ImportError) as error:
        raise NotPossible("nobody is logged in here: say who you are with --as") from error
    return Word(name, why.strip(), wall_clock())


def line_of(action: Action) -> str:
    """Return an action as a person names it."""
    return f"{action.name} {action.target} ({action.id})"
