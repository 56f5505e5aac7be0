from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from schemas.cloudevents import wrap
from schemas.codec import Decoded, Decoder, Form, encode
from schemas.events import TYPE_NAME, Event
from schemas.testing import (
    BUILDERS,
    a_contact,
    a_price,
    a_scan,
    an_answer,
    an_order,
    as_lines,
    at,
    at_ms,
)
from schemas.testing.arbitrary import events

ORDER = an_order(source="/shops/berlin")
ENVELOPE = wrap(ORDER)


def decode(text: bytes) -> Decoded:
    return Decoder().decode_lines(text)


def by_the_standard_sdk(event: Event, **extensions: str) -> bytes:
    """Return ``event`` as the CloudEvents project's own package writes it."""
    fields = msgspec.to_builtins(event)
    time = datetime.fromisoformat(fields.pop("time"))
    names = ("id", "source", "type", "recordedtime")
    attributes = {name: fields.pop(name) for name in names if name in fields}
    attributes |= {"specversion": "1.0", "time": time, **extensions}
    return JSONFormat().write(CloudEvent(attributes, fields))


@given(events().filter(lambda event: bool(event.source)))
def test_what_the_standard_sdk_writes_decodes_to_the_event(event: Event) -> None:
    decoded = decode(by_the_standard_sdk(event))

    time = decoded.events[0].time
    assert [replace(found, time=event.time) for found in decoded.events] == [event]
    assert datetime.fromisoformat(time) == datetime.fromisoformat(event.time)
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(decoded.occurred[0]))
    assert moment == datetime.fromisoformat(event.time)


@given(events().filter(lambda event: bool(event.source)))
def test_the_standard_sdk_reads_what_is_written(event: Event) -> None:
    read = JSONFormat().read(None, wrap(event))

    assert read.get_id() == event.id
    assert read.get_source() == event.source
    assert read.get_type() == TYPE_NAME[type(event)]
    assert read.get_time() == datetime.fromisoformat(event.time)


@given(st.lists(events()))
def test_an_event_is_the_same_flat_or_in_an_envelope(found: list[Event]) -> None:
    sourced = [replace(event, source=event.source or "/") for event in found]

    decoded = decode(b"\n".join(map(wrap, sourced)))

    assert decoded.events == decode(as_lines(sourced)).events == sourced
    assert [type(event) for event in decoded.events] == [type(event) for event in sourced]


def test_flat_lines_and_envelopes_may_be_mixed() -> None:
    found = [ORDER, a_scan(), ORDER]

    decoded = decode(b"\n".join([ENVELOPE, encode(a_scan()), ENVELOPE]))

    assert decoded.events == found
    assert decode(as_lines([a_scan()]) + ENVELOPE).events == [a_scan(), ORDER]


def test_the_extension_recordedtime_is_the_second_clock() -> None:
    event = replace(ORDER, recordedtime=at("03-04T12:00"))

    decoded = decode(wrap(event))

    assert decoded.recorded.tolist() == [at_ms("03-04T12:00")]


def test_fields_of_data_never_stand_in_for_attributes() -> None:
    data = b'"data":{"id":7,"time":"x","type":"other","source":[],'

    decoded = decode(ENVELOPE.replace(b'"data":{', data))

    assert decoded.events == [ORDER]


@pytest.mark.parametrize(
    ("before", "after", "path", "reason"),
    [
        (b'"id":', b'"idd":', "$.id", "missing"),
        (b'"source":', b'"sauce":', "$.source", "missing"),
        (b'"/shops/berlin"', b'""', "$.source", "length >= 1"),
        (b'"type":', b'"tipe":', "$.type", "missing"),
        (b"order.placed", b"order.pleased", "$.type", "did you mean order.placed"),
        (b'"1.0"', b'"0.3"', "$.specversion", "Invalid enum value '0.3'"),
        (b'"time":', b'"tyme":', "$.time", "missing: when did it happen?"),
        (b'"time":"2026', b'"time":"MMXX', "$.time", "no RFC 3339 time"),
        (b'"data":', b'"date":', "$.data", "missing"),
        (b'"o-1","customer_id"', b'7,"customer_id"', "$.data.order_id", "Expected `str`"),
        (b'"customer_id":', b'"customers":', "$.data.customer_id", "missing"),
        (b'"EUR"', b'"EURO"', "$.data.currency", "unknown currency"),
        (b'"sku":"sku-1"', b'"sku":1', "$.data.lines[0].sku", "Expected `str`, got `int`"),
        (b'"19.90"', b'"x"', "$.data.lines[0].unit_price", "malformed amount"),
    ],
)
def test_a_bad_envelope_is_rejected_with_its_path(
    before: bytes, after: bytes, path: str, reason: str
) -> None:
    text = ENVELOPE.replace(before, after, 1)
    assert text != ENVELOPE

    decoded = decode(b"\n".join([ENVELOPE, text, ENVELOPE]))

    assert decoded.events == [ORDER, ORDER]
    (rejected,) = decoded.rejected
    assert (rejected.position, rejected.path) == (1, path)
    assert reason in rejected.reason
    assert rejected.raw == text


def test_the_subject_is_the_key_of_the_topic() -> None:
    written = [
        wrap(event) for event in (ORDER, a_contact(order_id=""), a_price(), an_answer(order_id=""))
    ]

    subjects = [msgspec.json.decode(line).get("subject") for line in written]
    assert subjects == ["o-1", "c-1", "sku-1", None]


class TestHttpBodies:
    def test_a_flat_object_is_one_event(self) -> None:
        decoded = Decoder().decode_body(encode(ORDER), "application/json; charset=utf-8")

        assert decoded.events == [ORDER]

    def test_an_object_may_be_spread_over_lines(self) -> None:
        spread = msgspec.json.format(ENVELOPE)

        assert Decoder().decode_body(spread, "application/cloudevents+json").events == [ORDER]

    def test_a_batch_is_an_array_of_envelopes(self) -> None:
        batch = b"[" + b",\n".join([ENVELOPE] * 3) + b"]"

        decoded = Decoder().decode_body(batch, "application/cloudevents-batch+json")

        assert decoded.events == [ORDER] * 3

    def test_an_array_may_mix_both_forms_and_says_which_item_is_bad(self) -> None:
        body = b" [" + b",".join([ENVELOPE, b"7", encode(ORDER), b'{"type":\n"x"}']) + b"]"

        decoded = Decoder().decode_body(body, "Application/JSON")

        assert decoded.events == [ORDER, ORDER]
        faults = [(rejected.position, rejected.path) for rejected in decoded.rejected]
        assert faults == [(1, "$"), (3, "$.type")]

    def test_a_media_type_of_cloudevents_is_believed(self) -> None:
        decoded = Decoder().decode_body(encode(ORDER), "application/cloudevents+json")

        assert [rejected.path for rejected in decoded.rejected] == ["$.specversion"]

    @pytest.mark.parametrize("media", ["application/x-ndjson", "application/jsonl"])
    def test_json_lines_are_read_line_by_line(self, media: str) -> None:
        decoded = Decoder().decode_body(as_lines(make() for make in BUILDERS.values()), media)

        assert len(decoded.events) == len(BUILDERS)

    def test_an_array_cut_short_is_rejected_as_a_whole(self) -> None:
        decoded = Decoder().decode_body(b"[" + ENVELOPE + b",", "application/json")

        (rejected,) = decoded.rejected
        assert (rejected.position, rejected.path) == (0, "$")
        assert "truncated" in rejected.reason

    def test_an_empty_array_holds_nothing(self) -> None:
        decoded = Decoder().decode_body(b"[]", "application/json")

        assert not decoded.events
        assert not decoded.rejected

    def test_another_content_type_is_rejected_naming_those_known(self) -> None:
        decoded = Decoder(Form.FLAT).decode_body(ENVELOPE, "text/xml")

        (rejected,) = decoded.rejected
        assert "unsupported content type 'text/xml'" in rejected.reason
        assert "application/x-ndjson" in rejected.reason
