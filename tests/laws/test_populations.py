"""Evidence about populations in a simulated shop: one answer, and every injected fault found."""

import random
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from andon.simulate import Summary
from andon.simulate.truth import KnownFault, Truth
from detectors.population.causes import ACCUSED, DEFECTS_OF
from schemas.problems import Change, ChangeKind, Problem, problems_digest
from streams.embedded import Embedded, Timing
from streams.engine import Engine
from streams.folder import Folder
from streams.inbox import Arrival
from streams.intake import JSON_LINES, Delivery
from streams.journal import Journal
from streams.replay import Replayed, replay_paths


@pytest.fixture(scope="module")
def whole(large_world: Summary) -> Replayed:
    """Return the large world, replayed at one go."""
    return replay_paths([large_world.events_path], Engine())


@pytest.fixture(scope="module")
def found(whole: Replayed) -> list[Problem]:
    """Return all problems of the large world."""
    return whole.problems


def by_evidence(problems: Sequence[Problem]) -> list[Problem]:
    return [p for p in problems if any(item.fact == "share_of_needed" for item in p.evidence)]


def history(changes: Sequence[Change]) -> list[tuple[object, ...]]:
    """Return what happened to every problem, and under whom it was then."""
    told = [(c.at, c.problem.id, c.what.value, c.problem.parent or "") for c in changes]
    return sorted(told)


def evidence_of(problems: Sequence[Problem]) -> dict[str, object]:
    return {p.id: p.evidence for p in by_evidence(problems)}


# ----- one answer ------------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "partitions"), [(500, 1), (100_000, 2), (3_001, 4)])
def test_batches_and_partitions_give_one_answer_evidence_included(
    large_world: Summary, whole: Replayed, size: int, partitions: int
) -> None:
    engine = Engine(partitions=partitions)
    again = replay_paths([large_world.events_path], engine, batch_size=size)

    assert problems_digest(again.problems) == problems_digest(whole.problems)
    assert evidence_of(again.problems) == evidence_of(whole.problems)
    assert history(again.changes) == history(whole.changes)


def test_a_shuffled_recording_in_which_every_line_stands_twice_gives_one_answer(
    large_world: Summary, whole: Replayed, tmp_path: Path
) -> None:
    lines = large_world.events_path.read_bytes().splitlines() * 2
    random.Random(1).shuffle(lines)  # noqa: S311 - a shuffled deck, no secret
    shuffled = tmp_path / "shuffled.jsonl"
    shuffled.write_bytes(b"\n".join(lines))
    again = replay_paths([shuffled], Engine())

    assert problems_digest(again.problems) == problems_digest(whole.problems)
    assert evidence_of(again.problems) == evidence_of(whole.problems)
    assert history(again.changes) == history(whole.changes)


def test_an_embedded_run_gives_the_answer_of_the_replay(
    large_world: Summary, found: list[Problem], tmp_path: Path
) -> None:
    live: dict[str, Problem] = {}

    def settle(changes: list[Change], _: int) -> None:
        live.update({change.problem.id: change.problem for change in changes})

    with Journal(Folder(tmp_path).journal) as journal:
        embedded = Embedded(journal, Engine(), settle, timing=Timing(recording=True))
        embedded.rebuild()
        for body in _bodies(large_world.events_path, 4_000):
            embedded.accept([Arrival(Delivery(body, JSON_LINES, "test"))])
            embedded.decide()
        embedded.finish()

    assert problems_digest(list(live.values())) == problems_digest(found)


def _bodies(path: Path, size: int) -> list[bytes]:
    lines = path.read_bytes().splitlines()
    return [b"\n".join(lines[start : start + size]) for start in range(0, len(lines), size)]


# ----- known truth -----------------------------------------------------------------------------


def root_of(problem: Problem, problems: Sequence[Problem]) -> Problem:
    every = {one.id: one for one in problems}
    while problem.parent is not None:
        problem = every[problem.parent]
    return problem


def called(problem: Problem) -> tuple[str, str]:
    return problem.kind, problem.subject


@pytest.fixture(scope="module")
def faults(large_world: Summary) -> dict[str, KnownFault]:
    """Return the injected faults; of the two swapped bins the second."""
    truth = msgspec.json.decode(large_world.truth_path.read_bytes(), type=Truth)
    return {fault.fault: fault for fault in truth.faults}


def test_a_misplaced_sku_is_one_root_problem_of_its_bin(
    found: list[Problem], faults: dict[str, KnownFault]
) -> None:
    """The bin is the cause, and the SKU, which is right in every other warehouse, is under it."""
    fault = faults["mis-slotted-sku"]
    about = [p for p in by_evidence(found) if p.kind == "bin-wrong-item"]
    [bin_] = [p for p in about if p.subject == f"{fault.warehouse_id}/{fault.bin}"]
    skus = [p for p in by_evidence(found) if p.subject == f"{fault.subject}@{fault.warehouse_id}"]

    assert bin_.parent is None
    assert skus
    assert {called(root_of(sku, found)) for sku in skus} == {called(bin_)}


def test_a_slow_lane_is_one_root_problem(
    found: list[Problem], faults: dict[str, KnownFault]
) -> None:
    lane = faults["slow-lane"].subject
    acts = [p for p in by_evidence(found) if p.kind == "lane-late"]

    assert {p.subject for p in acts} == {lane}
    assert {p.parent for p in acts} == {None}


def test_a_seller_who_hands_over_late_is_one_root_problem(
    found: list[Problem], faults: dict[str, KnownFault]
) -> None:
    seller = faults["bad-seller"].subject
    [act] = [p for p in by_evidence(found) if called(p) == ("seller-late", seller)]

    assert act.parent is None


def test_a_lossy_hub_is_a_root_problem_of_its_carrier(
    found: list[Problem], faults: dict[str, KnownFault]
) -> None:
    """Scans name hubs, but no hub is a subject: whoever runs it is charged, and has to look."""
    carrier = faults["lossy-hub"].subject.partition("-")[0]
    [act] = [p for p in by_evidence(found) if called(p) == ("carrier-lost", carrier)]

    assert act.parent is None


def test_two_swapped_bins_are_one_root_problem_of_their_warehouse(
    found: list[Problem], faults: dict[str, KnownFault]
) -> None:
    """Both bins are of one warehouse, which alone explains both; so the warehouse is the root.

    That the bins themselves are not named as two roots is a miss of the subject, not of the fault:
    in a shop of this size 163 wrong units of two of its SKUs are most of what a warehouse has
    wrong. Nor do they name each other: their problems open five days after the bins were swapped,
    and what came instead is known when the first return has been inspected.
    """
    fault = faults["swapped-bins"]
    pairs = {f"{sku}@{fault.warehouse_id}" for sku in (fault.subject, fault.sku_found)}
    acts = [p for p in by_evidence(found) if p.kind == "sku-warehouse-wrong-item"]
    acts = [p for p in acts if p.subject in pairs]

    assert {p.subject for p in acts} == pairs
    assert {called(root_of(p, found)) for p in acts} == {
        ("warehouse-wrong-item", fault.warehouse_id)
    }


# ----- one plan --------------------------------------------------------------------------------


def test_an_order_is_under_nobody_but_a_group_with_the_defect_that_explains_it(
    found: list[Problem],
) -> None:
    every = {one.id: one for one in found}
    pairs = {(p.kind, every[p.parent].kind) for p in found if p.parent and p.order_id}

    assert {kind for kind, _ in pairs} >= {"late-delivery", "silent-shipment", "wrong-item"}
    assert all(ACCUSED[group].charge.defect in DEFECTS_OF[kind] for kind, group in pairs)


def test_every_silent_parcel_of_a_slow_lane_is_under_a_group_as_long_as_that_is_known(
    found: list[Problem], faults: dict[str, KnownFault]
) -> None:
    lane = faults["slow-lane"].subject
    [slow] = [p for p in by_evidence(found) if called(p) == ("lane-late", lane)]
    silent = [p for p in found if p.kind == "silent-shipment" and _fact(p, "lane") == lane]
    meanwhile = [p for p in silent if _is_open(slow, p.opened_at)]

    assert len(meanwhile) > 50
    assert all(p.parent is not None for p in meanwhile)


def _fact(problem: Problem, name: str) -> object:
    return next((item.value for item in problem.evidence if item.fact == name), None)


def test_who_is_under_a_group_was_open_when_they_met(whole: Replayed) -> None:
    every = {one.id: one for one in whole.problems}
    met = [
        c for c in whole.changes if c.what in MEETING and c.problem.parent and c.problem.order_id
    ]

    assert {c.what for c in met} == MEETING
    assert all(_is_open(every[c.problem.parent or ""], c.at) for c in met)
    assert all(_is_open(every[c.problem.id], c.at) for c in met)


MEETING = {ChangeKind.OPENED, ChangeKind.ATTACHED}


def _is_open(problem: Problem, at: int) -> bool:
    """Whether a problem was open when the moment ``at`` (ms UTC) came."""
    ends = [end for end in (problem.cleared_at, problem.withdrawn_at) if end is not None]
    return problem.opened_at <= at <= min(ends, default=at)


def test_a_parent_once_told_is_told_ever_after(whole: Replayed) -> None:
    before: dict[str, str | None] = {}
    for change in whole.changes:
        parent = before.get(change.problem.id)
        before[change.problem.id] = change.problem.parent

        assert parent is None or change.problem.parent is not None
