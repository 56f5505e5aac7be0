import pytest
from msgspec.structs import replace

from schemas.problems import Cause, Evidence, Problem, plain, problem_id, problems_digest

PROBLEM = Problem(
    id=problem_id("late-delivery", "line", "o-1/1", 1000),
    kind="late-delivery",
    subject_type="line",
    subject="o-1/1",
    opened_at=1000,
    due_at=1000,
    evidence=(Evidence(fact="promised_by", at=1000), Evidence(fact="sku", value="sku-1")),
    detector="late-delivery",
    detector_version="1",
    opened_by=Cause(fact="clock", occurred_at=1000, recorded_at=1000),
)
ENDED = Cause(fact="shipment.delivered", occurred_at=1500, recorded_at=2000)


@pytest.mark.parametrize(
    ("changes", "is_open"),
    [({}, True), ({"cleared_at": 2000}, False), ({"withdrawn_at": 2000}, False)],
)
def test_a_problem_is_open_until_something_ends_it(
    changes: dict[str, int],
    is_open: bool,  # noqa: FBT001 - an example's expectation, not a switch
) -> None:
    assert replace(PROBLEM, **changes).is_open is is_open


def test_the_id_depends_on_what_where_and_when_alone() -> None:
    assert problem_id("late-delivery", "line", "o-1/1", 1000) == PROBLEM.id
    assert problem_id("late-delivery", "line", "o-1/1", 1001) != PROBLEM.id


def test_the_digest_does_not_depend_on_the_order_of_finding() -> None:
    other = replace(PROBLEM, id="0", subject="o-2/1")

    assert problems_digest([PROBLEM, other]) == problems_digest([other, PROBLEM])


@pytest.mark.parametrize("changes", [{"cleared_at": 2000}, {"due_at": 999}, {"parent": "p"}])
def test_the_digest_sees_every_time_and_the_parent(changes: dict[str, object]) -> None:
    assert problems_digest([replace(PROBLEM, **changes)]) != problems_digest([PROBLEM])


def test_users_read_times_as_rfc_3339() -> None:
    row = plain(replace(PROBLEM, cleared_at=2000, ended_by=ENDED))

    assert row["opened_at"] == "1970-01-01T00:00:01.000Z"
    assert row["cleared_at"] == "1970-01-01T00:00:02.000Z"
    assert row["withdrawn_at"] is None
    assert row["evidence"] == [
        {"fact": "promised_by", "at": "1970-01-01T00:00:01.000Z"},
        {"fact": "sku", "value": "sku-1"},
    ]
    assert row["ended_by"] == {
        "fact": "shipment.delivered",
        "occurred_at": "1970-01-01T00:00:01.500Z",
        "recorded_at": "1970-01-01T00:00:02.000Z",
    }
