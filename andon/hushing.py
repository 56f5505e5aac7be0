"""Silences as people ask for them, with what each has hidden and would have hidden."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection, func, select

from actions.commands import told
from actions.quantities import span
from actions.rows import problem_from
from actions.silences import Silence, silences_of
from actions.tables import decisions, problems
from andon.persons import Desk
from andon.wiring import NotPossible
from schemas.commands import Command, Verb, Word
from schemas.decisions import Verdict
from schemas.times import iso, ms
from streams.embedded import wall_clock


@dataclass(frozen=True, slots=True)
class Hushed:
    """What is to be covered (by field of a problem), and for how long (``4h``)."""

    covers: Mapping[str, str | None]
    length: str


def asked_for(hushed: Hushed, word: Word) -> Command:
    """Return the command that asks for a silence.

    Raises:
        NotPossible: It covers everything (that is what ``andon stop`` is for), or has no length.
    """
    terms = {name: value for name, value in hushed.covers.items() if value}
    if not terms:
        raise NotPossible("name what is to be silenced; to stop everything there is andon stop")
    try:
        until = word.at + ms(span(hushed.length))
    except ValueError as error:
        raise NotPossible(str(error)) from error
    return Command(
        verb=Verb.SILENCE, target_type="silence", target="", word=word, until=until, terms=terms
    )


def hidden_before(desk: Desk, command: Command, within: timedelta) -> tuple[int, int]:
    """Return how many problems opened in the time before it covers, and how many are open now."""
    silence = Silence(command)
    since = command.word.at - ms(within)
    query = select(problems).where(problems.c.opened_at > since)
    with desk.ledger.reading() as connection:
        found = [problem_from(row) for row in connection.execute(query).mappings()]
    covered = [problem for problem in found if silence.covers(problem)]
    return len(covered), sum(problem.is_open for problem in covered)


def hush(desk: Desk, command: Command) -> int:
    """Let the silence begin; return its number."""
    return desk.tell(command)


def end_hush(desk: Desk, number: int, word: Word) -> None:
    """End a silence.

    Raises:
        NotPossible: There is none of that number, or it is over.
    """
    holding = {one.number for one in _silences(desk) if one.holds(word.at)}
    if number not in holding:
        raise NotPossible(f"no silence {number} holds now: see andon silence list")
    desk.tell(Command(verb=Verb.END_SILENCE, target_type="silence", target=str(number), word=word))


def listed(desk: Desk, *, over: bool) -> list[dict[str, object]]:
    """Return the silences that hold, newest first; with ``over`` also those that are over."""
    now = wall_clock()
    wanted = [one for one in _silences(desk) if over or one.holds(now)]
    with desk.ledger.reading() as connection:
        return [_row(one, now, _hidden(connection, one)) for one in wanted[::-1]]


def _silences(desk: Desk) -> list[Silence]:
    with desk.ledger.reading() as connection:
        return silences_of(told(connection, (Verb.SILENCE, Verb.END_SILENCE)))


def _hidden(connection: Connection, silence: Silence) -> int:
    query = select(func.count()).where(
        decisions.c.verdict == Verdict.SILENCED.value,
        decisions.c.detail.startswith(f"silence {silence.number} "),
    )
    return int(connection.execute(query).scalar_one())


def _row(silence: Silence, now: int, hidden: int) -> dict[str, object]:
    said = silence.said
    return {
        "number": silence.number,
        "state": "holds" if silence.holds(now) else "over",
        "covers": " ".join(f"{name}={value}" for name, value in said.terms.items()),
        "since": iso(said.word.at),
        "until": iso(silence.ends_at),
        "who": said.word.who,
        "why": said.word.why,
        "hidden": hidden,
    }
