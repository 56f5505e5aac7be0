"""Each verb of a person works from the command line, and is refused in one clear sentence."""

import json
from pathlib import Path
from typing import Any

import pytest

from actions.desk import Desk
from actions.ledger import Ledger
from actions.playbook import load_playbook, parse_playbook
from actions.rounds import Rounds
from actions.testing import a_problem, opened
from andon.persons import spoken
from andon.testing import Said, command
from andon.wiring import NotPossible
from schemas.problems import Problem
from schemas.times import HOUR
from streams.embedded import wall_clock
from streams.folder import Folder

REVIEW = """
name: careful
rules:
  - name: late
    kind: late-delivery
    mode: review
    do: [message-customer, {credit-customer: {amount: 30.00 USD}}]
"""


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("ANDON_WHO", "ops-1")
    monkeypatch.delenv("ANDON_PLAYBOOK", raising=False)
    monkeypatch.chdir(tmp_path)


def problems_taken(*problems: Problem, text: str = REVIEW) -> None:
    """Leave a ledger in the default folder in which these problems were decided."""
    folder = Folder(Path("andon-data"))
    folder.path.mkdir(exist_ok=True)
    ledger = Ledger(folder.ledger_url)
    book = parse_playbook(text, "careful.yaml")
    Desk(ledger, book).take([opened(problem) for problem in problems], wall_clock())
    ledger.close()


def late(order: str = "O1") -> Problem:
    return a_problem(opened_at=wall_clock() - HOUR, subject=order, order_id=order)


def rows(said: Said) -> list[dict[str, Any]]:
    return [json.loads(line) for line in said.out.splitlines()]


def the(name: str) -> dict[str, Any]:
    (row,) = rows(command("actions", "--name", name, "-o", "json"))
    return row


def test_an_approved_action_is_queued_and_a_rejected_one_dropped() -> None:
    problems_taken(late())
    approved = command("actions", "approve", the("credit-customer")["id"][:8], "--why", "true")
    command("actions", "reject", the("message-customer")["id"], "--why", "called them")

    assert approved.code == 0
    assert "approved: credit-customer C1" in approved.words
    assert the("credit-customer")["status"] == "queued"
    assert the("message-customer")["status"] == "rejected by a person"


def test_what_is_queued_can_be_held() -> None:
    problems_taken(late(), text=REVIEW.replace("review", "shadow"))
    problems_taken(late("O2"))
    action = rows(command("actions", "--order", "O2", "--name", "message-customer", "-o", "json"))
    command("actions", "approve", action[0]["id"], "--why", "true")
    held = command("actions", "hold", action[0]["id"], "--why", "not yet")

    assert "held: message-customer" in held.words


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["approve", "ffffffff", "--why", "x"], "there is no action ffffffff"),
        (["approve", "ffffffff", "--why", " "], "say why"),
        (["undo", "ffffffff", "--why", "x"], "there is no action"),
        (["retry", "ff", "--why", "x"], "too short"),
        (["do", "cupon", "--problem", "ffffffff", "--why", "x"], "did you mean 'coupon'"),
        (["do", "coupon", "--problem", "ffffffff", "--why", "x"], "coupon needs 'amount'"),
        (
            ["do", "coupon", "--problem", "ffffffff", "--why", "x", "--set", "amount=5"],
            "'5' is no amount",
        ),
        (["do", "coupon", "--problem", "ffffffff", "--why", "x", "--set", "5"], "NAME=VALUE"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(arguments: list[str], said: str) -> None:
    problems_taken(late())
    done = command("actions", *arguments)

    assert done.code == 2
    assert said in done.words


def test_more_than_the_rules_is_done_at_once() -> None:
    problem = late()
    problems_taken(problem)
    given = ("do", "coupon", "--problem", problem.id, "--why", "third time")
    done = command("actions", *given, "--set", "amount=5.00 USD")

    assert "queued: coupon C1" in done.words
    assert the("coupon")["status"] == "queued"


def test_the_roles_of_the_playbook_that_decides_hold_at_the_command_line() -> None:
    roles = "roles: {agent: {people: [ops-1], may: [approve], each: 10.00 USD}}\n"
    problems_taken(late(), text=REVIEW + roles)
    done = command("actions", "approve", the("credit-customer")["id"], "--why", "x")
    stopped = command("stop", "--why", "x")

    assert "may spend 10.00 USD each time" in done.words
    assert (stopped.code, "may not stop" in stopped.words) == (2, True)


def test_the_configured_playbook_is_the_one_in_force(monkeypatch: pytest.MonkeyPatch) -> None:
    problems_taken(late())
    roles = "roles: {agent: {people: [ops-2], may: [approve]}}\n"
    Path("shop.yaml").write_text(REVIEW + roles, encoding="utf-8")
    monkeypatch.setenv("ANDON_PLAYBOOK", "shop.yaml")

    assert "ops-1 has no role" in command("stop", "--why", "x").words


def test_a_ledger_without_decisions_goes_by_the_shipped_playbook() -> None:
    problems_taken()

    assert command("stop", "--rule", "late delivery", "--why", "x").code == 0


def test_a_stop_and_a_start_are_kept_and_a_rule_must_exist() -> None:
    problems_taken(late())
    stopped = command("stop", "--why", "wrong dates")
    started = command("start", "--rule", "late", "--why", "new dates")
    unknown = command("stop", "--rule", "lost", "--why", "x")

    assert "stopped: everything" in stopped.words
    assert "started: the rule 'late'" in started.words
    assert "no rule is called 'lost'; there are: late" in unknown.words


def test_a_silence_says_what_it_would_have_hidden_and_counts_what_it_hid() -> None:
    problems_taken(late())
    add = ("silence", "add", "--kind", "late-*", "--for", "4h", "--why", "strike")
    dry = command(*add, "--dry-run")
    real = command(*add)
    problems_taken(late("O2"))
    (row,) = rows(command("silence", "list", "-o", "json"))

    assert "it would have hidden 1 problems; 1 are open" in dry.words
    assert "silence 1 holds for 4h" in real.words
    assert (row["who"], row["why"], row["covers"], row["hidden"]) == (
        "ops-1",
        "strike",
        "kind=late-*",
        1,
    )


def test_a_silence_ends_once() -> None:
    problems_taken(late())
    command("silence", "add", "--order", "O1", "--for", "1d", "--why", "test order")
    ended = command("silence", "end", "1", "--why", "real after all")
    again = command("silence", "end", "1", "--why", "again")

    assert ended.code == 0
    assert "no silence 1 holds now" in again.words
    assert command("silence", "list").words == "no silence"
    assert rows(command("silence", "list", "--all", "-o", "json"))[0]["state"] == "over"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["--for", "4h"], "name what is to be silenced"), (["--kind", "x", "--for", "4"], "duration")],
)
def test_a_silence_needs_bounds(arguments: list[str], said: str) -> None:
    problems_taken(late())
    done = command("silence", "add", "--why", "x", *arguments)

    assert (done.code, said in done.words) == (2, True)


def test_who_is_not_logged_in_says_who_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise OSError("no user")

    monkeypatch.setattr("getpass.getuser", nobody)

    with pytest.raises(NotPossible, match="say who you are with --as"):
        spoken(None, "because")
    assert spoken("ops-1", " because ").why == "because"


def test_a_running_service_obeys_a_stop_from_another_process() -> None:
    problems_taken(late())
    ledger = Ledger(Folder(Path("andon-data")).ledger_url)
    performed: list[int] = []

    def perform(now: int) -> list[Any]:
        performed.append(now)
        return []

    rounds = Rounds(ledger, Desk(ledger, load_playbook()), perform)
    rounds(wall_clock())
    command("stop", "--why", "x")
    rounds(wall_clock())
    ledger.close()

    assert len(performed) == 1


def test_the_queue_names_owner_and_next_step_and_a_person_takes_what_is_theirs() -> None:
    problems_taken(late())
    (before,) = rows(command("queue", "-o", "json"))
    taken = command("own", before["problem_id"][:8], "--why", "I know the carrier")
    (after,) = rows(command("queue", "-o", "json"))

    assert before["owner"] == "carrier (nobody yet)"
    assert before["next_step"] == "approve or reject: credit-customer, message-customer"
    assert "ops-1 has late-delivery O1" in taken.words
    assert after["owner"] == "ops-1"


def test_an_empty_queue_says_so() -> None:
    problems_taken()

    assert command("queue").words == "nothing waits for a person"


def test_outcomes_are_told_and_noted() -> None:
    problems_taken(late())
    (row,) = rows(command("queue", "-o", "json"))
    paid = ("outcome", row["problem_id"], "claim-paid", "--why", "their letter")
    done = command(*paid, "--amount", "42.00 USD")

    assert "noted: claim-paid" in done.words
    assert command(*paid).code == 2
    assert "'42' is no amount" in command(*paid, "--amount", "42").words
    assert "there are investigation-closed" in command(*paid[:2], "paid", "--why", "x").words
