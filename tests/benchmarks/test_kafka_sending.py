"""Recordings made into traffic of today, or of a later year."""

from datetime import date
from pathlib import Path

from andon.simulate import simulate
from benchmarks.kafka_sending import as_of_now, days_later, happening_now
from schemas.codec import Decoder
from schemas.times import DAY, iso
from streams.addresses import Routes
from streams.embedded import wall_clock

TO = Routes("events", "catalogue", {"events": 4, "catalogue": 1})


def test_every_date_in_a_line_moves_by_the_same_days() -> None:
    text = b'{"time":"2025-02-28T01:02:03.000Z","ship_by":"2025-12-31T22:59:59.999Z"}'

    moved = b'{"time":"2025-03-01T01:02:03.000Z","ship_by":"2026-01-01T22:59:59.999Z"}'
    assert days_later(text, 1) == moved


def test_events_sent_live_happen_when_they_are_sent_and_promise_what_is_to_come(
    tmp_path: Path,
) -> None:
    text = simulate(20, 2, 1, tmp_path).events_path.read_bytes()
    now = wall_clock()
    records = happening_now(as_of_now(text, TO, date.fromisoformat(iso(now)[:10])))
    decoded = Decoder().decode_lines(b"\n".join(record.value for record in records))

    assert len(decoded.events) == len(text.splitlines()) == len(records)
    assert abs(int(decoded.recorded.min()) - now) < DAY
    assert {record.topic for record in records} <= {"events", "catalogue"}
