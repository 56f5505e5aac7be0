from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pytest

from actions.quantities import BusinessDays as WrittenDays
from actions.quantities import Money
from andon.calendars import YEARS, as_setting, calendar_for, calendars, on_calendars, zone_of
from detectors.calendars import WEEKDAYS, BusinessDays
from detectors.order.silent_shipment import SilentShipment
from schemas.testing import a_dispatch, at, at_ms
from schemas.times import instant
from streams.testing import problems_of

HOME = calendars("US", "America/New_York")


def after(country: str, moment: str, days: int) -> str:
    due = HOME(country).add_business_days(np.array([at_ms(moment)]), days)
    return instant(int(due[0])).isoformat(timespec="minutes").removesuffix("+00:00")


def test_public_holidays_do_not_work() -> None:
    assert after("DE", "04-02T10:00", 1) == "2026-04-07T10:00"
    assert after("US", "04-02T10:00", 1) == "2026-04-03T10:00"


def test_weekends_are_the_countrys_own() -> None:
    assert after("SA", "06-04T10:00", 1) == "2026-06-07T10:00"


def test_days_begin_at_the_destinations_midnight() -> None:
    assert after("NZ", "03-06T12:00", 0) == "2026-03-08T11:00"
    assert after("DE", "03-06T12:00", 0) == "2026-03-06T12:00"


def test_where_no_destination_is_named_the_shops_own_calendar_counts() -> None:
    assert HOME("") is HOME("US")
    assert HOME("us") is HOME("US")


def test_a_country_the_library_does_not_know_has_weekends_only() -> None:
    known = calendar_for("XX", "UTC", YEARS)

    assert known.starts.tolist() == WEEKDAYS.starts.tolist()


def test_outside_the_known_years_weekdays_work() -> None:
    known = calendar_for("DE", "Europe/Berlin", range(2026, 2027))

    assert known.starts[0] == WEEKDAYS.starts[0]
    assert known.starts[-1] == WEEKDAYS.starts[-1]
    assert (np.diff(known.starts) > 0).all()


@pytest.mark.parametrize(
    ("country", "zone"),
    [("US", "America/New_York"), ("VN", "Asia/Ho_Chi_Minh"), ("BR", "America/Sao_Paulo"),
     ("DE", "Europe/Berlin"), ("XX", "UTC")],
)  # fmt: skip
def test_a_country_has_the_zone_where_most_of_it_lives(country: str, zone: str) -> None:
    assert zone_of(country) == zone


def test_a_playbook_gives_business_days_or_hours() -> None:
    assert as_setting(WrittenDays(4), BusinessDays(3)) == BusinessDays(4)
    assert as_setting(timedelta(hours=72), BusinessDays(3)) == timedelta(hours=72)
    assert as_setting(WrittenDays(4), timedelta(hours=1)) == BusinessDays(4)
    assert as_setting(1, 0.5) == 1
    assert as_setting(2, 3) == 2


@pytest.mark.parametrize(
    ("value", "default"),
    [(3, BusinessDays(3)), ("3", timedelta(days=3)), (0.5, 3), (Money(1, "USD"), 3)],
)
def test_what_is_of_another_kind_is_refused(value: object, default: object) -> None:
    with pytest.raises(TypeError, match="is not of the kind of the default"):
        as_setting(value, default)  # type: ignore[arg-type] # what a playbook could say


def test_only_business_days_need_calendars() -> None:
    @dataclass(frozen=True)
    class Plain:
        patience: timedelta = timedelta(days=1)

    plain = Plain()

    assert on_calendars(plain, HOME) is plain


def test_business_days_of_a_detector_are_counted_on_the_calendars_given() -> None:
    detector = SilentShipment(BusinessDays(4), timedelta(hours=120))
    silent = on_calendars(detector, HOME)

    assert silent == detector
    assert silent.silence.calendar_of("DE") is HOME("DE")


def test_a_parcel_to_germany_is_not_silent_over_easter() -> None:
    sent = a_dispatch(time=at("04-02T10:00"))
    there = on_calendars(SilentShipment(), HOME)
    [problem] = problems_of(there, sent, until=at_ms("05-01"))

    assert problem.opened_at == at_ms("04-09T10:00")
