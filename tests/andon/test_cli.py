import gzip
import json
import random
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from actions.ledger import Ledger
from andon import replay
from andon.cli import COMMANDS, GROUPS, with_address
from andon.simulate import simulate
from andon.testing import Said
from schemas.testing import an_order, as_lines
from streams.folder import Folder
from streams.journal import Entry, Journal

Andon = Callable[..., Said]


def test_help_imports_nothing_heavy() -> None:
    code = "import sys; sys.argv = ['andon', '--help']\nfrom andon.cli import main\n"
    code += "try: main()\nexcept SystemExit: pass\nprint(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"pandas", "numpy", "sqlalchemy", "pydantic", "uvicorn", "starlette", "alembic"}

    assert heavy.isdisjoint(done.stderr.split())


@pytest.mark.parametrize("name", [name for name, _, _ in COMMANDS])
def test_every_command_has_help_with_examples(andon: Andon, name: str) -> None:
    done = andon(name, "--help")

    assert done.code == 0
    assert f"andon {name}" in done.out.split("Examples")[1]


def test_every_group_lists_its_commands(andon: Andon) -> None:
    for name, _ in GROUPS:
        assert "Commands" in andon(name, "--help").out


def test_the_name_alone_shows_the_help(andon: Andon) -> None:
    done = andon()

    assert done.code == 2
    assert "Commands" in done.out + done.err


def test_an_unknown_option_is_a_usage_error(andon: Andon) -> None:
    assert andon("run", "--nonsense").code == 2


def test_the_version_is_told(andon: Andon) -> None:
    assert andon("--version").out.startswith("andon 0.")


@pytest.mark.parametrize(
    ("arguments", "remedy"),
    [
        (["run"], "--http"),
        (["run", "missing.jsonl"], "missing.jsonl: no such file"),
        (["run", "-", "--follow"], "--follow needs a file"),
        (["run", "x", "--http", "0", "--recording"], "what comes by HTTP happens now"),
        (["run", "--http", "9:99999"], "write PORT or HOST:PORT"),
        (["problems"], "start `andon run` first"),
        (["actions", "--status", "lost"], "there are shadow, waiting"),
        (["rejected", "list"], "start `andon run` first"),
        (["explain", "O-1"], "start `andon run` first"),
    ],
)
def test_a_mistake_exits_with_2_and_names_the_remedy(
    andon: Andon, arguments: list[str], remedy: str
) -> None:
    done = andon(*arguments)

    assert done.code == 2
    assert remedy in done.words
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("setting", "remedy"),
    [
        ('webhook_url = "https://x.example"\nwebhook_secret = "whsec_!"', "must read whsec_"),
        ('webhook_url = "https://x.example"', "needs ANDON_WEBHOOK_SECRET"),
        ('apprise = "nonsense"', "cannot read the URL"),
        ('playbook = "nowhere.yaml"', "nowhere.yaml"),
    ],
    ids=["secret", "no secret", "apprise", "playbook"],
)
def test_a_run_with_a_setting_that_cannot_be_used_says_which(
    andon: Andon, tmp_path: Path, setting: str, remedy: str
) -> None:
    (tmp_path / "andon.toml").write_text(setting)
    (tmp_path / "events.jsonl").write_bytes(as_lines([an_order()]))
    done = andon("run", "events.jsonl")

    assert done.code == 2
    assert remedy in done.words
    assert "Traceback" not in done.err


def test_a_run_refuses_a_compressed_file_and_takes_none_of_it_for_records(
    andon: Andon, tmp_path: Path
) -> None:
    (tmp_path / "events.jsonl.gz").write_bytes(gzip.compress(as_lines([an_order()])))
    done = andon("run", "events.jsonl.gz")

    assert done.code == 2
    assert "unpack it" in done.words
    assert andon("rejected", "list", "-o", "json").out == ""


def test_a_taken_port_is_named(andon: Andon) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = andon("run", "--http", address)

    assert done.code == 2
    assert f"cannot listen on {address}" in done.words


def test_a_sound_playbook_is_called_so(andon: Andon) -> None:
    done = andon("playbook", "check")

    assert done.code == 0
    assert "sound" in done.err


def test_mistakes_in_a_playbook_are_named_by_place_and_exit_with_1(
    andon: Andon, tmp_path: Path
) -> None:
    path = tmp_path / "shop.yaml"
    path.write_text(andon("playbook", "show").out.replace(" silence: 3bd", " silense: 3bd"))
    done = andon("playbook", "check", path, "-o", "json")
    fault = json.loads(done.out)

    assert done.code == 1
    assert "did you mean silence?" in fault["message"]
    assert Path(fault["file"]).name == "shop.yaml"
    assert fault["line"] > 1


def test_the_schema_for_editors_is_json(andon: Andon) -> None:
    assert json.loads(andon("playbook", "schema").out)["title"] == "Andon playbook"


def test_doctor_finds_a_fresh_folder_sound(andon: Andon, tmp_path: Path) -> None:
    done = andon("doctor", "--data", tmp_path / "new", "--port", "0", "-o", "json")
    found = [json.loads(line) for line in done.out.splitlines()]

    assert (done.code, {one["result"] for one in found}) == (0, {"ok"})
    assert not (tmp_path / "new").exists()


def test_doctor_exits_with_1_and_names_what_is_wrong(andon: Andon, tmp_path: Path) -> None:
    (tmp_path / "journal.db").write_bytes(b"this is no database at all" * 50)
    done = andon("doctor", "--data", tmp_path, "--port", "0")

    assert done.code == 1
    assert "1 of 12 checks failed" in done.err


def _ledger_with(statement: str, folder: Path) -> None:
    Ledger(Folder(folder).ledger_url).close()
    with closing(sqlite3.connect(folder / "ledger.db")) as connection, connection:
        connection.execute(statement)


def _noise(path: Path) -> None:
    path.write_bytes(random.Random(1).randbytes(20_000))  # noqa: S311 - noise, no secret


def _torn(folder: Path) -> None:
    with Journal(folder / "journal.db") as journal:
        entries = [Entry(number, f"o-{number}", b"x" * 500) for number in range(200)]
        journal.append(entries)
    whole = bytearray((folder / "journal.db").read_bytes())
    whole[40_000:60_000] = bytes(20_000)
    (folder / "journal.db").write_bytes(whole)


BROKEN: dict[str, tuple[str, Callable[[Path], object]]] = {
    "noise for a journal": ("journal", lambda folder: _noise(folder / "journal.db")),
    "noise for a ledger": ("ledger", lambda folder: _noise(folder / "ledger.db")),
    "a journal torn inside": ("journal", _torn),
    "a ledger without a table": (
        "ledger",
        lambda folder: _ledger_with("DROP TABLE actions", folder),
    ),
    "a ledger of a later version": (
        "ledger",
        lambda folder: _ledger_with("UPDATE alembic_version SET version_num = '9999'", folder),
    ),
    "an unsound playbook": (
        "playbook",
        lambda folder: (folder / "andon.toml").write_text('playbook = "andon.toml"'),
    ),
    "a webhook without its secret": (
        "executors",
        lambda folder: (folder / "andon.toml").write_text('webhook_url = "https://shop.example/"'),
    ),
    "an address that is none": (
        "executors",
        lambda folder: (folder / "andon.toml").write_text('apprise = "nonsense"'),
    ),
}
"""What may be broken: the check that must notice, and how it is broken in a folder."""


@pytest.mark.parametrize(("check", "broken"), BROKEN.values(), ids=list(BROKEN))
def test_doctor_finds_what_is_broken_and_goes_on_to_the_last_check(
    andon: Andon, tmp_path: Path, check: str, broken: Callable[[Path], object]
) -> None:
    broken(tmp_path)
    done = andon("doctor", "--data", tmp_path, "--port", "0", "-o", "json")
    found = [json.loads(line) for line in done.out.splitlines()]

    assert done.code == 1
    assert [one["check"] for one in found if one["result"] != "ok"] == [check]
    assert found[-1]["check"] == "port"


def test_doctor_finds_a_port_that_is_taken(andon: Andon, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = andon("doctor", "--data", tmp_path, "--port", port, "-o", "json")
    [wrong] = [one for one in map(json.loads, done.out.splitlines()) if one["result"] != "ok"]

    assert (done.code, wrong["check"]) == (1, "port")


@pytest.mark.parametrize("command", [["problems"], ["actions"]], ids=lambda words: words[0])
def test_a_damaged_ledger_is_a_sentence_and_no_traceback(
    andon: Andon, tmp_path: Path, command: list[str]
) -> None:
    _noise(tmp_path / "ledger.db")
    done = andon(*command, "--data", tmp_path)

    assert done.code == 2
    assert "andon doctor" in done.words
    assert "Traceback" not in done.err


@pytest.mark.parametrize("form", ["table", "json", "csv"])
@pytest.mark.parametrize("command", ["problems", "actions", "rejected list"])
def test_an_empty_folder_says_on_stderr_that_there_is_nothing(
    andon: Andon, tmp_path: Path, command: str, form: str
) -> None:
    Ledger(Folder(tmp_path).ledger_url).close()
    Journal(tmp_path / "journal.db").close()
    done = andon(*command.split(), "--data", tmp_path, "-o", form)

    assert (done.code, done.out) == (0, "")
    assert done.err.startswith(("no ", "nothing "))


def test_settings_come_from_environment_before_file(
    andon: Andon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "andon.toml").write_text('data = "from-file"\n')
    by_file = andon("problems")
    monkeypatch.setenv("ANDON_DATA", "from-environment")
    by_environment = andon("problems")

    assert "from-file" in by_file.err
    assert "from-environment" in by_environment.err


def test_an_unknown_setting_is_named(andon: Andon, tmp_path: Path) -> None:
    (tmp_path / "andon.toml").write_text('dato = "x"\n')
    done = andon("problems")

    assert done.code == 2
    assert "no setting is called 'dato'" in done.words


def test_http_alone_means_the_default_address() -> None:
    assert with_address(["run", "--http"]) == ["run", "--http", "127.0.0.1:8080"]
    assert with_address(["run", "--http", "-p", "x"])[2] == "127.0.0.1:8080"
    assert with_address(["run", "--http", "9000"]) == ["run", "--http", "9000"]


def test_no_colour_is_honoured(andon: Andon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("FORCE_COLOR", "1")
    done = andon("problems")

    assert "\x1b[3" not in done.err


def test_replay_prints_problems_on_stdout_and_the_summary_on_stderr(
    andon: Andon, recording: Path
) -> None:
    done = andon("replay", recording, "--format", "json")
    found = [json.loads(line) for line in done.out.splitlines()]
    fields = "id kind subject_type subject order_id customer_id opened_at cleared_at withdrawn_at"

    assert found
    assert set(f"{fields} parent severity evidence detector".split()) <= set(found[0])
    assert f"{len(found):,} problems" in done.err
    assert "events per CPU second" in done.err


@pytest.mark.parametrize("size", ["1", "7", "500", "100000"])
def test_the_last_line_is_one_hash_for_every_batch_size(
    andon: Andon, recording: Path, size: str
) -> None:
    done = andon("replay", recording, "--hash", "--batch-size", size, "--format", "csv")

    assert done.out.splitlines()[-1] == replay(recording).hash


def test_replay_of_a_time_that_is_none_says_how_to_write_one(andon: Andon, recording: Path) -> None:
    done = andon("replay", recording, "--since", "yesterday")

    assert (done.code, "2026-01-01T00:00:00Z" in done.err) == (2, True)


def test_replay_of_no_time_at_all_says_so(andon: Andon, recording: Path) -> None:
    done = andon("replay", recording, "--since", "2025-02-01", "--until", "2025-02-01")

    assert (done.code, done.out) == (2, "")
    assert "since must be the earlier one" in done.words


@pytest.mark.parametrize(
    ("arguments", "remedy"),
    [
        (["problems", "--kind", "late-delivry"], "did you mean late-delivery?"),
        (["actions", "--name", "delist"], "did you mean delist-sku?"),
    ],
    ids=["kind", "action"],
)
def test_a_name_that_nothing_has_is_not_answered_with_silence(
    andon: Andon, tmp_path: Path, arguments: list[str], remedy: str
) -> None:
    Ledger(Folder(tmp_path).ledger_url).close()
    done = andon(*arguments, "--data", tmp_path)

    assert done.code == 2
    assert remedy in done.words


def test_replay_of_nothing_wrong_says_so(andon: Andon, tmp_path: Path) -> None:
    (tmp_path / "calm.jsonl").write_bytes(as_lines([an_order()]))
    done = andon("replay", "calm.jsonl")

    assert (done.code, done.out) == (0, "")
    assert "no problems found" in done.err


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulate(200, 10, 5, tmp_path_factory.mktemp("world")).events_path


@pytest.fixture(scope="module")
def small_world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a small shop with faults in it, once for all."""
    folder = tmp_path_factory.mktemp("shop")
    simulate(4_000, 30, 1, folder)
    return folder / "events.jsonl"


def test_explaining_a_group_prints_sentences_a_table_and_a_drawing(
    andon: Andon, small_world: Path
) -> None:
    found = [
        row
        for row in andon("replay", small_world, "-o", "json").rows
        if "share_of_needed" in json.dumps(row)
    ]
    name, kind = str(found[0]["subject"]), str(found[0]["subject_type"])
    told = andon("explain", kind, name, "--from", small_world)
    rows = andon("explain", kind, name, "--from", small_world, "-o", "json").rows

    assert told.code == 0
    assert "to be reported, expected" in told.out
    assert "share of needed" in told.out
    assert "0 is enough to act" in told.out
    assert rows[0].keys() >= {"at", "defect", "evidence", "needed"}


def test_checking_a_playbook_tells_its_budgets(andon: Andon, small_world: Path) -> None:
    least = andon("playbook", "check", "-o", "json").rows
    counted = andon("playbook", "check", "--from", small_world, "-o", "json").rows

    assert {row["subject_type"] for row in least} >= {"sku", "lane", "market"}
    assert sum(int(str(row["opened_act"])) for row in counted) > 0
    assert all(int(str(row["key_days_a_month"])) >= 0 for row in counted)


def test_one_problem_is_told_in_full_in_either_language(andon: Andon, small_world: Path) -> None:
    assert andon("run", small_world, "--recording", "--data", "d").code == 0
    listed = andon("problems", "-s", "any", "-n", "9999", "-o", "json", "--data", "d").rows
    ident = next(str(row["id"]) for row in listed if "share_of_needed" in json.dumps(row))
    english = andon("problems", "--id", ident, "--data", "d").out
    [row] = andon("problems", "--id", ident, "--locale", "vi", "-o", "json", "--data", "d").rows

    assert "Evidence" in english
    assert "units_with_time:" in english
    assert "Bằng chứng" in str(row["account"])
