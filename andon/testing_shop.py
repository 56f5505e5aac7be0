"""A shop that runs Andon, for stories from the first event to what the shop is asked to do.

Nothing is left out between: engine, desk, rounds and relay are those of a run, and what arrives at
the shop arrives signed, over HTTP.
"""

from typing import Any

import numpy as np

from actions.desk import Desk
from actions.executors.webhook import Webhook
from actions.guest_book import hear
from actions.ledger import Ledger
from actions.outbox import Relay
from actions.playbook import Playbook
from actions.rounds import Rounds
from actions.testing import SECRET, Receiver, opened
from andon.wiring import build_engine
from schemas.events import Event
from schemas.testing import at_ms
from streams.embedded import wall_clock
from streams.testing import batch_of

Asked = list[dict[str, Any]]
"""What the shop was asked to do, in the order in which it arrived."""


class Shop:
    """A shop that runs Andon, and the system of its own that is asked to act."""

    def __init__(self, ledger: Ledger, receiver: Receiver, playbook: Playbook) -> None:
        """Open a shop whose own system is ``receiver``."""
        self.ledger = ledger
        self.playbook = playbook
        self._receiver = receiver
        self._engine = build_engine(playbook)
        self._desk = Desk(ledger, playbook)
        webhook = Webhook(receiver.url, (SECRET,), wall_clock, allowed=("127.0.0.0/8",))
        self._rounds = Rounds(ledger, self._desk, Relay(ledger, {"*": webhook}).run_once)

    def live(self, *events: Event, until: str) -> Asked:
        """Let events happen one recorded moment after the other; return what was asked for."""
        before = len(self._receiver.effects)
        batch = batch_of(*events)
        with self.ledger.writing() as connection:
            hear(connection, events, 0)
        for moment in np.unique(batch.recorded).tolist():
            self._settle(self._engine.advance(moment), moment)
            now = [i for i, one in enumerate(batch.recorded.tolist()) if one == moment]
            self._settle(self._engine.step(batch_of(*(events[i] for i in now))), moment)
        self._settle(self._engine.advance(at_ms(until)), at_ms(until))
        return [effect["data"] for effect in list(self._receiver.effects.values())[before:]]

    def _settle(self, changes: list[Any], now: int) -> None:
        for change in changes:
            self._desk.take([change], change.at)
            self.round(change.at)
        self.round(now)

    def round(self, now: int) -> None:
        """Perform what is due, and what follows from it."""
        while self._rounds(now):
            pass

    def found(self, *problems: Any) -> Asked:  # noqa: ANN401 - problems, as tests build them
        """Let a detector have found something; return what was asked for."""
        before = len(self._receiver.effects)
        for problem in problems:
            self._settle([opened(problem)], problem.opened_at)
        return [effect["data"] for effect in list(self._receiver.effects.values())[before:]]


def names(asked: Asked) -> list[str]:
    """Return the names of what was asked, sorted."""
    return sorted(action["name"] for action in asked)


def the(asked: Asked, name: str) -> dict[str, Any]:
    """Return the one action of that name."""
    (action,) = (one for one in asked if one["name"] == name)
    return action
