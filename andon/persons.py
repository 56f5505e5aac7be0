"""A person at the command line: who they are, by which playbook they act, and on which ledger."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from actions.doings import allow
from actions.ledger import Ledger
from actions.people import People
from actions.playbook import Playbook, parse_playbook
from actions.tables import decisions, playbooks
from andon.config import read_config
from andon.wiring import KINDS, NotPossible, ledger_to_read, read_playbook
from schemas.commands import Command, Word
from schemas.decisions import Action
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
