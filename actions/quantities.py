"""Durations, business days and money as an operations team writes them: 72h, 3bd, 5.00 USD."""

import re
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Final

from schemas.money import EXPONENTS, minor_units

UNITS: Final = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
"""Units of a duration; a day is 24 hours (``bd`` counts days of a calendar instead)."""

SPAN_PATTERN: Final = r"^(\d+(ms|s|m|h|d|w))+$"
BUSINESS_DAYS_PATTERN: Final = r"^\d+bd$"
MONEY_PATTERN: Final = r"^\d+(\.\d+)? [A-Z]{3}$"
SHARE_PATTERN: Final = r"^\d+(\.\d{1,2})?%$"
CLOCK_PATTERN: Final = r"^([01]\d|2[0-3]):[0-5]\d$"


@dataclass(frozen=True, slots=True)
class BusinessDays:
    """Days on which the destination's calendar works."""

    days: int

    def __str__(self) -> str:
        return f"{self.days}bd"


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in integer minor units of an ISO 4217 currency."""

    minor: int
    currency: str

    def __str__(self) -> str:
        digits = EXPONENTS[self.currency]
        return f"{Decimal(self.minor).scaleb(-digits):.{digits}f} {self.currency}"


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole in basis points: 250 are 2.5 %."""

    basis_points: int

    def __str__(self) -> str:
        return f"{Decimal(self.basis_points).scaleb(-2).normalize():f}%"

    def of(self, whole: int) -> int:
        """Return the share of ``whole``, rounded down."""
        return whole * self.basis_points // ALL.basis_points


ALL: Final = Share(10_000)
"""The whole."""

Quantity = timedelta | BusinessDays | Money | bool | int | float | str
"""A parameter as a detector takes it."""


def span(text: object) -> timedelta:
    """Return the duration that ``text`` names (``72h``, ``1d12h``); else ValueError says why."""
    if not isinstance(text, str) or not re.match(SPAN_PATTERN, text):
        raise ValueError(f"{text!r} is no duration: write a number and a unit, such as 5m, 72h, 3d")
    parts = re.findall(r"(\d+)(ms|s|m|h|d|w)", text)
    return sum((int(number) * UNITS[unit] for number, unit in parts), timedelta())


def span_text(duration: timedelta) -> str:
    """Return ``duration`` in the largest unit that divides it: 48 hours are ``2d``."""
    for unit in ("d", "h", "m", "s"):
        if duration % UNITS[unit] == timedelta():
            return f"{duration // UNITS[unit]}{unit}"
    return f"{duration // UNITS['ms']}ms"


def money(text: object) -> Money:
    """Return the amount that ``text`` names (``5.00 USD``); ValueError says what is wrong."""
    if not isinstance(text, str) or not re.match(MONEY_PATTERN, text):
        raise ValueError(f"{text!r} is no amount: write a number and a currency, such as 5.00 USD")
    amount, currency = text.split()
    return Money(minor_units(amount, currency), currency)


def share(text: object) -> Share:
    """Return the share that ``text`` names (``10%``, ``0.5%``); ValueError says what is wrong."""
    if not isinstance(text, str) or not re.match(SHARE_PATTERN, text):
        raise ValueError(f"{text!r} is no share: write a percentage, such as 10% or 0.5%")
    found = Share(int(Decimal(text.removesuffix("%")).scaleb(2)))
    if found.basis_points > ALL.basis_points:
        raise ValueError(f"{text} is more than all: write 100% or less")
    return found


def quantity(value: object) -> Quantity:
    """Return a parameter by the look of it: a duration, business days, money, a number or text."""
    if isinstance(value, str):
        return _by_look(value)
    if isinstance(value, bool | int | float):
        return value
    raise ValueError(f"{value!r} is no parameter: write a duration, an amount, a number or text")


def _by_look(text: str) -> Quantity:
    if re.match(SPAN_PATTERN, text):
        return span(text)
    if re.match(BUSINESS_DAYS_PATTERN, text):
        return BusinessDays(int(text.removesuffix("bd")))
    return money(text) if re.match(MONEY_PATTERN, text) else text
