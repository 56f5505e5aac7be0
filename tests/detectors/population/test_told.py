from datetime import timedelta
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.journeys.vocabulary import Vocabulary
from detectors.observations import Clock, Exposures, Reports
from detectors.population.evidence import WINDOW
from detectors.population.rules import PopulationRules
from detectors.population.subjects import Subjects
from detectors.population.testing_counts import (
    HERE,
    TODAY,
    News,
    Said,
    Sent,
    Tally,
    charge_of,
    names_of,
    of_sku,
)
from detectors.population.told import Told
from schemas.times import DAY, MINUTE

PERIOD = 5 * MINUTE
MORNING = TODAY * DAY
EVENING = MORNING + DAY
LATE = charge_of("late", "region").defect
OUTCOMES = [Clock.PROMISED, Clock.HANDED_OVER]
LEARNT = [Clock.SHIPPED, Clock.PARCEL]


def ends(*news: News, rules: PopulationRules | None = None, days: int = 9) -> list[int]:
    """Return from the end of which period each of ``news`` counts, in the order of time."""
    tally = Tally(rules=rules)
    tally.hear(*news)
    out, voices = tally.told.take(MORNING + days * DAY)
    return sorted([*out.end.tolist(), *voices.end.tolist()])


@pytest.mark.parametrize("clock", LEARNT)
def test_what_was_sent_counts_from_the_end_of_its_period(clock: Clock) -> None:
    sent = [Sent(MORNING + at, TODAY, clock=clock) for at in (0, PERIOD - 1, PERIOD)]

    assert ends(*sent) == [MORNING + PERIOD, MORNING + PERIOD, MORNING + 2 * PERIOD]


@pytest.mark.parametrize("clock", OUTCOMES)
def test_outcomes_count_when_their_day_is_over(clock: Clock) -> None:
    assert ends(Sent(MORNING, TODAY, clock=clock)) == [EVENING]


@pytest.mark.parametrize("clock", OUTCOMES)
def test_outcomes_that_become_known_later_count_then(clock: Clock) -> None:
    assert ends(Sent(EVENING - 1, TODAY, clock=clock)) == [EVENING]
    assert ends(Sent(EVENING, TODAY, clock=clock)) == [EVENING + PERIOD]


def test_a_late_unit_counts_with_those_in_time_when_the_day_is_over() -> None:
    assert ends(Said(MORNING + 1, TODAY, defect=LATE), Said(MORNING + 1, TODAY)) == [
        MORNING + PERIOD,
        EVENING,
    ]


@pytest.mark.parametrize("clock", LEARNT)
def test_a_cohort_of_a_day_to_come_waits_for_that_day(clock: Clock) -> None:
    assert ends(Sent(MORNING, TODAY + 3, clock=clock)) == [MORNING + 3 * DAY + PERIOD]


def test_an_outcome_of_a_day_to_come_waits_for_the_end_of_that_day() -> None:
    assert ends(Sent(MORNING, TODAY + 3, clock=Clock.PROMISED)) == [MORNING + 4 * DAY]


def test_the_period_is_a_setting() -> None:
    hourly = PopulationRules(period=timedelta(hours=1))

    assert ends(Sent(MORNING, TODAY), rules=hourly) == [MORNING + 12 * PERIOD]


def test_only_what_counts_by_then_is_handed_over_and_only_once() -> None:
    tally = Tally()
    tally.hear(Sent(MORNING, TODAY), Sent(MORNING + PERIOD, TODAY), Sent(EVENING, TODAY + 1))
    taken = [len(tally.told.take(MORNING + PERIOD * n)[0]) for n in (0, 1, 1, 2, 400)]

    assert taken == [0, 1, 0, 1, 1]


@pytest.mark.parametrize("news", [Sent(MORNING, TODAY), Said(MORNING, TODAY)])
def test_it_knows_whether_something_waits_before_and_after_it_was_sorted(news: News) -> None:
    tally = Tally()
    tally.hear(news)
    fresh = [tally.told.has_until(MORNING + PERIOD - n) for n in (0, 1)]
    tally.told.take(MORNING)
    sorted_out = [tally.told.has_until(MORNING + PERIOD - n) for n in (0, 1)]
    tally.told.take(MORNING + PERIOD)

    assert fresh == sorted_out == [True, False]
    assert not tally.told.has_until(EVENING)


def test_a_partition_that_tells_nothing_lets_nothing_wait() -> None:
    tally = Tally()
    tally.told.hear(0, Exposures(), Reports(), Vocabulary())

    assert not tally.told.has_until(EVENING)
    assert [len(some) for some in tally.told.take(EVENING)] == [0, 0]


def test_what_nobody_told_is_counted_under_nothing() -> None:
    subjects = Subjects()
    told = Told(subjects, PopulationRules().ends_of)
    rows = [told.rows(some) for some in told.take(EVENING)]

    assert [set(map(len, some.values())) for some in rows] == [{0}, {0}]
    assert rows[0].keys() == rows[1].keys() >= {"sku", "lane", "market"}


def test_partitions_are_told_apart_and_their_words_kept() -> None:
    tally = Tally()
    tally.hear(Sent(MORNING, TODAY, of_sku("b")), Sent(MORNING, TODAY, of_sku("a")), source=0)
    tally.hear(Sent(MORNING, TODAY, of_sku("a")), source=1)
    out, _ = tally.told.take(EVENING)
    rows = tally.told.rows(out)
    found = [names_of(tally.subjects, rows, i)["sku"] for i in range(3)]

    assert list(zip(out.source.tolist(), found, strict=True)) == [(0, "b"), (0, "a"), (1, "a")]


def test_reports_keep_their_names_and_what_was_found_instead() -> None:
    tally = Tally()
    tally.hear(Said(MORNING, TODAY, name="o-1/1", found="sku-9"), source=3)
    tally.hear(Said(MORNING, TODAY, name="o-2/1"), Said(MORNING, TODAY, name="o-2/2", found="b"))
    _, voices = tally.told.take(EVENING)
    names = tally.told.names(voices.name)
    found = [tally.subjects.name("sku", r) if r >= 0 else "" for r in voices.found.tolist()]

    assert list(zip(names, found, strict=True)) == [
        ("o-1/1", "sku-9"),
        ("o-2/1", ""),
        ("o-2/2", "b"),
    ]


# ----- names -----


def told_in_turn() -> Tally:
    """Return a tally that was told three reports, the first of which counts last."""
    tally = Tally()
    tally.hear(Said(MORNING, TODAY + 1, defect=LATE, name="o-1/1"))
    tally.hear(Said(MORNING, TODAY, name="o-2/1"), Said(MORNING, TODAY, name="o-3/1"))
    return tally


def test_a_name_is_kept_as_long_as_its_report_waits_or_is_in_hand() -> None:
    tally = told_in_turn()
    _, voices = tally.told.take(EVENING)
    tally.told.forget_names(tally.told.told)
    assert tally.told.names(voices.name) == ["o-2/1", "o-3/1"]

    _, late = tally.told.take(EVENING + 2 * DAY)
    tally.told.forget_names(tally.told.told)
    assert tally.told.names(late.name) == ["o-1/1"]


def test_names_that_nobody_needs_any_more_are_forgotten_and_the_others_keep_their_places() -> None:
    tally = told_in_turn()
    tally.told.take(EVENING + 2 * DAY)
    tally.told.take(EVENING + 2 * DAY)
    tally.told.forget_names(2)
    tally.hear(Said(MORNING + 3 * DAY, TODAY + 3, name="o-4/1"))
    _, voices = tally.told.take(EVENING + 4 * DAY)

    assert tally.told.names(np.array([2, 3])) == ["o-3/1", "o-4/1"]
    assert tally.told.names(voices.name) == ["o-4/1"]
    assert tally.told.names_kept == 2


def test_a_log_keeps_the_names_of_its_days_and_no_others() -> None:
    tally = Tally()
    for day in range(3 * WINDOW):
        tally.begin(TODAY + day)
        tally.hear(Said(MORNING + day * DAY, TODAY + day, name=f"o-{day}/1"))
        tally.count()
    voices, _ = tally.log.voices(0, 0, MORNING + 3 * WINDOW * DAY)

    assert tally.told.names(voices.name)[0] == f"o-{2 * WINDOW}/1"
    assert tally.told.names_kept <= WINDOW + 2


def test_a_sku_that_nobody_named_is_no_subject() -> None:
    tally = Tally()
    tally.hear(Said(MORNING, TODAY), Said(MORNING, TODAY, found="sku-9"))
    _, voices = tally.told.take(EVENING)

    assert voices.found.tolist() == [-1, tally.subjects.row("sku", "sku-9")]
    assert "" not in tally.subjects.names("sku")


all_news = st.lists(
    st.builds(
        Sent,
        st.integers(MORNING, MORNING + 3 * DAY),
        st.integers(TODAY - 2, TODAY + 5),
        st.sampled_from([HERE, of_sku("sku-2")]),
        st.sampled_from(Clock),
        st.sampled_from([1, -1]),
    ),
    max_size=20,
)


@given(all_news, st.lists(st.integers(MORNING, MORNING + 10 * DAY), max_size=4), st.randoms())
def test_what_is_handed_over_by_a_moment_does_not_depend_on_how_often_it_is_asked(
    news: list[Sent], moments: list[int], chance: Random
) -> None:
    whole = ends(*news, days=20)
    tally = Tally()
    chance.shuffle(news)
    for some in np.array_split(np.arange(len(news)), 3):
        tally.hear(*[news[i] for i in some.tolist()])
    parts = [tally.told.take(until)[0] for until in [*sorted(moments), MORNING + 20 * DAY]]

    assert sorted(end for part in parts for end in part.end.tolist()) == whole
    for until, part in zip(sorted(moments), parts, strict=False):
        assert (part.end <= until).all()
