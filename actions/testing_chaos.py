"""Killing the relay at its worst moments, over and over; and what must be true afterwards.

A run of the relay is a process of its own that SIGKILL ends: between claiming and performing,
between performing and recording, inside either transaction just before it commits, or at any time.
The receiver on the other side counts by idempotency key.
"""

import multiprocessing
import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection

from actions.desk import Desk
from actions.executors.webhook import Webhook
from actions.ledger import Ledger
from actions.outbox import LEASE_MS, Relay
from actions.playbook import load_playbook
from actions.testing import NOON, SECRET, Receiver, a_problem, opened
from schemas.decisions import Action

AT_ONCE: Final = 6
"""Actions of one claim: a killed run has done some of its work and not the rest."""

MOMENTS: Final = ("claiming", "claimed", "performed", "recording", "any time")
"""When a run dies: at each of these in turn."""

_FORKED = multiprocessing.get_context("forkserver")
_LOOPBACK: Final = ("127.0.0.0/8",)


class Mortal(Ledger):
    """A ledger whose process dies inside a transaction, just before it would commit."""

    dies_when: str = ""

    @contextmanager
    def claiming(self) -> Iterator[Connection]:
        """Yield the connection of a claim; die before it commits if that is the moment."""
        with super().claiming() as connection:
            yield connection
            if self.dies_when == "claiming":
                _die()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Yield the connection of an outcome; die before it commits if that is the moment."""
        with super().writing() as connection:
            yield connection
            if self.dies_when == "recording":
                _die()


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _run(url: str, receiver: str, moment: str, now: int) -> None:
    """Perform once, and die at ``moment``; the body of a process."""
    ledger = Mortal(url)
    ledger.dies_when = moment
    webhook = Webhook(receiver, (SECRET,), _real_ms, _LOOPBACK)
    calls = 0

    def perform(action: Action) -> str:
        nonlocal calls
        calls += 1
        if moment == "claimed" and calls > 1:
            _die()
        said = webhook(action)
        if moment == "performed" and calls > 1:
            _die()
        return said

    workers = 4 if moment == "any time" else 1
    Relay(ledger, {"*": perform}, workers=workers, at_once=AT_ONCE).run_once(now)
    ledger.close()


def _real_ms() -> int:
    return time.time_ns() // 1_000_000  # noqa: TID251 - signatures carry the real time


@dataclass(slots=True)
class Chaos:
    """What was killed so far, and what should have had its effect."""

    url: str
    receiver: Receiver
    kills: int = 0
    runs: int = 0
    now: int = NOON
    wanted: set[str] = field(default_factory=set)
    luck: random.Random = field(default_factory=lambda: random.Random(1))  # noqa: S311 - no secret

    def until(self, kills: int, ledger: Ledger) -> None:
        """Kill runs of the relay until there were ``kills``, then let it finish in peace."""
        while self.kills < kills:
            self._feed(ledger)
            self.kills += self._killed(MOMENTS[self.runs % len(MOMENTS)])
            self.runs += 1
            self.now += LEASE_MS
        relay = Relay(ledger, {"*": self._webhook()})
        while relay.run_once(self.now):
            self.now += LEASE_MS

    def _webhook(self) -> Webhook:
        return Webhook(self.receiver.url, (SECRET,), _real_ms, _LOOPBACK)

    def _feed(self, ledger: Ledger) -> None:
        """Leave enough to do for the next run: one problem gives one action here."""
        start = self.runs * AT_ONCE
        found = [
            a_problem("weight-mismatch", subject=f"O{n}/S1", order_id=f"O{n}", opened_at=self.now)
            for n in range(start, start + AT_ONCE // 2)
        ]
        made = Desk(ledger, load_playbook()).take([opened(one) for one in found], self.now)
        self.wanted |= {action.id for decision in made for action in decision.actions}

    def _killed(self, moment: str) -> bool:
        arguments = (self.url, self.receiver.url, moment, self.now)
        run = _FORKED.Process(target=_run, args=arguments)
        run.start()
        if moment == "any time":
            run.join(self.luck.uniform(0.0, 0.15))
            run.kill()
        run.join()
        code = run.exitcode
        run.close()
        return code == -signal.SIGKILL


def preload() -> None:
    """Let every process start from one that has imported all it needs: many start in a second."""
    _FORKED.set_forkserver_preload([__name__])
