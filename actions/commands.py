"""What people say to Andon: approve, stop, silence ... Each word is kept, with who said it and why.

The table is append-only. What holds at a moment (which rule is stopped, what is silenced, who owns
a problem) is a fold over it, so that nothing a person said is ever lost or rewritten.
"""

from collections.abc import Collection

import msgspec
from sqlalchemy import Connection, func, select

from actions.chain import append
from actions.rows import Row, text
from actions.tables import commands
from schemas.commands import Command, Verb, Word
from schemas.times import DAY


def tell(connection: Connection, command: Command) -> int:
    """Store what a person said; return its number."""
    row = {
        "at": command.word.at,
        "who": command.word.who,
        "why": command.word.why,
        "verb": command.verb.value,
        "target_type": command.target_type,
        "target": command.target,
        "until": command.until,
        "cost_minor": command.cost_minor,
        "currency": command.currency,
        "terms": text(command.terms),
    }
    append(connection, commands, [row])
    return int(connection.execute(select(func.max(commands.c.seq))).scalar_one())


def told(
    connection: Connection,
    verbs: Collection[Verb],
    *,
    targets: Collection[str] | None = None,
    limit: int | None = None,
) -> list[Command]:
    """Return what was said with these verbs, oldest first; with ``limit`` the newest so many."""
    query = select(commands).where(commands.c.verb.in_([verb.value for verb in verbs]))
    if targets is not None:
        query = query.where(commands.c.target.in_(list(targets)))
    newest = connection.execute(query.order_by(commands.c.seq.desc()).limit(limit)).mappings()
    return [command_from(row) for row in newest][::-1]


def command_from(row: Row) -> Command:
    """Return the command that a row of ``commands`` holds."""
    names = ("seq", "target_type", "target", "until", "cost_minor", "currency")
    return Command(
        verb=Verb(row["verb"]),
        word=Word(row["who"], row["why"], row["at"]),
        terms=msgspec.json.decode(row["terms"], type=dict[str, str]),
        **{name: row[name] for name in names},
    )


def spent_by(connection: Connection, word: Word, currency: str) -> int:
    """Return what this person has set free in the 24 hours before, in minor units."""
    query = select(func.coalesce(func.sum(commands.c.cost_minor), 0)).where(
        commands.c.who == word.who,
        commands.c.at > word.at - DAY,
        commands.c.currency == currency,
    )
    return int(connection.execute(query).scalar_one())
