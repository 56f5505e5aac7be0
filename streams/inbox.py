"""The inbox: where many senders wait for the one writer, and are answered after the commit."""

import queue
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Final

from streams.intake import Delivery
from streams.journal import Mark, Refusal

MOST_BYTES: Final = 4 << 20
"""What one commit gathers at most: some 15 000 events, a good size for the engine too."""

_WAITING: Final = 16


class NotStored(Exception):  # noqa: N818 - read as a sentence: this was not stored
    """What was delivered could not be stored in time; sending all of it again is harmless."""


class InboxFull(Exception):  # noqa: N818 - a state the sender meets, not a fault of ours
    """The writer is behind; the sender should try again shortly."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one delivery, once it is in the journal: how many events, which refusals."""

    accepted: int
    refusals: list[Refusal]


@dataclass(frozen=True, slots=True)
class Arrival:
    """A delivery on its way to the journal; ``mark`` is stored with it, ``reply`` given after."""

    delivery: Delivery
    mark: Mark | None = None
    retried: int | None = None
    reply: Future[Receipt] = field(default_factory=Future)

    def answer(self, receipt: Receipt) -> None:
        """Tell the sender, unless it has gone away meanwhile."""
        if self.reply.set_running_or_notify_cancel():
            self.reply.set_result(receipt)

    def fail(self, error: NotStored) -> None:
        """Tell the sender that nothing is promised, unless it has gone away meanwhile."""
        if self.reply.set_running_or_notify_cancel():
            self.reply.set_exception(error)


class Inbox:
    """A bounded queue between senders' threads and the writer."""

    def __init__(self, waiting: int = _WAITING) -> None:
        """Let up to ``waiting`` deliveries wait."""
        self._queue: queue.Queue[Arrival] = queue.Queue(waiting)

    def offer(self, delivery: Delivery) -> Future[Receipt]:
        """Leave a delivery without waiting; the answer comes after the commit.

        Raises:
            InboxFull: Too many deliveries wait already.
        """
        arrival = Arrival(delivery)
        try:
            self._queue.put_nowait(arrival)
        except queue.Full as error:
            raise InboxFull from error
        return arrival.reply

    def put(self, arrival: Arrival, seconds: float) -> bool:
        """Wait up to ``seconds`` for room; return whether the arrival was left."""
        try:
            self._queue.put(arrival, timeout=seconds)
        except queue.Full:
            return False
        return True

    def collect(self, seconds: float) -> list[Arrival]:
        """Return what has arrived, after at most ``seconds`` of waiting for the first."""
        try:
            arrivals = [self._queue.get(timeout=seconds)]
        except queue.Empty:
            return []
        size = len(arrivals[0].delivery.body)
        while size < MOST_BYTES and not self._queue.empty():
            arrivals.append(self._queue.get())
            size += len(arrivals[-1].delivery.body)
        return arrivals

    @property
    def is_empty(self) -> bool:
        """Whether nobody waits."""
        return self._queue.empty()
