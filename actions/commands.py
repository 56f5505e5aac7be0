"""What people say to Andon: approve, stop, silence ... Each word is kept, with who said it and why.

The table is append-only and in the chain. What holds at a moment (which rule is stopped, what is
silenced, who owns a problem) is a fold over it, so that nothing a person said is ever rewritten.
Customers stand in it by reference, as everywhere in the chain.
"""

from collections.abc import Collection, Mapping

import msgspec
from sqlalchemy import Connection, func, select

from actions.chain import append
from actions.persons import hidden, names_in, references, shown
from actions.rows import Row, text
from actions.tables import commands
from schemas.commands import Command, Verb, Word
from schemas.times import DAY


def tell(connection: Connection, command: Command, about: str | None = None) -> int:
    """Store what a person said, ``about`` a customer if it is; return its number."""
    named = {about, command.terms.get("customer_id")} - {None}
    refs = references(connection, [name for name in named if name and "*" not in name])
    row = {
        "at": command.word.at,
        "who": command.word.who,
        "why": _veiled(command.word.why, refs),
        "verb": command.verb.value,
        "target_type": command.target_type,
        "target": command.target,
        "until": command.until,
        "cost_minor": command.cost_minor,
        "currency": command.currency,
        "terms": text({name: _veiled(said, refs) for name, said in command.terms.items()}),
    }
    append(connection, commands, [row])
    return int(connection.execute(select(func.max(commands.c.seq))).scalar_one())


def veiled(connection: Connection, said: str, customer: str | None) -> str:
    """Return ``said`` as it may be kept for good: with a reference for ``customer``."""
    return said if customer is None else _veiled(said, references(connection, [customer]))


def _veiled(said: str, refs: Mapping[str, str]) -> str:
    for customer, ref in refs.items():
        said = hidden(said, customer, ref)
    return said


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
    newest = connection.execute(query.order_by(commands.c.seq.desc()).limit(limit)).mappings().all()
    names = names_in(connection, [said for row in newest for said in (row["why"], row["terms"])])
    return [_command_from(row, names) for row in newest][::-1]


def _command_from(row: Row, names: Mapping[str, str]) -> Command:
    fields = ("seq", "target_type", "target", "until", "cost_minor", "currency")
    terms = msgspec.json.decode(row["terms"], type=dict[str, str])
    return Command(
        verb=Verb(row["verb"]),
        word=Word(row["who"], shown(row["why"], names), row["at"]),
        terms={name: shown(said, names) for name, said in terms.items()},
        **{name: row[name] for name in fields},
    )


def spent_by(connection: Connection, word: Word, currency: str) -> int:
    """Return what this person has set free in the 24 hours before, in minor units."""
    query = select(func.coalesce(func.sum(commands.c.cost_minor), 0)).where(
        commands.c.who == word.who,
        commands.c.at > word.at - DAY,
        commands.c.currency == currency,
    )
    return int(connection.execute(query).scalar_one())
