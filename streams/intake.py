"""Intake: where a record gets its one ``recorded_at``, or is turned away with a reason.

Live, ``recorded_at`` is the moment of receipt and never goes back within one journal; what a sender
claims in ``recordedtime`` is not believed. In a *recording* it is believed, because the recording
itself was stamped once, by whoever made it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np

from schemas.codec import Decoded, Decoder, Rejected, encode
from schemas.events import Event
from schemas.times import MINUTE, Flags, Times, iso
from streams.journal import Entry, Refusal

FUTURE_TOLERANCE: Final = 5 * MINUTE
"""A stamp further ahead of the wall clock would fire every timer for good: it is quarantined."""

JSON_LINES: Final = "application/x-ndjson"
"""The content type of one JSON value per line."""

JSON: Final = "application/json"
"""The content type of one event, or of an array of them."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """Bytes that arrived together: from where, in which content type."""

    body: bytes
    content_type: str
    origin: str
    trace: Sequence[tuple[str, bytes]] = ()
    """Headers that say in which trace it came; none outside of one."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one delivery: aligned events, times and journal entries, and refusals."""

    events: list[Event]
    occurred: Times
    recorded: Times
    entries: list[Entry]
    refusals: list[Refusal]


class Intake:
    """Decodes, stamps and quarantines; remembers only the newest stamp it gave."""

    def __init__(self, decoder: Decoder, floor: int, *, recording: bool = False) -> None:
        """Start after ``floor`` (ms UTC); believe senders' ``recordedtime`` if ``recording``."""
        self._decoder = decoder
        self._floor = floor
        self._recording = recording

    @property
    def floor(self) -> int:
        """Earliest stamp (ms UTC) the next event may bear."""
        return self._floor

    def raise_floor(self, clock: int) -> None:
        """Give no stamp before ``clock`` (ms UTC) from now on: it was decided up to there."""
        self._floor = max(self._floor, clock)

    def take(self, delivery: Delivery, now: int) -> Taken:
        """Decode ``delivery``, received at ``now`` (ms UTC by the wall clock), and stamp it."""
        decoded = _decoded(self._decoder, delivery)
        ahead = self._ahead(decoded, now)
        refusals = [*decoded.rejected, *_quarantined(decoded, ahead, now)]
        return self._stamp(decoded, ~ahead, now, _kept(refusals, delivery.origin, now))

    def _ahead(self, decoded: Decoded, now: int) -> Flags:
        claimed = decoded.recorded if self._recording else decoded.occurred
        return claimed > now + FUTURE_TOLERANCE

    def _stamp(self, decoded: Decoded, kept: Flags, now: int, refusals: list[Refusal]) -> Taken:
        recorded = self._recorded(decoded.recorded[kept], now)
        events = [decoded.events[i] for i in np.flatnonzero(kept)]
        entries = _entries(events, recorded)
        return Taken(events, decoded.occurred[kept], recorded, entries, refusals)

    def _recorded(self, claimed: Times, now: int) -> Times:
        received = np.full_like(claimed, now)
        stamps = np.maximum.accumulate(
            np.maximum(claimed if self._recording else received, self._floor)
        )
        self._floor = int(stamps[-1]) if stamps.size else self._floor
        return stamps


FILED_UNDER: Final = (
    ("order_id", ""),
    ("customer_id", "customer "),
    ("sku", "sku "),
    ("seller_id", "seller "),
)
"""Fields in the order in which one is looked for, and what is put before it."""


def received(decoder: Decoder, delivery: Delivery, now: int) -> tuple[list[Event], list[Refusal]]:
    """Return the events of a ``delivery`` at ``now`` (ms UTC) and its refusals, for another log.

    That log stamps them: what a sender claims in ``recordedtime`` is taken off.
    """
    decoded = _decoded(decoder, delivery)
    ahead = decoded.occurred > now + FUTURE_TOLERANCE
    refusals = [*decoded.rejected, *_quarantined(decoded, ahead, now)]
    events = [_stamped(decoded.events[i], "") for i in np.flatnonzero(~ahead)]
    return events, _kept(refusals, delivery.origin, now)


def _decoded(decoder: Decoder, delivery: Delivery) -> Decoded:
    if delivery.content_type == JSON_LINES:
        return decoder.decode_lines(delivery.body)
    return decoder.decode_body(delivery.body, delivery.content_type)


def order_key(event: Event) -> str:
    """Return what the event is filed under: its order, else whom or what it names, prefixed."""
    for field, prefix in FILED_UNDER:
        if value := getattr(event, field, ""):
            return f"{prefix}{value}"
    return ""


def _entries(events: Sequence[Event], recorded: Times) -> list[Entry]:
    texts = np.datetime_as_string(recorded.astype("M8[ms]"), timezone="UTC").tolist()
    return [
        Entry(stamp, order_key(event), encode(_stamped(event, text)))
        for event, stamp, text in zip(events, recorded.tolist(), texts, strict=True)
    ]


def _stamped(event: Event, recordedtime: str) -> Event:
    if event.recordedtime == recordedtime:
        return event
    return msgspec.structs.replace(event, recordedtime=recordedtime)


def _quarantined(decoded: Decoded, ahead: Flags, now: int) -> list[Rejected]:
    """Return the events that claim a time ahead of the clock, as rejected records."""
    if not ahead.any():
        return []
    positions = _positions(decoded)
    reason = f"is more than 5 minutes after the clock here ({iso(now)})"
    return [
        Rejected(positions[i], "$.time", f"{_claim(event)} {reason}", encode(event))
        for i in np.flatnonzero(ahead).tolist()
        for event in (decoded.events[i],)
    ]


def _claim(event: Event) -> str:
    return event.recordedtime or event.time


def _positions(decoded: Decoded) -> list[int]:
    """Return each event's index in the input: the indexes that no rejected record has."""
    gaps = {rejected.position for rejected in decoded.rejected}
    total = len(decoded.events) + len(gaps)
    return [index for index in range(total) if index not in gaps]


def _kept(rejected: Sequence[Rejected], origin: str, now: int) -> list[Refusal]:
    ordered = sorted(rejected, key=lambda one: one.position)
    return [Refusal(now, origin, r.position, r.path, r.reason, r.raw) for r in ordered]
