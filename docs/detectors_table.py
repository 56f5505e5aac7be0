"""Write docs/detectors.md, and the table in README.md, from the detectors as they are registered.

What is asked comes from each detector's docstring, what its settings mean from the text below each
setting, and the figures from the defaults. Of whole groups, the defects and their ladders say it;
only what the judge asks of SKUs without statistics is said here.
"""

import argparse
import ast
import inspect
import sys
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from actions.quantities import span_text
from detectors.population.cases import QUESTIONS
from detectors.population.counts import Charge
from detectors.population.defects import DEFECTS, Defect
from detectors.population.ladders import RECOVERED, base_kind, kind_of, ladder_of
from detectors.population.rules import BUDGET, PopulationRules
from detectors.registry import DETECTORS
from schemas.problems import Severity

ROOT: Final = Path(__file__).parents[1]
START: Final = "<!-- detectors: written by docs/detectors_table.py -->"
END: Final = "<!-- end of detectors -->"

ASKED_OF_SKUS: Final[Mapping[str, str]] = {
    "sku-wrong-item-watch": "A SKU of which one customer got something else than ordered.",
    "sku-wrong-item": "A SKU that was wrong twice for one customer, or once for several customers.",
}
"""The judge's questions in one sentence each, by kind. A replacement counts for the SKU that was
ordered in the first place."""

TOLD_AS: Final[Mapping[str, tuple[str, ...]]] = {
    "item": ("sku", "seller", "size"),
    "packed": ("packed_sku", "warehouse", "bin"),
    "lane": ("carrier", "lane"),
}
"""What evidence says of a fact that has parts, by the fact."""

TOLD_OF_A_RULE: Final[Mapping[str, tuple[str, ...]]] = {
    "sku-wrong-item-watch": ("strike_window",),
    "sku-wrong-item": ("strike_window", "customers_needed", "customers_window"),
}
"""Thresholds that stand in the evidence, of whichever rule it was."""

WIDTH: Final = 120


@dataclass(frozen=True, slots=True)
class Setting:
    """One threshold: its name in the playbook, its default as a playbook writes it, its meaning."""

    name: str
    default: str
    meaning: str

    @property
    def short(self) -> str:
        """The meaning up to its first colon, semicolon, full stop or parenthesis."""
        ends = [self.meaning.find(mark) for mark in (":", ";", ". ", " (")]
        end = min((place for place in ends if place > 0), default=len(self.meaning))
        text = self.meaning[:end].rstrip(".")
        return text[:1].lower() + text[1:]


@dataclass(frozen=True, slots=True)
class Entry:
    """What the pages say of one detector."""

    kind: str
    question: str
    more: str
    table: str
    severity: Severity
    evidence: Sequence[str]
    settings: Sequence[Setting]
    section: str = "detectors"
    """Where in the playbook the settings are changed."""


def written(value: object) -> str:
    """Return a default as a playbook writes it: ``3d``, ``3bd``, ``0.1``."""
    return span_text(value) if isinstance(value, timedelta) else str(value)


def meanings(thing: type) -> dict[str, str]:
    """Return the text below each field of a dataclass, by name of the field."""
    [body] = [
        node.body
        for node in ast.parse(textwrap.dedent(inspect.getsource(thing))).body
        if isinstance(node, ast.ClassDef)
    ]
    return {
        field.target.id: plain(text.value.value)
        for field, text in pairwise(body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }


def plain(text: str) -> str:
    """Return a docstring as one line of Markdown."""
    return " ".join(text.split()).replace("``", "`").replace("|", "\\|")


def settings(thing: Any) -> list[Setting]:  # noqa: ANN401 - each detector is a type of its own
    """Return the settings of a detector; KeyError for one whose meaning is not told."""
    told = meanings(type(thing))
    return [
        Setting(field.name, written(getattr(thing, field.name)), told[field.name])
        for field in fields(thing)
    ]


def of_journeys() -> list[Entry]:
    """Return an entry for every registered detector, in their order."""
    entries = []
    for detector in DETECTORS:
        first, _, rest = inspect.cleandoc(type(detector).__doc__ or "").partition("\n\n")
        entries.append(
            Entry(
                kind=detector.kind,
                question=plain(first),
                more=plain(rest),
                table=detector.table.name.lower().replace("_", " "),
                severity=detector.severity,
                evidence=detector.evidence,
                settings=settings(detector),
            )
        )
    return entries


def of_skus() -> list[Entry]:
    """Return an entry for every question of the judge."""
    rules = [one for one in settings(PopulationRules()) if one.name != "budget"]
    used = {
        "sku-wrong-item-watch": {"period", "strike_window"},
        "sku-wrong-item": {setting.name for setting in rules} - {"sellers"},
    }
    return [
        Entry(
            kind=question.kind,
            question=ASKED_OF_SKUS[question.kind],
            more="A replacement counts for the SKU that was ordered in the first place.",
            table="SKU",
            severity=question.severity,
            evidence=("rule", "customers", *TOLD_OF_A_RULE[question.kind], "report", "seller"),
            settings=[setting for setting in rules if setting.name in used[question.kind]],
            section="populations",
        )
        for question in QUESTIONS
    ]


def overview(entries: Sequence[Entry]) -> str:
    """Return the table for README.md: one row per kind."""
    rows = [
        f"| [{entry.kind}](docs/detectors.md#{entry.kind}) | {entry.question} "
        f"| {entry.table} | {_briefly(entry.settings)} |"
        for entry in entries
    ]
    head = ["| kind | a problem is | asked of each | settings and their defaults |"]
    return "\n".join([*head, "| --- | --- | --- | --- |", *rows])


def _briefly(told: Sequence[Setting]) -> str:
    return "<br>".join(f"`{one.name}` {one.default}: {one.short}" for one in told)


def section(entry: Entry) -> str:
    """Return all that is known about one detector, as a section of docs/detectors.md."""
    told = (part for fact in entry.evidence for part in TOLD_AS.get(fact, (fact,)))
    proof = ", ".join(f"`{part}`" for part in told)
    asked = f"Asked of each **{entry.table}**. Severity: {entry.severity.value}. Evidence: {proof}."
    prose = [textwrap.fill(text, WIDTH) for text in (entry.question, entry.more, asked) if text]
    return "\n\n".join([f"## {entry.kind}", *prose, *_listed(entry)])


def _listed(entry: Entry) -> list[str]:
    if not entry.settings:
        return []
    head = [f"| setting in `{entry.section}` | default | meaning |", "| --- | --- | --- |"]
    rows = [f"| `{one.name}` | {one.default} | {one.meaning} |" for one in entry.settings]
    return ["\n".join([*head, *rows])]


@dataclass(frozen=True, slots=True)
class Family:
    """What the pages say of one defect of whole groups: its kinds by subject and rung."""

    slug: str
    counted: Sequence[str]
    """What counts as a report, in a sentence for each of its sources."""
    charges: Sequence[Charge]

    @property
    def anchor(self) -> str:
        """Where the section is, as a link writes it."""
        return f"whole-groups-{self.slug}"

    @property
    def types(self) -> str:
        """The subjects it is asked of."""
        return ", ".join(charge.subject_type for charge in self.charges)


def of_groups() -> list[Family]:
    """Return a family for each defect, in the order of their table."""
    found: dict[str, list[int]] = {}
    for number, defect in enumerate(DEFECTS):
        found.setdefault(defect.slug, []).append(number)
    return [
        Family(
            slug,
            [_counts(DEFECTS[number]) for number in numbers],
            [Charge(number, name) for number in numbers for name in DEFECTS[number].charged],
        )
        for slug, numbers in found.items()
    ]


def _counts(defect: Defect) -> str:
    if defect.question is None:
        return f"Every `{defect.kind}` counts; it is taken back when that is withdrawn."
    first, _, _ = inspect.cleandoc(type(defect.question).__doc__ or "").partition("\n\n")
    return plain(first)


def family_row(family: Family) -> str:
    """Return the row of README.md for a defect of whole groups."""
    question = " ".join(["More than usual, by evidence.", *dict.fromkeys(family.counted)])
    link = f"[\\*-{family.slug}](docs/detectors.md#{family.anchor})"
    return f"| {link} | {question} | {family.types} | `wrong_alarms` a month |"


def family_section(family: Family) -> str:
    """Return the section of docs/detectors.md for a defect of whole groups."""
    said = [textwrap.fill(text, WIDTH) for text in family.counted]
    head = [
        "| asked of each | kinds, weakest first | wrong alarms a month |",
        "| --- | --- | --- |",
    ]
    rows = [_charge_row(charge) for charge in family.charges]
    return "\n\n".join([f"## whole groups: {family.slug}", *said, "\n".join([*head, *rows])])


def _charge_row(charge: Charge) -> str:
    ladder = ladder_of(charge)
    kinds = [f"`{kind_of(charge, rung)}` ({step.severity.value})" for rung, step in ladder.items()]
    if charge.subject_type == "sku":
        kinds.append(f"`{base_kind(charge)}{RECOVERED}` (info)")
    return f"| {charge.subject_type} | {', '.join(kinds)} | {BUDGET[charge.subject_type]:g} |"


GROUPS: Final = """One question is asked of every group for every defect: how much likelier is what
came back since some day, if the group went bad on that day, than if it is as usual? Units count
from the day they left; a unit that has had little time to be reported weighs little; what is usual
is learnt for each category. `-watch` opens at a hundredth of the evidence that acting needs,
`-hold` at a tenth; `-advice` is about a listing, and opens at a tenth. Each problem says since
when, how many of how many, what was expected, how much evidence that is and how much was needed,
what is usual, who else was likely, and what would end it. The settings are in `populations:
wrong_alarms`, by type of subject: wrong alarms allowed a month for each defect."""
"""What all families have in common."""


def page(before: str, content: str) -> str:
    """Return a page whose part between the markers is ``content``."""
    head, _, rest = before.partition(START)
    _, _, tail = rest.partition(END)
    return f"{head}{START}\n\n{content}\n\n{END}{tail}"


def pages() -> dict[Path, str]:
    """Return both pages as they should be."""
    entries, families = [*of_journeys(), *of_skus()], of_groups()
    said = f"## whole groups\n\n{textwrap.fill(GROUPS, WIDTH)}"
    sections = [*map(section, entries), said, *map(family_section, families)]
    readme, reference = ROOT / "README.md", ROOT / "docs" / "detectors.md"
    return {
        readme: page(
            readme.read_text("utf-8"),
            "\n".join([overview(entries), *map(family_row, families)]),
        ),
        reference: page(reference.read_text("utf-8"), "\n\n".join(sections)),
    }


def main() -> int:
    """Compare the pages with what they should say, or with ``--write`` make it so; 1 if not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="rewrite the tables in place")
    wanted = pages()
    if parser.parse_args().write:
        for path, text in wanted.items():
            path.write_text(text, "utf-8")
    return int(any(text != path.read_text("utf-8") for path, text in wanted.items()))


if __name__ == "__main__":
    sys.exit(main())
