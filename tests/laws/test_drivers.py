"""Embedded, replayed, replayed from the journal, in partitions: one answer, the judge included."""

import random
from pathlib import Path

import pytest

from andon.simulate.story import decaf_week
from schemas.codec import Decoder
from schemas.problems import Change, Problem, problems_digest
from streams.embedded import Embedded, Timing
from streams.engine import Batch, Engine
from streams.folder import Folder
from streams.inbox import Arrival
from streams.intake import JSON_LINES, Delivery
from streams.journal import Journal
from streams.replay import replay_paths


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the recording of the week in which one SKU is taken off sale."""
    return decaf_week(1, tmp_path_factory.mktemp("week")).events_path


@pytest.fixture(scope="module")
def answer(week: Path) -> str:
    """Return the hash of the problems that the engine finds in the week, all at once."""
    decoded = Decoder().decode_lines(week.read_bytes())
    engine = Engine()
    batch = Batch(decoded.events, decoded.occurred, decoded.recorded)
    found = {c.problem.id: c.problem for c in [*engine.step(batch), *engine.flush()]}
    kinds = {problem.kind for problem in found.values()}
    assert {"sku-wrong-item-watch", "sku-wrong-item", "late-delivery"} <= kinds
    assert any(problem.withdrawn_at for problem in found.values())
    return problems_digest(list(found.values()))


@pytest.mark.parametrize("size", [7, 500, 100_000])
def test_a_replay_gives_the_answer_for_every_batch_size(week: Path, answer: str, size: int) -> None:
    replayed = replay_paths([week], Engine(), batch_size=size)

    assert problems_digest(replayed.problems) == answer
    assert not replayed.rejected


def test_a_shuffled_recording_in_which_every_line_stands_twice_gives_the_answer(
    week: Path, answer: str, tmp_path: Path
) -> None:
    lines = week.read_bytes().splitlines() * 2
    random.Random(1).shuffle(lines)  # noqa: S311 - a shuffled deck, no secret
    shuffled = tmp_path / "shuffled.jsonl"
    shuffled.write_bytes(b"\n".join(lines))

    assert problems_digest(replay_paths([shuffled], Engine(), batch_size=300).problems) == answer


@pytest.mark.parametrize("count", [2, 4])
def test_partitions_give_the_answer_with_one_judge_over_all(
    week: Path, answer: str, count: int
) -> None:
    engine = Engine(partitions=count)

    assert problems_digest(replay_paths([week], engine, batch_size=777).problems) == answer


@pytest.mark.parametrize("size", [33, 2_000])
def test_an_embedded_run_gives_the_answer_and_so_does_the_replay_of_its_journal(
    week: Path, answer: str, tmp_path: Path, size: int
) -> None:
    live = _run(Folder(tmp_path).journal, week.read_bytes().splitlines(), size)
    replayed = replay_paths([tmp_path], Engine())

    assert problems_digest(live) == answer
    assert problems_digest(replayed.problems) == answer


def _run(path: Path, lines: list[bytes], size: int) -> list[Problem]:
    found: dict[str, Problem] = {}

    def settle(changes: list[Change], _: int) -> None:
        found.update({change.problem.id: change.problem for change in changes})

    with Journal(path) as journal:
        embedded = Embedded(journal, Engine(), settle, timing=Timing(recording=True))
        embedded.rebuild()
        for start in range(0, len(lines), size):
            body = b"\n".join(lines[start : start + size])
            embedded.accept([Arrival(Delivery(body, JSON_LINES, "test"))])
            embedded.decide()
        embedded.finish()
    return list(found.values())
