"""Money at the edge: a decimal string and an ISO 4217 code; inside, integer minor units.

The number of decimals differs by currency: 100 minor units make a euro, one makes a dong, 1000 a
Kuwaiti dinar.
"""

import re
from functools import lru_cache
from typing import Final

_TWO_DECIMALS: Final = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF
CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ
GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD
MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON
RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS
UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG
"""

_NO_DECIMALS: Final = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE_DECIMALS: Final = "BHD IQD JOD KWD LYD OMR TND"
_FOUR_DECIMALS: Final = "CLF UYW"

EXPONENTS: Final[dict[str, int]] = {
    code: decimals
    for codes, decimals in (
        (_TWO_DECIMALS, 2),
        (_NO_DECIMALS, 0),
        (_THREE_DECIMALS, 3),
        (_FOUR_DECIMALS, 4),
    )
    for code in codes.split()
}
"""Decimals of every ISO 4217 currency; metals, funds and test codes have none and are left out."""

_AMOUNT: Final = re.compile(r"(\d{1,15})(?:\.(\d+))?", re.ASCII)


class Malformed(ValueError):  # noqa: N818 - the house names errors by what is wrong
    """An amount or currency the sender must correct; the message says which and why."""


@lru_cache(maxsize=65_536)
def minor_units(amount: str, currency: str) -> int:
    """Return ``amount`` (such as ``"19.90"``) in minor units of ``currency`` (1990 for EUR).

    Raises:
        Malformed: the currency is none of ISO 4217, the amount is no plain decimal that is zero or
            more with at most 15 digits before the point, or it is finer than the currency's minor
            unit (trailing zeros are fine).
    """
    exponent = EXPONENTS.get(currency)
    if exponent is None:
        raise Malformed(f"unknown currency {currency!r}: no ISO 4217 code")
    found = _AMOUNT.fullmatch(amount)
    if found is None:
        raise Malformed(f'malformed amount {amount!r}: expected a decimal such as "19.90"')
    whole, fraction = found[1], (found[2] or "").rstrip("0")
    if len(fraction) > exponent:
        raise Malformed(f"amount {amount!r} is finer than the {exponent} decimals of {currency}")
    return int(whole + fraction.ljust(exponent, "0"))
