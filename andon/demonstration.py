"""The demonstration: a simulated week through the real driver, with a real receiver on loopback."""

import contextlib
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from actions.quantities import Money
from actions.testing import SECRET, loopback_receiver
from andon.config import Config
from andon.demo_person import Colleague, Said
from andon.measures import KnewFirst, Listening
from andon.simulate.story import decaf_week
from andon.wiring import Parts, open_parts
from schemas.codec import Decoder
from schemas.decisions import Action, Outcome, Status, Verdict
from schemas.problems import Change, Problem
from streams.embedded import Embedded, Timing
from streams.folder import Folder
from streams.inbox import Arrival
from streams.intake import JSON_LINES, Delivery
from streams.journal import Journal

SECONDS: Final = 50.0
"""How long the week takes to watch."""

STEPS: Final = 400
_SEED: Final = 7
_CREDITS: Final = ("credit-customer", "coupon")


@dataclass(slots=True)
class Score:
    """What has come of it so far."""

    events: int = 0
    problems: dict[str, Problem] = field(default_factory=dict)
    actions: dict[str, Action] = field(default_factory=dict)
    done: dict[str, Outcome] = field(default_factory=dict)
    listening: Listening = field(default_factory=Listening)
    verdicts: Counter[Verdict] = field(default_factory=Counter)
    said: list[Said] = field(default_factory=list)

    @property
    def performed(self) -> list[Action]:
        """The actions that were done, in the order in which they were."""
        return [self.actions[number] for number in self.done if number in self.actions]

    @property
    def knew_first(self) -> KnewFirst:
        """How often Andon knew before the customer asked."""
        return self.listening.measure(self.problems.values())

    @property
    def credits(self) -> list[Money]:
        """What was given to customers, by currency."""
        paid: dict[str, int] = {}
        for action in self.performed:
            if action.name in _CREDITS:
                paid[action.currency] = paid.get(action.currency, 0) + action.cost_minor
        return [Money(amount, currency) for currency, amount in sorted(paid.items())]

    @property
    def pulled(self) -> list[str]:
        """SKUs that were taken off sale."""
        return sorted({a.target for a in self.performed if a.name == "delist-sku"})


@dataclass(frozen=True, slots=True)
class Moment:
    """What one step brought: the clock (ms UTC), changes, actions performed, a person's words."""

    clock: int
    changes: Sequence[Change]
    performed: Sequence[Action]
    said: Sequence[Said] = ()


class View(Protocol):
    """Shows the week as it passes."""

    def show(self, moment: Moment, score: Score) -> None:
        """Show what one step brought."""
        ...


@dataclass(frozen=True, slots=True)
class Demo:
    """The parts of one demonstration, joined."""

    embedded: Embedded
    parts: Parts
    score: Score
    colleague: Colleague

    def step(self, body: bytes) -> Moment:
        """Take in some events and do all that follows from them."""
        self._listen(body)
        self.embedded.accept([Arrival(Delivery(body, JSON_LINES, "demo"))])
        changes = self.embedded.decide()
        return self._moment(changes)

    def _moment(self, changes: Sequence[Change]) -> Moment:
        said = self.colleague.look(self.embedded.acting_clock)
        self.score.said += said
        return Moment(self.embedded.log_clock, changes, self._perform(), said)

    def finish(self) -> Moment:
        """End the week."""
        return self._moment(self.embedded.finish())

    def _listen(self, body: bytes) -> None:
        decoded = Decoder().decode_lines(body)
        self.score.events += len(decoded.events)
        for event, at in zip(decoded.events, decoded.recorded.tolist(), strict=True):
            self.score.listening.hear(event, at)

    def _perform(self) -> list[Action]:
        performed: list[Action] = []
        while outcomes := self.parts.perform(self.embedded.acting_clock):
            done = {one.action_id: one for one in outcomes if one.status is Status.DONE}
            self.score.done |= done
            performed += [self._action(number) for number in done]
        return performed

    def _action(self, number: str) -> Action:
        """Return an action by its id; what people and clocks set going is only in the ledger."""
        if number not in self.score.actions:
            (self.score.actions[number],) = self.parts.ledger.actions(action_id=number)
        return self.score.actions[number]


def demonstrate(view: View, *, seconds: float = SECONDS) -> tuple[Score, Path]:
    """Live through the week within about ``seconds``; return the score and where all is kept."""
    home = Path(tempfile.mkdtemp(prefix="andon-demo-"))
    lines = decaf_week(_SEED, home).events_path.read_bytes().splitlines()
    pause = seconds / STEPS
    with _joined(Folder(home / "data")) as demo:
        for body in _slices(lines):
            start = time.monotonic()
            view.show(demo.step(body), demo.score)
            time.sleep(max(0.0, start + pause - time.monotonic()))
        view.show(demo.finish(), demo.score)
        return demo.score, home


def _slices(lines: Sequence[bytes]) -> Iterator[bytes]:
    size = -(-len(lines) // STEPS)
    for start in range(0, len(lines), size):
        yield b"\n".join(lines[start : start + size])


@contextlib.contextmanager
def _joined(folder: Folder) -> Iterator[Demo]:
    """Join what a real run has; only the clock that actions are judged by is the log's."""
    with contextlib.ExitStack() as stack:
        receiver = stack.enter_context(loopback_receiver())
        loopback = Config(
            webhook_url=receiver.url, webhook_secret=SECRET, webhook_allowed="127.0.0.0/8"
        )
        stack.enter_context(folder.locked())
        journal = stack.enter_context(Journal(folder.journal))
        parts = stack.enter_context(open_parts(folder, None, loopback))
        score = Score()

        def settle(changes: list[Change], now: int) -> None:
            score.problems |= {change.problem.id: change.problem for change in changes}
            for decision in parts.settle(changes, now):
                score.verdicts[decision.verdict] += 1
                score.actions |= {action.id: action for action in decision.actions}

        timing = Timing(recording=True, acts_by_log=True)
        embedded = Embedded(journal, parts.engine, settle, timing=timing, hear=parts.hear)
        yield Demo(embedded, parts, score, Colleague(parts.ledger, parts.playbook))
