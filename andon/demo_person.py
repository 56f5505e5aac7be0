"""The person in the demonstration: takes what waits for people, and says why."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from actions.attention import in_order, tasks_in
from actions.ledger import Ledger
from actions.people import Extra, People
from actions.playbook import Playbook
from actions.rules import Step
from schemas.commands import Verb, Word
from schemas.decisions import Action, Status
from schemas.times import HOUR

NAME: Final = "the shift lead"
WATCHED: Final = "sku-wrong-item-watch"
PAUSE_MS: Final = 6 * HOUR
"""How often somebody looks at the queue: more often than most, so that a week shows it."""


@dataclass(slots=True)
class Said:
    """One word of the person: the verb, about which action, and why."""

    verb: Verb
    action: Action
    why: str


@dataclass(slots=True)
class Colleague:
    """Approves what waits, once warns on a listing by their own judgement, and takes that back."""

    ledger: Ledger
    playbook: Playbook
    said: list[Said] = field(default_factory=list)
    _looked: int = 0
    _badge: Action | None = None

    def look(self, now: int) -> list[Said]:
        """Look at what waits at ``now`` (ms UTC), if it is time to; return what she says."""
        if now - self._looked < PAUSE_MS:
            return []
        self._looked = now
        said = [*self._approve(now), *self._judge(now)]
        self.said += said
        return said

    @property
    def _people(self) -> People:
        return People(self.ledger, self.playbook)

    def _approve(self, now: int) -> Iterator[Said]:
        with self.ledger.reading() as connection:
            tasks = in_order(tasks_in(connection, now), self.playbook.form.people, now)
        for task in tasks[:1]:
            why = "over the budget, and still owed"
            for action in task.waiting:
                if action.status is Status.WAITING:
                    yield self._say(Verb.APPROVE, action, why, now)

    def _judge(self, now: int) -> Iterator[Said]:
        """Do more than the rules: warn on the listing of a SKU under watch; later, take it back."""
        done = {said.verb for said in self.said}
        watched = self.ledger.problems(kind=WATCHED, limit=1)
        if watched and Verb.DO not in done:
            why = "customers should know while we look"
            extra = Extra(watched[0].id, Step(name="badge-sku"))
            (self._badge,) = self._people.do_more(extra, Word(NAME, why, now))
            yield Said(Verb.DO, self._badge, why)
        elif self._badge is not None and Verb.UNDO not in done:
            (badge,) = self.ledger.actions(action_id=self._badge.id)
            if badge.status is Status.DONE:
                yield self._say(Verb.UNDO, badge, "one slip, no pattern: the bin is right", now)

    def _say(self, verb: Verb, action: Action, why: str, now: int) -> Said:
        word = Word(NAME, why, now)
        if verb is Verb.UNDO:
            return Said(verb, self._people.undo(action.id, word), why)
        return Said(verb, self._people.approve(action.id, word), why)
