"""What is taken away from a live shop in the middle, for tests: each fault under its name.

Whatever it was, the shop must catch up and give the one answer; that is asked by the tests.
"""

import random
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from actions.testing_postgres import Server
from andon.testing_live import Shop, Worker, wait_for
from streams.testing_kafka import Broker

POISON: Final = b"{not json"

BLOCKED: Final = 0
"""The partition whose snapshots are refused: every shop has it."""

LONGEST_S: Final = 2.5
"""Longest time from one kill to the next, waiting for readiness aside."""

_BEYOND_SESSION_S: Final = 6.0
"""Added to an outage of four seconds or more it is longer than may pass in silence: a broker
takes partitions away a while after the session itself is over."""


@dataclass(frozen=True, slots=True)
class Ground:
    """Where a fault happens, and how badly."""

    shop: Shop
    broker: Broker
    """The one that the shop is on; it may be taken away."""
    server: Server
    outage_s: float
    kills: int
    dice: random.Random
    """When to strike."""
    recording: Path
    """It has been sent, or a fault of ``PIECEMEAL`` sends it."""

    def start(self, workers: int) -> None:
        """Start so many workers, called ``w0`` and so on."""
        for number in range(workers):
            self.shop.worker(f"w{number}")


def begun(shop: Shop) -> None:
    """Wait until problems are being stored: whatever happens now happens in the middle."""
    wait_for(lambda: len(shop.problems()) > 0, shop.explained)


def kill_again_and_again(
    shop: Shop, recording: Path, kills: int, dice: random.Random, ready_every: int
) -> None:
    """Kill workers by SIGKILL at random moments while a recording comes; each is back at once.

    Most die while they start, join and restore. Of ``ready_every`` one is left alone until it is
    ready: those die while they catch up, decide, perform and write snapshots. Each kill is preceded
    by a piece of the recording, so that there is something to do until the last.
    """
    living = list(shop.workers)
    pieces = shop.send_in_pieces(recording, kills)
    for number in range(kills):
        next(pieces, None)
        at = dice.randrange(len(living))
        if number % ready_every == ready_every - 1:
            wait_for(living[at].is_ready, shop.explained)
        time.sleep(dice.uniform(0.2, LONGEST_S))
        living[at].kill()
        living[at] = shop.worker(name_of(living[at]))


def name_of(worker: Worker) -> str:
    """Return what a worker is called: its log begins with it."""
    return worker.log.name.partition(".")[0]


def truncated_newest(snapshots: Path) -> Path | None:
    """Cut the newest snapshot of a partition short, as a disk that fills up would.

    Returns what was cut; ``None`` if there is no snapshot, or it was just replaced.
    """
    with suppress(FileNotFoundError):
        found = sorted(snapshots.glob("partition-*/*.json"), key=lambda one: one.stat().st_mtime)
        for newest in found[-1:]:
            newest.write_bytes(newest.read_bytes()[:100])
            return newest
    return None


def _kill(ground: Ground) -> None:
    kill_again_and_again(ground.shop, ground.recording, ground.kills, ground.dice, 4)


def _pause(ground: Ground) -> None:
    begun(ground.shop)
    paused = ground.shop.workers[0]
    paused.pause()
    time.sleep(ground.outage_s + _BEYOND_SESSION_S)
    paused.resume()


def _stop_broker(ground: Ground) -> None:
    begun(ground.shop)
    ground.broker.stop()
    time.sleep(ground.outage_s)
    ground.broker.start()


def _stop_ledger(ground: Ground) -> None:
    begun(ground.shop)
    ground.server.stop()
    time.sleep(ground.outage_s)
    ground.server.start()


def _truncate(ground: Ground) -> None:
    shop = ground.shop
    wait_for(lambda: truncated_newest(shop.snapshots) is not None, shop.explained)
    for worker in list(shop.workers):
        worker.kill()
        shop.worker(name_of(worker))


def _refuse_snapshots(ground: Ground) -> None:
    ground.shop.snapshots.mkdir(exist_ok=True)
    (ground.shop.snapshots / f"partition-{BLOCKED}").write_text("a file where a folder should be")


def _poison(ground: Ground) -> None:
    ground.shop.poison(POISON)


BEFORE: Final[Mapping[str, Callable[[Ground], None]]] = MappingProxyType(
    {"snapshots refused": _refuse_snapshots, "poison": _poison}
)
"""Faults that are there before the first worker starts."""

DURING: Final[Mapping[str, Callable[[Ground], None]]] = MappingProxyType(
    {
        "killed": _kill,
        "paused": _pause,
        "broker stopped": _stop_broker,
        "ledger stopped": _stop_ledger,
        "snapshot truncated": _truncate,
    }
)
"""Faults that come while workers are at it."""

PIECEMEAL: Final = frozenset({"killed"})
"""Faults that send the recording themselves, a piece at a time."""
