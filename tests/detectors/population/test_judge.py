from collections.abc import Sequence
from datetime import timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from detectors.observations import Observation
from detectors.population.judge import Judge
from detectors.population.rules import PopulationRules
from detectors.population.testing import a_repair, a_replacement, a_report, a_retraction
from schemas.problems import Cause, Change, ChangeKind, Evidence, Problem, Severity, problem_id
from schemas.testing import at_ms
from schemas.times import DAY, HOUR, MINUTE, NEVER

T0 = at_ms("03-02T10:00")
"""The end of a period."""
PERIOD = 5 * MINUTE
STRIKE, FEW_DAYS = 60 * DAY, 14 * DAY
HOUR_SPAN = timedelta(hours=1)
HORIZON = 180 * DAY
FAR = T0 + 400 * DAY
WATCH, STRUCK = "sku-wrong-item-watch", "sku-wrong-item"
OPENED, CLEARED, WITHDRAWN = ChangeKind.OPENED, ChangeKind.CLEARED, ChangeKind.WITHDRAWN

TWICE = (a_report(T0), a_report(T0 + HOUR, "o-2"))


def judged(*observations: Observation, until: int = FAR) -> list[Change]:
    judge = Judge(PopulationRules(), HORIZON)
    judge.observe(observations)
    return judge.judge(until)


def said(changes: Sequence[Change], kind: str) -> list[tuple[ChangeKind, int]]:
    return [(change.what, change.at) for change in changes if change.problem.kind == kind]


def struck(*observations: Observation) -> list[tuple[ChangeKind, int]]:
    return said(judged(*observations), STRUCK)


def watched(*observations: Observation, until: int = FAR) -> list[tuple[ChangeKind, int]]:
    return said(judged(*observations, until=until), WATCH)


def problems(changes: Sequence[Change]) -> list[Problem]:
    return [change.problem for change in changes]


# --- periods -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "end"),
    [(T0 - 1, T0), (T0, T0 + PERIOD), (T0 + PERIOD - 1, T0 + PERIOD)],
)
def test_what_became_known_in_a_period_is_judged_at_its_end(at: int, end: int) -> None:
    assert watched(a_report(at), until=end + 1) == [(OPENED, end)]


def test_a_period_is_judged_when_its_end_has_passed() -> None:
    assert watched(a_report(T0 - 1), until=T0) == []
    assert watched(a_report(T0 - 1), until=T0 + 1) == [(OPENED, T0)]


def test_the_end_of_the_input_ends_the_open_period() -> None:
    judge = Judge(PopulationRules(), HORIZON)
    judge.observe([a_report(T0)])

    assert judge.judge(T0 + 1) == []
    assert said(judge.close(T0 + 1), WATCH) == [(OPENED, T0 + PERIOD)]
    assert judge.close(T0 + 1) == []


def test_the_end_of_the_input_ends_no_period_in_which_nothing_happened() -> None:
    judge = Judge(PopulationRules(), HORIZON)
    judge.observe([a_report(T0)])
    judge.judge(T0 + STRIKE)

    assert judge.close(T0 + STRIKE + 1) == []


def test_the_period_is_a_setting() -> None:
    judge = Judge(PopulationRules(period=HOUR_SPAN), HORIZON)
    judge.observe([a_report(T0)])

    assert said(judge.judge(FAR), WATCH)[0] == (OPENED, T0 + HOUR)


# --- the first wrong item ----------------------------------------------------------------------


def test_the_first_wrong_item_opens_a_watch_on_the_sku() -> None:
    [change] = judged(a_report(T0, seller_id="s-1"), until=T0 + DAY)

    assert change == Change(
        OPENED,
        T0 + PERIOD,
        Problem(
            id=problem_id(WATCH, "sku", "sku-1", T0 + PERIOD),
            kind=WATCH,
            subject_type="sku",
            subject="sku-1",
            opened_at=T0 + PERIOD,
            due_at=T0,
            defect="wrong_item",
            severity=Severity.INFO,
            evidence=(
                Evidence("rule", value="first report"),
                Evidence("customers", value=1),
                Evidence("strike_window", value="60 d"),
                Evidence("report o-1/1", at=T0),
                Evidence("seller", value="s-1"),
            ),
            detector=WATCH,
            detector_version="1",
            opened_by=Cause("return.requested", T0, T0),
        ),
    )


def test_while_a_sku_is_watched_no_second_watch_opens() -> None:
    again = a_report(T0 + DAY, "o-2", "c-2")

    assert watched(a_report(T0), again, until=T0 + 2 * DAY) == [(OPENED, T0 + PERIOD)]


def test_a_watch_ends_once_its_window_has_passed_without_a_further_report() -> None:
    last = T0 + PERIOD - 1

    assert watched(a_report(last), until=last + STRIKE + 1) == [(OPENED, T0 + PERIOD)]
    assert watched(a_report(last))[1:] == [(CLEARED, T0 + PERIOD + STRIKE)]
    assert watched(a_report(T0))[1:] == [(CLEARED, T0 + PERIOD + STRIKE)]


def test_a_further_report_keeps_a_watch_open() -> None:
    further = a_report(T0 + STRIKE, "o-2", "c-2")

    assert watched(a_report(T0), further)[1:] == [(CLEARED, T0 + PERIOD + 2 * STRIKE)]


def test_a_watch_that_ended_opens_again_with_the_next_report() -> None:
    later = T0 + STRIKE + PERIOD

    assert watched(a_report(T0), a_report(later, "o-2"), until=later + DAY) == [
        (OPENED, T0 + PERIOD),
        (CLEARED, T0 + PERIOD + STRIKE),
        (OPENED, later + PERIOD),
    ]


def test_a_watch_ends_by_the_clock() -> None:
    end = T0 + PERIOD + STRIKE

    assert problems(judged(a_report(T0)))[1].ended_by == Cause("clock", end, end)


def test_a_report_taken_back_withdraws_the_watch() -> None:
    back = a_retraction(T0 + DAY)

    assert watched(a_report(T0), back)[1:] == [(WITHDRAWN, T0 + DAY + PERIOD)]
    assert problems(judged(a_report(T0), back))[1].ended_by == back.cause


def test_a_watch_that_was_withdrawn_rests_on_nothing_older_than_its_window() -> None:
    again = T0 + STRIKE + DAY
    retold = (a_report(again, "o-2"), a_retraction(again + DAY, "o-2"))

    assert watched(a_report(T0), *retold)[2:] == [
        (OPENED, again + PERIOD),
        (WITHDRAWN, again + DAY + PERIOD),
    ]


def test_a_report_taken_back_within_its_period_never_was() -> None:
    assert judged(a_report(T0), a_retraction(T0 + 1)) == []


# --- the second wrong item of a customer -------------------------------------------------------


def test_the_second_wrong_item_of_a_customer_is_one_too_many() -> None:
    [problem] = [p for p in problems(judged(*TWICE)) if p.kind == STRUCK]

    assert (problem.opened_at, problem.due_at) == (T0 + HOUR + PERIOD, T0 + HOUR)
    assert (problem.severity, problem.defect) == (Severity.CRITICAL, "wrong_item")
    assert (problem.subject_type, problem.subject) == ("sku", "sku-1")
    assert (problem.order_id, problem.customer_id) == (None, None)
    assert problem.evidence == (
        Evidence("rule", value="second strike"),
        Evidence("customers", value=1),
        Evidence("strike_window", value="60 d"),
        Evidence("report o-1/1", at=T0),
        Evidence("report o-2/1", at=T0 + HOUR),
    )


@pytest.mark.parametrize(
    ("apart", "found"), [(STRIKE, [(OPENED, T0 + STRIKE + PERIOD)]), (STRIKE + 1, [])]
)
def test_two_strikes_lie_at_most_a_window_apart(
    apart: int, found: list[tuple[ChangeKind, int]]
) -> None:
    assert struck(a_report(T0), a_report(T0 + apart, "o-2")) == found


def test_another_customer_or_another_sku_is_no_second_strike() -> None:
    others = (a_report(T0, "o-2", "c-2"), a_report(T0, "o-3", sku="sku-2"))

    assert struck(a_report(T0), *others) == []


def test_the_same_line_reported_twice_is_one_wrong_item() -> None:
    assert struck(a_report(T0), a_report(T0 + DAY, id="again")) == []


def test_two_lines_of_one_order_are_two_wrong_items() -> None:
    second = a_report(T0, line_id="2", id="other line")

    assert struck(a_report(T0), second) == [(OPENED, T0 + PERIOD)]


# --- several customers -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("apart", "found"), [(FEW_DAYS, [(OPENED, T0 + FEW_DAYS + PERIOD)]), (FEW_DAYS + 1, [])]
)
def test_three_customers_within_the_window_are_too_many(
    apart: int, found: list[tuple[ChangeKind, int]]
) -> None:
    three = [
        a_report(T0, "o-1", "c-1"),
        a_report(T0 + DAY, "o-2", "c-2"),
        a_report(T0 + apart, "o-3", "c-3"),
    ]

    assert struck(*three) == found


def test_several_customers_are_counted_and_not_named() -> None:
    three = [a_report(T0 + n, f"o-{n}", f"c-{n}", seller_id=f"s-{n % 2}") for n in range(3)]
    evidence = problems(judged(*three))[1].evidence

    assert evidence == (
        Evidence("rule", value="k customers"),
        Evidence("customers", value=3),
        Evidence("customers_needed", value=3),
        Evidence("customers_window", value="14 d"),
        *(Evidence(f"report o-{n}/1", at=T0 + n) for n in range(3)),
        Evidence("seller", value="s-0"),
        Evidence("seller", value="s-1"),
    )


def test_a_customer_counts_once() -> None:
    short = PopulationRules(strike_window=HOUR_SPAN)
    judge = Judge(short, HORIZON)
    judge.observe([a_report(T0 + n * DAY, f"o-{n}", f"c-{n % 2}") for n in range(6)])

    assert said(judge.judge(FAR), STRUCK) == []


# --- replacements ------------------------------------------------------------------------------

CHAIN = (
    a_report(T0, "o-1", sku="decaf"),
    a_replacement(T0, "o-2", "o-1", sku="other brand"),
    a_replacement(T0, "o-3", "o-2", sku="third brand"),
    a_replacement(T0, "o-4", "o-3", sku="fourth brand"),
    a_report(T0, "o-4", sku="fourth brand"),
)


def test_a_replacement_counts_for_what_was_ordered_first() -> None:
    found = problems(judged(*CHAIN, until=T0 + DAY))

    assert {(p.kind, p.subject) for p in found} == {(WATCH, "decaf"), (STRUCK, "decaf")}


def test_a_chain_is_followed_in_whatever_order_it_became_known() -> None:
    for order in permutations(CHAIN):
        news = [
            type(one)(**{name: getattr(one, name) for name in one.__struct_fields__} | moved(n))
            for n, one in enumerate(order)
        ]
        changes = judged(*news, until=T0 + DAY)
        still = {c.problem.id: c.problem for c in changes}.values()

        assert {(p.kind, p.subject) for p in still if p.is_open} == {
            (WATCH, "decaf"),
            (STRUCK, "decaf"),
        }
        assert said(changes, STRUCK) == [(OPENED, T0 + 5 * PERIOD)]


def moved(periods: int) -> dict[str, int]:
    return {"at": T0 + periods * PERIOD}


def test_a_link_that_becomes_known_late_moves_the_report() -> None:
    strikes = (a_report(T0, "o-1", sku="decaf"), a_report(T0, "o-2", sku="other brand"))
    link = a_replacement(T0 + DAY, "o-2", "o-1", sku="other brand")
    later = judged(*strikes, link, until=T0 + 2 * DAY)[2:]

    assert [(c.what, c.problem.kind, c.problem.subject) for c in later] == [
        (OPENED, STRUCK, "decaf"),
        (WITHDRAWN, WATCH, "other brand"),
    ]
    assert {c.at for c in later} == {T0 + DAY + PERIOD}
    assert later[1].problem.ended_by == link.cause


def test_where_the_first_order_is_unknown_the_first_known_one_counts() -> None:
    link = a_replacement(T0, "o-3", "o-2"), a_replacement(T0, "o-2", "o-1", sku="decaf")
    changes = judged(*link, a_report(T0, "o-3"), until=T0 + DAY)

    assert [p.subject for p in problems(changes)] == ["decaf"]


def test_orders_that_replace_each_other_end_nowhere() -> None:
    ring = (a_replacement(T0, "o-1", "o-2"), a_replacement(T0, "o-2", "o-1"))

    assert struck(*ring, *TWICE) == [(OPENED, T0 + HOUR + PERIOD)]


def test_of_two_claims_what_an_order_replaces_the_one_that_occurred_first_counts() -> None:
    claims = [
        a_replacement(T0, "o-3", "o-2", occurred_at=T0 - 1),
        a_replacement(T0, "o-3", "o-1", occurred_at=T0 - 2),
        a_replacement(T0, "o-3", "o-4"),
    ]
    reports = (a_report(T0, "o-1", sku="first"), a_report(T0, "o-2", "c-2", sku="second"))
    for order in permutations(claims):
        changes = judged(*order, *reports, a_report(T0, "o-3"), until=T0 + DAY)

        assert [p.subject for p in problems(changes) if p.kind == STRUCK] == ["first"]


# --- taken back --------------------------------------------------------------------------------


def test_without_its_reports_a_problem_never_was_one() -> None:
    back = a_retraction(T0 + DAY, "o-2")

    assert struck(*TWICE, back)[1:] == [(WITHDRAWN, T0 + DAY + PERIOD)]


def test_other_reports_can_take_the_place_of_one_taken_back() -> None:
    third = a_report(T0 + 2 * HOUR, "o-3")
    back = (a_retraction(T0 + DAY, "o-2"), a_retraction(T0 + 2 * DAY, "o-3"))

    assert struck(*TWICE, third, back[0]) == [(OPENED, T0 + HOUR + PERIOD)]
    assert struck(*TWICE, third, *back)[1:] == [(WITHDRAWN, T0 + 2 * DAY + PERIOD)]


def test_a_problem_can_come_back_with_new_reports() -> None:
    back, again = a_retraction(T0 + DAY, "o-2"), a_report(T0 + 2 * DAY, "o-3")

    assert struck(*TWICE, back, again)[2:] == [(OPENED, T0 + 2 * DAY + PERIOD)]


def test_a_retraction_of_an_unknown_report_changes_nothing() -> None:
    assert judged(a_retraction(T0)) == []


# --- repaired ----------------------------------------------------------------------------------


def test_a_repair_clears_everything_about_the_sku() -> None:
    repair = a_repair(T0 + DAY)
    changes = judged(*TWICE, repair)

    assert struck(*TWICE, repair)[1:] == [(CLEARED, T0 + DAY + PERIOD)]
    assert watched(*TWICE, repair)[1:] == [(CLEARED, T0 + DAY + PERIOD)]
    assert [p.ended_by for p in problems(changes)[2:]] == [repair.cause] * 2


def test_a_repair_of_another_sku_clears_nothing() -> None:
    assert struck(*TWICE, a_repair(T0 + DAY, "sku-2")) == [(OPENED, T0 + HOUR + PERIOD)]


@pytest.mark.parametrize(("late", "found"), [(0, []), (1, [(OPENED, T0 + DAY + PERIOD)])])
def test_only_what_is_reported_after_a_repair_counts(
    late: int, found: list[tuple[ChangeKind, int]]
) -> None:
    after = [a_report(T0 + DAY + late, f"o-{n}") for n in (5, 6)]

    assert struck(a_report(T0), a_repair(T0 + DAY), *after) == found


@pytest.mark.parametrize(
    ("ordered", "sent", "counts"),
    [
        pytest.param(-DAY, NEVER, True, id="nobody says when it left"),
        pytest.param(-DAY, -1, False, id="left before"),
        pytest.param(0, DAY, False, id="ordered before and left within a day"),
        pytest.param(1, DAY, True, id="ordered after"),
        pytest.param(0, DAY + 1, True, id="left a day after"),
    ],
)
def test_what_may_have_been_picked_before_a_repair_does_not_count(
    ordered: int, sent: int, *, counts: bool
) -> None:
    repair = a_repair(T0 + HOUR, occurred_at=T0)
    times = {"ordered_at": T0 + ordered, "sent_at": min(T0 + sent, NEVER)}
    after = [replace(a_report(T0 + 3 * DAY, f"o-{n}"), **times) for n in (5, 6)]

    assert bool(struck(repair, *after)) is counts


def test_a_repair_told_again_changes_nothing() -> None:
    repair = a_repair(T0)
    again = [a_repair(T0 + n * DAY, occurred_at=T0) for n in (0, 1, 2)]

    assert judged(repair, *again, *TWICE) == judged(repair, *TWICE)


def test_of_several_repairs_in_a_period_the_last_counts() -> None:
    repairs = (a_repair(T0), a_repair(T0 + 2, occurred_at=T0 + 2), a_repair(T0 + 2, occurred_at=T0))
    between, after = a_report(T0 + 1, "o-5"), a_report(T0 + 3, "o-6")

    assert struck(*repairs, between, after) == []
    assert watched(*repairs, after, until=T0 + DAY) == [(OPENED, T0 + PERIOD)]


def test_what_a_repair_cleared_is_still_withdrawn_when_its_reports_are() -> None:
    gone = a_retraction(T0 + 2 * DAY)
    changes = judged(*TWICE, a_repair(T0 + DAY), gone)
    [last] = [c for c in changes if c.problem.kind == STRUCK][2:]

    assert (last.what, last.at) == (WITHDRAWN, T0 + 2 * DAY + PERIOD)
    assert last.problem.cleared_at == T0 + DAY + PERIOD
    assert watched(*TWICE, a_repair(T0 + DAY), gone)[2:] == []


def test_repair_and_retraction_in_one_period_withdraw() -> None:
    both = (a_repair(T0 + DAY), a_retraction(T0 + DAY))

    assert struck(*TWICE, *both)[1:] == [(WITHDRAWN, T0 + DAY + PERIOD)]


def test_reports_after_a_repair_do_not_justify_what_came_before() -> None:
    new = [a_report(T0 + DAY + 1, f"o-{n}") for n in (5, 6)]
    both = (a_repair(T0 + DAY), a_retraction(T0 + DAY))
    [_, withdrawn, opened] = struck(*TWICE, *both, *new)

    assert withdrawn == (WITHDRAWN, T0 + DAY + PERIOD)
    assert opened == (OPENED, T0 + DAY + PERIOD)


# --- told twice, told late, forgotten ----------------------------------------------------------

STORY: tuple[Observation, ...] = (
    *CHAIN,
    a_report(T0, "o-5", "c-5"),
    a_report(T0 + HOUR, "o-6", "c-5"),
    a_retraction(T0 + DAY, "o-6"),
    a_repair(T0 + 2 * DAY, "decaf"),
    a_report(T0 + 3 * DAY, "o-9", "c-9"),
)


def test_observations_told_again_change_nothing() -> None:
    assert judged(*STORY, *reversed(STORY)) == judged(*STORY)


def test_a_report_told_again_after_it_was_taken_back_stays_taken_back() -> None:
    judge = Judge(PopulationRules(), HORIZON)
    judge.observe([a_report(T0), a_retraction(T0)])

    assert judge.judge(T0 + DAY) == []

    judge.observe([a_report(T0)])

    assert judge.judge(T0 + DAY) == []


def test_judging_often_or_once_is_the_same() -> None:
    often = Judge(PopulationRules(), HORIZON)
    often.observe(STORY)
    steps = [often.judge(T0 + n * HOUR) for n in range(1, 400 * 24 + 1)]

    assert [change for step in steps for change in step] == judged(*STORY)


AGES = T0 + STRIKE + HORIZON


def test_what_is_forgotten_stays_decided() -> None:
    long_after = a_repair(AGES + 10 * DAY, "sku-2")
    gone = a_retraction(AGES + 20 * DAY, "o-2")

    assert struck(*TWICE, long_after, gone) == [(OPENED, T0 + HOUR + PERIOD)]


def test_what_is_not_yet_forgotten_can_be_withdrawn() -> None:
    at = AGES
    gone = a_retraction(at, "o-2")

    assert [what for what, _ in struck(*TWICE, gone)] == [OPENED, WITHDRAWN]


def test_nothing_is_kept_for_good() -> None:
    judge = Judge(PopulationRules(), HORIZON)
    judge.observe([*STORY, a_repair(T0 + 2 * DAY), a_report(FAR, "o-99", sku="sku-99")])
    judge.judge(FAR + DAY)

    assert set(judge.subjects) == {"sku-99"}


def test_reports_that_a_repair_kept_from_counting_never_count() -> None:
    old = [a_report(T0 + HOUR, f"o-{n}", sent_at=T0 - DAY) for n in (1, 2)]
    fresh = a_report(AGES + PERIOD, "o-3", "c-3")

    assert struck(a_repair(T0), *old, fresh) == []


def test_an_open_problem_outlives_its_reports() -> None:
    judge = Judge(PopulationRules(), HORIZON)
    judge.observe([*TWICE, a_repair(FAR, "sku-2"), a_repair(FAR + DAY)])

    assert said(judge.judge(NEVER), STRUCK)[1:] == [(CLEARED, FAR + DAY + PERIOD)]


# --- any observations --------------------------------------------------------------------------

SMALL = PopulationRules(
    period=timedelta(minutes=1),
    strike_window=timedelta(minutes=20),
    customers=2,
    customers_window=timedelta(minutes=5),
)
MOMENTS = st.integers(0, 90).map(lambda half: T0 + half * MINUTE // 2)
ORDERS = st.sampled_from([f"o-{n}" for n in range(6)])
SKUS = st.sampled_from(["sku-1", "sku-2"])
CUSTOMERS = st.sampled_from(["c-1", "c-2", "c-3"])


@st.composite
def shops(draw: st.DrawFn) -> list[Observation]:
    orders = draw(st.lists(ORDERS, unique=True))
    reports = [
        a_report(draw(MOMENTS), order_id, draw(CUSTOMERS), sku=draw(SKUS)) for order_id in orders
    ]
    replacements = st.builds(a_replacement, MOMENTS, ORDERS, ORDERS, sku=SKUS, occurred_at=MOMENTS)
    repairs = st.builds(a_repair, MOMENTS, SKUS, MOMENTS)
    gone = [
        a_retraction(report.at + draw(st.integers(0, 40)) * MINUTE, report.order_id)
        for report in draw(st.lists(st.sampled_from(reports)) if reports else st.just([]))
    ]
    return [*reports, *gone, *draw(st.lists(replacements)), *draw(st.lists(repairs, max_size=3))]


@given(shop=shops(), data=st.data())
def test_neither_order_nor_repeats_nor_cuts_change_anything(
    shop: list[Observation], data: st.DataObject
) -> None:
    end = T0 + 3 * HOUR
    once = Judge(SMALL, 10 * MINUTE)
    once.observe(shop)
    repeats = st.lists(st.sampled_from(shop)) if shop else st.just(shop)
    told = data.draw(st.permutations([*shop, *data.draw(repeats)]))
    judge, changes, since = Judge(SMALL, 10 * MINUTE), list[Change](), 0
    for until in (*sorted(data.draw(st.lists(MOMENTS, max_size=4))), end):
        judge.observe(one for one in told if since <= one.at < until)
        changes += judge.judge(until)
        since = until

    assert changes == once.judge(end)
    assert judge.subjects == once.subjects
