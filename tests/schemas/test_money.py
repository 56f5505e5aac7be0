from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.money import EXPONENTS, Malformed, minor_units


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("19.90", "EUR", 1990),
        ("19.9", "EUR", 1990),
        ("19", "EUR", 1900),
        ("0", "EUR", 0),
        ("0.01", "EUR", 1),
        ("007.50", "USD", 750),
        ("150000", "VND", 150_000),
        ("150000.00", "VND", 150_000),
        ("1200", "JPY", 1200),
        ("1.234", "KWD", 1234),
        ("1.2", "KWD", 1200),
        ("1.0001", "CLF", 10_001),
        ("999999999999999.99", "EUR", 99_999_999_999_999_999),
    ],
)
def test_amounts_become_minor_units_of_their_currency(
    amount: str, currency: str, minor: int
) -> None:
    assert minor_units(amount, currency) == minor


@pytest.mark.parametrize(
    ("amount", "currency", "reason"),
    [
        ("19.90", "EURO", "unknown currency 'EURO'"),
        ("19.90", "eur", "unknown currency 'eur'"),
        ("19.90", "", "unknown currency ''"),
        ("19.90", "XAU", "unknown currency 'XAU'"),
        ("", "EUR", "malformed amount ''"),
        ("-1", "EUR", "malformed amount '-1'"),
        ("+1", "EUR", "malformed amount"),
        ("1,50", "EUR", "malformed amount"),
        ("1e3", "EUR", "malformed amount"),
        (".5", "EUR", "malformed amount"),
        ("5.", "EUR", "malformed amount"),
        (" 5", "EUR", "malformed amount"),
        ("\uff15", "EUR", "malformed amount"),
        ("NaN", "EUR", "malformed amount"),
        ("1000000000000000", "EUR", "malformed amount"),
        ("0.001", "EUR", "finer than the 2 decimals of EUR"),
        ("0.5", "VND", "finer than the 0 decimals of VND"),
        ("0.0001", "KWD", "finer than the 3 decimals of KWD"),
    ],
)
def test_what_is_no_amount_is_refused_with_its_reason(
    amount: str, currency: str, reason: str
) -> None:
    with pytest.raises(Malformed, match=reason):
        minor_units(amount, currency)


@given(st.sampled_from(sorted(EXPONENTS)), st.integers(0, 10**15 - 1))
def test_minor_units_agree_with_decimal_arithmetic(currency: str, minor: int) -> None:
    amount = Decimal(minor).scaleb(-EXPONENTS[currency])

    assert minor_units(f"{amount:f}", currency) == minor
