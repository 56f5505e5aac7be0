"""A Hypothesis strategy for any valid event of any type, drawn from the types themselves."""

from collections.abc import Callable
from typing import Final, TypeVar

import msgspec
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from msgspec import inspect
from msgspec.structs import replace

from schemas.checks import FREE_TEXT, STAMPS
from schemas.events import EVENT_TYPES, ContactEvent, Event
from schemas.times import NEVER, iso

_Struct = TypeVar("_Struct", bound=msgspec.Struct)

STAMPS_TEXT: Final = st.integers(0, NEVER - 1).map(iso)
"""Any time that Andon can hold, canonical."""

AMOUNTS: Final = st.integers(0, 10**9).map(str)
"""Amounts that every currency can hold."""

_CURRENCIES: Final = st.sampled_from(("EUR", "USD", "BRL", "VND", "JPY", "KWD"))
_ANY: Final = st.characters(codec="utf-8")
_CLEAN: Final = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"))
_AMOUNT_FIELDS: Final = frozenset({"unit_price", "shipping_fee", "amount", "price"})


def events() -> SearchStrategy[Event]:
    """Draw any valid event, with the odd characters that senders really send."""
    return st.one_of([_structs(kind) for kind in EVENT_TYPES.values()]).map(_keyed)


def _structs(kind: type[_Struct]) -> SearchStrategy[_Struct]:
    shape = inspect.type_info(kind)
    if not isinstance(shape, inspect.StructType):  # pragma: no cover - every event is a struct
        raise TypeError(kind)
    required = {field.name: _field(field) for field in shape.fields if field.required}
    optional = {field.name: _field(field) for field in shape.fields if not field.required}
    drawn = st.fixed_dictionaries(required, optional=optional)
    return drawn.map(lambda fields: kind(**fields))


def _field(field: inspect.Field) -> SearchStrategy[object]:
    if field.name in STAMPS:
        return STAMPS_TEXT if field.required else st.just("") | STAMPS_TEXT
    if field.name == "currency":
        return _CURRENCIES
    if field.name in _AMOUNT_FIELDS:
        return AMOUNTS if field.required else st.just("") | AMOUNTS
    return _values(field.type, _ANY if field.name in FREE_TEXT else _CLEAN)


def _values(shape: inspect.Type, letters: SearchStrategy[str]) -> SearchStrategy[object]:
    return _VALUES[type(shape)](shape, letters)


def _texts(shape: inspect.StrType, letters: SearchStrategy[str]) -> SearchStrategy[object]:
    return st.text(letters, min_size=shape.min_length or 0, max_size=12)


def _integers(shape: inspect.IntType, _: SearchStrategy[str]) -> SearchStrategy[object]:
    return st.integers(shape.ge, shape.le if shape.le is not None else 10**6)


def _lists(shape: inspect.ListType, letters: SearchStrategy[str]) -> SearchStrategy[object]:
    items = _values(shape.item_type, letters)
    return st.lists(items, min_size=shape.min_length or 0, max_size=3)


def _options(shape: inspect.UnionType, letters: SearchStrategy[str]) -> SearchStrategy[object]:
    return st.one_of([_values(option, letters) for option in shape.types])


_VALUES: Final[dict[type[inspect.Type], Callable[..., SearchStrategy[object]]]] = {
    inspect.StrType: _texts,
    inspect.IntType: _integers,
    inspect.BoolType: lambda *_: st.booleans(),
    inspect.NoneType: lambda *_: st.none(),
    inspect.ListType: _lists,
    inspect.StructType: lambda shape, _: _structs(shape.cls),
    inspect.UnionType: _options,
}


def _keyed(event: Event) -> Event:
    if isinstance(event, ContactEvent) and not (event.order_id or event.customer_id):
        return replace(event, customer_id="c-1")
    return event
