"""The form of a file of cases: events in, and the problems and actions that a playbook owes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import Field, JsonValue, StringConstraints, ValidationError

from actions.fields import Span
from actions.marks import Document, Fault, PlaybookError, Position, read_document
from actions.marks import Path as Place
from actions.rules import Form

Moment = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}T.+(Z|[+-]\d{2}:\d{2})$")]
"""RFC 3339 with a zone."""


class ExpectedProblem(Form):
    """A problem that must be found; only what is named is compared."""

    kind: str
    subject: str | None = Field(default=None, description="Such as order:A-1 or sku:DECAF.")
    opened_at: Moment | None = None
    cleared_at: Moment | None = None
    withdrawn_at: Moment | None = None
    severity: str | None = None


class ExpectedAction(Form):
    """An action that must be planned; only what is named is compared."""

    name: str
    at: Moment | None = None
    target: str | None = None
    status: str | None = Field(default=None, description="queued, shadow, waiting for a person.")
    rule: str | None = None
    params: dict[str, JsonValue] = Field(default={}, description="Those that matter here.")


class Expected(Form):
    """Everything that must be found: what is not listed must not be, unless others are allowed."""

    problems: tuple[ExpectedProblem, ...] | None = None
    actions: tuple[ExpectedAction, ...] | None = None
    others: bool = Field(default=False, description="Whether more may be found than is listed.")


class Case(Form):
    """Some events, the moment up to which time passes, and what must have come of them."""

    name: str = Field(min_length=1)
    events: tuple[dict[str, JsonValue], ...] = Field(description="As `andon run` reads them.")
    until: Moment | None = Field(default=None, description="Let time pass up to here.")
    wait: Span | None = Field(default=None, description="Or so long after the last event.")
    expect: Expected


class CasesForm(Form):
    """A file of cases for one playbook."""

    playbook: str | None = Field(default=None, description="Its path, seen from this file.")
    cases: tuple[Case, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class CasesFile:
    """A file of cases as it was read, with the place of everything in it."""

    path: Path
    form: CasesForm
    document: Document

    @property
    def playbook(self) -> Path | None:
        """The playbook that the file names."""
        return None if self.form.playbook is None else self.path.parent / self.form.playbook

    def at(self, *place: str | int) -> Position:
        """Return where something stands."""
        return self.document.at(place)


def read_cases(path: Path) -> CasesFile:
    """Read a file of cases; PlaybookError lists every mistake of form with its place."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PlaybookError(
            [Fault(Position(str(path), 1, 1), f"cannot be read: {error}")]
        ) from error
    document = read_document(text, str(path))
    try:
        form = CasesForm.model_validate(document.value)
    except ValidationError as error:
        raise PlaybookError(list(_faults(error, document))) from error
    return CasesFile(path, form, document)


def cases_schema() -> Mapping[str, Any]:
    """Return the JSON Schema with which an editor completes a file of cases."""
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Andon cases"}
    return CasesForm.model_json_schema() | head


_SAID: Final = {
    "extra_forbidden": "there is no such field",
    "missing": "this is missing",
    "string_pattern_mismatch": "write a time like 2026-03-02T09:00:00Z",
}


def _faults(error: ValidationError, document: Document) -> Iterator[Fault]:
    for item in error.errors():
        place: Place = tuple(item["loc"])
        said = _SAID.get(item["type"], item["msg"].removeprefix("Value error, "))
        dotted = ".".join(map(str, place)) or "file"
        yield Fault(document.at_key(place), f"{dotted}: {said}")
