"""What the judge hears is the same however events arrive, and adds up."""

import random
from collections import Counter
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.journeys.tables import ROWS
from detectors.population.defects import DEFECTS, Defect
from detectors.registry import DETECTORS
from schemas.events import Event
from schemas.testing.strategies import journeys
from schemas.times import DAY, NEVER
from streams.engine import Engine
from streams.testing import Ear, batch_of

Log = list[Event]
some = settings(max_examples=25)
AFTER = 40 * DAY
ASKED = [defect for defect in DEFECTS if defect.question is not None]


def heard(pieces: Iterable[Log], partitions: int = 1) -> Ear:
    ear = Ear()
    engine = Engine(partitions=partitions, listen=ear)
    for piece in pieces:
        engine.step(batch_of(*piece))
    engine.flush()
    engine.advance(engine.clock + AFTER)
    return ear


def cut(events: Log, size: int) -> list[Log]:
    return [events[start : start + size] for start in range(0, len(events), size)]


@given(journeys(), st.sampled_from((1, 2, 7, 500)))
@some
def test_the_judge_hears_the_same_in_batches_of_any_size(events: Log, size: int) -> None:
    assert heard(cut(events, size)) == heard([events])


@given(journeys(), st.randoms(use_true_random=False))
@some
def test_the_judge_hears_the_same_in_any_order_of_arrival(
    events: Log, chance: random.Random
) -> None:
    shuffled = events.copy()
    chance.shuffle(shuffled)

    assert heard([shuffled]) == heard([events])


@given(journeys(), st.integers(1, 4))
@some
def test_the_judge_hears_once_what_is_delivered_twice(events: Log, size: int) -> None:
    twice = [event for event in events for _ in range(2)]

    assert heard(cut(twice, size)) == heard([events])


@given(journeys(most_orders=4), st.sampled_from((2, 4)), st.integers(1, 9))
@some
def test_the_judge_hears_the_same_from_any_number_of_partitions(
    events: Log, count: int, size: int
) -> None:
    assert heard(cut(events, size), count) == heard([events])


@given(journeys(most_orders=4))
@some
def test_nothing_leaves_a_cell_it_was_not_in(events: Log) -> None:
    ear = heard([events])
    left: Counter[object] = Counter()
    for told, times in sorted(ear.exposures.items(), key=lambda pair: pair[0][0]):
        left[told[1:6]] += told.units * times

    assert min(left.values(), default=0) >= 0


@given(journeys(most_orders=4))
@some
def test_what_is_taken_back_was_reported_in_the_same_words(events: Log) -> None:
    standing: Counter[object] = Counter()
    for told, times in heard([events]).reports.items():
        standing[told[1:8], told.name] += told.units * times

    assert set(standing.values()) <= {0, 1, 2}


@given(journeys(most_orders=4))
@some
def test_a_unit_is_reported_only_where_it_counts(events: Log) -> None:
    """Reviews and contacts aside, which stay where their unit was."""
    ear = heard([events])
    units: Counter[object] = Counter()
    for exposed, times in ear.exposures.items():
        units[exposed.clock, exposed[2:6]] += exposed.units * times
    reports: Counter[tuple[int, int, object]] = Counter()
    for report, times in ear.reports.items():
        if DEFECTS[report.defect].name not in ("bad_review", "complaint"):
            clock = DEFECTS[report.defect].clock
            reports[report.defect, clock, report[2:6]] += report.units * times

    assert all(n <= units[clock, cell] for (_, clock, cell), n in reports.items())


@given(journeys(most_orders=4))
@some
def test_every_problem_of_a_detector_that_was_one_is_a_report_of_its_unit(events: Log) -> None:
    ear = Ear()
    engine = Engine(listen=ear)
    changes = [*engine.step(batch_of(*events)), *engine.flush()]
    newest = {change.problem.id: change.problem for change in changes}
    stands = {(p.kind, p.subject) for p in newest.values() if p.withdrawn_at is None}
    reported: Counter[tuple[str, str]] = Counter()
    for report, times in ear.reports.items():
        reported[DEFECTS[report.defect].kind, report.name] += report.units * times

    assert all(key in stands or not n for key, n in reported.items() if key[0])


@pytest.mark.parametrize("size", [1, 7, 500])
def test_the_judge_hears_the_same_of_a_whole_shop(world: Log, size: int) -> None:
    assert heard(cut(world, size), partitions=2) == heard([world])


def test_a_whole_shop_has_reports_of_nearly_every_defect(world: Log) -> None:
    told = {DEFECTS[report.defect].name for report in heard([world]).reports}

    assert len(told) >= 8


@pytest.mark.parametrize("defect", ASKED, ids=lambda one: one.question.kind)
def test_nothing_is_counted_of_a_row_of_which_nothing_is_known(defect: Defect) -> None:
    question = defect.question

    assert question is not None
    assert question.due(ROWS[question.table].of()).tolist() == [NEVER]
    assert all(hasattr(ROWS[question.table], name) for name in question.evidence)


def test_every_defect_has_a_detector_that_runs_or_a_question_that_no_detector_asks() -> None:
    kinds = {detector.kind for detector in DETECTORS}

    assert {defect.kind for defect in DEFECTS if defect.question is None} <= kinds
    assert not {d.question.kind for d in DEFECTS if d.question is not None} & kinds
