import pytest

from detectors.observations import REPORTED, Clock
from detectors.population.defects import DEFECTS, Defect
from detectors.population.rules import BUDGET
from detectors.population.subjects import SUBJECT_TYPES
from detectors.registry import DETECTORS

CARRIERS = {"carrier", "lane", "region", "market"}
"""Subjects that stand for how things travel, not for what travels."""


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: f"{defect.name} {defect.clock.name}")
def test_every_defect_is_told_by_one_detector_or_by_one_question(defect: Defect) -> None:
    kinds = {detector.kind for detector in DETECTORS}

    assert (defect.kind in kinds) is (defect.question is None)


def test_questions_are_never_published_as_problems() -> None:
    questions = {defect.question.kind for defect in DEFECTS if defect.question is not None}

    assert questions.isdisjoint({detector.kind for detector in DETECTORS})


def test_every_defect_is_charged_to_subjects_that_are_counted_and_have_a_budget() -> None:
    charged = {name for defect in DEFECTS for name in defect.charged}

    assert charged == set(SUBJECT_TYPES) == set(BUDGET)


def test_what_carriers_do_counts_against_neither_sku_nor_seller() -> None:
    on_the_way = [d for d in DEFECTS if d.clock in (Clock.PARCEL, Clock.PROMISED)]

    assert {name for defect in on_the_way for name in defect.charged} == CARRIERS


def test_outcomes_are_told_by_one_report_for_each_clock() -> None:
    exposing = [defect.clock for defect in DEFECTS if defect.exposes]

    assert sorted(exposing) == [Clock.PROMISED, Clock.HANDED_OVER]


def test_a_kind_of_problem_belongs_to_one_defect() -> None:
    kinds = [(name, defect.slug) for defect in DEFECTS for name in defect.charged]

    assert len(set(kinds)) == len(kinds)


def test_the_floor_hears_what_is_counted_as_wrong_items() -> None:
    assert {DEFECTS[0].kind} == REPORTED
