"""The shapes in which events arrive: flat JSON, CloudEvents envelopes, mapped foreign objects."""

from enum import StrEnum
from typing import Final, Protocol

import msgspec

from schemas.checks import Fault
from schemas.events import AnyEvent, Event


class Form(StrEnum):
    """How a record is laid out; ``AUTO`` tells envelopes from flat records by ``specversion``."""

    AUTO = "auto"
    FLAT = "flat"
    CLOUDEVENTS = "cloudevents"


class Reader(Protocol):
    """Turns bytes of one form into events; raises one of ``reasons.UNREADABLE`` where it cannot."""

    def lines(self, text: bytes) -> list[Event]:
        """Return the events of JSON Lines ``text``."""

    def one(self, record: bytes) -> Event:
        """Return the event in one JSON ``record``."""

    def at_sender(self, fault: Fault) -> Fault:
        """Return a ``fault`` of an event in terms of the record as it was sent."""


class Flat:
    """Reads events whose fields stand at the top level of the record."""

    def lines(self, text: bytes) -> list[Event]:
        """Return the events of JSON Lines ``text``."""
        return _FLAT.decode_lines(text)

    def one(self, record: bytes) -> Event:
        """Return the event in one JSON ``record``."""
        return _FLAT.decode(record)

    def at_sender(self, fault: Fault) -> Fault:
        """Return ``fault`` as it is: the record is the event."""
        return fault


_FLAT: Final[msgspec.json.Decoder[Event]] = msgspec.json.Decoder(AnyEvent)
