"""Where in a YAML text every value stands, so that a mistake is reported by line and column."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import yaml


class _CoreLoader(yaml.SafeLoader):
    """Reads plain values as YAML 1.2 does: ``off`` and ``NO`` are words, ``12:30`` is text."""


_CoreLoader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    ("int", r"^[-+]?[0-9]+$", list("-+0123456789")),
    ("float", r"^[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?$", list("-+.0123456789")),
):
    _CoreLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), _first)

Path = tuple[str | int, ...]
"""Keys and list positions from the root of a document to one value."""

DEEPEST: Final = 20
"""No playbook is nested deeper; a list that contains itself is."""


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a file; line and column count from 1, as editors do."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One mistake, where it is and what to write instead."""

    at: Position
    message: str

    def __str__(self) -> str:
        return f"{self.at}: {self.message}"


class PlaybookError(Exception):
    """A playbook that cannot be followed; ``faults`` holds every mistake, in reading order."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = tuple(sorted(faults))
        super().__init__("\n".join(str(fault) for fault in self.faults))


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed YAML text: plain ``value``, the place of each value and of each key."""

    file: str
    value: object
    values: Mapping[Path, Position]
    keys: Mapping[Path, Position]

    def at(self, path: Path) -> Position:
        """Return where ``path`` stands, or the nearest thing around it."""
        while path not in self.values:
            path = path[:-1]
        return self.values[path]

    def at_key(self, path: Path) -> Position:
        """Return where the key that ends ``path`` stands, or the nearest thing around it."""
        return self.keys.get(path) or self.at(path)


def read_document(text: str, file: str) -> Document:
    """Parse ``text`` with plain YAML types only; PlaybookError on bad syntax or a repeated key."""
    try:
        root = yaml.compose(text, Loader=_CoreLoader)
        value = yaml.load(text, Loader=_CoreLoader)  # noqa: S506 - a SafeLoader with fewer rules
    except yaml.YAMLError as error:
        raise PlaybookError([_syntax_fault(error, text, file)]) from error
    if root is None:
        raise PlaybookError([Fault(Position(file, 1, 1), "the playbook is empty")])
    keys: dict[Path, Position] = {}
    values: dict[Path, Position] = {}
    faults = list(_walk(root, (), file, values, keys))
    if faults:
        raise PlaybookError(faults)
    return Document(file, value, values, keys)


def _syntax_fault(error: yaml.YAMLError, text: str, file: str) -> Fault:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        at = Position(file, mark.line + 1, mark.column + 1)
        return Fault(at, f"this is not YAML: {error.problem}")
    before = text[: getattr(error, "position", 0)]
    at = Position(file, before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1)
    return Fault(at, "this is not YAML: a character that no text has")


def _position(node: yaml.Node, file: str) -> Position:
    return Position(file, node.start_mark.line + 1, node.start_mark.column + 1)


def _walk(
    node: yaml.Node,
    path: Path,
    file: str,
    values: dict[Path, Position],
    keys: dict[Path, Position],
) -> Iterator[Fault]:
    values[path] = _position(node, file)
    if len(path) > DEEPEST:
        yield Fault(values[path], "this is nested too deeply")
        return
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _walk(item, (*path, index), file, values, keys)
    if isinstance(node, yaml.MappingNode):
        for key, item in node.value:
            below = (*path, str(key.value))
            if below in keys:
                yield Fault(_position(key, file), f"{key.value!r} stands here a second time")
            keys[below] = _position(key, file)
            yield from _walk(item, below, file, values, keys)
