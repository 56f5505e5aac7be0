"""What others say through Kafka: commands of people, and what came of actions elsewhere.

Whoever may write to these topics may speak for anybody: let the cluster's access lists say who.
What a person may do is limited by their role in the playbook, as everywhere.
"""

from dataclasses import dataclass
from typing import Final

import msgspec

from actions.doings import action_named
from actions.errors import LedgerError
from actions.outcomes_told import report_outcome
from actions.people import People
from actions.store import take_over
from andon.persons import Desk, outcome_named, spoken
from andon.wiring import NotPossible, Parts
from schemas.commands import EVERYTHING, Command, Verb, Word
from schemas.decisions import Outcome, Status
from streams.embedded import wall_clock
from streams.found import BadRecord

_CAME_OF_IT: Final = {"done": Status.DONE, "dead": Status.DEAD}
"""What others can tell of an action that they were given."""


class Said(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A record of ``andon.commands``."""

    verb: Verb
    who: str
    why: str
    action: str = ""
    """Id of the action, or its first letters: for approve, reject, hold, retry and undo."""
    rule: str = ""
    """For stop and start: only this rule."""


class Came(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A record of ``andon.outcomes``: of an action, or of a problem."""

    action: str = ""
    status: str = ""
    """``done`` or ``dead``, of an action."""
    detail: str = ""
    problem: str = ""
    outcome: str = ""
    """Of a problem, as for ``andon outcome``."""
    amount: str | None = None
    who: str = ""
    why: str = ""


_said: Final = msgspec.json.Decoder(Said).decode
_came: Final = msgspec.json.Decoder(Came).decode


@dataclass(frozen=True, slots=True)
class Heeding:
    """Does what records say, over the ledger of one run."""

    parts: Parts

    def obey(self, data: bytes | None) -> None:
        """Do what a person says; raise BadRecord if they may not, or it cannot be done."""
        try:
            said = _said(data or b"")
            word = _word(said.who, said.why)
            people = People(self.parts.ledger, self.parts.playbook)
            if said.verb in (Verb.STOP, Verb.START):
                self._switch(said, word)
            elif said.verb in _ABOUT_ACTIONS:
                getattr(people, said.verb.value)(said.action, word)
            else:
                raise BadRecord(f"{said.verb} cannot be said through Kafka: use andon {said.verb}")
        except (msgspec.MsgspecError, LedgerError, NotPossible) as error:
            raise BadRecord(str(error)) from error

    def _switch(self, said: Said, word: Word) -> None:
        kind, target = ("rule", said.rule) if said.rule else ("everything", EVERYTHING)
        ledger, playbook = self.parts.ledger, self.parts.playbook
        desk = Desk(ledger, playbook, People(ledger, playbook))
        desk.tell(Command(verb=said.verb, target_type=kind, target=target, word=word))

    def note(self, data: bytes | None) -> None:
        """Note what came of something; raise BadRecord if there is no such thing."""
        try:
            came = _came(data or b"")
            if came.action:
                self._note_action(came)
            else:
                told = outcome_named(came.problem, came.outcome, came.amount)
                word = _word(came.who, came.why)
                report_outcome(self.parts.ledger, self.parts.playbook, told, word)
        except (msgspec.MsgspecError, LedgerError, NotPossible) as error:
            raise BadRecord(str(error)) from error

    def _note_action(self, came: Came) -> None:
        status = _CAME_OF_IT.get(came.status)
        if status is None:
            raise BadRecord(f"no status {came.status!r}: there are {', '.join(_CAME_OF_IT)}")
        with self.parts.ledger.writing() as connection:
            action = action_named(connection, came.action)
            outcome = Outcome(
                action_id=action.id, status=status, at=wall_clock(), detail=came.detail
            )
            take_over(connection, outcome)


def _word(who: str, why: str) -> Word:
    """Return what somebody elsewhere says; nobody speaks as the user that this worker runs as."""
    if not who.strip():
        raise BadRecord("say who you are: the ledger keeps who said it")
    return spoken(who.strip(), why)


_ABOUT_ACTIONS: Final = frozenset({Verb.APPROVE, Verb.REJECT, Verb.HOLD, Verb.RETRY, Verb.UNDO})
