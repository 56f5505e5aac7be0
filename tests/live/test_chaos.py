"""Every fault, on every number of workers and partitions: the one answer, each effect once.

Hours long, so `make test` leaves it out: ``make chaos`` runs it. The environment says how much:
``ANDON_CHAOS`` turns it on, ``ANDON_CHAOS_WORKERS``, ``_PARTITIONS`` and ``_FAULTS`` take fewer,
``_OUTAGE`` is how long what is taken away stays away, ``_KILLS`` how often workers are killed in
all.
"""

import os
import random
import time
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest

from actions.testing import Receiver
from actions.testing_postgres import Server
from andon.testing_live import Answer, Shop
from andon.testing_live_faults import BEFORE, DURING, PIECEMEAL, POISON, Ground
from streams.testing_kafka import Broker


def _asked(name: str, usual: str) -> str:
    return os.environ.get(f"ANDON_CHAOS_{name}", usual)


def _numbers(name: str, usual: str) -> list[int]:
    return [int(one) for one in _asked(name, usual).split(",")]


FAULTS = _asked("FAULTS", ",".join((*DURING, *BEFORE))).split(",")
ROWS = list(product(_numbers("WORKERS", "1,2,4"), _numbers("PARTITIONS", "1,4,12")))
OUTAGE_S = float(_asked("OUTAGE", "30"))
KILLS = -(-int(_asked("KILLS", "1000")) // len(ROWS))

MakeGround = Callable[[int, int, str], Ground]

pytestmark = pytest.mark.skipif("ANDON_CHAOS" not in os.environ, reason="hours: make chaos")


@pytest.fixture
def ground(
    opened: Callable[..., Shop], recording: Path, mortal_broker: Broker, server: Server
) -> MakeGround:
    """Open a shop whose recording waits, on a broker and a database that may be taken away."""

    def open_ground(workers: int, partitions: int, fault: str) -> Ground:
        shop = opened(partitions, mortal_broker.bootstrap)
        dice = random.Random(f"{workers} {partitions} {fault}")  # noqa: S311 - no secret
        if fault not in PIECEMEAL:
            shop.send(recording)
        return Ground(shop, mortal_broker, server, OUTAGE_S, KILLS, dice, recording)

    return open_ground


@pytest.mark.slow
@pytest.mark.timeout(600 + 10 * KILLS + 4 * int(OUTAGE_S))
@pytest.mark.parametrize(("row", "fault"), list(product(ROWS, FAULTS)))
def test_whatever_happens_to_however_many_workers_there_is_one_answer(
    row: tuple[int, int],
    fault: str,
    ground: MakeGround,
    receiver: Receiver,
    answer: Answer,
) -> None:
    began, (workers, partitions) = time.monotonic(), row
    here = ground(workers, partitions, fault)
    shop = here.shop
    if fault in BEFORE:
        BEFORE[fault](here)
    here.start(workers)
    if fault in DURING:
        DURING[fault](here)
    shop.settle(answer.digest)
    again = receiver.deliveries.total() - len(receiver.deliveries)
    print(  # noqa: T201 - `make chaos` shows it
        f"{workers} workers, {partitions} partitions, {fault}: "
        f"{len(shop.workers) - workers} restarts, {len(receiver.effects)} effects, "
        f"{again} asked for again, {time.monotonic() - began:.0f} s"
    )

    assert shop.action_ids() == answer.action_ids
    assert shop.effects() == answer.effects
    assert receiver.effects.keys() >= set(answer.effects)
    assert not receiver.refused
    assert [one.value for one in shop.dead_letters()] == ([POISON] if fault == "poison" else [])
