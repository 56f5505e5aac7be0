"""What a log of events says about being asked: orders, contacts, how soon they were answered."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import quantiles
from typing import Final

from andon.measures import Listening
from schemas.codec import Decoder
from schemas.events import (
    CallbackRequested,
    ContactAnswered,
    ContactOpened,
    DeliveryChangeRequested,
    Event,
    OrderPlaced,
    ReturnRequested,
)
from schemas.times import DAY, HOUR, MINUTE

IN_TIME_MS: Final = 5 * MINUTE
"""The longest wait for a first answer (practice 2.3)."""

TARGET: Final = 0.95
"""Share of contacts answered in time that is promised; the rest is the budget that burns."""

WINDOWS: Final = ((HOUR, "1h"), (6 * HOUR, "6h"), (3 * DAY, "3d"))
"""Windows of the burn rate, shortest first: https://sre.google/workbook/alerting-on-slos/."""


Step = ContactOpened | CallbackRequested | ReturnRequested | DeliveryChangeRequested

STEPS: Final = (ContactOpened, CallbackRequested, ReturnRequested, DeliveryChangeRequested)
"""What a customer does because something is not as it should be (practice 1.5)."""


def _named(step: Step) -> str:
    """Return what tells one step from another of its kind: a repeated event is one step."""
    if isinstance(step, ReturnRequested):
        return step.return_id
    return step.id if isinstance(step, DeliveryChangeRequested) else step.contact_id


@dataclass(slots=True)
class Heard:
    """Everything heard in a log from ``since`` on (ms UTC); what came before is context only."""

    since: int = 0
    listening: Listening = field(default_factory=Listening)
    orders: set[str] = field(default_factory=set)
    asked: dict[str, int] = field(default_factory=dict)
    answered: dict[str, int] = field(default_factory=dict)
    first_contact: dict[str, int] = field(default_factory=dict)
    """When somebody first got in touch about an order, ms UTC."""
    steps: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """What customers had to do about an order: each message, form and call once."""

    def hear(self, event: Event, at: int) -> None:
        """Take note of an event recorded at that time (ms UTC)."""
        if isinstance(event, STEPS) and event.order_id and at >= self.since:
            self.steps[event.order_id].add(f"{type(event).__name__} {_named(event)}")
        if isinstance(event, OrderPlaced):
            self.listening.hear(event, at)
            if at >= self.since:
                self.orders.add(event.order_id)
        elif isinstance(event, ContactOpened):
            self._hear_contact(event, at)
        elif isinstance(event, ContactAnswered):
            self.answered.setdefault(event.contact_id, at)

    def _hear_contact(self, event: ContactOpened, at: int) -> None:
        if event.order_id:
            self.first_contact.setdefault(event.order_id, at)
        if at >= self.since and event.contact_id not in self.asked:
            self.asked[event.contact_id] = at
            self.listening.hear(event, at)

    def waits(self) -> list[int]:
        """Return how long each answered contact waited, ms, shortest first."""
        ends = self.answered
        return sorted(ends[one] - at for one, at in self.asked.items() if one in ends)

    def share_in_time(self, now: int, window: int | None = None) -> float | None:
        """Return the share of contacts answered in time, of those whose time is over at ``now``."""
        begins = self.since if window is None else now - window
        over = [(one, at) for one, at in self.asked.items() if begins <= at <= now - IN_TIME_MS]
        if not over:
            return None
        kept = sum(self.answered.get(one, now) - at <= IN_TIME_MS for one, at in over)
        return kept / len(over)

    def burn_rate(self, now: int, window: int) -> float | None:
        """Return how many times faster than allowed the promise is broken; 1 just uses it up."""
        share = self.share_in_time(now, window)
        return None if share is None else (1 - share) / (1 - TARGET)


def hear_all(texts: Iterable[bytes], since: int) -> Heard:
    """Return what JSON Lines in the order of their recording tell."""
    heard, decoder = Heard(since), Decoder()
    for text in texts:
        decoded = decoder.decode_lines(text)
        for event, at in zip(decoded.events, decoded.recorded.tolist(), strict=True):
            heard.hear(event, at)
    return heard


def percentiles(values: Sequence[int], wanted: Sequence[int]) -> Iterator[int | None]:
    """Yield percentiles of sorted values; ``None`` where there are none."""
    if len(values) == 1:
        yield from (values[0] for _ in wanted)
        return
    cuts = quantiles(values, n=100, method="inclusive") if values else None
    for one in wanted:
        yield None if cuts is None else round(cuts[one - 1])
