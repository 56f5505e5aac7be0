"""Reading a playbook: YAML in; a frozen, checked playbook or every mistake with its place out."""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from pathlib import Path as FilePath
from typing import Any, Final
from zoneinfo import ZoneInfo

from actions.catalogue import ACTS
from actions.causes import KINDS
from actions.marks import Document, Fault, PlaybookError, Position, read_document
from actions.mistakes import mistakes
from actions.quantities import Quantity, quantity
from actions.rules import Budget, Limit, PlaybookForm, Rule

DEFAULT: Final = "default.yaml"
"""The playbook that ships with Andon, in ``actions/playbooks``."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One parameter of a detector as the playbook gives it, and where it stands."""

    value: Quantity
    at: Position
    value_at: Position


@dataclass(frozen=True, slots=True)
class Playbook:
    """A checked playbook. ``version`` is its name and a hash of its text: other text, other one."""

    version: str
    text: str
    source: str
    form: PlaybookForm
    ceilings: tuple[Limit, ...] = ()
    """The limits written in the playbook, and those of the catalogue for actions without any."""
    detectors: Mapping[str, Mapping[str, Setting]] = field(default_factory=dict)
    detectors_at: Mapping[str, Position] = field(default_factory=dict)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules, in the order in which they are tried."""
        return self.form.rules

    @property
    def limits(self) -> tuple[Budget | Limit, ...]:
        """Budgets, then limits: whatever sends a plan to a person instead."""
        return (*self.form.budgets, *self.ceilings)

    @property
    def zone(self) -> ZoneInfo:
        """The shop's time zone."""
        return ZoneInfo(self.form.zone)


def load_playbook(path: FilePath | str | None = None, kinds: Collection[str] = KINDS) -> Playbook:
    """Read the playbook at ``path``, or the shipped one; PlaybookError lists every mistake.

    ``kinds`` are the kinds of problems that exist; a rule or a detector section for another kind
    is a mistake, reported with the nearest kind that does exist.
    """
    if path is None:
        return parse_playbook(default_text(), DEFAULT, kinds)
    try:
        text = FilePath(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PlaybookError(
            [Fault(Position(str(path), 1, 1), f"cannot be read: {error}")]
        ) from error
    return parse_playbook(text, str(path), kinds)


@lru_cache(maxsize=1)
def default_text() -> str:
    """Return the YAML of the shipped playbook, comments included."""
    return (resources.files("actions") / "playbooks" / DEFAULT).read_text(encoding="utf-8")


def parse_playbook(text: str, source: str, kinds: Collection[str] = KINDS) -> Playbook:
    """Check ``text`` (``source`` names it in messages) and return what it says."""
    document = read_document(text, source)
    if faults := list(mistakes(document, kinds)):
        raise PlaybookError(faults)
    form = PlaybookForm.model_validate(document.value)
    version = f"{form.name}@{hashlib.sha256(text.encode()).hexdigest()[:12]}"
    places = {kind: document.at_key(("detectors", kind)) for kind in form.detectors}
    return Playbook(version, text, source, form, _ceilings(form), _settings(form, document), places)


def _ceilings(form: PlaybookForm) -> tuple[Limit, ...]:
    steps = (step for rule in form.rules for step in (*rule.do, *(rule.under_root_cause or ())))
    limited = {limit.action for limit in form.limits}
    used = dict.fromkeys(step.name for step in steps if step.name not in limited)
    own = ((name, ACTS[name].ceiling) for name in used)
    added = (Limit(action=name, **found._asdict()) for name, found in own if found)
    return (*(_counted(limit, form) for limit in form.limits), *added)


def _counted(limit: Limit, form: PlaybookForm) -> Limit:
    """Return a limit whose share of the catalogue is a number of SKUs, at least one."""
    if isinstance(limit.at_most, int) or form.catalogue is None:
        return limit
    return limit.model_copy(update={"at_most": max(1, limit.at_most.of(form.catalogue.skus))})


def playbook_schema(kinds: Collection[str] = KINDS) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) with which an editor completes and checks a playbook."""
    schema = PlaybookForm.model_json_schema()
    names = {"enum": list(kinds)}
    schema["$defs"]["Rule"]["properties"]["kind"]["anyOf"] = [names, {"pattern": "[*]"}]
    schema["$defs"]["Limit"]["properties"]["action"]["enum"] = list(ACTS)
    schema["$defs"]["Role"]["properties"]["actions"]["items"]["enum"] = list(ACTS)
    schema["properties"]["detectors"]["propertyNames"] = names
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Andon playbook"}
    return schema | head


def schema_text() -> str:
    """Return the JSON Schema as the file that ships beside this module."""
    return json.dumps(playbook_schema(), indent=2, sort_keys=True) + "\n"


def _settings(form: PlaybookForm, document: Document) -> dict[str, dict[str, Setting]]:
    return {
        kind: {name: _setting(kind, name, value, document) for name, value in settings.items()}
        for kind, settings in form.detectors.items()
    }


def _setting(kind: str, name: str, value: object, document: Document) -> Setting:
    path = ("detectors", kind, name)
    return Setting(quantity(value), document.at_key(path), document.at(path))
