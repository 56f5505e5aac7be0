"""``andon ledger`` on the command line: its answers, its exit codes, its refusals."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from actions.desk import Desk
from actions.ledger import Ledger
from actions.outbox import Relay
from actions.playbook import load_playbook
from actions.testing import NOON, a_problem, opened
from andon.testing import Said
from andon.verified import last_verified
from streams.folder import Folder

Andon = Callable[..., Said]


@pytest.fixture(autouse=True)
def _somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USER", "somebody")


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    found = Folder(tmp_path / "andon-data")
    found.path.mkdir()
    ledger = Ledger(found.ledger_url)
    Desk(ledger, load_playbook()).take([opened(a_problem(customer_id="cust-4711"))], NOON)
    Relay(ledger, {"*": lambda _: "done"}).run_once(NOON)
    ledger.close()
    return found


def test_a_ledger_that_holds_is_noted_for_monitors_and_a_changed_one_is_not(
    andon: Andon, folder: Folder
) -> None:
    never = last_verified(folder)
    _, out, _ = andon("ledger", "verify")
    noted = last_verified(folder)
    with closing(sqlite3.connect(folder.ledger)) as connection, connection:
        connection.execute("DROP TRIGGER outcomes_refuses_update")
        connection.execute("UPDATE outcomes SET detail = 'x'")
    code, *_ = andon("ledger", "verify")

    assert never is None
    assert noted is not None
    assert str(noted.entries) == out.partition(":")[0]
    assert code == 1
    assert last_verified(folder) == noted


def test_a_note_that_cannot_be_read_is_none(folder: Folder) -> None:
    folder.verified.write_text("{")

    assert last_verified(folder) is None


@pytest.mark.usefixtures("folder")
def test_a_ledger_that_holds_prints_its_head(andon: Andon) -> None:
    code, out, err = andon("ledger", "verify")
    number, _, digest = out.strip().partition(":")

    assert (code, len(digest)) == (0, 64)
    assert f"all {number} entries hold" in err
    assert andon("ledger", "verify", "--anchor", out.strip())[0] == 0


def test_a_ledger_that_was_changed_is_a_finding(andon: Andon, folder: Folder) -> None:
    with closing(sqlite3.connect(folder.ledger)) as connection, connection:
        connection.execute("DROP TRIGGER actions_refuses_update")
        connection.execute("UPDATE actions SET cost_minor = 1 WHERE name = 'refund-shipping'")
        query = "SELECT entry FROM actions WHERE name = 'refund-shipping'"
        (number,) = connection.execute(query).fetchone()
    code, out, _ = andon("ledger", "verify")

    assert code == 1
    assert out.startswith(f"entry {number}: in actions is not what was stored")


@pytest.mark.usefixtures("folder")
def test_another_ledger_is_not_the_anchored_one(andon: Andon) -> None:
    assert andon("ledger", "verify", "--anchor", "1:" + "a" * 64)[0] == 1
    assert andon("ledger", "verify", "--anchor", "nonsense")[0] == 2


@pytest.mark.usefixtures("folder")
def test_an_export_is_one_entry_a_line_and_names_no_customer(andon: Andon) -> None:
    code, out, _ = andon("ledger", "export")
    lines = [json.loads(line) for line in out.splitlines()]

    assert code == 0
    assert [line["entry"] for line in lines] == list(range(1, len(lines) + 1))
    assert lines[0].keys() == {"entry", "table", "row", "previous", "hash"}
    assert "cust-4711" not in out


@pytest.mark.usefixtures("folder")
def test_a_customer_is_erased_once(andon: Andon) -> None:
    why = ("--why", "asked us to")
    code, out, _ = andon("ledger", "erase", "cust-4711", *why)
    again, _, err = andon("ledger", "erase", "cust-4711", *why)

    assert (code, out.startswith("person-")) == (0, True)
    assert (again, "no customer" in err) == (2, True)
    assert andon("ledger", "verify")[0] == 0
    assert "cust-4711" not in andon("actions", "-o", "json")[1]


@pytest.mark.usefixtures("folder")
def test_the_feed_goes_on_behind_what_was_read(andon: Andon) -> None:
    first, second = (json.loads(line) for line in andon("ledger", "feed")[1].splitlines())
    rest = andon("ledger", "feed", "--after", str(first["seq"]))[1].splitlines()

    assert [json.loads(line) for line in rest] == [second]
    assert first.keys() == {"seq", "id", "aggregatetype", "aggregateid", "type", "payload"}
    assert first["payload"]["data"]["id"] == first["id"]


@pytest.mark.parametrize("url", ["mysql://host/name", "not a url"])
def test_a_database_that_cannot_hold_a_ledger_is_refused_in_words(andon: Andon, url: str) -> None:
    code, _, err = andon("ledger", "verify", "--ledger", url)

    assert (code, "Traceback" in err) == (2, False)
    assert "postgresql://" in err


def test_the_configured_ledger_is_used_instead_of_the_folders(
    andon: Andon, folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere.db"
    folder.ledger.rename(elsewhere)
    monkeypatch.setenv("ANDON_LEDGER_URL", f"sqlite:///{elsewhere}")

    assert "refund-shipping" in andon("actions")[1]
    assert andon("ledger", "verify")[0] == 0
