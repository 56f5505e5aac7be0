"""What holds for every registered detector, from the moment it is registered."""

import re
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

import pytest
from hypothesis import given, settings

from detectors.journeys.tables import ROWS, Orders, Table
from detectors.question import Question, is_refutable
from detectors.registry import DETECTORS, registered
from schemas.events import Event
from schemas.problems import Change, Problem, Severity, problem_id
from schemas.stamps import parse
from schemas.testing.strategies import journeys
from schemas.times import NEVER, Times
from streams.engine import Engine
from streams.testing import batch_of

Log = list[Event]
few = settings(max_examples=50)
each_detector = pytest.mark.parametrize("detector", DETECTORS, ids=lambda one: one.kind)


def changes_of(events: Log, after: timedelta = timedelta(0)) -> list[Change]:
    """Return what happened in ``events`` and in the time ``after`` the last of them."""
    engine = Engine()
    changes = [*engine.step(batch_of(*events)), *engine.flush()]
    return changes + engine.advance(engine.clock + after // timedelta(milliseconds=1))


def newest(changes: list[Change]) -> dict[str, Problem]:
    return {change.problem.id: change.problem for change in changes}


@each_detector
def test_nothing_is_wrong_with_a_row_of_which_nothing_is_known(detector: Question) -> None:
    assert detector.due(ROWS[detector.table].of()).tolist() == [NEVER]


@each_detector
def test_nothing_is_refuted_of_which_nothing_is_known(detector: Question) -> None:
    rows = ROWS[detector.table].of()

    assert not is_refutable(detector) or not detector.refuted(rows).any()


@each_detector
def test_a_detector_is_named_in_kebab_case_and_names_facts_that_exist(detector: Question) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", detector.kind)
    assert all(hasattr(ROWS[detector.table], name) for name in detector.evidence)
    assert detector.evidence
    assert detector.version


@given(journeys())
@few
def test_the_same_facts_are_the_same_problems(events: Log) -> None:
    assert changes_of(events) == changes_of(events)


@given(journeys(most_orders=4))
@few
def test_orders_are_independent(events: Log) -> None:
    end = parse([event.recordedtime for event in events])[0].max(initial=0) + 1
    together = _about_journeys(events, int(end))
    apart = [
        problem
        for key in {_journey(event) for event in events}
        for problem in _about_journeys([e for e in events if _journey(e) == key], int(end))
    ]

    assert sorted(together, key=_id) == sorted(apart, key=_id)


def _about_journeys(events: Log, end: int) -> list[Problem]:
    engine = Engine()
    changes = [*engine.step(batch_of(*events)), *engine.advance(end)]
    return [p for p in newest(changes).values() if not p.subject_type.startswith("sku")]


def _journey(event: Event) -> str:
    return str(getattr(event, "order_id", "") or getattr(event, "customer_id", ""))


def _id(problem: Problem) -> str:
    return problem.id


@given(journeys())
@few
def test_no_problem_is_without_evidence_or_cause(events: Log) -> None:
    for problem in newest(changes_of(events, timedelta(days=60))).values():
        assert problem.evidence
        assert problem.opened_by.recorded_at <= problem.opened_at
        assert problem.is_open == (problem.ended_by is None)


@given(journeys())
@few
def test_no_problem_opens_before_it_was_due_and_its_facts_were_recorded(events: Log) -> None:
    first = _first_recorded(events)
    for problem in newest(changes_of(events, timedelta(days=60))).values():
        if problem.order_id and not problem.subject_type.startswith("sku"):
            assert problem.opened_at >= max(problem.due_at, first[problem.order_id])
            assert problem.opened_at == problem.opened_by.recorded_at


def _first_recorded(events: Log) -> dict[str, int]:
    recorded = parse([event.recordedtime for event in events])[0].tolist()
    first: dict[str, int] = {}
    for event, at in zip(events, recorded, strict=True):
        key = _journey(event)
        first[key] = min(at, first.get(key, at))
    return first


@given(journeys())
@few
def test_a_problem_ends_after_it_opened_and_never_after_it_was_withdrawn(events: Log) -> None:
    for problem in newest(changes_of(events, timedelta(days=60))).values():
        cleared, withdrawn = problem.cleared_at, problem.withdrawn_at
        assert cleared is None or cleared > problem.opened_at
        assert withdrawn is None or withdrawn > problem.opened_at
        assert None in (cleared, withdrawn) or (cleared or 0) < (withdrawn or 0)


@given(journeys())
@few
def test_ids_are_unique_and_derived_from_what_the_problem_is(events: Log) -> None:
    changes = changes_of(events, timedelta(days=60))
    opened = Counter(change.problem.id for change in changes if change.what == "opened")

    assert set(opened.values()) <= {1}
    for p in newest(changes).values():
        assert p.id == problem_id(p.kind, p.subject_type, p.subject, p.opened_at)


@given(journeys())
@few
def test_a_problem_keeps_everything_but_its_end_and_its_parent(events: Log) -> None:
    opened: dict[str, Problem] = {}
    for change in changes_of(events, timedelta(days=60)):
        first = opened.setdefault(change.problem.id, change.problem)
        assert (first.opened_at, first.due_at, first.customer_id, first.evidence) == (
            change.problem.opened_at,
            change.problem.due_at,
            change.problem.customer_id,
            change.problem.evidence,
        )


@given(journeys(most_orders=4))
@few
def test_no_journey_breaks_the_engine(events: Log) -> None:
    changes = changes_of(events, timedelta(days=200))

    assert changes == sorted(changes, key=lambda change: (change.at, change.problem.id))


def test_the_laws_are_about_every_detector(world: Log) -> None:
    """A law over a world in which a detector finds nothing would say nothing about it."""
    found = {change.problem.kind for change in changes_of(world, timedelta(days=60))}

    @settings(max_examples=400, derandomize=True, database=None, deadline=None)
    @given(journeys())
    def look(events: Log) -> None:
        found.update(change.problem.kind for change in changes_of(events, timedelta(days=60)))

    look()

    assert {detector.kind for detector in DETECTORS} <= found


@dataclass(frozen=True)
class Alarming:
    """Calls every order a problem, also those of which nothing is known."""

    kind: ClassVar = "alarming"
    version: ClassVar = "1"
    table: ClassVar = Table.ORDER
    severity: ClassVar = Severity.INFO
    evidence: ClassVar[tuple[str, ...]] = ("placed_at",)

    def due(self, order: Orders) -> Times:
        return order.placed_at * 0


def test_a_detector_that_is_alarmed_by_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="alarming is due on an empty row"):
        registered(Alarming())


def test_two_detectors_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match=f"two detectors are called {DETECTORS[0].kind}"):
        registered(DETECTORS[0], DETECTORS[0])
