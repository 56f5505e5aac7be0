"""How single values of a playbook are written, and what an editor is told about them."""

from datetime import date, timedelta
from typing import Annotated, Final

from pydantic import BeforeValidator, Field, WithJsonSchema

from actions.quantities import (
    BUSINESS_DAYS_PATTERN,
    CLOCK_PATTERN,
    MONEY_PATTERN,
    SHARE_PATTERN,
    SPAN_PATTERN,
    Money,
    Share,
    money,
    share,
    span,
)

SPAN_SCHEMA: Final = {
    "type": "string",
    "pattern": SPAN_PATTERN,
    "examples": ["5m", "72h", "3d"],
}
MONEY_SCHEMA: Final = {"type": "string", "pattern": MONEY_PATTERN, "examples": ["5.00 USD"]}
SETTING_SCHEMA: Final = {
    "anyOf": [
        {"type": "string", "pattern": BUSINESS_DAYS_PATTERN, "examples": ["3bd"]},
        {"type": ["string", "number", "boolean"]},
    ]
}


def _span(written: object) -> timedelta:
    return written if isinstance(written, timedelta) else span(written)


Span = Annotated[timedelta, BeforeValidator(_span), WithJsonSchema(SPAN_SCHEMA)]
"""A duration as text: ``5m``, ``72h``, ``3d``."""

MoneyText = Annotated[Money, BeforeValidator(money), WithJsonSchema(MONEY_SCHEMA)]
"""An amount as text: ``5.00 USD``."""


ShareText = Annotated[
    Share,
    BeforeValidator(lambda written: written if isinstance(written, Share) else share(written)),
    WithJsonSchema({"type": "string", "pattern": SHARE_PATTERN, "examples": ["10%"]}),
]
"""A percentage as text: ``10%``."""

Clock = Annotated[str, Field(pattern=CLOCK_PATTERN, examples=["21:00"])]
"""A time of day by the shop's clock."""

Day = date
"""A day in the shop's time zone, such as 2026-11-20."""
