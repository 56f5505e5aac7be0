import gc
from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from schemas.checks import fault, settle
from schemas.codec import LINE_LIMIT, Decoded, Decoder, Form, Rejected, encode
from schemas.events import Event, OrderedLine, RefundedLine
from schemas.stamps import parse_one
from schemas.testing import (
    BUILDERS,
    a_delivery,
    a_dispatch,
    a_line,
    a_price,
    a_refund,
    a_return_request,
    a_scan,
    an_answer,
    an_order,
    as_lines,
    at,
    at_ms,
)
from schemas.testing.arbitrary import events
from schemas.testing.strategies import journeys

GOOD = an_order()
AFTER = a_delivery()


def decode(text: bytes) -> Decoded:
    return Decoder().decode_lines(text)


def only_reject(text: bytes) -> Rejected:
    """Return what is rejected of ``text``, put between two good lines that must survive."""
    decoded = decode(encode(GOOD) + b"\n" + text + b"\n" + encode(AFTER))

    assert decoded.events == [GOOD, AFTER]
    assert len(decoded.occurred) == len(decoded.recorded) == 2
    (rejected,) = decoded.rejected
    assert rejected.position == 1
    return rejected


@given(events())
def test_any_valid_event_survives_encoding_and_decoding(event: Event) -> None:
    decoded = decode(encode(event))

    assert decoded.events == [event]
    assert decoded.rejected == []
    assert decoded.occurred.tolist() == [parse_one(event.time)]
    assert decoded.recorded.tolist() == [parse_one(event.recordedtime or event.time)]


@settings(max_examples=30)
@given(journeys())
def test_whole_journeys_survive_encoding_and_decoding(journey: list[Event]) -> None:
    decoded = decode(as_lines(journey))

    assert decoded.events == journey
    assert decoded.recorded.tolist() == sorted(decoded.recorded.tolist())


def spoiled(event: Event) -> list[Event]:
    """Return ``event`` with each field that has a meaning spoiled in turn."""
    wrong = {
        "time": "yesterday",
        "recordedtime": "now",
        "promised_by": "soon",
        "eta": "2026-13-01T00:00:00.000Z",
        "currency": "EURO",
        "amount": "free",
        "price": "-1",
        "shipping_fee": "1,50",
        "order_id": "o\x1f1",
        "sku": "\t",
    }
    return [
        replace(event, **{name: value})
        for name, value in wrong.items()
        if name in event.__struct_fields__
    ]


@given(events().flatmap(lambda event: st.sampled_from([event, *spoiled(event)])))
def test_checking_a_batch_agrees_with_checking_each_event(event: Event) -> None:
    settled = settle([event], controls=True)

    assert (settled is None) == (fault(event) is not None)


@settings(max_examples=50)
@given(journeys(), st.lists(st.binary(max_size=40), max_size=3), st.randoms(use_true_random=False))
def test_no_line_is_lost_whatever_stands_between(
    journey: list[Event],
    noise: list[bytes],
    random: Random,
) -> None:
    lines = [encode(event) for event in journey] + [line.replace(b"\n", b"") for line in noise]
    random.shuffle(lines)

    decoded = decode(b"\n".join(lines))

    filled = sum(bool(line.strip()) for line in lines)
    assert len(decoded.events) + len(decoded.rejected) == filled
    assert len(decoded.events) == len(journey)


def test_both_clocks_are_read_and_recorded_falls_back_to_time() -> None:
    late = a_scan(time=at("03-01T10:00"), recordedtime=at("03-02T10:00"))

    decoded = decode(as_lines([GOOD, late]))

    assert decoded.occurred.tolist() == [at_ms("03-01T10:00")] * 2
    assert decoded.recorded.tolist() == [at_ms("03-01T10:00"), at_ms("03-02T10:00")]


def test_empty_lines_and_carriage_returns_are_skipped_without_a_word() -> None:
    text = b"\r\n\n" + encode(GOOD) + b"\r\n  \n" + encode(AFTER) + b"\n\n"

    decoded = decode(text)

    assert decoded.events == [GOOD, AFTER]
    assert decoded.rejected == []


def test_nothing_decodes_to_nothing() -> None:
    decoded = decode(b"")

    assert not decoded.events
    assert not decoded.rejected
    assert len(decoded.occurred) == len(decoded.recorded) == 0


GOOD_LINE = encode(GOOD)


@pytest.mark.parametrize(
    ("line", "path", "reason"),
    [
        (GOOD_LINE[:-20], "$", "truncated"),
        (b"{", "$", "truncated"),
        (b"hello", "$", "malformed"),
        (b"3", "$", "Expected `object`, got `int`"),
        (b"null", "$", "Expected `object`, got `null`"),
        (GOOD_LINE + b" " + GOOD_LINE, "$", "trailing characters"),
        (GOOD_LINE.replace(b'"o-1"', b"7"), "$.order_id", "Expected `str`, got `int`"),
        (GOOD_LINE.replace(b'"o-1"', b'""'), "$.order_id", "length >= 1"),
        (GOOD_LINE.replace(b'"order_id"', b'"order"'), "$.order_id", "missing"),
        (GOOD_LINE.replace(b'"type"', b'"typ"'), "$.type", "missing"),
        (GOOD_LINE.replace(b'"sku":', b'"ski":'), "$.lines[0].sku", "missing"),
        (GOOD_LINE.replace(b"o-1", b"\xff"), "$", "invalid UTF-8"),
        (GOOD_LINE[:-1] + b',"ignored":"\xff"}', "$", "invalid UTF-8"),
        (GOOD_LINE.replace(b"o-1", b"\\ud800"), "$", "malformed"),
        (b'{"type":"order.placed","x":' + b"[" * 100_000, "$", "nested too deeply"),
        (b'{"type":7}', "$.type", "Expected `str`"),
    ],
)
def test_only_the_bad_line_is_rejected_with_path_and_reason(
    line: bytes, path: str, reason: str
) -> None:
    rejected = only_reject(line)

    assert rejected.path == path
    assert reason in rejected.reason
    assert rejected.raw == line[: 1 << 16]


@pytest.mark.parametrize("quantity", [b"0", b"-1", b"1000001", b'"2"', b"1.5"])
def test_a_quantity_that_is_none_is_rejected(quantity: bytes) -> None:
    line = encode(an_order(lines=[a_line(quantity=2)]))

    rejected = only_reject(line.replace(b'"quantity":2', b'"quantity":' + quantity))

    assert rejected.path == "$.lines[0].quantity"


def test_an_unknown_type_is_rejected_naming_those_that_look_like_it() -> None:
    rejected = only_reject(GOOD_LINE.replace(b"order.placed", b"order.place"))

    assert rejected.path == "$.type"
    assert "unknown event type 'order.place'; did you mean order.placed" in rejected.reason


def test_an_unknown_type_like_no_other_is_rejected_without_a_guess() -> None:
    assert only_reject(b'{"type":"zzz"}').reason == "unknown event type 'zzz'"


@pytest.mark.parametrize(
    ("event", "path", "reason"),
    [
        (an_order(time="2026-03-01T10:00:00"), "$.time", "no RFC 3339 time with offset"),
        (an_order(time=""), "$.time", "missing"),
        (an_order(recordedtime="yesterday"), "$.recordedtime", "yesterday"),
        (an_order(ship_by="2026-02-30T10:00:00.000Z"), "$.ship_by", "2026-02-30"),
        (an_order(promised_by="soon"), "$.promised_by", "soon"),
        (an_order(needed_by="2026-03-05"), "$.needed_by", "2026-03-05"),
        (an_order(lines=[a_line(), a_line(ship_by="x")]), "$.lines[1].ship_by", "'x'"),
        (a_dispatch(promised_by="x"), "$.promised_by", "'x'"),
        (a_scan(eta="x"), "$.eta", "'x'"),
        (an_order(currency="EURO"), "$.currency", "unknown currency 'EURO'"),
        (a_refund(currency="EURO"), "$.currency", "unknown currency 'EURO'"),
        (a_price(currency="EURO"), "$.currency", "unknown currency 'EURO'"),
        (an_order(shipping_fee="-1"), "$.shipping_fee", "malformed amount '-1'"),
        (an_order(lines=[a_line(unit_price="1,50")]), "$.lines[0].unit_price", "malformed"),
        (an_order(currency="VND"), "$.lines[0].unit_price", "finer than the 0 decimals of VND"),
        (a_refund(amount="free"), "$.amount", "malformed amount 'free'"),
        (a_price(price=""), "$.price", "malformed amount ''"),
        (
            a_refund(lines=[RefundedLine(line_id="2", amount="x")]),
            "$.lines[0].amount",
            "malformed amount 'x'",
        ),
        (an_answer(order_id=""), "$.order_id", "neither order_id nor customer_id"),
        (an_order(order_id="o\x1f1"), "$.order_id", "control character"),
        (an_order(lines=[a_line(sku="a\nb")]), "$.lines[0].sku", "control character"),
        (a_scan(id="\x00"), "$.id", "control character"),
    ],
)
def test_what_types_cannot_say_is_checked_too(event: Event, path: str, reason: str) -> None:
    rejected = only_reject(encode(event))

    assert rejected.path == path
    assert reason in rejected.reason


def test_free_text_may_hold_line_breaks() -> None:
    event = a_return_request(comment="wrong\nbag\tof \\u0007coffee")

    assert decode(encode(event)).events == [event]


def test_an_escaped_letter_that_is_no_control_character_is_fine() -> None:
    text = GOOD_LINE.replace(b"o-1", b"o\\u00e9\\\\u0001")

    (event,) = decode(text).events

    assert event == replace(GOOD, order_id="oé\\u0001")


def test_a_line_of_ten_megabytes_is_rejected_keeping_its_start_and_length() -> None:
    line = GOOD_LINE[:-1] + b',"comment":"' + b"x" * 10_000_000 + b'"}'

    rejected = only_reject(line)

    assert rejected.reason.startswith(f"line of {len(line)} bytes is longer than {LINE_LIMIT}")
    assert rejected.raw == line[: 1 << 16]


def test_the_longest_line_can_be_chosen_to_the_byte() -> None:
    exact = Decoder(line_limit=len(GOOD_LINE)).decode_lines(GOOD_LINE)
    shorter = Decoder(line_limit=len(GOOD_LINE) - 1).decode_lines(GOOD_LINE)

    assert exact.events == [GOOD]
    assert len(shorter.rejected) == 1


def test_lines_longer_than_a_piece_are_read() -> None:
    long = replace(a_return_request(), comment="x" * 900_000)

    decoded = decode(as_lines([long, GOOD, long]))

    assert decoded.events == [long, GOOD, long]


def many(count: int) -> list[Event]:
    return [a_scan(order_id=f"o-{number}") for number in range(count)]


def test_in_a_long_text_only_the_bad_lines_are_rejected_at_their_own_positions() -> None:
    found = many(6000)
    lines = [encode(event) for event in found]
    lines[3] = b"{}"
    lines[5500] = b"[]"
    lines.insert(1000, b"")

    decoded = decode(b"\n".join(lines))

    assert [rejected.position for rejected in decoded.rejected] == [3, 5501]
    assert decoded.events == [*found[:3], *found[4:5500], *found[5501:]]
    assert len(decoded.occurred) == len(decoded.events)


@pytest.mark.parametrize("builder", BUILDERS.values(), ids=BUILDERS.keys())
def test_unknown_fields_are_ignored(builder: Callable[[], Event]) -> None:
    event = builder()

    assert decode(encode(event)[:-1] + b',"new_in_2030":{"a":[1,2]}}').events == [event]


def test_a_form_asked_for_is_believed() -> None:
    decoded = Decoder(Form.CLOUDEVENTS).decode_lines(GOOD_LINE)

    assert [rejected.path for rejected in decoded.rejected] == ["$.specversion"]


def test_decoded_events_cost_the_garbage_collector_nothing() -> None:
    (event,) = decode(GOOD_LINE).events

    assert not gc.is_tracked(event)
    assert isinstance(event.lines[0], OrderedLine)  # type: ignore[attr-defined]  # an order
