"""CloudEvents 1.0 in structured JSON: the envelope around an event, read and written.

Every event type has an envelope struct, generated from its flat struct, whose ``data`` is decoded
straight into the event: nothing passes through a dictionary.
"""

from typing import Annotated, Final, Literal, Union

import msgspec
from msgspec.structs import force_setattr

from schemas.checks import Fault
from schemas.events import EVENT_TYPES, TYPE_NAME, Event, Id

ATTRIBUTES: Final = frozenset(Event.__struct_fields__)
"""Fields of an event that stand in the envelope; all others stand in ``data``."""

_IN_ENVELOPE: Final = {*ATTRIBUTES, "data", "specversion", "type"}
_INSTEAD_OF_SOURCE: Final = "/"
_SUBJECTS: Final = ("order_id", "customer_id", "sku")
_ENCODER: Final = msgspec.json.Encoder()


class Envelope(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The attributes of CloudEvents that Andon reads; unknown extensions are ignored.

    ``time`` is optional in CloudEvents, and missed later with a reason of its own.
    """

    specversion: Literal["1.0"]
    id: Id
    source: Annotated[str, msgspec.Meta(min_length=1)]
    time: str = ""
    recordedtime: str = ""


class CloudEvents:
    """Reads structured CloudEvents."""

    def lines(self, text: bytes) -> list[Event]:
        """Return the events of ``text`` with one envelope per line."""
        return list(map(_unwrapped, _ENVELOPES.decode_lines(text)))

    def one(self, record: bytes) -> Event:
        """Return the event in one envelope."""
        return _unwrapped(_ENVELOPES.decode(record))

    def at_sender(self, fault: Fault) -> Fault:
        """Return ``fault`` with its path in the envelope."""
        name = fault.path.removeprefix("$").removeprefix(".").partition(".")[0]
        if not name or name in _IN_ENVELOPE:
            return fault
        return fault._replace(path=fault.path.replace("$", "$.data", 1))


def wrap(event: Event) -> bytes:
    """Return ``event`` as one structured CloudEvent, on one line without the line break."""
    fields = msgspec.to_builtins(event)
    clocks = {name: fields.pop(name) for name in ("time", "recordedtime") if name in fields}
    envelope = {
        "specversion": "1.0",
        "id": fields.pop("id"),
        "source": fields.pop("source", _INSTEAD_OF_SOURCE),
        "type": fields.pop("type"),
        **clocks,
        **_subject(fields),
        "datacontenttype": "application/json",
        "data": fields,
    }
    return _ENCODER.encode(envelope)


def _subject(fields: dict[str, str]) -> dict[str, str]:
    """Return the key the event's topic is sorted by: order, else customer, else SKU."""
    keys = [fields[name] for name in _SUBJECTS if fields.get(name)]
    return {"subject": keys[0]} if keys else {}


def _unwrapped(envelope: msgspec.Struct) -> Event:
    """Return the event in ``envelope``, completed with the envelope's attributes.

    ``data`` was decoded into a twin of the event's class that asks for no attributes. Twins have
    the same layout, so the value becomes the event itself: copying would cost three times as much.
    """
    event: Event = envelope.data  # type: ignore[attr-defined]  # generated below
    for name in Event.__struct_fields__:
        force_setattr(event, name, getattr(envelope, name))
    force_setattr(event, "__class__", _FLAT_OF[type(event)])
    return event


def _twin(kind: type[Event]) -> type[Event]:
    """Return ``kind`` without its tag, its attributes optional and out of a sender's way."""
    out_of_the_way = {name: f"envelope:{name}" for name in ATTRIBUTES}
    twin = msgspec.defstruct(
        kind.__name__,
        [(name, str, "") for name in Event.__struct_fields__],
        bases=(kind,),
        rename=out_of_the_way,
        tag=False,
        frozen=True,
        gc=False,
        kw_only=True,
    )
    _FLAT_OF[twin] = kind
    return twin  # type: ignore[return-value]  # it is a subclass of kind


def _envelope(kind: type[Event]) -> type[Envelope]:
    return msgspec.defstruct(  # type: ignore[return-value]  # it is a subclass of Envelope
        f"{kind.__name__}Envelope",
        [("data", _twin(kind))],
        bases=(Envelope,),
        tag=TYPE_NAME[kind],
        tag_field="type",
        frozen=True,
        gc=False,
        kw_only=True,
    )


_FLAT_OF: Final[dict[type[msgspec.Struct], type[Event]]] = {}
_KINDS: Final = tuple(map(_envelope, EVENT_TYPES.values()))
_ENVELOPES: Final[msgspec.json.Decoder[Envelope]] = msgspec.json.Decoder(
    Union[_KINDS]  # noqa: UP007 - the members are known only when the module runs
)
