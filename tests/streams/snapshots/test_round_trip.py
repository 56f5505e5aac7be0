import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from andon.simulate import simulate
from detectors.order.late_delivery import LateDelivery
from detectors.population.populations import Probe
from detectors.population.rules import PopulationRules
from detectors.registry import DETECTORS
from schemas.problems import Problem, problems_digest
from schemas.testing import an_order
from streams.accounts import encoded, telling_of
from streams.engine import Engine
from streams.judging import Seat
from streams.partition import by_type
from streams.snapshots import Settings, Snapshots, Unreadable
from streams.snapshots.pickles import Frozen, freeze, thaw
from streams.snapshots.testing import HORIZON, Recording, Shop, recording
from streams.testing import batch_of

STEPS = 10


@dataclass(frozen=True)
class Played:
    """A recording, and what is found in it by a shop that is never saved."""

    path: Path
    steps: Recording
    digest: str


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    world = simulate(400, 6, 7, tmp_path_factory.mktemp("world"))
    steps = recording(world.events_path, STEPS)
    return Played(world.events_path, steps, digest(steps.play(Shop())))


def digest(shop: Shop) -> str:
    return problems_digest(list(shop.newest.values()))


def again(state: Any) -> Any:  # noqa: ANN401 - whatever is given comes back
    """Return ``state`` as another process would have it."""
    stream, buffers = freeze(state)
    return thaw(Frozen(stream, [bytearray(buffer) for buffer in buffers]), Settings())


def test_the_recording_has_problems_about_orders_and_about_groups(played: Played) -> None:
    kinds = {problem.kind for problem in played.steps.play(Shop()).newest.values()}

    assert "late-delivery" in kinds
    assert any(kind.startswith(("sku-", "carrier-", "lane-", "seller-")) for kind in kinds)


@settings(max_examples=4)
@given(cut=st.integers(1, STEPS - 1))
def test_a_state_cut_anywhere_goes_on_as_if_never_saved(played: Played, cut: int) -> None:
    before = played.steps.play(Shop(), 0, cut)
    after = Shop(again(before.partition), again(before.judge), before.newest)

    assert digest(played.steps.play(after, cut)) == played.digest


def test_saving_at_every_step_changes_nothing(played: Played, tmp_path: Path) -> None:
    store = Snapshots(tmp_path)
    shop = Shop()
    for step in range(STEPS):
        played.steps.play(shop, step, step + 1)
        store.save("shop", {"step": step}, (shop.partition, shop.judge), "same")
        loaded = store.load("shop", "same", Settings())

        assert loaded is not None
        assert loaded.header == {"step": step}
        shop.partition, shop.judge = loaded.state

    assert digest(shop) == played.digest


def accounts(steps: Recording) -> list[bytes]:
    """Return what the only partition tells the judge of a recording."""
    partition, since = Shop().partition, 0
    told: list[bytes] = []
    for batch, until in steps.steps():
        partition.write(by_type(batch.events, batch.occurred, batch.recorded, until))
        account = partition.settle(until)
        told += encoded(
            telling_of(account, partition=0, of=1, since=since, until=until, offsets={})
        )
        since = until
    return told


def judged(told: list[bytes], seat: Seat, cut: int) -> str:
    """Return the digest of what ``seat`` finds, saved and loaded before the account ``cut``."""
    newest: dict[str, Problem] = {}
    for number, account in enumerate(told):
        seat = again(seat) if number == cut else seat
        seat.hear(account)
        newest |= {change.problem.id: change.problem for change in seat.decide().changes}
    return problems_digest(list(newest.values()))


@pytest.mark.parametrize("cut", [0, 1, STEPS // 2, STEPS - 1])
def test_the_judges_seat_cut_anywhere_goes_on_with_the_words_it_has_learnt(
    played: Played, cut: int
) -> None:
    told = accounts(played.steps)

    assert judged(told, Seat(PopulationRules(), HORIZON), cut) == judged(
        told, Seat(PopulationRules(), HORIZON), -1
    )


def test_saving_leaves_the_state_as_it_was(played: Played, tmp_path: Path) -> None:
    shop = played.steps.play(Shop(), 0, 6)
    Snapshots(tmp_path).save("shop", {}, (shop.partition, shop.judge), "same")

    assert digest(played.steps.play(shop, 6)) == played.digest


def test_a_state_holds_no_memory_that_was_never_written() -> None:
    def state() -> Frozen:
        engine = Engine()
        engine.step(batch_of(an_order(order_id="o-1"), an_order(order_id="o-2")))
        return freeze(engine.partitions[0])

    first, second = state(), state()

    assert first.stream == second.stream
    assert [bytes(one) for one in first.buffers] == [bytes(one) for one in second.buffers]


def test_the_engine_that_loads_asks_its_own_questions() -> None:
    own = tuple(LateDelivery() if q.kind == "late-delivery" else q for q in DETECTORS)
    [partition] = Engine().partitions
    loaded = thaw(freeze(partition), Settings(questions=own))
    asked = [q for some in loaded.journeys.detectors.values() for q in some]

    assert {id(q) for q in asked} == {id(q) for q in own}


def test_a_question_that_nobody_asks_any_more_makes_the_state_unreadable() -> None:
    [partition] = Engine().partitions

    with pytest.raises(Unreadable, match="question late-dispatch is not asked any more"):
        thaw(freeze(partition), Settings(questions=DETECTORS[1:]))


def test_whoever_watched_the_judge_stays_behind() -> None:
    watcher = Shop()
    probe = Probe(None, "sku-1", lambda *_: None)

    assert again([probe, watcher.take, lambda: None]) == [None, None, None]


# ----- another process -----

_GOES_ON = """
import sys
from pathlib import Path
from schemas.problems import problems_digest
from streams.snapshots import Settings, Snapshots
from streams.snapshots.testing import Shop, recording

loaded = Snapshots(sys.argv[1]).load("shop", "same", Settings())
if loaded is None:
    sys.exit(3)
shop = Shop(loaded.state[0], loaded.state[1])
recording(Path(sys.argv[2]), int(sys.argv[3])).play(shop, loaded.header["step"])
print(problems_digest(list(shop.newest.values())))
"""

_SAVES = """
import sys
from pathlib import Path
from schemas.problems import problems_digest
from streams.snapshots import Snapshots
from streams.snapshots.testing import Shop, recording

steps, cut = recording(Path(sys.argv[2]), int(sys.argv[3])), int(sys.argv[4])
shop = steps.play(Shop(), 0, cut)
Snapshots(sys.argv[1]).save("shop", {"step": cut}, (shop.partition, shop.judge), "same")
shop.newest.clear()
steps.play(shop, cut)
print(problems_digest(list(shop.newest.values())))
"""


def run(code: str, seed: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    environment = {"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def test_another_process_with_the_same_hashes_goes_on_where_this_one_was(
    played: Played, tmp_path: Path
) -> None:
    saved = run(_SAVES, "11", tmp_path, played.path, STEPS, 7)
    gone_on = run(_GOES_ON, "11", tmp_path, played.path, STEPS)

    assert saved.returncode == gone_on.returncode == 0
    assert gone_on.stdout == saved.stdout
    assert gone_on.stdout


def test_a_process_with_other_hashes_passes_over_the_state(played: Played, tmp_path: Path) -> None:
    run(_SAVES, "11", tmp_path, played.path, STEPS, 3)
    gone_on = run(_GOES_ON, "12", tmp_path, played.path, STEPS)

    assert gone_on.returncode == 3
    assert "foreign: hashes=" in gone_on.stdout + gone_on.stderr
