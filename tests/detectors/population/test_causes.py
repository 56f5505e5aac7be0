"""Where a problem of one order happened, as far as its evidence says it."""

import pytest

from detectors.population.causes import places_proved, since
from schemas.problems import Cause, Evidence, Problem

NOON = 43_200_000


def places(kind: str, **facts: str | int) -> set[tuple[str, str]]:
    said = tuple(Evidence(fact, value=value) for fact, value in facts.items())
    problem = Problem(
        id="p", kind=kind, subject_type="line", subject="o-1/1", order_id="o-1", opened_at=NOON,
        due_at=NOON, evidence=said, detector=kind, detector_version="1",
        opened_by=Cause("clock", NOON, NOON),
    )  # fmt: skip
    return {(place.subject_type, place.name) for place in places_proved(problem)}


def test_a_parcel_names_its_carrier_its_lane_and_where_that_ends() -> None:
    assert places("silent-shipment", carrier="C", lane="SP->RJ") == {
        ("carrier", "C"),
        ("lane", "SP->RJ"),
        ("region", "RJ"),
        ("market", "*"),
    }


def test_half_a_lane_is_none_but_it_may_say_where_it_ends() -> None:
    assert places("silent-shipment", lane="->RJ") == {("region", "RJ"), ("market", "*")}
    assert places("silent-shipment", lane="SP->") == {("market", "*")}


def test_what_was_picked_wrong_names_its_bin_and_its_sku_there() -> None:
    found = places("mispick", sku="A", seller="S", warehouse="W", bin="7", packed_sku="B")

    assert found == {
        ("sku", "A"),
        ("seller", "S"),
        ("warehouse", "W"),
        ("bin", "W/7"),
        ("sku_warehouse", "A@W"),
    }


def test_a_warehouse_alone_is_a_warehouse() -> None:
    assert places("mispick", warehouse="W") == {("warehouse", "W")}


def test_only_who_answers_for_the_defect_is_named() -> None:
    assert places("late-dispatch", seller="S", sku="A", quantity=2) == {("seller", "S")}


@pytest.mark.parametrize("kind", ["late-delivery", "unanswered-contact"])
def test_where_nothing_is_said_nobody_is_named(kind: str) -> None:
    assert places(kind) == set()


def test_a_group_says_since_when_and_the_floor_does_not() -> None:
    assert since((Evidence("rung", value="act"), Evidence("since", at=NOON))) == NOON
    assert since((Evidence("rule", value="second strike"),)) == 0
