import re

import msgspec
import pytest

from schemas.codec import Decoded, Decoder, Mapping
from schemas.events import ContactOpened, OrderedLine, OrderPlaced, Place
from schemas.mapping import MappingError

YAML = """
type: order.placed
fields:
  id: /uuid
  time: /created_at
  order_id: /number
  customer_id: /buyer/ids/1
  currency: /total/cur~1rency
  destination.country: /ship_to/country
  destination.region: /ship_to/state
lists:
  lines:
    from: /items
    fields: {line_id: /position, sku: /article, quantity: /count, unit_price: /price}
constants:
  source: /shops/berlin
"""
FOREIGN = {
    "uuid": "u-1",
    "created_at": "2026-03-01T11:00:00+01:00",
    "number": 1001,
    "buyer": {"ids": [6, 7]},
    "total": {"cur/rency": "EUR"},
    "ship_to": {"country": "DE", "state": None},
    "items": [{"position": 1, "article": "sku-1", "count": "2", "price": 19.90}],
}
SCAN = {"id": "/i", "time": "/t", "order_id": "/o", "shipment_id": "/s", "status": "/st"}


def decode(**changes: object) -> Decoded:
    mapping = Mapping.from_yaml(YAML)
    return Decoder(mapping=mapping).decode_lines(msgspec.json.encode(FOREIGN | changes))


def test_a_foreign_object_becomes_an_event() -> None:
    (event,) = decode().events

    assert event == OrderPlaced(
        id="u-1",
        time="2026-03-01T11:00:00+01:00",
        source="/shops/berlin",
        order_id="1001",
        customer_id="7",
        currency="EUR",
        lines=[OrderedLine(line_id="1", sku="sku-1", quantity=2, unit_price="19.9")],
        destination=Place(country="DE"),
    )


def test_foreign_clocks_are_read() -> None:
    assert decode().occurred.tolist() == [1_772_359_200_000]


def test_a_number_keeps_its_digits() -> None:
    mapping = Mapping.from_yaml(YAML)
    text = msgspec.json.encode(FOREIGN).replace(b"19.9", b"0.10000000000000000")

    (event,) = Decoder(mapping=mapping).decode_lines(text).events

    assert isinstance(event, OrderPlaced)
    assert event.lines[0].unit_price == "0.10000000000000000"


@pytest.mark.parametrize(
    ("changes", "path", "reason"),
    [
        ({"uuid": None}, "$.id", "missing (read from /uuid)"),
        ({"uuid": ["x"]}, "$.id", "Expected `str`, got `array` (read from /uuid)"),
        ({"buyer": {"ids": [6]}}, "$.customer_id", "missing (read from /buyer/ids/1)"),
        ({"buyer": {"ids": 6}}, "$.customer_id", "missing (read from /buyer/ids/1)"),
        ({"created_at": "1.3.26"}, "$.time", "(read from /created_at)"),
        ({"total": {"cur/rency": "E"}}, "$.currency", "(read from /total/cur~1rency)"),
        ({"ship_to": {"country": {}}}, "$.destination.country", "(read from /ship_to/country)"),
        ({"items": {}}, "$.lines", "Expected `array`, got `object` (read from /items)"),
        ({"items": []}, "$.lines", "(read from /items)"),
        ({"items": None}, "$.lines", "missing (read from /items)"),
        ({"items": [7]}, "$.lines[0].line_id", "missing (read from /items/0/position)"),
        (
            {"items": [FOREIGN["items"][0] | {"count": 0}]},  # type: ignore[index]  # a list above
            "$.lines[0].quantity",
            "Expected `int` >= 1 (read from /items/0/count)",
        ),
    ],
)
def test_a_fault_names_the_field_and_where_it_was_read_from(
    changes: dict[str, object], path: str, reason: str
) -> None:
    (rejected,) = decode(**changes).rejected

    assert rejected.path == path
    assert reason in rejected.reason


def test_what_is_no_object_is_rejected() -> None:
    decoded = Decoder(mapping=Mapping.from_yaml(YAML)).decode_lines(b"7\n{")

    assert [rejected.position for rejected in decoded.rejected] == [0, 1]


def test_a_body_is_read_by_the_mapping_too() -> None:
    body = msgspec.json.encode([FOREIGN, FOREIGN])

    decoded = Decoder(mapping=Mapping.from_yaml(YAML)).decode_body(body, "application/json")

    assert len(decoded.events) == 2


def test_a_fault_of_a_constant_has_no_pointer() -> None:
    mapping = Mapping(type="shipment.scanned", fields=SCAN, constants={"eta": "x"})
    record = b'{"i":"1","t":"2026-03-01T00:00:00Z","o":"o","s":"s","st":"held"}'

    (rejected,) = Decoder(mapping=mapping).decode_lines(record).rejected

    assert rejected.path == "$.eta"
    assert "read from" not in rejected.reason


@pytest.mark.parametrize(
    ("mapping", "reason"),
    [
        ({"type": "order.place", "fields": {}}, "did you mean order.placed"),
        ({"type": "shipment.scanned", "fields": SCAN | {"x": "/x"}}, "has no field x"),
        ({"type": "shipment.scanned", "fields": {"id": "/i"}}, "needs order_id, shipment_id"),
        ({"type": "shipment.scanned", "fields": SCAN | {"id": "i"}}, "'i' is no JSON pointer"),
        (
            {
                "type": "shipment.scanned",
                "fields": SCAN,
                "lists": {"place": {"from": "/x", "fields": {}}},
            },
            "place is no list",
        ),
        (
            {
                "type": "order.cancelled",
                "fields": {"id": "/i", "time": "/t", "order_id": "/o"},
                "lists": {"lines": {"from": "/x", "fields": {"sku": "/s"}}},
            },
            "order.cancelled: lines has no field sku",
        ),
        (
            {
                "type": "order.cancelled",
                "fields": {"id": "/i", "time": "/t", "order_id": "/o"},
                "lists": {"lines": {"from": "x", "fields": {"line_id": ""}}},
            },
            "'x' is no JSON pointer",
        ),
        ({"type": "order.placed", "feelds": {}}, "unknown field `feelds`"),
        ([], "Expected `object`"),
    ],
)
def test_a_mapping_that_cannot_work_is_refused_when_it_is_read(
    mapping: object, reason: str
) -> None:
    with pytest.raises(MappingError, match=re.escape(reason)):
        Mapping.from_plain(mapping)


def test_yaml_that_is_none_is_refused() -> None:
    with pytest.raises(MappingError):
        Mapping.from_yaml("fields: [")


def test_a_constant_may_be_nested_or_a_truth_value() -> None:
    mapping = Mapping.from_plain(
        {
            "type": "contact.opened",
            "fields": {"id": "/i", "time": "/t", "contact_id": "/i", "customer_id": "/c"},
            "constants": {"wants_callback": True},
        }
    )
    record = b'{"i":1,"c":2,"t":"2026-03-01T00:00:00Z"}'

    (event,) = Decoder(mapping=mapping).decode_lines(record).events

    assert isinstance(event, ContactOpened)
    assert event.wants_callback


def test_a_field_that_is_both_a_value_and_an_object_is_rejected() -> None:
    plain = {
        "type": "order.cancelled",
        "fields": {"id": "/i", "time": "/t", "order_id": "/i", "lines": "/i", "lines.x": "/i"},
    }
    record = b'{"i":1,"t":"2026-03-01T00:00:00Z"}'

    (rejected,) = Decoder(mapping=Mapping.from_plain(plain)).decode_lines(record).rejected

    assert rejected.path == "$.lines"
