"""What people have switched off for the moment: silences, and the kill switch."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final

from sqlalchemy import Connection

from actions.commands import told
from schemas.commands import EVERYTHING, Command, Verb
from schemas.problems import Problem
from schemas.times import iso

COVERS: Final = ("kind", "subject_type", "subject", "order_id", "customer_id", "severity")
"""Fields of a problem that a silence may name; ``*`` in a value stands for anything."""


@dataclass(frozen=True, slots=True)
class Silence:
    """A person asked that nothing be done about some problems until a moment (ms UTC)."""

    said: Command
    ended_at: int | None = None

    @property
    def number(self) -> int:
        """How people call it."""
        return self.said.seq

    @property
    def ends_at(self) -> int:
        """When it is over, ms UTC: at its expiry, or when a person ended it before."""
        expiry = self.said.until or self.said.word.at
        return expiry if self.ended_at is None else min(expiry, self.ended_at)

    def covers(self, problem: Problem) -> bool:
        """Whether all that it names fits the problem."""
        return all(
            fnmatchcase(str(getattr(problem, name) or ""), wanted)
            for name, wanted in self.said.terms.items()
        )

    def holds(self, now: int) -> bool:
        """Whether it holds at ``now`` (ms UTC)."""
        return self.said.word.at <= now < self.ends_at


@dataclass(frozen=True, slots=True)
class Switches:
    """All that people have switched off at one moment."""

    silences: tuple[Silence, ...] = ()
    stops: Mapping[str, Command] = field(default_factory=dict)
    """The stop in force by rule name; ``everything`` for all rules."""

    def silence_for(self, problem: Problem) -> Silence | None:
        """Return the first silence that covers ``problem``."""
        return next((one for one in self.silences if one.covers(problem)), None)

    def stop_for(self, rule: str) -> Command | None:
        """Return the stop that holds for ``rule``."""
        return self.stops.get(EVERYTHING) or self.stops.get(rule)


NOTHING_OFF: Final = Switches()
"""A shop in which nobody has switched anything off."""


def said_of(silence: Silence) -> str:
    """Return a silence as people read it in a decision."""
    said = silence.said
    return f"silence {said.seq} by {said.word.who} until {iso(silence.ends_at)}: {said.word.why}"


def said_of_stop(stop: Command) -> str:
    """Return a stop as people read it in a decision."""
    return f"stop {stop.seq} by {stop.word.who}: {stop.word.why}"


def switches_at(connection: Connection, now: int) -> Switches:
    """Return what is switched off at ``now`` (ms UTC)."""
    said = told(connection, (Verb.SILENCE, Verb.END_SILENCE, Verb.STOP, Verb.START))
    holding = tuple(one for one in silences_of(said) if one.holds(now))
    return Switches(holding, _stops(said))


def silences_of(said: Iterable[Command]) -> list[Silence]:
    """Return every silence ever asked for, oldest first, with its end if a person ended it."""
    silences: dict[int, Silence] = {}
    for command in said:
        if command.verb is Verb.SILENCE:
            silences[command.seq] = Silence(command)
        elif command.verb is Verb.END_SILENCE:
            number = int(command.target)
            silences[number] = Silence(silences[number].said, command.word.at)
    return list(silences.values())


def _stops(said: Iterable[Command]) -> dict[str, Command]:
    """A start for everything starts all rules; a start of one rule starts that one."""
    stops: dict[str, Command] = {}
    for command in said:
        if command.verb is Verb.STOP:
            stops.setdefault(command.target, command)
        elif command.verb is Verb.START and command.target == EVERYTHING:
            stops.clear()
        elif command.verb is Verb.START:
            stops.pop(command.target, None)
    return stops
