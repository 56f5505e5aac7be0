"""What people ask about whole groups: the evidence over time, and what budgets have opened."""

from pathlib import Path

import pytest

from andon.asking import Asked, explained
from andon.drawing import drawing
from andon.simulate import simulate
from andon.spending import least, spent
from andon.weighed import Course, Unheard, course_of, sources_of
from andon.wiring import NotPossible, build_engine, read_playbook
from schemas.problems import Problem
from schemas.testing import an_order, as_lines
from streams.replay import replay_paths


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a small shop with faults in it, once for all."""
    folder = tmp_path_factory.mktemp("world")
    simulate(4_000, 30, 1, folder)
    return folder / "events.jsonl"


@pytest.fixture(scope="module")
def worst(world: Path) -> Problem:
    """Return the first problem that evidence opened to act on."""
    found = replay_paths([world], build_engine(read_playbook(None))).problems
    return next(p for p in found if any(e.value == "act" for e in p.evidence))


def test_the_evidence_climbs_to_its_rung_when_the_problem_opens(
    world: Path, worst: Problem
) -> None:
    course = course_of(worst.subject, worst.subject_type, [world], None)
    at_opening = [
        entry
        for entry in course.entries
        if (entry.at, entry.defect) == (worst.opened_at, worst.defect)
    ]

    assert [entry.rung for entry in at_opening] == ["act"]
    assert worst.id in {problem.id for problem in course.problems}
    assert [e.at for e in course.entries] == sorted(e.at for e in course.entries)
    assert course.rows()[0].keys() >= {"at", "defect", "evidence", "needed", "share_of_needed"}


def test_asking_changes_no_answer(world: Path, worst: Problem) -> None:
    course = course_of(worst.subject, worst.subject_type, [world], None)
    [same] = [problem for problem in course.problems if problem.id == worst.id]

    assert same == worst


def test_a_recording_out_of_order_shows_the_same_evidence(
    world: Path, worst: Problem, tmp_path: Path
) -> None:
    lines = world.read_bytes().splitlines(keepends=True)
    lines = lines[::2] + lines[1::2]
    mixed = tmp_path / "mixed.jsonl"
    mixed.write_bytes(b"".join(lines))
    asked = (worst.subject, worst.subject_type)

    assert course_of(*asked, [mixed], None) == course_of(*asked, [world], None)


def test_a_drawing_shows_each_defect_and_the_threshold(world: Path, worst: Problem) -> None:
    course = course_of(worst.subject, worst.subject_type, [world], None)
    drawn = drawing(course.entries, 100)

    assert str(worst.defect) in drawn
    assert "0 is enough to act" in drawn
    assert max(map(len, drawn.splitlines())) <= 100


def test_what_was_never_reported_says_so() -> None:
    course = Course("lane", "SP->RJ", (), (), "en")

    assert "nothing was reported about lane SP->RJ" in "\n".join(course.lines())


def test_a_name_nobody_has_is_refused(world: Path) -> None:
    with pytest.raises(Unheard, match="nothing is known of lane 'nope'"):
        course_of("nope", "lane", [world], None)
    with pytest.raises(NotPossible, match=r"of order nope.*SKU, lane, seller"):
        explained(Asked("nope"), [world], None, None)


def test_a_name_of_another_type_is_found_and_told(world: Path, worst: Problem) -> None:
    found = explained(Asked(worst.subject), [world], None, None)
    wrong = "market" if worst.subject_type != "market" else "sku"

    assert isinstance(found, Course)
    assert found.subject_type == worst.subject_type
    with pytest.raises(Unheard, match=f"there is a {worst.subject_type} of that name"):
        course_of(worst.subject, wrong, [world], None)


def test_words_on_a_command_line_name_one_thing() -> None:
    assert Asked.of(["A-1001"]) == Asked("A-1001")
    assert Asked.of(["sku-size", "tea/x/M"]) == Asked("tea/x/M", "sku_size")
    assert Asked.of(["S-7"], "seller") == Asked("S-7", "seller")
    with pytest.raises(NotPossible, match="did you mean lane"):
        Asked.of(["lan", "SP->RJ"])
    with pytest.raises(NotPossible, match="one thing at a time"):
        Asked.of(["a", "b", "c"])


def test_an_order_is_explained_as_before(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_bytes(as_lines([an_order()]))
    found = explained(Asked("o-1"), [path], None, None)

    assert not isinstance(found, Course)


def test_without_a_journal_it_is_said_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NotPossible, match="andon run"):
        sources_of([], tmp_path)


def test_budgets_of_a_small_shop_are_told_without_a_recording(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text("name: t\npopulations: {wrong_alarms: {lane: 4}}\n", "utf-8")
    rows = {row["subject_type"]: row for row in least(read_playbook(path))}

    assert (rows["lane"]["act_wrong_a_month"], rows["lane"]["watch_wrong_a_month"]) == (4, 400)
    assert rows["lane"]["act_from"] == 100_000


def test_what_was_opened_is_counted_by_rung(world: Path, worst: Problem) -> None:
    found = replay_paths([world], build_engine(read_playbook(None))).problems
    mine = [
        p
        for p in found
        if (p.subject_type, p.defect) == (worst.subject_type, worst.defect)
        and any(e.fact == "rung" and e.value == "act" for e in p.evidence)
    ]
    rows = spent(read_playbook(None), [world])
    [row] = [
        row
        for row in rows
        if (row["subject_type"], row["defect"]) == (worst.subject_type, worst.defect)
    ]

    assert row["opened_act"] == len(mine)
    assert row["withdrawn"] == sum(p.withdrawn_at is not None for p in mine)
    assert isinstance(row["key_days_a_month"], int)


def test_a_listing_is_never_watched(world: Path) -> None:
    sizes = [row for row in spent(read_playbook(None), [world]) if row["defect"] == "too_small"]

    assert {row["watch_from"] for row in sizes} <= {None}


def test_nothing_is_judged_in_an_empty_history(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_bytes(as_lines([an_order()]))

    assert spent(read_playbook(None), [path]) == []
