"""What the page on playbooks tells people to write must work as it stands there."""

import re
from pathlib import Path

import pytest
import yaml

from actions.catalogue import ACTS
from actions.playbook import parse_playbook
from actions.rules import Role, Rule
from andon.cli import COMMANDS, GROUPS
from andon.trials import try_cases
from andon.wiring import KINDS
from schemas.commands import Verb

PAGE = (Path(__file__).parents[2] / "docs/playbooks.md").read_text("utf-8")
BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
PLAYBOOKS = [block for block in BLOCKS if "\nrules:" in block]
CASES = [block for block in BLOCKS if "\ncases:" in block]


def test_every_block_is_a_playbook_or_a_file_of_cases() -> None:
    assert len(PLAYBOOKS) + len(CASES) == len(BLOCKS) > 4


@pytest.mark.parametrize("number", range(len(PLAYBOOKS)))
def test_every_playbook_on_the_page_is_sound(number: int) -> None:
    assert parse_playbook(PLAYBOOKS[number], "page.yaml", KINDS).rules


def test_the_case_on_the_page_is_kept_by_the_first_playbook_on_it(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(PLAYBOOKS[0], encoding="utf-8")
    (tmp_path / "cases.yaml").write_text(CASES[0], encoding="utf-8")
    (trial,) = try_cases(tmp_path / "cases.yaml")

    assert [str(fault) for fault in trial.faults] == []


def test_the_table_of_a_rule_names_every_field_it_has() -> None:
    section = PAGE.split("## 2.")[1].split("\n## ")[0]
    told = set(
        re.findall(r"`([a-z_]+)`", "\n".join(re.findall(r"^\| (.*?) \|", section, re.MULTILINE)))
    )

    assert told == Rule.model_fields.keys()


def test_the_roles_on_the_page_name_every_verb_between_them() -> None:
    written = yaml.safe_load(next(block for block in PLAYBOOKS if "\nroles:" in block))
    named = {verb for role in written["roles"].values() for verb in role["may"]}

    assert named == {verb.value for verb in Verb}
    assert {"people", "may", "each", "a_day"} <= Role.model_fields.keys()


def test_every_command_in_the_table_of_people_exists() -> None:
    section = PAGE.split("## 8.")[1]
    named = {line.split()[1] for line in re.findall(r"`(andon [a-z ]+)", section)}
    known = {name for name, *_ in COMMANDS} | {name for name, _ in GROUPS}

    assert named <= known
    assert "coupon" in ACTS
