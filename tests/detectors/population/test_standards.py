from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import numpy as np
import pytest

from detectors.journeys.vocabulary import Item, Vocabulary
from detectors.observations import Appeal, Clock, Exposures, Observation, Reports
from detectors.population.defects import DEFECTS
from detectors.population.judge import Judge
from detectors.population.presets import PRESETS, in_force
from detectors.population.rates import Rates, lower, upper
from detectors.population.rules import PopulationRules, SellerRules
from schemas.problems import Cause, Change, ChangeKind
from schemas.times import DAY, HOUR

FIRST: Final = 20_500
"""The first day (UTC day number, in 2026) of every test."""

STEPS: Final = ("seller-coach", "seller-warn", "seller-cap", "seller-suspend")
COACH, WARN, CAP, SUSPEND = STEPS
OPENED, CLEARED = ChangeKind.OPENED, ChangeKind.CLEARED
HORIZON: Final = 60 * DAY
EBAY: Final = SellerRules("ebay")


@dataclass
class Market:
    """What partitions tell of sellers' days, to be judged all at once or in pieces."""

    rules: SellerRules = field(default_factory=SellerRules)
    out: list[tuple[int, int, int, str, int]] = field(default_factory=list)
    said: list[tuple[int, int, int, str, str, int, int]] = field(default_factory=list)

    def sold(
        self, day: int, units: int, seller: str = "s-1", clock: int = Clock.HANDED_OVER
    ) -> None:
        """Count order lines of a cohort day."""
        self.out.append(((FIRST + day) * DAY + HOUR, clock, FIRST + day, seller, units))

    def bad(  # noqa: PLR0913 - each is one field of a report
        self,
        day: int,
        reports: int,
        seller: str = "s-1",
        *,
        defect: str = "late",
        after: int = 0,
        units: int = 1,
        customers: int | None = None,
    ) -> None:
        """Report some of them, told ``after`` so many days, by so many customers."""
        [number] = [i for i, d in enumerate(DEFECTS) if d.name == defect and "seller" in d.charged]
        at = (FIRST + day + after) * DAY + 2 * HOUR
        for n in range(reports):
            buyer = 1 + n % (customers or reports) + 1000 * day + 10**6 * int(seller[2:])
            name = f"{seller} {day} {n}/1"
            self.said.append((at, number, FIRST + day, seller, name, buyer, units))

    def days(self, days: Sequence[int], units: int, bad: int, seller: str = "s-1") -> None:
        """Let some days be alike."""
        for day in days:
            self.sold(day, units, seller)
            self.bad(day, bad, seller)

    def judged(
        self,
        until: int,
        cuts: Sequence[int] = (),
        *,
        turned: bool = False,
        known: Sequence[Observation] = (),
    ) -> list[Change]:
        """Return what happened to sellers up to the roll of a day, told in pieces."""
        judge, changes, since = Judge(PopulationRules(sellers=self.rules), HORIZON), [], 0
        words = Vocabulary()
        for cut in (*((FIRST + day) * DAY + 1 for day in cuts), (FIRST + until) * DAY + 1):
            judge.observe_counts(0, *self._told(words, since, cut, turned=turned), words)
            judge.observe(one for one in known if since <= one.at < cut)
            changes += judge.judge(cut)
            since = cut
        return [change for change in changes if change.problem.kind in STEPS]

    def _told(
        self, words: Vocabulary, since: int, until: int, *, turned: bool
    ) -> tuple[Exposures, Reports]:
        out = [one for one in self.out if since <= one[0] < until]
        said = [one for one in self.said if since <= one[0] < until]
        if turned:
            out.reverse()
            said.reverse()
        return _exposures(words, out), _reports(words, said)


def _items(words: Vocabulary, sellers: Sequence[str]) -> np.ndarray:
    return words.items.codes([Item("sku", seller, "", "", "") for seller in sellers])


def _exposures(words: Vocabulary, out: Sequence[tuple[int, int, int, str, int]]) -> Exposures:
    if not out:
        return Exposures()
    at, clock, day, sellers, units = zip(*out, strict=True)
    none = np.full(len(out), -1)
    return Exposures(
        np.array(at), np.array(clock), np.array(day), _items(words, sellers), none, none,
        np.array(units),
    )  # fmt: skip


def _reports(
    words: Vocabulary, said: Sequence[tuple[int, int, int, str, str, int, int]]
) -> Reports:
    if not said:
        return Reports()
    at, defect, day, sellers, names, buyer, units = zip(*said, strict=True)
    none = np.full(len(said), -1)
    return Reports(
        np.array(at), np.array(defect), np.array(day), _items(words, sellers), none, none,
        np.array(buyer), none, np.array(units), list(names),
    )  # fmt: skip


def told(changes: Sequence[Change]) -> list[tuple[str, int]]:
    """Return which steps opened, and on which day."""
    return [(c.problem.kind, c.at // DAY - FIRST) for c in changes if c.what is OPENED]


def ended(changes: Sequence[Change]) -> list[tuple[str, int]]:
    """Return which steps ended, and on which day."""
    return [(c.problem.kind, c.at // DAY - FIRST) for c in changes if c.what is CLEARED]


def facts(change: Change) -> dict[str, object]:
    return {one.fact: one.value for one in change.problem.evidence if one.at is None}


# --- who is over a standard ----------------------------------------------------------------------


def test_a_seller_is_coached_as_the_day_after_begins_with_the_facts_that_prove_it() -> None:
    market = Market()
    market.days([0], 100, 15)
    [change] = market.judged(3)
    problem, said = change.problem, facts(change)

    assert (problem.kind, problem.subject, problem.defect) == (COACH, "s-1", "late")
    assert problem.opened_at == (FIRST + 1) * DAY
    assert (said["preset"], said["window"]) == ("amazon 2020-11", "30 days")
    assert (said["rate"], said["threshold"], said["lower_bound"]) == ("15 %", "4 %", "9.6 %")
    assert (said["orders"], said["orders_with_time"]) == (100, "100.0")
    assert (said["reports"], said["customers"]) == (15, 15)
    assert sum(one.fact.startswith("report ") for one in problem.evidence) == 15


@pytest.mark.parametrize(("units", "found"), [(49, []), (50, [(COACH, 1)])])
def test_fewer_than_50_orders_prove_nothing(units: int, found: list[tuple[str, int]]) -> None:
    market = Market()
    market.days([0], units, 20)

    assert told(market.judged(3)) == found


def test_a_rate_over_the_threshold_by_chance_is_no_problem() -> None:
    market = Market()
    market.days([0], 100, 6)

    assert market.judged(3) == []


def test_reports_that_are_still_to_come_are_reckoned_with() -> None:
    """Four bad reviews of 200 lines in two days are much, and in eight weeks they are not."""
    market = Market()
    market.sold(0, 200, clock=Clock.SHIPPED)
    market.bad(0, 4, defect="bad_review", after=1)
    old = Market()
    old.sold(0, 200, clock=Clock.SHIPPED)
    old.bad(0, 4, defect="bad_review", after=55)

    assert told(market.judged(3)) == [(COACH, 2)]
    assert old.judged(58) == []


def test_a_wave_that_hits_everybody_is_no_sellers_fault() -> None:
    market = Market()
    for n in range(8):
        market.days(range(10), 100, 15, f"s-{n}")

    assert market.judged(12) == []


def test_who_is_worse_than_everybody_in_a_wave_is_found() -> None:
    market = Market()
    for n in range(8):
        market.days(range(10), 100, 15, f"s-{n}")
    market.days(range(10), 100, 60, "s-8")

    assert {change.problem.subject for change in market.judged(12)} == {"s-8"}


def test_one_customer_with_many_reports_of_a_day_counts_once() -> None:
    market = Market()
    market.sold(0, 100, clock=Clock.SHIPPED)
    for defect in ("bad_review", "complaint", "wrong_item", "missing_item"):
        market.bad(0, 2, defect=defect, after=1)
    more = Market()
    more.sold(0, 100, clock=Clock.SHIPPED)
    more.bad(0, 8, defect="bad_review", after=1)

    assert market.judged(5) == []
    assert told(more.judged(5))[0] == (COACH, 2)


def test_more_reports_are_looked_at_anew() -> None:
    market = Market()
    market.sold(0, 100, clock=Clock.SHIPPED)
    market.sold(2, 1, clock=Clock.SHIPPED)
    for defect in ("bad_review", "complaint", "wrong_item", "missing_item"):
        market.bad(0, 2, defect=defect, after=1)
    market.bad(1, 6, defect="bad_review", after=2)

    assert told(market.judged(5)) == [(COACH, 4)]


def test_ebay_bears_seven_customers_served_late_whatever_the_rate() -> None:
    few, many = Market(EBAY), Market(EBAY)
    few.days([0, 1, 2, 3], 20, 0)
    few.bad(0, 60, customers=7)
    many.days([0, 1, 2, 3], 20, 0)
    many.bad(0, 60, customers=17)

    assert few.judged(6) == []
    assert COACH in dict(told(many.judged(6)))


# --- step by step --------------------------------------------------------------------------------


def test_the_steps_follow_a_week_apart_and_twice_the_threshold_stops_a_seller() -> None:
    market = Market()
    market.days(range(40), 60, 12)
    changes = market.judged(40)
    attached = [c.problem for c in changes if c.what is ChangeKind.ATTACHED]
    opened = {c.problem.kind: c.problem.id for c in changes if c.what is OPENED}

    assert told(changes) == [(COACH, 1), (WARN, 8), (CAP, 15), (SUSPEND, 22)]
    assert [(p.kind, p.parent) for p in attached] == [
        (COACH, opened[WARN]),
        (WARN, opened[CAP]),
        (CAP, opened[SUSPEND]),
    ]


def test_how_long_a_step_lasts_is_a_setting() -> None:
    market = Market(SellerRules(step=timedelta(days=3)))
    market.days(range(40), 60, 12)

    assert told(market.judged(11)) == [(COACH, 1), (WARN, 4), (CAP, 7), (SUSPEND, 10)]


def test_less_than_twice_the_threshold_is_capped_and_not_stopped() -> None:
    market = Market()
    market.days(range(60), 1000, 60)

    assert [kind for kind, _ in told(market.judged(60))] == [COACH, WARN, CAP]


def test_a_second_cap_within_half_a_year_stops_a_seller() -> None:
    market = Market()
    market.days(range(25), 1000, 60)
    market.days(range(25, 70), 1000, 0)
    market.days(range(70, 120), 1000, 60)
    changes = market.judged(120)

    assert [kind for kind, _ in told(changes)] == [COACH, WARN, CAP, COACH, WARN, CAP, SUSPEND]
    assert [kind for kind, _ in ended(changes)] == [CAP, WARN, COACH]


def test_a_cap_of_long_ago_is_forgotten() -> None:
    market = Market()
    market.days(range(25), 1000, 60)
    market.days(range(25, 200), 1000, 0)
    market.days(range(200, 260), 1000, 60)

    assert SUSPEND not in dict(told(market.judged(260)))


def test_a_seller_whose_new_orders_are_good_climbs_no_further_and_soon_comes_down() -> None:
    market = Market()
    market.days([0], 200, 60)
    market.days(range(1, 20), 10, 0)
    changes = market.judged(20)

    assert told(changes) == [(COACH, 1)]
    assert [kind for kind, _ in ended(changes)] == [COACH]


def test_a_seller_who_sells_nothing_more_stays_where_it_is_until_the_window_is_over() -> None:
    market = Market()
    market.days([0], 200, 60)
    market.days(range(45), 10, 0, "s-2")
    changes = market.judged(45)

    assert told(changes) == [(COACH, 1)]
    assert ended(changes) == [(COACH, 31)]


def test_a_seller_comes_down_when_its_rate_is_back() -> None:
    market = Market()
    market.days([0], 100, 15)
    market.days([1], 1000, 10)
    [opened, cleared] = market.judged(4)

    assert (opened.what, cleared.what) == (OPENED, CLEARED)
    assert cleared.problem.cleared_at == (FIRST + 2) * DAY


def test_a_seller_neither_over_the_standard_nor_proved_good_stays_where_it_is() -> None:
    market = Market()
    market.days([0], 100, 15)
    market.days([1], 300, 7)

    assert [change.what for change in market.judged(9)] == [OPENED]


def test_reports_that_are_taken_back_bring_a_seller_down() -> None:
    market = Market()
    market.days([0], 100, 15)
    market.bad(0, 15, after=3, units=-1)

    assert ended(market.judged(6)) == [(COACH, 4)]


def test_a_measure_that_is_no_longer_in_force_is_over() -> None:
    changed = PRESETS["walmart"][-1].since_day - FIRST
    market = Market(SellerRules("walmart"))
    market.sold(changed - 5, 200, clock=Clock.SHIPPED)
    market.bad(changed - 5, 100, defect="defective", after=1)
    market.sold(changed + 3, 1)

    assert told(market.judged(changed + 2)) == [(COACH, changed - 3)]
    assert ended(market.judged(changed + 2)) == [(COACH, changed)]


# --- one answer ----------------------------------------------------------------------------------


def a_mixed_market() -> Market:
    market = Market()
    for n in range(4):
        market.days(range(30), 60, 15 if n % 2 else 1, f"s-{n}")
    market.days([31, 33, 40], 60, 0, "s-1")
    return market


def test_neither_pieces_nor_the_order_of_telling_change_anything() -> None:
    market = a_mixed_market()
    once = market.judged(50)

    assert len(once) > 10
    assert market.judged(50, cuts=range(1, 50)) == once
    assert market.judged(50, cuts=(3, 17, 32), turned=True) == once


# --- arithmetic ----------------------------------------------------------------------------------


def test_bounds_are_those_of_a_gamma_distribution() -> None:
    """Quantiles of Gamma(10.5) are half of those of chi squared with 21 degrees of freedom."""
    rates = Rates(np.array([100]), np.array([10]), np.array([50.0]))

    assert lower(rates)[0] == pytest.approx(11.591 / 2 / 50, rel=0.005)
    assert upper(rates)[0] == pytest.approx(32.671 / 2 / 50, rel=0.005)


# --- presets -------------------------------------------------------------------------------------


def test_a_preset_is_read_as_it_was_on_the_day() -> None:
    [older, newer] = PRESETS["walmart"]

    assert in_force("walmart", newer.since_day - 1) is older
    assert in_force("walmart", newer.since_day) is newer
    assert in_force("ebay", 0) is PRESETS["ebay"][0]


@pytest.mark.parametrize("preset", PRESETS)
def test_every_measure_counts_defects_that_sellers_answer_for(preset: str) -> None:
    for standard in PRESETS[preset]:
        for measure in standard.measures:
            counted = {DEFECTS[charge.defect].name for charge in measure.charges}

            assert counted == set(measure.defects)
            assert measure.days < 63


def test_settings_that_mean_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="no preset 'etsy' for sellers: there are amazon, ebay"):
        SellerRules("etsy")
    with pytest.raises(ValueError, match="must last a day or more, not 23:00:00"):
        SellerRules(step=timedelta(hours=23))
    with pytest.raises(ValueError, match="must be at least 1, not 0"):
        SellerRules(orders=0)


# --- appeals -------------------------------------------------------------------------------------


def an_appeal(
    day: int, first: int, last: int, *, defect: str = "late", seller: str = "s-1"
) -> Appeal:
    """Return that a seller was found right, at noon of a day, about some cohort days."""
    at = (FIRST + day) * DAY + 12 * HOUR
    cause = Cause("seller.appeal_upheld", at, at)
    return Appeal(
        at=at, cause=cause, seller=seller, defect=defect, first=FIRST + first, last=FIRST + last
    )


def a_bad_week(after: int = 20) -> Market:
    """Return a seller that hands a lot over late in the first three days, and nothing else."""
    market = Market()
    market.days([0, 1, 2], 100, 15)
    market.days(range(3, after), 100, 0)
    return market


def withdrawals(changes: Sequence[Change]) -> list[tuple[str, int, str]]:
    """Return which steps were withdrawn, on which day and by what."""
    return [
        (c.problem.kind, c.at // DAY - FIRST, c.problem.ended_by.fact if c.problem.ended_by else "")
        for c in changes
        if c.what is ChangeKind.WITHDRAWN
    ]


def test_an_upheld_appeal_withdraws_what_rested_on_it_as_the_next_day_begins() -> None:
    market = a_bad_week()
    without = market.judged(6)
    changes = market.judged(6, known=[an_appeal(3, 0, 2)])

    assert told(without) == told(changes) == [(COACH, 1)]
    assert withdrawals(without) == []
    assert withdrawals(changes) == [(COACH, 4, "seller.appeal_upheld")]


def test_an_appeal_about_some_days_leaves_what_the_others_prove() -> None:
    market = a_bad_week()
    some = market.judged(6, known=[an_appeal(3, 0, 0)])

    assert withdrawals(some) == []


@pytest.mark.parametrize(
    ("defect", "counts"),
    [
        ("", True),
        ("late", True),
        ("wrong_item", False),
        ("order_defect", False),
        ("unheard of", False),
    ],
)
def test_an_appeal_is_about_one_defect_or_measure_or_about_all(
    defect: str, *, counts: bool
) -> None:
    changes = a_bad_week().judged(6, known=[an_appeal(3, 0, 2, defect=defect)])

    assert bool(withdrawals(changes)) == counts


def test_an_appeal_of_another_seller_changes_nothing() -> None:
    market = a_bad_week()

    assert market.judged(6, known=[an_appeal(3, 0, 2, seller="s-2")]) == market.judged(6)


def test_what_an_appeal_took_away_is_not_held_against_a_seller_again() -> None:
    market = a_bad_week(10)
    market.bad(2, 20, after=4)
    changes = market.judged(20, known=[an_appeal(3, 0, 2)])

    assert told(changes) == [(COACH, 1)]


def test_what_comes_later_counts_and_names_only_what_still_stands() -> None:
    market = a_bad_week(6)
    market.days([6, 7], 100, 70)
    changes = market.judged(9, known=[an_appeal(3, 0, 2)])
    [again] = [c for c in changes if c.what is OPENED and c.at > (FIRST + 4) * DAY]
    named = [one.fact for one in again.problem.evidence if one.fact.startswith("report ")]

    assert told(changes)[1:] == [(COACH, 7)]
    assert named
    assert all(name.startswith("report s-1 6 ") for name in named)


def test_a_cap_that_an_appeal_withdrew_is_not_remembered_as_one() -> None:
    market = Market()
    market.days(range(40), 100, 6)
    with_cap = market.judged(24)
    capped = [day for kind, day in told(with_cap) if kind == CAP]
    appeal = an_appeal(capped[0], 0, capped[0])
    changes = market.judged(40, known=[appeal])

    assert (CAP, capped[0] + 1, "seller.appeal_upheld") in withdrawals(changes)
    assert SUSPEND not in [kind for kind, day in told(changes) if day <= capped[0] + 8]


def test_an_appeal_told_twice_in_pieces_or_at_once_gives_one_answer() -> None:
    market = a_bad_week(30)
    market.days([6, 7], 100, 40)
    appeals = [an_appeal(3, 0, 2), an_appeal(12, 6, 6)]
    whole = market.judged(40, known=appeals)
    doubled = [*appeals[::-1], *appeals]

    assert market.judged(40, range(1, 40), known=doubled) == whole
    assert market.judged(40, [2, 3, 11, 25], turned=True, known=doubled) == whole


def test_an_appeal_on_a_quiet_day_is_the_same_whenever_the_judge_is_called() -> None:
    market = Market()
    market.days([0], 60, 1)
    market.days([90, 91], 100, 15)
    appeals = [an_appeal(30, 0, 0), an_appeal(31, 90, 90)]

    assert market.judged(95, known=appeals) == market.judged(95, range(1, 95), known=appeals)
