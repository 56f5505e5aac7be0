"""Working days by country, from the `holidays` library and the time-zone database."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from importlib import resources
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np

from actions.quantities import BusinessDays as WrittenDays
from actions.quantities import Quantity, span_text
from detectors.calendars import WEEKDAYS, BusinessDays, Calendar, calendar

YEARS: Final = range(2010, 2041)
"""Years whose holidays are known in advance or have been; all others have weekends only."""

MAIN_ZONE: Final[Mapping[str, str]] = {
    "AR": "America/Argentina/Buenos_Aires",
    "AU": "Australia/Sydney",
    "BR": "America/Sao_Paulo",
    "CA": "America/Toronto",
    "CD": "Africa/Kinshasa",
    "CL": "America/Santiago",
    "CN": "Asia/Shanghai",
    "ES": "Europe/Madrid",
    "ID": "Asia/Jakarta",
    "KZ": "Asia/Almaty",
    "MX": "America/Mexico_City",
    "MY": "Asia/Kuala_Lumpur",
    "NZ": "Pacific/Auckland",
    "PT": "Europe/Lisbon",
    "RU": "Europe/Moscow",
    "UA": "Europe/Kyiv",
    "US": "America/New_York",
}
"""Where most people of a country with several zones live; others have the first of zone.tab."""


def calendars(home: str, home_zone: str) -> Callable[[str], Calendar]:
    """Return the calendar of a destination; where none is named, ``home``'s.

    ``home`` is an ISO 3166 code, ``home_zone`` the IANA zone of the shop, used for its own country.
    """

    def calendar_of(country: str) -> Calendar:
        code = country.upper() or home
        zone = home_zone if code == home else zone_of(code)
        return calendar_for(code, zone, YEARS)

    return calendar_of


@lru_cache(maxsize=256)
def calendar_for(country: str, zone: str, years: range) -> Calendar:
    """Return the working days of ``country`` in ``years``: its weekdays less public holidays.

    Countries that the library does not know have weekends, Saturday and Sunday, only. The result
    depends on the version of the library; the requirement files pin it.
    """
    first, end = date(years.start, 1, 1), date(years.stop, 1, 1)
    days = [first + timedelta(days=i) for i in range((end - first).days + 1)]
    here = ZoneInfo(zone)
    midnights = [round(_midnight(day, here).timestamp() * 1000) for day in days]
    closed, weekend = _closed(country, years)
    off = [place for place, day in enumerate(days[:-1]) if day in closed]
    known = calendar(np.array(midnights), first.weekday(), off, weekend)
    return _between_weekdays(known)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone)


def _closed(country: str, years: range) -> tuple[frozenset[date], tuple[int, ...]]:
    """Return the public holidays of ``country`` and its weekend, counted from Monday, 0."""
    import holidays  # noqa: PLC0415 - half a second, paid only when a country is asked for

    if country not in holidays.list_supported_countries():
        return frozenset(), (5, 6)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some countries' holidays are known for fewer years
        found = holidays.country_holidays(country, years=years)
    return frozenset(found), tuple(sorted(found.weekend))


def _between_weekdays(known: Calendar) -> Calendar:
    """Return ``known`` with Monday to Friday in UTC before and after."""
    before = WEEKDAYS.ends <= known.starts[0]
    after = WEEKDAYS.starts >= known.ends[-1]
    return Calendar(
        np.concatenate((WEEKDAYS.starts[before], known.starts, WEEKDAYS.starts[after])),
        np.concatenate((WEEKDAYS.ends[before], known.ends, WEEKDAYS.ends[after])),
    )


def zone_of(country: str) -> str:
    """Return the IANA zone in which most of ``country`` lives; UTC where it is unknown."""
    return MAIN_ZONE.get(country) or _zones().get(country, "UTC")


@lru_cache(maxsize=1)
def _zones() -> dict[str, str]:
    """Return the first zone of each country in the time-zone database's zone.tab."""
    text = (resources.files("tzdata") / "zoneinfo" / "zone.tab").read_text("utf-8")
    rows = [line.split("\t") for line in text.splitlines() if not line.startswith("#")]
    return {country: zone for country, _, zone, *_ in reversed(rows)}


def as_setting(value: Quantity, default: object) -> object:
    """Return ``value`` as a detector with ``default`` takes it; TypeError if it does not."""
    if isinstance(default, timedelta | BusinessDays):
        if isinstance(value, WrittenDays):
            return BusinessDays(value.days)
        if isinstance(value, timedelta):
            return value
    elif type(value) is type(default) or (type(default) is float and type(value) is int):
        return value
    raise TypeError(f"{_written(value)} is not of the kind of the default, {_written(default)}")


def _written(value: object) -> str:
    """Return ``value`` as a playbook writes it."""
    return span_text(value) if isinstance(value, timedelta) else str(value)


def on_calendars(detector: Any, calendar_of: Callable[[str], Calendar]) -> Any:  # noqa: ANN401 - each detector is a type of its own
    """Return ``detector`` with its business days counted on the calendars of ``calendar_of``."""
    spans = {field.name: getattr(detector, field.name) for field in fields(detector)}
    bound = {
        name: replace(span, calendar_of=calendar_of)
        for name, span in spans.items()
        if isinstance(span, BusinessDays)
    }
    return replace(detector, **bound) if bound else detector
