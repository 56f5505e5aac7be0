"""What is known of where an order went wrong: what stands, for as long as it matters."""

import numpy as np

from detectors.journeys.vocabulary import Item, Lane, PackedItem, Vocabulary
from detectors.observations import Reports
from detectors.population.causes import Place
from detectors.population.evidence import WINDOW
from detectors.population.subjects import Subjects
from detectors.population.testing import defect_of
from detectors.population.whereabouts import Saying, Whereabouts, Word, sayings
from schemas.problems import Cause, Problem
from schemas.times import DAY

D0 = 20_000
WRONG, BAD_REVIEW = defect_of("wrong_item", "bin"), defect_of("bad_review", "sku")
LANE = Place(defect_of("late", "lane"), "lane", "A->B")
LATE = Problem(
    id="p", kind="late-delivery", subject_type="order", subject="o-1", order_id="o-1",
    opened_at=D0 * DAY, due_at=D0 * DAY, detector="late-delivery", detector_version="1",
    opened_by=Cause("clock", D0 * DAY, D0 * DAY),
)  # fmt: skip


def a_word(unit: str = "o-1/1", day: int = D0) -> Word:
    return Word(unit, day, LANE.defect, (LANE,))


def known(*words: tuple[Word, int], today: int = D0) -> dict[Place, int]:
    found = Whereabouts()
    for word, units in words:
        found.take(Saying(D0 * DAY, word, units))
    found.forget(today)
    return found.places(LATE)


def test_of_several_lines_at_one_place_the_last_day_counts() -> None:
    assert known((a_word(), 1), (a_word("o-1/2", D0 - 3), 1)) == {LANE: D0}
    assert known((a_word(day=D0 - 3), 1), (a_word("o-1/2"), 1)) == {LANE: D0}


def test_a_word_may_be_taken_back_before_it_is_told() -> None:
    assert known((a_word(), -1)) == {}
    assert known((a_word(), -1), (a_word(), 1)) == {}
    assert known((a_word(), 1), (a_word(), 1), (a_word(), -1)) == {LANE: D0}


def test_one_word_that_is_taken_back_leaves_the_others() -> None:
    assert known((a_word(), 1), (a_word("o-1/2"), 1), (a_word(), -1)) == {LANE: D0}


def test_a_word_is_known_as_long_as_groups_are_judged_on_its_day() -> None:
    assert known((a_word(), 1), today=D0 + WINDOW - 1) == {LANE: D0}
    assert known((a_word(), 1), today=D0 + WINDOW) == {}
    assert known((a_word(), 1), (a_word("o-1/2", D0 + 1), 1), today=D0 + WINDOW) == {LANE: D0 + 1}


def test_a_word_about_a_day_that_is_forgotten_comes_too_late() -> None:
    found = Whereabouts()
    found.forget(D0 + WINDOW)
    found.take(Saying(D0 * DAY, a_word(), 1))

    assert found.places(LATE) == {}


def reports(*defects: int) -> tuple[Reports, Vocabulary]:
    words, ones = Vocabulary(), np.ones(len(defects), np.int64)
    item = words.items.codes([Item("A", "S", "K", "", "")])
    place = words.packed.codes([PackedItem("A", "W", "7")])
    lane = words.lanes.codes([Lane("C", "", "BR", "SP", "BR", "RJ")])
    said = Reports(
        at=ones * D0 * DAY,
        defect=np.array(defects, np.int64),
        day=ones * D0,
        item=ones * item[0],
        place=ones * place[0],
        lane=ones * lane[0] if WRONG not in defects else ones * -1,
        buyer=ones,
        found=-ones,
        units=ones,
        names=[f"o-{number}/1" for number in range(len(defects))],
    )
    return said, words


def test_a_report_names_everybody_that_it_is_charged_to() -> None:
    [said] = sayings(Subjects(), 0, *reports(WRONG))

    assert said == Saying(D0 * DAY, Word("o-0/1", D0, WRONG, said.word.places), 1)
    assert {(place.subject_type, place.name) for place in said.word.places} == {
        ("sku", "A"),
        ("sku_warehouse", "A@W"),
        ("bin", "W/7"),
        ("warehouse", "W"),
        ("seller", "S"),
    }


def test_a_defect_that_explains_no_problem_of_an_order_is_passed_over() -> None:
    assert list(sayings(Subjects(), 0, *reports(BAD_REVIEW))) == []


def test_no_reports_say_nothing() -> None:
    assert list(sayings(Subjects(), 0, *reports())) == []
