from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.calendars import (
    WEEKDAYS,
    BusinessDays,
    Calendar,
    after,
    calendar,
    deadlines,
)
from detectors.journeys.tables import Shipments
from detectors.testing import ABROAD, HOME, words_of
from schemas.testing import at_ms
from schemas.times import DAY, HOUR, NEVER, Times, instant

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Pacific/Auckland", "Pacific/Honolulu")
FIRST, DAYS = date(2026, 1, 1), 366
HOLIDAYS = (0, 89, 90, 120)
THURSDAY = 3


def times(*each: int) -> Times:
    return np.array(each, np.int64)


def midnight(day: date, zone: str) -> int:
    local = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
    return round(local.timestamp() * 1000)


def in_zone(zone: str) -> Calendar:
    days = [FIRST + timedelta(days=i) for i in range(DAYS + 1)]
    return calendar(times(*(midnight(day, zone) for day in days)), THURSDAY, HOLIDAYS)


CALENDARS = {zone: in_zone(zone) for zone in ZONES}


def works(day: date) -> bool:
    return day.weekday() < 5 and (day - FIRST).days not in HOLIDAYS


def step_by_step(moment: int, days: int, zone: str) -> int:
    """Count as a person would: day by day on the wall calendar."""
    local = instant(moment).astimezone(ZoneInfo(zone))
    day, passed = local.date(), moment - midnight(local.date(), zone)
    if not works(day):
        passed = 0
    while not works(day):
        day += timedelta(days=1)
    for _ in range(days):
        day += timedelta(days=1)
        while not works(day):
            day += timedelta(days=1)
    return midnight(day, zone) + passed


@given(st.integers(at_ms("01-05"), at_ms("11-30")), st.integers(0, 12), st.sampled_from(ZONES))
def test_it_counts_as_a_person_would_day_by_day(moment: int, days: int, zone: str) -> None:
    found = CALENDARS[zone].add_business_days(times(moment), days)

    assert found.tolist() == [step_by_step(moment, days, zone)]


@given(st.lists(st.integers(0, at_ms("12-01")), min_size=2), st.integers(0, 9))
def test_what_happens_later_is_never_due_earlier(moments: list[int], days: int) -> None:
    due = CALENDARS["Europe/Berlin"].add_business_days(times(*sorted(moments)), days)

    assert all(one <= other for one, other in pairwise(due.tolist()))


def test_a_weekend_counts_from_monday_midnight_to_the_millisecond() -> None:
    friday, saturday, monday = at_ms("03-06T23:59:59.999"), at_ms("03-07"), at_ms("03-09")
    due = WEEKDAYS.add_business_days(times(friday, saturday, monday - 1, monday), 1)

    assert due.tolist() == [at_ms("03-09T23:59:59.999"), *[at_ms("03-10")] * 3]


def test_the_wall_clock_counts_when_the_clocks_change() -> None:
    berlin = CALENDARS["Europe/Berlin"]
    friday_noon_winter, tuesday_noon_summer = at_ms("03-27T11:00"), at_ms("04-02T10:00")

    assert berlin.add_business_days(times(friday_noon_winter), 2).tolist() == [tuesday_noon_summer]


def test_a_working_day_of_23_hours_ends_what_it_has_no_room_for() -> None:
    short = calendar(times(0, DAY, 2 * DAY - HOUR, 3 * DAY - HOUR), 0)
    due = short.add_business_days(times(DAY - 1), 1)

    assert due.tolist() == [2 * DAY - HOUR]


def test_two_working_days_may_begin_on_one_day_in_utc() -> None:
    sunday, monday, tuesday = at_ms("03-29"), at_ms("03-29T23:00"), at_ms("03-30T23:00")
    london = calendar(times(sunday, monday, tuesday, tuesday + DAY), 6, weekend=())
    due = london.add_business_days(times(sunday, monday - 1, monday, monday + 1), 1)

    assert due.tolist() == [monday, tuesday - HOUR - 1, tuesday, tuesday + 1]


def test_before_its_first_day_a_calendar_counts_from_there() -> None:
    berlin = CALENDARS["Europe/Berlin"]

    assert berlin.add_business_days(times(0), 1).tolist() == [berlin.starts[1]]


def test_beyond_its_last_day_five_of_seven_work() -> None:
    week = calendar(np.arange(0, 8 * DAY, DAY), 0)
    due = week.add_business_days(times(9 * HOUR, 9 * HOUR), 14)

    assert due.tolist() == [4 * DAY + 9 * HOUR + 14 * DAY] * 2


def test_a_calendar_without_a_working_day_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one working day"):
        calendar(times(0, DAY), 5)


def test_without_a_calendar_it_is_monday_to_friday_in_utc() -> None:
    monday = instant(int(WEEKDAYS.starts[-1]))

    assert monday.tzinfo is UTC
    assert WEEKDAYS.starts[0] == 0
    assert WEEKDAYS.ends[-1] <= NEVER


def test_a_span_is_hours_or_business_days() -> None:
    friday = times(at_ms("03-06T10:00"))

    assert after(friday, timedelta(days=1)).tolist() == [at_ms("03-07T10:00")]
    assert after(friday, BusinessDays(1)).tolist() == [at_ms("03-09T10:00")]
    assert str(BusinessDays(3)) == "3bd"


def test_business_days_compare_by_their_number() -> None:
    assert BusinessDays(3) == BusinessDays(3, calendar_of=lambda _: CALENDARS["UTC"])
    assert BusinessDays(3) != BusinessDays(4)


def test_each_parcel_is_counted_where_it_goes() -> None:
    noon = at_ms("01-01T12:00")
    zone_of = {"": "UTC", "DE": "Europe/Berlin", "VN": "Pacific/Auckland"}
    span = BusinessDays(1, calendar_of=lambda country: CALENDARS[zone_of[country]])
    words = words_of(HOME, ABROAD)
    columns = {"lane": times(0, 1, -1, 0)}
    found = deadlines(
        Shipments(columns, words), np.array([True, True, True, False]), times(*[noon] * 4), span
    )

    assert found.tolist() == [
        step_by_step(noon, 1, "Europe/Berlin"),
        step_by_step(noon, 1, "Pacific/Auckland"),
        step_by_step(noon, 1, "UTC"),
        NEVER,
    ]


def test_lanes_learnt_of_later_are_counted_too() -> None:
    words = words_of(HOME)
    lanes = words.lanes

    assert lanes.abroad(times(0, -1)).tolist() == [False, False]
    lanes.codes([ABROAD])
    assert lanes.abroad(times(0, 1, -1)).tolist() == [False, True, False]
    assert [lanes.countries[i] for i in lanes.country(times(0, 1, -1))] == ["DE", "VN", ""]
