"""What README.md and the pages it leads to tell people to type, open and read must be there."""

import json
import re
import shlex
import sys
from pathlib import Path

import pytest

from andon.cli import main

ROOT = Path(__file__).parents[2]
README, GUIDE = ROOT / "README.md", ROOT / "docs/guide.md"
PLAYBOOKS = ROOT / "docs/playbooks.md"
PAGES = {
    page: page.read_text("utf-8") for page in (README, GUIDE, ROOT / "docs/detectors.md", PLAYBOOKS)
}
COMMAND = re.compile(r"(?:^(?: {4}|\$ )|`)(andon [a-z][^`\n]*)", re.MULTILINE)
COMMANDS = sorted({line for text in PAGES.values() for line in COMMAND.findall(text)})
"""Lines to type, and words between backticks, that begin with the name of our program."""

LINK = re.compile(r"\]\(([^)\s]+)\)")
LINKS = sorted(
    (page, link)
    for page, text in PAGES.items()
    for link in set(LINK.findall(text))
    if not link.startswith("http")
)
EVERYWHERE = {"type", "id", "time"}
FILES_OF_OURS = re.compile(r"(?<![\w/])(?:docs|schemas|actions|streams)/[\w./-]*\w")


def arguments_of(line: str) -> list[str]:
    """Return the arguments of a command, up to a pipe, a redirection or a comment."""
    command = re.split(r"\s(?:\||>|2>|&&|#)", line)[0]
    return shlex.split(command)[1:]


def anchors(page: Path) -> set[str]:
    """Return the names under which a page's headings can be linked to."""
    headings = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in headings}


def required(schema: Path) -> list[str]:
    """Return the fields without which an event of this schema is turned away."""
    fields: list[str] = json.loads(schema.read_text("utf-8"))["required"]
    return fields


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_is_one_that_andon_understands(
    line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["andon", *arguments_of(line), "--help"])
    with pytest.raises(SystemExit) as left:
        main()

    assert left.value.code == 0


def test_the_readme_names_a_command_for_each_part_of_the_tour() -> None:
    named = {line.split()[1] for line in COMMAND.findall(PAGES[README])}

    assert named >= {
        "simulate", "replay", "explain", "run", "problems", "actions", "rejected", "playbook",
        "import",
    }  # fmt: skip


@pytest.mark.parametrize("page", [README, GUIDE], ids=lambda page: page.name)
def test_every_make_target_that_is_named_exists(page: Path) -> None:
    targets = set(re.findall(r"^([.a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))

    assert set(re.findall(r"(?:`|^ {4})make ([.a-z]+)", PAGES[page], re.MULTILINE)) <= targets


@pytest.mark.parametrize(("page", "link"), LINKS, ids=lambda part: str(getattr(part, "name", part)))
def test_every_link_leads_to_a_file_and_a_heading(page: Path, link: str) -> None:
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page

    assert target.exists()
    assert not anchor or anchor in anchors(target)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_of_ours_that_is_named_exists(page: Path) -> None:
    named = set(FILES_OF_OURS.findall(LINK.sub("", PAGES[page])))

    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_the_guide_lists_every_event_with_the_fields_it_must_have() -> None:
    section = PAGES[GUIDE].partition("\n## Events\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `([a-z_.]+)` \| ([^|]*) \|", section, re.MULTILINE)
    golden = ROOT / "schemas" / "golden"
    expected = {
        path.stem: ", ".join(field for field in required(path) if field not in EVERYWHERE)
        for path in golden.glob("*.*.json")
    }

    assert {kind: fields.replace("`", "") for kind, fields in rows} == expected


def test_the_picture_is_small_enough_to_load_with_the_page() -> None:
    assert (ROOT / "docs/assets/demo.svg").stat().st_size < 200_000
