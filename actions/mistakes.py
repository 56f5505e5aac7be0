"""Every mistake a playbook can hold, each with its place and, where possible, what was meant."""

from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from fnmatch import filter as names_like
from typing import Final, TypeVar
from zoneinfo import available_timezones

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from actions.acts import Takes
from actions.catalogue import ACTS
from actions.floors import below_floor
from actions.marks import Document, Fault, Path, Position
from actions.quantities import Share, money, quantity, span
from actions.rules import (
    Budget,
    Calendar,
    Form,
    Limit,
    Messages,
    PlaybookForm,
    Populations,
    Role,
    Rule,
    Step,
    Where,
    WrongAlarms,
)
from actions.wording import LOCALES, faults_in
from schemas.decisions import Mode, Parameter

AnyForm = TypeVar("AnyForm", bound=Form)

FORM_AT: Final[Mapping[str, type[Form]]] = {
    "rules": Rule,
    "budgets": Budget,
    "limits": Limit,
    "calendar": Calendar,
    "populations": Populations,
    "messages": Messages,
    "roles": Role,
}
"""Which form stands under which key of a playbook."""

FORM_IN: Final[Mapping[str, type[Form]]] = {"where": Where, "wrong_alarms": WrongAlarms}
"""Which form stands under a key inside one of those."""


def mistakes(document: Document, kinds: Collection[str]) -> Iterator[Fault]:
    """Yield every mistake: of form first, then those a form cannot know (names, kinds, budgets)."""
    yield from _wrong_form(document)
    yield from _bad_zone(document)
    yield from _bad_settings(document, kinds)
    for index, limit in _readable(document, "limits", Limit):
        if limit.action not in ACTS:
            at = document.at(("limits", index, "action"))
            yield Fault(at, _unknown("action", limit.action, ACTS))
    yield from _bad_roles(document)
    yield from _bad_texts(document)
    yield from _repeated_names(document)
    for index, rule in _readable(document, "rules", Rule):
        if not names_like(kinds, rule.kind):
            yield Fault(document.at(("rules", index, "kind")), _unknown("kind", rule.kind, kinds))
        yield from _bad_steps(rule, ("rules", index), document)
    yield from _bad_promises(document)


def _readable(document: Document, key: str, form: type[AnyForm]) -> Iterator[tuple[int, AnyForm]]:
    """Yield what can be read of a list, so that one bad entry does not hide the next one's."""
    written = document.value.get(key) if isinstance(document.value, dict) else None
    for index, item in enumerate(written if isinstance(written, list) else ()):
        try:
            yield index, form.model_validate(item)
        except ValidationError:
            continue


def _unknown(what: str, name: str, known: Collection[str]) -> str:
    near = get_close_matches(name, [str(item) for item in known], n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(sorted(known))}"
    return f"unknown {what} {name!r}; {hint}"


# --- form ------------------------------------------------------------------------------------


def _wrong_form(document: Document) -> Iterator[Fault]:
    try:
        PlaybookForm.model_validate(document.value)
    except ValidationError as error:
        yield from (_fault(item, document) for item in error.errors())


def _fault(error: ErrorDetails, document: Document) -> Fault:
    path: Path = tuple(error["loc"])
    if error["type"] == "extra_forbidden":
        return Fault(document.at_key(path), _unknown("field", str(path[-1]), _fields_near(path)))
    if error["type"] == "missing":
        return Fault(document.at(path), f"{path[-1]!r} is missing")
    message = error["msg"].removeprefix("Value error, ")
    return Fault(document.at(path), f"{_dotted(path)}: {message}")


def _fields_near(path: Path) -> Collection[str]:
    if len(path) == 1:
        return PlaybookForm.model_fields
    inner = next((form for key, form in FORM_IN.items() if key in path[1:-1]), None)
    form = inner or FORM_AT.get(str(path[0]), PlaybookForm)
    return form.model_fields


def _dotted(path: Path) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".") or "playbook"


# --- names, kinds, parameters ----------------------------------------------------------------


def _bad_zone(document: Document) -> Iterator[Fault]:
    zone = document.value.get("zone") if isinstance(document.value, dict) else None
    if isinstance(zone, str) and zone not in available_timezones():
        near = get_close_matches(zone, available_timezones(), n=1)
        hint = f"did you mean {near[0]!r}?" if near else "write an IANA name such as Europe/Berlin"
        yield Fault(document.at(("zone",)), f"unknown zone {zone!r}; {hint}")


def _bad_settings(document: Document, kinds: Collection[str]) -> Iterator[Fault]:
    detectors = document.value.get("detectors") if isinstance(document.value, dict) else None
    for kind, settings in (detectors if isinstance(detectors, dict) else {}).items():
        if kind not in kinds:
            yield Fault(document.at_key(("detectors", kind)), _unknown("kind", str(kind), kinds))
        for name, value in (settings if isinstance(settings, dict) else {}).items():
            try:
                quantity(value)
            except ValueError as error:
                yield Fault(document.at(("detectors", kind, name)), str(error))


def _bad_promises(document: Document) -> Iterator[Fault]:
    """What a form cannot know: a share needs its whole, days an order, a tier a floor."""
    for index, limit in _readable(document, "limits", Limit):
        whole = _mapping(document.value).get("catalogue")
        if isinstance(limit.at_most, Share) and whole is None:
            at = document.at(("limits", index, "at_most"))
            yield Fault(at, "a share of what? Say how many SKUs there are: catalogue: {skus: 1000}")
    rules = dict(_readable(document, "rules", Rule))
    for index, rule in rules.items():
        if rule.valid_from and rule.valid_until and rule.valid_until < rule.valid_from:
            yield Fault(document.at(("rules", index, "valid_until")), "this is before valid_from")
        if rule.where.tier or rule.where.harmed_before:
            below = [other for place, other in rules.items() if place > index]
            if said := below_floor(rule, below):
                yield Fault(document.at(("rules", index)), said)


def _bad_texts(document: Document) -> Iterator[Fault]:
    """A shop's own words are read as strictly as ours: no blame, no excuse, nothing left out."""
    for locale, texts in _mapping(_mapping(_mapping(document.value), "messages"), "texts").items():
        if locale not in LOCALES or not isinstance(texts, dict):
            continue
        for key, text in texts.items():
            at = document.at(("messages", "texts", locale, key))
            yield from (Fault(at, said) for said in faults_in(str(key), str(text), locale))


def _mapping(written: object, key: str | None = None) -> dict[str, object]:
    found = written if key is None or not isinstance(written, dict) else written.get(key)
    return found if isinstance(found, dict) else {}


def _bad_roles(document: Document) -> Iterator[Fault]:
    """A person with two roles would have the limits of whichever stands first."""
    written = document.value.get("roles") if isinstance(document.value, dict) else None
    holders: dict[str, str] = {}
    for name, role in (written if isinstance(written, dict) else {}).items():
        fields = role if isinstance(role, dict) else {}
        for index, action in enumerate(_list(fields.get("actions"))):
            if action not in ACTS:
                at = document.at(("roles", name, "actions", index))
                yield Fault(at, _unknown("action", str(action), ACTS))
        for index, person in enumerate(_list(fields.get("people"))):
            if person in holders:
                at = document.at(("roles", name, "people", index))
                yield Fault(at, f"{person} is a {holders[person]} already: one role each")
            holders[person] = name


def _list(written: object) -> list[str]:
    return written if isinstance(written, list) else []


def _repeated_names(document: Document) -> Iterator[Fault]:
    seen: set[str] = set()
    for index, rule in _readable(document, "rules", Rule):
        if rule.name in seen:
            at = document.at(("rules", index, "name"))
            yield Fault(at, f"two rules are called {rule.name!r}; decisions must tell them apart")
        seen.add(rule.name)


def _bad_steps(rule: Rule, path: Path, document: Document) -> Iterator[Fault]:
    budgeted = {budget.at_most.currency for _, budget in _readable(document, "budgets", Budget)}
    for part, steps in (("do", rule.do), ("under_root_cause", rule.under_root_cause or ())):
        for index, step in enumerate(steps):
            where: Path = (*path, part, index)
            if step.name not in ACTS:
                yield Fault(document.at(where), _unknown("action", step.name, ACTS))
                continue
            faults = list(_bad_params(step, where, document))
            yield from faults or _unbudgeted(rule, step, document.at(where), budgeted)


def _bad_params(step: Step, where: Path, document: Document) -> Iterator[Fault]:
    for name, value in step.params.items():
        at = (*where, step.name, name)
        if name not in step.act.takes:
            known = step.act.takes
            yield Fault(document.at_key(at), _unknown(f"parameter of {step.name}", name, known))
        elif wrong := _wrong_type(step.act.takes[name], value):
            yield Fault(document.at(at), wrong)
    for name in sorted(step.act.needs - step.params.keys()):
        yield Fault(document.at(where), f"{step.name} needs {name!r}")


def wrong_step(step: Step) -> str | None:
    """Return what is wrong with a step that stands in no file, ``None`` if nothing is."""
    if step.name not in ACTS:
        return _unknown("action", step.name, ACTS)
    nowhere = Document("", None, {(): Position("", 1, 1)}, {})
    faults = _bad_params(step, (), nowhere)
    return next((fault.message for fault in faults), None)


def _wrong_type(takes: Takes, value: Parameter) -> str | None:
    if takes is Takes.TEXT:
        return None if isinstance(value, str) else f"{value!r} is no text: put it in quotes"
    try:
        money(value) if takes is Takes.MONEY else span(value)
    except ValueError as error:
        return str(error)
    return None


def _unbudgeted(rule: Rule, step: Step, at: Position, budgeted: Collection[str]) -> Iterator[Fault]:
    """Money that no budget watches may be planned, but not spent without a person."""
    if rule.mode is Mode.AUTO and step.cost is not None and step.cost.currency not in budgeted:
        currency = step.cost.currency
        yield Fault(at, f"{step.name} spends {currency} by itself; add a budget in {currency}")
