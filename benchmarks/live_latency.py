"""How long after an event is in Kafka its problem is there, at a steady pace.

By the live clock: the broker stamps each event when it is appended. Only problems count that an
event opened (a wrong item, a broken line, a return of something else); one that opens because time
passed has no event to wait for.
"""

import threading
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from benchmarks.kafka_sending import as_of_now, happening_now, paced
from benchmarks.live_worker import JUDGING, Problems, joined, shop_on
from schemas.problems import ChangeKind
from schemas.times import iso
from streams.embedded import wall_clock
from streams.found import Found
from streams.sending import routes
from streams.testing_kafka import Broker

CLOCK: Final = "clock"
SETTLE_S: Final = 10.0
"""How long problems are waited for after the last event."""


@dataclass(frozen=True, slots=True)
class Waits:
    """What was sent, and how long each problem took."""

    a_second: float
    """Events sent a second."""
    events: int
    seconds: list[float]


def waits(broker: Broker, path: Path, a_second: float, seconds: float) -> Waits:
    """Send the events of ``path`` at a steady pace to one worker; return how long problems took."""
    found: list[float] = []
    with shop_on(broker.bootstrap) as shop:
        joined(shop, 1, JUDGING, recording=False)
        to = routes(broker.bootstrap, shop.names)
        events = as_of_now(path.read_bytes(), to, date.fromisoformat(iso(wall_clock())[:10]))
        wanted = min(len(events), int(a_second * seconds))
        problems, ends = Problems(shop), threading.Event()

        def listen() -> None:
            while not ends.is_set():
                for told in problems.polled():
                    found.extend(waited(told, wall_clock()))

        listener = threading.Thread(target=listen)
        listener.start()
        began = time.monotonic()
        sent = paced(broker.bootstrap, iter(events[:wanted]), a_second, happening_now)
        took = time.monotonic() - began
        time.sleep(SETTLE_S)
        ends.set()
        listener.join()
        problems.close()
    return Waits(sent / took, sent, found)


def waited(told: Found, now: int) -> list[float]:
    """Return for each problem that an event opened how long before ``now`` (ms UTC) it came, s."""
    return [
        (now - change.problem.opened_by.recorded_at) / 1000
        for change in told.changes
        if change.what is ChangeKind.OPENED and change.problem.opened_by.fact != CLOCK
    ]
