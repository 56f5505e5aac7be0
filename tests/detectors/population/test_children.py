"""Problems of orders are under the problem of the group that explains them, and of no other."""

import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from detectors.population.causes import ACCUSED, DEFECTS_OF, NEAREST, Place
from detectors.population.children import Children
from detectors.population.defects import DEFECTS
from detectors.population.testing import defect_of
from detectors.population.whereabouts import Saying, Word
from detectors.registry import DETECTORS
from schemas.problems import Cause, Change, ChangeKind, Evidence, Problem, problem_id
from schemas.times import DAY, HOUR

D0 = 20_000
T0 = D0 * DAY
HORIZON = 180 * DAY
CARRIED, AT_ALL = defect_of("late", "lane"), defect_of("late", "region")
HANDED_OVER, LOST = defect_of("late", "seller"), defect_of("lost", "lane")
WRONG = defect_of("wrong_item", "bin")
OPENED, CLEARED, WITHDRAWN = ChangeKind.OPENED, ChangeKind.CLEARED, ChangeKind.WITHDRAWN
ATTACHED, REVISITED = ChangeKind.ATTACHED, ChangeKind.REVISITED


def a_problem(kind: str, subject_type: str, subject: str, at: int) -> Problem:
    return Problem(
        id=problem_id(kind, subject_type, subject, at),
        kind=kind,
        subject_type=subject_type,
        subject=subject,
        order_id=None if kind in ACCUSED else subject.partition("/")[0],
        opened_at=at,
        due_at=at,
        detector=kind,
        detector_version="1",
        opened_by=Cause("clock", at, at),
    )


def late(order: str = "o-1", at: int = T0) -> Problem:
    return a_problem("late-delivery", "order", order, at)


def silent(at: int = T0, lane: str = "A->B", parcel: str = "o-1/s-1") -> Problem:
    facts = (Evidence("carrier", value="C"), Evidence("lane", value=lane))
    return replace(a_problem("silent-shipment", "shipment", parcel, at), evidence=facts)


def a_group(kind: str, subject: str, at: int = T0, since: int = T0) -> Problem:
    subject_type = ACCUSED[kind].charge.subject_type
    told = (Evidence("since", at=since),)
    return replace(a_problem(kind, subject_type, subject, at), evidence=told)


def opened(problem: Problem) -> Change:
    return Change(OPENED, problem.opened_at, problem)


def ended(problem: Problem, at: int, what: ChangeKind = CLEARED) -> Change:
    field = "cleared_at" if what is CLEARED else "withdrawn_at"
    return Change(what, at, replace(problem, **{field: at}))


def a_report(
    defect: int, unit: str, at: int = T0, *, day: int = D0, units: int = 1, **names: str
) -> Saying:
    places = tuple(Place(defect, subject_type, name) for subject_type, name in names.items())
    return Saying(at, Word(unit, day, defect, places), units)


def on_the_lane(unit: str = "o-1/1", at: int = T0, *, day: int = D0, units: int = 1) -> Saying:
    return a_report(CARRIED, unit, at, day=day, units=units, carrier="C", lane="A->B")


def placed(*happened: Change | Saying, children: Children | None = None) -> list[Change]:
    """Return the changes of orders after all of it has happened."""
    children = children or Children(HORIZON)
    changes = [one for one in happened if isinstance(one, Change)]
    children.hear(one for one in happened if isinstance(one, Saying))
    groups = [change for change in changes if change.problem.order_id is None]
    orders = [change for change in changes if change.problem.order_id is not None]
    return [c for c in children.place(orders, groups) if c.problem.order_id is not None]


def said(changes: Sequence[Change]) -> list[tuple[ChangeKind, int, str | None]]:
    return [(change.what, change.at, change.problem.parent) for change in changes]


LANE = a_group("lane-late", "A->B")


# ----- when ------------------------------------------------------------------------------------


def test_an_order_that_is_late_on_a_slow_lane_opens_under_it() -> None:
    order = late(at=T0 + HOUR)

    assert said(placed(opened(LANE), on_the_lane(at=T0 + HOUR), opened(order))) == [
        (OPENED, T0 + HOUR, LANE.id)
    ]


def test_a_group_that_opens_later_takes_in_what_is_open() -> None:
    lane = a_group("lane-late", "A->B", T0 + DAY)

    assert said(placed(on_the_lane(), opened(late()), opened(lane))) == [
        (OPENED, T0, None),
        (ATTACHED, T0 + DAY, lane.id),
    ]


def test_a_report_that_comes_last_puts_them_together() -> None:
    report = on_the_lane(at=T0 + HOUR)

    assert said(placed(opened(LANE), opened(late()), report)) == [
        (OPENED, T0, None),
        (ATTACHED, T0 + HOUR, LANE.id),
    ]


def test_what_ends_when_a_group_is_judged_was_open_until_then() -> None:
    lane = a_group("lane-late", "A->B", T0 + DAY)
    changes = placed(on_the_lane(), opened(late()), ended(late(), T0 + DAY), opened(lane))

    assert said(changes)[1:] == [(ATTACHED, T0 + DAY, lane.id), (CLEARED, T0 + DAY, lane.id)]


def test_what_was_over_before_is_left_alone() -> None:
    lane = a_group("lane-late", "A->B", T0 + DAY)
    over = ended(late(), T0 + DAY - 1)

    assert said(placed(on_the_lane(), opened(late()), over, opened(lane)))[1:] == [
        (CLEARED, T0 + DAY - 1, None)
    ]


def test_a_group_that_is_over_takes_in_nobody_and_keeps_whom_it_has() -> None:
    first, second = late(), late("o-2", T0 + 2 * DAY)
    over = ended(LANE, T0 + DAY)
    reports = (on_the_lane(), on_the_lane("o-2/1", T0 + 2 * DAY, day=D0 + 2))
    changes = placed(opened(LANE), *reports, opened(first), over, opened(second))

    assert said(changes) == [(OPENED, T0, LANE.id), (OPENED, T0 + 2 * DAY, None)]


def test_what_ends_stays_where_it_was_also_when_it_is_taken_back_later() -> None:
    children = Children(HORIZON)
    placed(opened(LANE), on_the_lane(), opened(late()), children=children)
    over = placed(ended(late(), T0 + HOUR), children=children)
    back = placed(ended(over[0].problem, T0 + DAY, WITHDRAWN), children=children)

    assert [change.problem.parent for change in (*over, *back)] == [LANE.id, LANE.id]


def test_what_ended_longer_ago_than_a_journey_lasts_is_forgotten() -> None:
    children = Children(HORIZON)
    placed(opened(LANE), on_the_lane(), opened(late()), children=children)
    placed(ended(late(), T0 + HOUR), children=children)
    back = placed(ended(late(), T0 + DAY + HORIZON, WITHDRAWN), children=children)

    assert [change.problem.parent for change in back] == [None]


def test_what_has_been_open_for_as_long_as_a_journey_lasts_stays_where_it_is() -> None:
    children = Children(HORIZON)
    placed(opened(LANE), on_the_lane(), opened(late()), children=children)
    a_year_later = [ended(LANE, T0 + HORIZON + DAY, WITHDRAWN), opened(late("o-2", T0 + HORIZON))]
    after = placed(*a_year_later, children=children)
    over = placed(ended(late(), T0 + HORIZON + 2 * DAY), children=children)

    assert said(after) == [(OPENED, T0 + HORIZON, None)]
    assert said(over) == [(CLEARED, T0 + HORIZON + 2 * DAY, LANE.id)]


def test_what_nobody_explained_for_as_long_as_a_journey_lasts_is_explained_by_nobody() -> None:
    children = Children(HORIZON)
    placed(opened(silent()), children=children)
    lane = a_group("lane-late", "A->B", T0 + HORIZON + DAY, since=0)

    assert placed(opened(lane), children=children) == []


# ----- where -----------------------------------------------------------------------------------


def test_a_report_before_the_fault_began_explains_nothing() -> None:
    lane = a_group("lane-late", "A->B", T0 + DAY, since=T0 + 1)

    assert said(placed(on_the_lane(), opened(late()), opened(lane))) == [(OPENED, T0, None)]


def test_a_report_of_the_first_day_of_the_fault_does() -> None:
    lane = a_group("lane-late", "A->B", T0 + DAY, since=T0)

    assert len(placed(on_the_lane(), opened(late()), opened(lane))) == 2


def test_nobody_is_put_under_a_group_that_is_only_watched() -> None:
    watched = replace(a_problem("lane-late-watch", "lane", "A->B", T0), order_id=None)

    assert said(placed(opened(watched), on_the_lane(), opened(late()))) == [(OPENED, T0, None)]


def test_responsibility_decides_who_explains_a_late_order() -> None:
    """Handed over too late, it is charged to its seller, and not to the lane it took."""
    seller = a_group("seller-late", "S")
    report = a_report(HANDED_OVER, "o-1/1", seller="S")

    assert said(placed(opened(LANE), opened(seller), report, opened(late()))) == [
        (OPENED, T0, seller.id)
    ]


@pytest.mark.parametrize(("unit", "parent"), [("o-1/1", True), ("o-1/2", False), ("o-2/1", False)])
def test_a_line_is_explained_by_its_own_report_only(unit: str, parent: bool) -> None:  # noqa: FBT001 - a table of cases
    line = a_problem("wrong-item", "line", "o-1/1", T0)
    bin_ = a_group("bin-wrong-item", "W/7", since=T0)
    changes = placed(opened(bin_), a_report(WRONG, unit, bin="W/7"), opened(line))

    assert [change.problem.parent is not None for change in changes] == [parent]


def test_a_wrong_item_is_explained_by_its_article_and_not_by_a_warehouse_that_errs_a_lot() -> None:
    """Another piece of a wrong article would be wrong, too; the warehouse has right ones."""
    line = a_problem("wrong-item", "line", "o-1/1", T0)
    house, bin_ = a_group("warehouse-wrong-item", "W"), a_group("bin-wrong-item", "W/7", T0 + DAY)
    report = a_report(WRONG, "o-1/1", bin="W/7", warehouse="W")

    assert said(placed(opened(house), report, opened(line), opened(bin_))) == [
        (OPENED, T0, None),
        (ATTACHED, T0 + DAY, bin_.id),
    ]


def test_a_report_of_another_defect_says_nothing() -> None:
    lost = a_group("lane-lost", "A->B")
    report = a_report(LOST, "o-1/s-1", lane="A->B")

    assert said(placed(opened(lost), report, opened(late()))) == [(OPENED, T0, None)]


def test_a_parcel_that_is_silent_is_placed_by_what_proves_it() -> None:
    assert said(placed(opened(LANE), opened(silent()))) == [(OPENED, T0, LANE.id)]
    assert said(placed(opened(LANE), opened(silent(lane="A->C")))) == [(OPENED, T0, None)]


def test_a_lost_parcel_is_placed_by_its_report_rather_than_by_what_proves_it() -> None:
    """Both say the same place; but the report says which day its parcel left on."""
    lost = a_group("lane-lost", "A->B", since=T0 - DAY)
    parcel = replace(silent(), kind="lost-shipment")
    report = a_report(LOST, "o-1/s-1", day=D0 - 2, lane="A->B")

    assert said(placed(opened(lost), opened(parcel)))[0][-1] == lost.id
    assert said(placed(opened(lost), report, opened(parcel)))[0][-1] is None


def test_a_report_that_was_taken_back_explains_nothing() -> None:
    back = on_the_lane(at=T0 + HOUR, units=-1)
    lane = a_group("lane-late", "A->B", T0 + DAY)

    assert said(placed(on_the_lane(), opened(late()), back, opened(lane))) == [(OPENED, T0, None)]


def test_an_order_whose_parcel_turns_out_to_have_gone_elsewhere_follows_its_report() -> None:
    lane = a_group("lane-late", "A->C")
    moved = a_report(CARRIED, "o-1/1", T0 + HOUR, lane="A->C")
    back = on_the_lane(at=T0 + HOUR, units=-1)

    assert said(placed(opened(lane), on_the_lane(), opened(late()), moved, back)) == [
        (OPENED, T0, None),
        (ATTACHED, T0 + HOUR, lane.id),
    ]


def test_other_kinds_of_problems_pass_as_they_are() -> None:
    other = opened(a_problem("unanswered-contact", "contact", "c-1", T0))

    assert placed(other) == [other]


# ----- under whom ------------------------------------------------------------------------------

REGION = a_group("region-late", "B")
BOTH = (on_the_lane(), a_report(AT_ALL, "o-1/1", region="B", market="*"))


def test_of_several_groups_the_narrowest_root_is_it() -> None:
    assert said(placed(opened(REGION), opened(LANE), *BOTH, opened(late()))) == [
        (OPENED, T0, LANE.id)
    ]


def test_a_root_goes_before_what_is_under_it() -> None:
    under = replace(LANE, parent=REGION.id)
    changes = (opened(REGION), opened(LANE), Change(ATTACHED, T0, under))

    assert said(placed(*changes, *BOTH, opened(late()))) == [(OPENED, T0, REGION.id)]


def test_of_one_group_the_highest_rung_is_it() -> None:
    held = a_group("lane-late-hold", "A->B")

    assert said(placed(opened(held), opened(LANE), on_the_lane(), opened(late()))) == [
        (OPENED, T0, LANE.id)
    ]


def test_a_rung_that_is_over_leaves_the_other_one() -> None:
    held = a_group("lane-late-hold", "A->B")
    over = ended(LANE, T0 + HOUR)
    later = late(at=T0 + 2 * HOUR)
    changes = placed(opened(held), opened(LANE), on_the_lane(), over, opened(later))

    assert said(changes) == [(OPENED, T0 + 2 * HOUR, held.id)]


def test_once_explained_it_stays_so_although_a_narrower_group_opens() -> None:
    lane = a_group("lane-late", "A->B", T0 + DAY)
    again = on_the_lane(at=T0 + 2 * DAY)

    assert said(placed(opened(REGION), *BOTH, opened(late()), opened(lane), again)) == [
        (OPENED, T0, REGION.id)
    ]


# ----- withdrawn -------------------------------------------------------------------------------


def test_who_was_under_a_problem_that_is_withdrawn_comes_under_another_that_explains_it() -> None:
    back = ended(LANE, T0 + DAY, WITHDRAWN)

    assert said(placed(opened(REGION), opened(LANE), *BOTH, opened(late()), back)) == [
        (OPENED, T0, LANE.id),
        (ATTACHED, T0 + DAY, REGION.id),
    ]


def test_where_nobody_else_explains_it_it_is_looked_at_again_on_its_own() -> None:
    back = ended(LANE, T0 + DAY, WITHDRAWN)
    later = a_group("lane-late", "A->B", T0 + 2 * DAY)

    assert said(placed(opened(LANE), *BOTH, opened(late()), back, opened(later))) == [
        (OPENED, T0, LANE.id),
        (REVISITED, T0 + DAY, None),
        (ATTACHED, T0 + 2 * DAY, later.id),
    ]


def test_a_group_that_is_over_may_turn_out_never_to_have_been_one() -> None:
    over, back = ended(LANE, T0 + HOUR), ended(LANE, T0 + DAY, WITHDRAWN)

    assert said(placed(opened(LANE), *BOTH, opened(late()), over, back)) == [
        (OPENED, T0, LANE.id),
        (REVISITED, T0 + DAY, None),
    ]


def test_what_has_ended_is_not_looked_at_again() -> None:
    over, back = ended(late(), T0 + HOUR), ended(LANE, T0 + DAY, WITHDRAWN)

    assert said(placed(opened(LANE), *BOTH, opened(late()), over, back))[-1] == (
        CLEARED,
        T0 + HOUR,
        LANE.id,
    )


# ----- one answer ------------------------------------------------------------------------------


def histories(hours: list[int]) -> list[Change | Saying]:
    """Return what happens to two lanes, a region and three orders at some hours."""
    at = [T0 + hour * HOUR for hour in hours]
    lane, other = a_group("lane-late", "A->B", at[0]), a_group("lane-late", "A->C", at[1])
    region = a_group("region-late", "B", at[2])
    orders = [late("o-1", at[3]), late("o-2", at[4]), silent(at[5], "A->C", "o-3/s-1")]
    return [
        *map(opened, (lane, other, region, *orders)),
        ended(lane, at[0] + 5 * HOUR, WITHDRAWN),
        ended(other, at[1] + 7 * HOUR),
        *(ended(order, order.opened_at + 9 * HOUR) for order in orders),
        on_the_lane(at=at[6]),
        a_report(AT_ALL, "o-1/1", at[6], region="B"),
        a_report(CARRIED, "o-2/1", at[7], lane="A->C"),
        a_report(CARRIED, "o-2/1", at[7] + HOUR, units=-1, lane="A->C"),
        a_report(CARRIED, "o-2/1", at[7] + HOUR, lane="A->B"),
    ]


@given(
    st.lists(st.integers(0, 12), min_size=8, max_size=8),
    st.lists(st.integers(0, 24), max_size=4),
    st.randoms(use_true_random=False),
)
@settings(max_examples=200)
def test_pieces_and_the_order_of_telling_change_nothing(
    hours: list[int], cuts: list[int], chance: random.Random
) -> None:
    happened = histories(hours)
    at_once = placed(*happened)
    shuffled = sorted(happened, key=lambda one: (one.at, chance.random()))
    shuffled = _opened_before_ended(shuffled)
    children, pieces = Children(HORIZON), []
    for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), 99], strict=True):
        some = [one for one in shuffled if start <= (one.at - T0) // HOUR < end]
        pieces += placed(*some, children=children)

    assert sorted(pieces, key=_by_id) == sorted(at_once, key=_by_id)


def _by_id(change: Change) -> tuple[int, str]:
    return change.at, change.problem.id


def _opened_before_ended(happened: list[Change | Saying]) -> list[Change | Saying]:
    """Return it with the changes of any one problem in the order of time."""
    return sorted(
        happened, key=lambda one: (one.at, isinstance(one, Change) and one.what != OPENED)
    )


# ----- tables ----------------------------------------------------------------------------------


def test_only_kinds_of_detectors_are_explained_and_each_by_some_defect() -> None:
    assert set(DEFECTS_OF) <= {detector.kind for detector in DETECTORS}
    assert all(DEFECTS_OF.values())


def test_what_a_detector_reports_is_explained_by_the_defect_it_reports() -> None:
    reported = {defect.kind: number for number, defect in enumerate(DEFECTS) if defect.kind}

    assert all(number in DEFECTS_OF[kind] for kind, number in reported.items())


def test_every_group_that_may_explain_has_its_place_among_the_narrow_and_the_wide() -> None:
    assert {accused.charge.subject_type for accused in ACCUSED.values()} <= set(NEAREST)
