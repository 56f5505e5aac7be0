"""Why bytes are no event, in words a sender can act on."""

import difflib
import re
from typing import Final

import msgspec

from schemas.checks import Fault
from schemas.events import EVENT_TYPES

UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""All that decoding raises for bad bytes."""

_AT: Final = re.compile(r" - at `(?P<path>[^`]*)`$")
_TYPE: Final = re.compile(r"^Invalid value '(?P<type>.*)'$", re.DOTALL)
_MISSING: Final = re.compile(r"^Object missing required field `(?P<name>[^`]*)`$")


def explain(error: Exception) -> Fault:
    """Return path and reason of what the decoder raised (one of ``UNREADABLE``)."""
    if isinstance(error, UnicodeDecodeError):
        return Fault("$", f"invalid UTF-8: {error.reason}")
    if isinstance(error, RecursionError):
        return Fault("$", "nested too deeply")
    message = str(error)
    found = _AT.search(message)
    path = found["path"] if found else "$"
    return _in_words(path, message[: found.start()] if found else message)


def unknown_type(name: str) -> str:
    """Return the reason for an unknown event type, with the names that look like it."""
    close = difflib.get_close_matches(name[:80], EVENT_TYPES, n=3)
    hint = f"; did you mean {' or '.join(close)}?" if close else ""
    return f"unknown event type {name[:80]!r}{hint}"


def _in_words(path: str, message: str) -> Fault:
    missing, invalid = _MISSING.match(message), _TYPE.match(message)
    if missing:
        return Fault(f"{path}.{missing['name']}", "missing")
    if invalid and path.endswith(".type"):
        return Fault(path, unknown_type(invalid["type"]))
    return Fault(path, message)
