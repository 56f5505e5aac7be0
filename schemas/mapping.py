"""Foreign JSON objects read as events: which JSON pointer becomes which field.

A mapping in YAML, here for orders that come one to an object::

    type: order.placed
    fields:                          # field of the event: JSON pointer (RFC 6901) in the object
      id: /uuid
      time: /created_at
      order_id: /number
      customer_id: /buyer/id
      currency: /total/currency
      destination.country: /ship_to/country
    lists:                           # one element of the list, one line of the event
      lines:
        from: /items
        fields: {line_id: /position, sku: /article, quantity: /count}
    constants:                       # the same in every event
      source: /shops/berlin

Numbers may stand where text is expected, such as an order number, or the other way round. A pointer
that leads nowhere, or to ``null``, leaves its field out.
"""

import re
from collections.abc import Iterable
from collections.abc import Mapping as Fields
from functools import lru_cache
from typing import Final

import msgspec
from msgspec import inspect

from schemas.checks import Fault
from schemas.events import EVENT_TYPES, Event
from schemas.reasons import unknown_type

Plain = dict[str, object]

_FOREIGN: Final = msgspec.json.Decoder(float_hook=str)
_IN_LIST: Final = re.compile(r"\$\.(?P<list>\w+)\[(?P<index>\d+)\]\.?(?P<field>.*)")


class MappingError(ValueError):
    """A mapping its author must correct: unknown type or field, or a required field left out."""


class ListMapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a list stands (``from``), and where the fields of its elements stand in each."""

    source: str = msgspec.field(name="from")
    fields: dict[str, str]


class Mapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which part of a foreign object becomes which field of one event type.

    Raises:
        MappingError: the mapping could never produce an event.
    """

    type: str
    fields: dict[str, str]
    lists: dict[str, ListMapping] = {}
    constants: dict[str, str | int | bool] = {}

    def __post_init__(self) -> None:
        kind = EVENT_TYPES.get(self.type)
        if kind is None:
            raise MappingError(unknown_type(self.type))
        _check_names(self.type, kind, {*self.fields, *self.constants, *self.lists})
        for name, each in self.lists.items():
            _check_names(f"{self.type}: {name}", _line_type(kind, name), set(each.fields))
            _check_pointers((each.source, *each.fields.values()))
        _check_pointers(self.fields.values())

    @classmethod
    def from_plain(cls, plain: object) -> "Mapping":
        """Return the mapping in ``plain`` (dicts and lists, as YAML or JSON give them)."""
        try:
            return msgspec.convert(plain, cls)
        except msgspec.ValidationError as error:
            raise MappingError(str(error)) from error

    @classmethod
    def from_yaml(cls, text: str | bytes) -> "Mapping":
        """Return the mapping written in YAML."""
        try:
            return cls.from_plain(msgspec.yaml.decode(text))
        except msgspec.DecodeError as error:
            raise MappingError(str(error)) from error


class Mapped:
    """Reads records of one foreign shape by a :class:`Mapping`."""

    def __init__(self, mapping: Mapping) -> None:
        self._mapping = mapping
        self._kind = EVENT_TYPES[mapping.type]

    def lines(self, text: bytes) -> list[Event]:
        """Return the events of JSON Lines ``text``."""
        return list(map(self._event, _FOREIGN.decode_lines(text)))

    def one(self, record: bytes) -> Event:
        """Return the event in one JSON ``record``."""
        return self._event(_FOREIGN.decode(record))

    def at_sender(self, fault: Fault) -> Fault:
        """Return ``fault`` with its pointer in the foreign object beside the path in the event."""
        pointer = self._pointer(fault.path)
        return fault._replace(reason=f"{fault.reason} (read from {pointer})") if pointer else fault

    def _event(self, foreign: object) -> Event:
        mapping = self._mapping
        event = _fill({"type": mapping.type}, mapping.fields, foreign)
        for name, value in mapping.constants.items():
            _put(event, name, value)
        for name, each in mapping.lists.items():
            _put(event, name, _lines(each, _pick(foreign, each.source)))
        made: Event = msgspec.convert(event, self._kind, strict=False)
        return made

    def _pointer(self, path: str) -> str | None:
        """Return the JSON pointer that the value at ``path`` of the event was read from."""
        found, name = _IN_LIST.fullmatch(path), path.removeprefix("$.")
        each = self._mapping.lists.get(found["list"] if found else name)
        if each is None:
            return self._mapping.fields.get(name)
        return (
            f"{each.source}/{found['index']}{each.fields.get(found['field'], '')}"
            if found
            else each.source
        )


def _fill(target: Plain, fields: Fields[str, str], foreign: object) -> Plain:
    for name, pointer in fields.items():
        _put(target, name, _pick(foreign, pointer))
    return target


def _lines(each: ListMapping, elements: object) -> object:
    if not isinstance(elements, list):
        return elements
    return [_fill({}, each.fields, element) for element in elements]


def _put(target: Plain, name: str, value: object) -> None:
    """Set ``name``, where a dot leads into a nested object, unless there is no value."""
    if value is None:
        return
    outer, _, inner = name.partition(".")
    if not inner:
        target[name] = str(value) if isinstance(value, int) else value
        return
    nested = target.setdefault(outer, {})
    if isinstance(nested, dict):
        _put(nested, inner, value)


def _pick(foreign: object, pointer: str) -> object:
    """Return what ``pointer`` leads to in ``foreign``; ``None`` where that is nothing."""
    for step in _steps(pointer):
        if isinstance(foreign, dict):
            foreign = foreign.get(step)
        elif isinstance(foreign, list) and step.isdecimal() and int(step) < len(foreign):
            foreign = foreign[int(step)]
        else:
            return None
    return foreign


@lru_cache(maxsize=1024)
def _steps(pointer: str) -> tuple[str, ...]:
    steps = pointer.split("/")[1:]
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in steps)


def _check_names(where: str, kind: type[msgspec.Struct], names: set[str]) -> None:
    """Refuse names that are no fields of ``kind``, and the lack of required ones."""
    outer = {name.partition(".")[0] for name in names}
    fields = {field.name: field.required for field in msgspec.structs.fields(kind)}
    unknown = outer - fields.keys()
    if unknown:
        raise MappingError(f"{where} has no field {', '.join(sorted(unknown))}")
    missing = {name for name, required in fields.items() if required} - outer
    if missing:
        raise MappingError(f"{where} needs {', '.join(sorted(missing))}")


def _check_pointers(pointers: Iterable[str]) -> None:
    for pointer in pointers:
        if pointer and not pointer.startswith("/"):
            raise MappingError(f"{pointer!r} is no JSON pointer: it must start with a slash")


def _line_type(kind: type[msgspec.Struct], name: str) -> type[msgspec.Struct]:
    """Return the struct that the list ``name`` of ``kind`` holds."""
    fields = {field.name: field.type for field in msgspec.structs.fields(kind)}
    found = inspect.type_info(fields[name])
    for option in found.types if isinstance(found, inspect.UnionType) else (found,):
        item = option.item_type if isinstance(option, inspect.ListType) else None
        if isinstance(item, inspect.StructType):
            return item.cls
    raise MappingError(f"{name} is no list")
