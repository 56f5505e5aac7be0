"""JSON Schema 2020-12 of everything that travels, made from the types, kept as golden files.

Vocabularies are open: the known words are listed, any other text is valid too. After a change of
the types, write the files anew::

    python -c "from schemas.jsonschema import write_golden; write_golden()"
"""

import inspect
import json
from pathlib import Path
from typing import Final

import msgspec

from schemas.checks import STAMPS
from schemas.decisions import Action, Decision, Outcome
from schemas.events import EVENT_TYPES, ContactEvent
from schemas.problems import Problem
from schemas.vocabulary import WORDS

Schema = dict[str, object]

GOLDEN: Final = Path(__file__).parent / "golden"
"""Where the stored schemas lie, one file per name."""

RESULTS: Final[dict[str, type[msgspec.Struct]]] = {
    "problem": Problem,
    "decision": Decision,
    "action": Action,
    "outcome": Outcome,
}
"""What Andon says, by name; times in it are RFC 3339, as users read them."""

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
AMOUNT: Final[Schema] = {
    "type": "string",
    "pattern": r"^\d{1,15}(\.\d+)?$",
    "examples": ["19.90"],
    "description": "Decimal of zero or more, no finer than the currency's minor unit.",
}
_AMOUNTS: Final = ("unit_price", "shipping_fee", "amount", "price")
_STAMP: Final[Schema] = {"type": "string", "format": "date-time"}
_CURRENCY: Final[Schema] = {"type": "string", "pattern": "^[A-Z]{3}$", "examples": ["EUR", "VND"]}
_KEYED: Final = [{"required": ["order_id"]}, {"required": ["customer_id"]}]


def schemas() -> dict[str, Schema]:
    """Return every schema by name: event types, then what Andon says."""
    return {name: _schema(name, kind) for name, kind in (EVENT_TYPES | RESULTS).items()}


def text(schema: Schema) -> str:
    """Return ``schema`` as its golden file holds it."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def write_golden(folder: Path = GOLDEN) -> list[Path]:
    """Write every schema into ``folder``; return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, schema in schemas().items():
        paths.append(folder / f"{name}.json")
        paths[-1].write_text(text(schema), encoding="utf-8")
    return paths


def _schema(name: str, kind: type[msgspec.Struct]) -> Schema:
    """Return the schema of ``kind`` with its parts under ``$defs``."""
    (root,), parts = msgspec.json.schema_components((kind,), ref_template="#/$defs/{name}")
    for part, shape in parts.items():
        _say_more(part, shape)
    whole = parts.pop(str(root["$ref"]).rpartition("/")[2])
    said = " In JSON, times are RFC 3339." if name in RESULTS else ""
    whole |= {"title": name, "description": f"{inspect.getdoc(kind)}{said}"}
    if issubclass(kind, ContactEvent):
        whole["anyOf"] = _KEYED
    described: Schema = {"$schema": DIALECT, "$id": f"urn:andon:{name}", **whole}
    return described | ({"$defs": dict(sorted(parts.items()))} if parts else {})


def _say_more(struct: str, shape: dict[str, object]) -> None:
    """Put into the properties of ``struct`` what its types alone do not say."""
    properties = shape.get("properties", {})
    if not isinstance(properties, dict):  # pragma: no cover - an object by JSON Schema
        raise TypeError(properties)
    for name, before in properties.items():
        properties[name] = _property(struct, name, before)


def _property(struct: str, name: str, before: Schema) -> Schema:
    rest = {key: value for key, value in before.items() if (key, value) != ("default", "")}
    words = WORDS.get((struct, name))
    if words is not None:
        rest.pop("type")
        return {"anyOf": [{"enum": list(words)}, {"type": "string"}], **rest}
    if name in _AMOUNTS:
        return AMOUNT
    if name == "currency" and struct in _PRICED:
        return _CURRENCY
    if name in STAMPS:
        return _STAMP
    if name == "at" or name.endswith("_at"):
        return _stamp_of_result(rest)
    return rest


def _stamp_of_result(before: Schema) -> Schema:
    """Return the schema of a time that is ms UTC in the struct and RFC 3339 where users read it."""
    if "anyOf" not in before:
        return _STAMP
    return {**before, "anyOf": [_STAMP, {"type": "null"}]}


_PRICED: Final = frozenset({"OrderPlaced", "RefundIssued", "PriceChanged"})
