from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from jsonschema import Draft202012Validator, ValidationError

from schemas.codec import encode
from schemas.decisions import (
    Action,
    Decision,
    Mode,
    Outcome,
    Status,
    Verdict,
    plain_action,
    plain_decision,
    plain_outcome,
)
from schemas.events import EVENT_TYPES, TYPE_NAME, Event
from schemas.jsonschema import GOLDEN, RESULTS, schemas, text, write_golden
from schemas.problems import Cause, ChangeKind, Evidence, Problem, plain
from schemas.testing import BUILDERS, a_scan, an_answer
from schemas.testing.arbitrary import events

SCHEMAS = schemas()
VALIDATORS = {name: Draft202012Validator(schema) for name, schema in SCHEMAS.items()}
CAUSE = Cause(fact="clock", occurred_at=1, recorded_at=1)
PROBLEM = Problem(
    id="p-1",
    kind="late-delivery",
    subject_type="order",
    subject="o-1",
    opened_at=1,
    due_at=1,
    evidence=(Evidence(fact="promised_by", at=1), Evidence(fact="status", value="lost")),
    detector="late-delivery",
    detector_version="1",
    opened_by=CAUSE,
)
ACTION = Action(
    id="a-1",
    name="credit-customer",
    target_type="customer",
    target="c-1",
    params={"note": None},
    harm="h-1",
    problem_id="p-1",
    planned_at=1,
    status=Status.QUEUED,
)
DECISION = Decision(
    id="d-1",
    problem_id="p-1",
    change=ChangeKind.OPENED,
    verdict=Verdict.ACT,
    mode=Mode.AUTO,
    playbook_version="1",
    decided_at=1,
    actions=(ACTION,),
)
SAMPLES: dict[str, object] = {
    "problem": plain(PROBLEM),
    "decision": plain_decision(DECISION),
    "action": plain_action(ACTION),
    "outcome": plain_outcome(Outcome(action_id="a-1", status=Status.DONE, at=1)),
}


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_golden_file_is_what_the_types_say(name: str) -> None:
    assert (GOLDEN / f"{name}.json").read_text("utf-8") == text(SCHEMAS[name])


def test_no_golden_file_is_left_over() -> None:
    assert {path.stem for path in GOLDEN.iterdir()} == set(SCHEMAS)


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_schema_is_valid_and_says_what_it_is_of(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[name])

    assert SCHEMAS[name]["title"] == name
    assert SCHEMAS[name]["description"]


@pytest.mark.parametrize("name", EVENT_TYPES)
def test_a_sample_of_every_event_is_valid(name: str) -> None:
    VALIDATORS[name].validate(msgspec.json.decode(encode(BUILDERS[name]())))


@given(events())
def test_any_valid_event_is_valid_by_its_schema(event: Event) -> None:
    VALIDATORS[TYPE_NAME[type(event)]].validate(msgspec.json.decode(encode(event)))


@pytest.mark.parametrize("name", RESULTS)
def test_what_users_read_is_valid_by_its_schema(name: str) -> None:
    VALIDATORS[name].validate(msgspec.json.decode(msgspec.json.encode(SAMPLES[name])))


def test_vocabularies_are_listed_and_open() -> None:
    schema = VALIDATORS["shipment.scanned"]

    schema.validate(msgspec.json.decode(encode(a_scan(status="on_the_moon"))))
    assert "out_for_delivery" in str(SCHEMAS["shipment.scanned"])


def test_a_contact_event_needs_one_of_its_keys() -> None:
    with pytest.raises(ValidationError):
        VALIDATORS["contact.answered"].validate(msgspec.json.decode(encode(an_answer(order_id=""))))


def test_golden_files_can_be_written_anew(tmp_path: Path) -> None:
    paths = write_golden(tmp_path / "new")

    assert {path.name for path in paths} == {path.name for path in GOLDEN.iterdir()}
    assert paths[0].read_bytes() == (GOLDEN / paths[0].name).read_bytes()
