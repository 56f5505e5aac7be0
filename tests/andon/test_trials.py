"""A playbook is tried on cases, compared with another, told in sentences, and its words shown."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from actions.catalogue import CATALOGUE
from actions.playbook import default_text
from andon.simulate.story import decaf_week
from andon.testing import Said, command
from andon.trial_forms import cases_schema

CASE = """
playbook: shop.yaml
cases:
  - name: late with paid shipping
    events:
      - {type: order.placed, time: "2026-03-02T09:00:00Z", order_id: A-1, customer_id: C-1,
         currency: USD, lines: [{line_id: L1, sku: TEA}], promised_by: "2026-03-06T00:00:00Z",
         shipping_fee: "4.90", customer: {locale: vi}}
    until: 2026-03-07T00:00:00Z
    expect:
      problems:
        - {kind: late-delivery, subject: "order:A-1", opened_at: 2026-03-06T00:00:00Z}
        - {kind: late-dispatch, subject: "line:A-1/L1"}
      actions:
        - {name: message-customer, target: C-1, params: {locale: vi}}
        - {name: refund-shipping, at: 2026-03-06T00:00:00Z, status: queued, rule: late}
"""
SHOP = """
name: shop
budgets: [{per: customer, within: 1d, at_most: 50.00 USD}]
rules:
  - name: late
    kind: late-delivery
    mode: auto
    do: [message-customer, {refund-shipping: {at_most: 9.00 USD}}]
"""


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    Path("shop.yaml").write_text(SHOP, encoding="utf-8")


def tried(text: str) -> Said:
    Path("cases.yaml").write_text(text, encoding="utf-8")
    return command("playbook", "test", "cases.yaml")


def test_a_case_that_the_playbook_keeps_passes() -> None:
    done = tried(CASE)

    assert (done.code, "1 cases: all kept" in done.words) == (0, True)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("rule: late", "rule: soon", "cases.yaml:16:11: late with paid shipping: no name refund"),
        ("rule: late", "rule: soon", "; there is one with rule late"),
        ("03-06T00:00:00Z, status", "03-05T00:00:00Z, status", "there is one with at 2026-03-06T"),
        ("kind: late-delivery,", "kind: lost-shipment,", "no kind lost-shipment"),
        ("kind: late-delivery,", "kind: lost-shipment,", "nobody expected kind late-delivery"),
        ("locale: vi}}\n        -", "locale: en}}\n        -", "one with params"),
    ],
)
def test_a_case_that_fails_says_where_and_what_came_nearest(old: str, new: str, said: str) -> None:
    done = tried(CASE.replace(old, new))

    assert done.code == 1
    assert said in done.words


def test_what_nobody_expected_fails_unless_others_are_allowed() -> None:
    message = "        - {name: message-customer, target: C-1, params: {locale: vi}}\n"
    fewer = CASE.replace(message, "")
    allowed = fewer.replace("    expect:\n", "    expect:\n      others: true\n")

    assert "nobody expected name message-customer" in tried(fewer).words
    assert tried(allowed).code == 0


def test_time_passes_as_far_as_the_case_says() -> None:
    early = CASE.replace("until: 2026-03-07T00:00:00Z", "wait: 3d")
    late = CASE.replace("until: 2026-03-07T00:00:00Z", "wait: 4d")
    ended = CASE.replace("    until: 2026-03-07T00:00:00Z\n", "")

    assert [tried(text).code for text in (early, late, ended)] == [1, 0, 1]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("type: order.placed", "type: order.dreamt", "cases.yaml:6:9: this is no event"),
        ("name: late with", "nmae: late with", "there is no such field"),
        ("until: 2026-03-07T00:00:00Z", "until: tomorrow", "write a time like"),
        ("    expect:", "    excpet:", "cases.0.expect: this is missing"),
        ("playbook: shop.yaml", "playbook: no.yaml", "no.yaml:1:1: cannot be read"),
    ],
)
def test_a_file_of_cases_is_checked_like_a_playbook(old: str, new: str, said: str) -> None:
    done = tried(CASE.replace(old, new))

    assert done.code == 2
    assert said in done.words


def test_a_file_that_is_no_text_is_refused() -> None:
    Path("cases.yaml").write_bytes(b"\xff\xfe")

    assert "cannot be read" in command("playbook", "test", "cases.yaml").words


def test_the_schema_of_cases_accepts_a_case_and_refuses_another_field() -> None:
    schema = cases_schema()
    written: dict[str, Any] = yaml.load(CASE, yaml.BaseLoader)  # noqa: S506 - all text, as cases are read
    jsonschema.validate(written, schema)
    written["cases"][0]["nmae"] = "x"

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(written, schema)
    assert json.loads(command("playbook", "schema", "--cases").out)["title"] == "Andon cases"


# --- diff -------------------------------------------------------------------------------------


def differences(new: str, *more: object) -> list[dict[str, Any]]:
    Path("new.yaml").write_text(new, encoding="utf-8")
    done = command("playbook", "diff", "shop.yaml", "new.yaml", "-o", "json", *more)
    return [json.loads(line) for line in done.out.splitlines()]


def test_playbooks_that_say_the_same_differ_in_nothing() -> None:
    assert differences(SHOP.replace("name: shop", "name: other")) == []


def test_each_difference_is_named_with_before_and_after() -> None:
    new = SHOP.replace("auto", "review").replace("9.00", "7.00").replace("50.00", "40.00")
    rows = {row["where"]: (row["before"], row["after"]) for row in differences(new + ROLES)}

    assert rows["rule 'late': mode"] == ("auto", "review")
    assert rows["rule 'late': do"][1] == "message-customer, refund-shipping (at_most 7.00 USD)"
    assert rows["budget 1"][0] == "per customer, within 1d, at_most 50.00 USD"
    assert rows["roles.agent.may"] == ("", "approve, undo")


ROLES = "roles: {agent: {people: [ops-1], may: [undo, approve]}}\n"


def test_a_new_rule_is_seen_whole() -> None:
    new = SHOP + "  - {name: lost, kind: lost-shipment, mode: off, do: []}\n"

    assert ("rule 'lost': mode", "off") in {(r["where"], r["after"]) for r in differences(new)}


@pytest.mark.practice("1.1")
@pytest.mark.practice("1.10")
def test_a_change_shows_the_customers_it_helps_and_harms_beside_its_cost(tmp_path: Path) -> None:
    events = decaf_week(7, tmp_path / "week").events_path
    less = SHOP.replace(", {refund-shipping: {at_most: 9.00 USD}}", "")
    rows = differences(less, "--events", events)
    figures = {row["figure"]: (row["before"], row["after"]) for row in rows if "figure" in row}

    assert figures["customers who get less"][1] > 0
    assert "customers who get more" not in figures
    assert figures["at most spent"][1] == "0.00 USD"


# --- explain, preview -------------------------------------------------------------------------


def test_a_playbook_is_told_in_sentences() -> None:
    more = """
roles: {agent: {people: [ops-1], may: [approve], each: 5.00 USD, a_day: 9.00 USD}}
messages: {quiet: {begins: "21:00", ends: "08:00"}}
"""
    sale = """
  - name: sale
    kind: wrong-item
    where: {severity: [high, critical], harmed_before: 1}
    rollout: 10%
    valid_from: 2026-11-20
    valid_until: 2026-11-30
    mode: shadow
    undo_when_cleared: true
    do: [message-customer: {hold: 10m}]
    under_root_cause: [offer-substitute]
  - {name: wrong, kind: wrong-item, mode: off, do: []}
"""
    Path("shop.yaml").write_text(SHOP + sale + more, encoding="utf-8")
    told = command("playbook", "explain", "shop.yaml").words

    assert (
        "sale: for wrong-item, severity high or critical, harmed before 1, 10% of customers, "
        "from 2026-11-20, until 2026-11-30, this is recorded and never done:" in told
    )
    assert "message-customer (hold: 10m)" in told
    assert "At most 9.00 USD." in told
    assert "Nobody is written to or called from 21:00 to 08:00 (UTC)." in told
    assert "agent (ops-1): approve, up to 5.00 USD each time, 9.00 USD a day." in told
    assert "3 times message-customer per customer in 1d" in told


def test_one_kind_is_told_alone() -> None:
    Path("shop.yaml").write_text(default_text(), encoding="utf-8")
    told = command("playbook", "explain", "shop.yaml", "--kind", "sku-wrong-item").words

    assert "wrong item again" in told
    assert "undone by relist-sku; sales lost meanwhile do not come back" in told
    assert "lost parcel" not in told


def test_every_action_of_the_catalogue_is_listed() -> None:
    listed = command("playbook", "actions", "-o", "json").out.splitlines()
    rows = [json.loads(line) for line in listed]

    assert [row["action"] for row in rows] == [act.name for act in CATALOGUE]
    assert all(row["remains"] and row["by"] for row in rows)


def test_a_message_can_be_read_before_a_customer_does() -> None:
    both = command("playbook", "preview", "late-delivery", "-p", "shop.yaml")
    one = command("playbook", "preview", "wrong-item", "-p", "shop.yaml", "--locale", "vi")

    assert "giving back the shipping fee" in both.words
    assert "[vi]" in both.words
    assert "[en]" not in one.words


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["nothing"], "no kind is called 'nothing'"), (["wrong-item", "--locale", "fr"], "'fr'")],
)
def test_a_preview_of_nothing_is_refused(arguments: list[str], said: str) -> None:
    done = command("playbook", "preview", *arguments)

    assert (done.code, said in done.words) == (2, True)
