from collections import defaultdict

import pytest
from hypothesis import given, settings
from msgspec.structs import replace

from detectors.order.late_delivery import LateDelivery
from detectors.order.unanswered_contact import UnansweredContact
from detectors.order.unanswered_review import UnansweredReview
from detectors.registry import DETECTORS
from schemas.events import Event
from schemas.problems import Cause, Problem
from schemas.stamps import parse
from schemas.testing import (
    a_contact,
    a_delivery,
    a_dispatch,
    a_packing,
    a_return_cancellation,
    a_return_request,
    a_review,
    a_review_answer,
    an_answer,
    an_order,
    at,
    at_ms,
)
from schemas.testing.strategies import journeys
from streams.engine import Engine
from streams.explain import Answer, Explanation, Verdict, explain
from streams.testing import batch_of, problems_of

ASKED = at("03-01T10:00")
ANSWERED = at("03-01T10:04")
DUE = at_ms("03-01T10:05")


def explained(*events: Event, until: int | None = None) -> Explanation:
    return explain("o-1", batch_of(*events), DETECTORS, until=until)


def answer(explanation: Explanation, kind: str) -> Answer:
    [found] = [answer for answer in explanation.answers if answer.kind == kind]
    return found


def test_an_open_problem_is_told_with_its_due_time_cause_and_proof() -> None:
    explanation = explained(a_contact(time=ASKED), until=DUE + 1)
    found = answer(explanation, "unanswered-contact")
    text = explanation.text()

    assert found.verdict is Verdict.OPEN
    assert [problem.opened_at for problem in found.problems] == [DUE]
    assert found.stages[-1].due == DUE
    assert "unanswered-contact of contact o-1/t-1: is a problem" in text
    assert "opened 2026-03-01T10:05:00.000Z; time passed" in text
    assert "opened_at 2026-03-01T10:00:00.000Z" in text


def test_what_prevented_a_problem_is_told_with_when_it_was_recorded() -> None:
    explanation = explained(a_contact(time=ASKED), an_answer(time=ANSWERED))
    found = answer(explanation, "unanswered-contact")

    assert found.verdict is Verdict.PREVENTED
    assert (
        "    would have been due at 2026-03-01T10:05:00.000Z; "
        "contact.answered, recorded 2026-03-01T10:04:00.000Z"
    ) in explanation.text()


def test_the_nearest_of_several_preventions_is_told() -> None:
    early = an_answer(time=at("03-01T10:01"))
    explanation = explained(
        a_contact(time=ASKED, wants_callback=False), early, an_answer(time=ANSWERED)
    )
    found = answer(explanation, "unanswered-contact")

    assert found.prevented is not None
    assert found.prevented[1].cause.recorded_at == at_ms("03-01T10:01")


def test_what_is_not_due_yet_is_told_with_when_it_will_be() -> None:
    explanation = explained(a_contact(time=ASKED))

    assert answer(explanation, "unanswered-contact").verdict is Verdict.WAITING
    assert "    due 2026-03-01T10:05:00.000Z" in explanation.text()


def test_a_problem_that_is_over_is_told_with_the_fact_that_ended_it() -> None:
    late = an_answer(time=at("03-01T10:06"), recordedtime=at("03-01T10:07"))
    explanation = explained(a_contact(time=ASKED), late)

    assert answer(explanation, "unanswered-contact").verdict is Verdict.CLEARED
    assert (
        "    over 2026-03-01T10:07:00.000Z; contact.answered of 2026-03-01T10:06:00.000Z, "
        "recorded 2026-03-01T10:07:00.000Z"
    ) in explanation.text()


def test_a_problem_that_never_was_one_is_told_to_be_withdrawn() -> None:
    told_late = an_answer(time=ANSWERED, recordedtime=at("03-01T10:07"))
    explanation = explained(a_contact(time=ASKED), told_late)

    assert answer(explanation, "unanswered-contact").verdict is Verdict.WITHDRAWN
    assert "    withdrawn 2026-03-01T10:07:00.000Z" in explanation.text()


def test_detectors_that_see_no_sign_are_named_row_by_row() -> None:
    text = explained(a_contact(time=ASKED)).text()

    assert text.index("no sign of") < text.index("order o-1: late-delivery")


def test_an_order_nobody_knows_has_no_answers() -> None:
    explanation = explained()

    assert explanation.answers == ()
    assert list(explanation.lines()) == ["order o-1, on what was recorded before " + _start()]


def _start() -> str:
    return "1970-01-01T00:00:00.001Z"


def test_what_is_recorded_later_than_asked_for_is_not_known() -> None:
    events = an_order(), a_delivery(time=at("03-02"))

    assert {a.subject_type for a in explained(*events, until=at_ms("03-02")).answers} == {
        "line",
        "order",
    }


def test_a_contact_linked_to_the_order_is_part_of_it() -> None:
    explanation = explained(an_order(), a_contact(order_id="", customer_id="c-9", time=ASKED))

    assert answer(explanation, "unanswered-contact").subject == "c-9/t-1"


def test_an_answer_as_json_names_verdict_stages_and_what_prevented_it() -> None:
    found = answer(explained(a_contact(time=ASKED), an_answer(time=ANSWERED)), "unanswered-contact")
    row = found.row()

    assert row["verdict"] == "was put right in time"
    assert row["due_at"] is None
    assert row["would_have_been_due_at"] == "2026-03-01T10:05:00.000Z"
    assert row["prevented_by"] == "contact.answered"
    assert row["prevented_at"] == ANSWERED
    assert row["stages"] == [
        {
            "known_from": ASKED,
            "known_until": ANSWERED,
            "cause": "contact.opened",
            "due_at": "2026-03-01T10:05:00.000Z",
        },
        {
            "known_from": ANSWERED,
            "known_until": "2026-03-01T10:04:00.001Z",
            "cause": "contact.answered",
            "due_at": None,
        },
    ]


def test_rows_are_one_object_for_each_answer() -> None:
    explanation = explained(an_order(), a_dispatch(time=at("03-02")))
    rows = explanation.rows()

    assert len(rows) == len(explanation.answers)
    assert {row["subject"] for row in rows} == {"o-1", "o-1/1", "o-1/s-1"}
    assert {row["prevented_by"] for row in rows} <= {None, "shipment.dispatched"}


def test_facts_that_leave_the_due_time_alone_are_one_stage() -> None:
    events = an_order(), a_packing(time=at("03-01T11:00")), a_dispatch(time=at("03-01T12:00"))
    found = answer(explain("o-1", batch_of(*events), [LateDelivery()]), "late-delivery")

    assert [stage.cause.fact for stage in found.stages] == ["order.placed"]


def test_a_problem_of_the_skus_of_the_order_is_told_and_no_others() -> None:
    def about(subject_type: str, subject: str) -> Problem:
        return replace(
            problems_of(UnansweredReview(), a_review(rating=1), until=at_ms("03-09"))[0],
            subject_type=subject_type,
            subject=subject,
            kind="sku-wrong-item",
        )

    mine, other = about("sku", "sku-1"), about("sku", "sku-2")
    hub = about("warehouse", "sku-1")
    explanation = explain("o-1", batch_of(an_order()), [LateDelivery()], others=[mine, other, hub])

    assert explanation.about_its_skus == (mine,)
    assert "sku-wrong-item of sku sku-1" in explanation.text()


def test_a_refuted_problem_is_told_with_the_refutation() -> None:
    explanation = explained(
        an_order(),
        a_return_request(time=at("03-06")),
        a_return_cancellation(time=at("03-07")),
    )
    found = answer(explanation, "wrong-item")

    assert found.verdict is Verdict.WITHDRAWN
    assert found.problems[0].ended_by == Cause("return.cancelled", at_ms("03-07"), at_ms("03-07"))


def test_what_falls_due_only_after_the_journey_is_forgotten_is_no_sign() -> None:
    patient = UnansweredContact(patience=UnansweredContact().patience * 100_000)
    batch = batch_of(a_contact(time=ASKED))
    explanation = explain("o-1", batch, [patient], until=at_ms("03-01") * 2)

    assert answer(explanation, "unanswered-contact").verdict is Verdict.NO_SIGN


def test_an_order_that_came_back_after_the_horizon_has_two_lives() -> None:
    events = (
        a_review(rating=1),
        a_review(rating=1, time="2027-03-01T10:00:00.000Z"),
        a_review_answer(time="2027-03-01T12:00:00.000Z"),
    )
    explanation = explain("o-1", batch_of(*events), [UnansweredReview()])

    assert [answer.verdict for answer in explanation.answers] == [
        Verdict.OPEN,
        Verdict.PREVENTED,
    ]


@given(journeys())
@settings(max_examples=60)
def test_an_explanation_tells_the_very_problems_the_engine_finds(events: list[Event]) -> None:
    engine = Engine()
    changes = [*engine.step(batch_of(*events)), *engine.flush()]
    newest = {change.problem.id: change.problem for change in changes}
    of_orders: dict[str, set[str]] = defaultdict(set)
    for problem in newest.values():
        if problem.order_id and not problem.subject_type.startswith("sku"):
            of_orders[problem.order_id].add(problem.id)
    for order_id in {getattr(event, "order_id", "") for event in events} - {""}:
        mine = [event for event in events if getattr(event, "order_id", "") == order_id]
        explanation = explain(order_id, batch_of(*mine), DETECTORS, until=engine.clock)
        told = {problem.id for answer in explanation.answers for problem in answer.problems}

        assert told == of_orders[order_id]
        assert all(answer.row() for answer in explanation.answers)
        assert explanation.text()


@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_reads_as_a_sentence(verdict: Verdict) -> None:
    assert verdict.value
    assert not verdict.value.endswith(".")


def test_the_clock_of_an_explanation_is_the_moment_after_the_newest_event() -> None:
    events = an_order(), a_delivery(time=at("03-02"))
    newest = int(parse([at("03-02")])[0][0])

    assert explained(*events).until == newest + 1
