"""A playbook says what it means, or every mistake with its place."""

import json
from datetime import timedelta
from importlib import resources
from pathlib import Path

import jsonschema
import pytest
import yaml

from actions.catalogue import ACTS, CATALOGUE
from actions.causes import CAUSE_OF_KIND, KINDS, OWNER_OF_CAUSE, cause_of, owner_of
from actions.guests import STRANGER
from actions.marks import PlaybookError, read_document
from actions.matching import rule_for
from actions.playbook import (
    default_text,
    load_playbook,
    parse_playbook,
    playbook_schema,
    schema_text,
)
from actions.populations import SUBJECTS
from actions.quantities import BusinessDays, Money, money, quantity, span, span_text
from actions.testing import a_problem
from schemas.decisions import Mode

BUDGET = "budgets: [{per: everything, within: 1d, at_most: 100.00 USD}]\n"


def faults(text: str) -> list[str]:
    with pytest.raises(PlaybookError) as caught:
        parse_playbook(text, "p.yaml")
    return [str(fault) for fault in caught.value.faults]


def one_limit(rest: str) -> str:
    return f"name: t\nlimits:\n  - {{{rest}, within: 1h, at_most: 3}}\n"


def one_rule(rest: str) -> str:
    return f"name: t\n{BUDGET}rules:\n  - {{name: a, kind: late-delivery, mode: auto, {rest}}}\n"


# --- the shipped one ------------------------------------------------------------------------------


def test_the_shipped_playbook_answers_every_kind() -> None:
    shipped = load_playbook()
    for kind in KINDS:
        subject = next((s for s in SUBJECTS if kind.startswith(f"{s}-")), "order")
        problem = a_problem(kind, subject_type=subject.replace("-", "_"))

        assert rule_for(problem, STRANGER, shipped), kind
    assert {rule.kind for rule in shipped.rules if "*" not in rule.kind} >= CAUSE_OF_KIND.keys()


def test_the_shipped_playbook_explains_itself() -> None:
    lines = default_text().splitlines()

    assert lines[0] == "# yaml-language-server: $schema=../playbook.schema.json"
    assert sum(line.lstrip().startswith("#") for line in lines) > 40


def test_the_shipped_schema_is_the_one_of_this_version() -> None:
    shipped = (resources.files("actions") / "playbook.schema.json").read_text("utf-8")

    assert shipped == schema_text(), "run `make golden` after changing the form of a playbook"


def test_an_editor_accepts_the_shipped_playbook_and_marks_a_wrong_one() -> None:
    validator = jsonschema.Draft202012Validator(playbook_schema())
    wrong = "name: t\nrules: [{name: a, kind: late-delivry, mode: auto, do: [{refund: {}}, nope]}]"

    assert list(validator.iter_errors(yaml.safe_load(default_text()))) == []
    assert len(list(validator.iter_errors(yaml.safe_load(wrong)))) == 3


def test_the_version_changes_with_the_text() -> None:
    one, other = (parse_playbook(f"name: t\n{comment}", "p") for comment in ("# a", "# b"))

    assert one.version.startswith("t@")
    assert one.version != other.version


def test_every_inverse_undoes_its_action() -> None:
    for act in CATALOGUE:
        if act.inverse is not None:
            assert ACTS[act.inverse].inverse == act.name


def test_nothing_a_customer_gets_can_be_taken_back() -> None:
    assert [act.name for act in CATALOGUE if act.reaches_customer and act.inverse] == []


def test_every_cause_has_an_owner() -> None:
    problems = [a_problem(kind) for kind in KINDS if not kind.startswith("seller-")]
    nobody = [p.kind for p in problems if not p.kind.endswith("-recovered")]

    assert [k for k in nobody if cause_of(k) not in OWNER_OF_CAUSE] == []
    assert owner_of(a_problem("seller-late", subject_type="seller")) == "sellers"


def test_a_seller_is_told_of_every_rung_and_a_sku_is_investigated_once() -> None:
    rungs = ("-watch", "-hold", "")

    assert len({cause_of(f"seller-late{rung}") for rung in rungs}) == 3
    assert {cause_of(f"sku-damaged{rung}") for rung in rungs} == {"damaged"}
    assert cause_of("sku-damaged-recovered") == "damaged recovered"
    assert [cause_of(kind) for kind in ("seller-cap", "seller-cap-recovered", "odd-thing")] == [
        "seller-cap",
        "seller-cap-recovered",
        "odd-thing",
    ]


# --- what is read ---------------------------------------------------------------------------------


def test_parameters_of_detectors_keep_their_place() -> None:
    text = "name: t\ndetectors:\n  silent-shipment:\n    silence: 3bd\n    note: x\n"
    settings = parse_playbook(text, "p.yaml").detectors["silent-shipment"]

    assert settings["silence"].value == BusinessDays(3)
    assert str(settings["silence"].at) == "p.yaml:4:5"
    assert str(settings["silence"].value_at) == "p.yaml:4:14"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("72h", timedelta(hours=72)),
        ("1d12h", timedelta(hours=36)),
        ("250ms", timedelta(milliseconds=250)),
        ("3bd", BusinessDays(3)),
        ("5.00 USD", Money(500, "USD")),
        ("50000 VND", Money(50_000, "VND")),
        ("1.500 KWD", Money(1500, "KWD")),
        (3, 3),
        (0.5, 0.5),
        (True, True),
        ("SP->RJ", "SP->RJ"),
    ],
)
def test_a_parameter_is_read_by_its_look(written: object, meant: object) -> None:
    assert quantity(written) == meant


@pytest.mark.parametrize(
    "amount", ["5.001 USD", "1.5 VND", "5.00 usd", "USD 5", "-5.00 USD", "5.00 XXZ"]
)
def test_an_amount_that_is_none_is_refused(amount: str) -> None:
    with pytest.raises(ValueError, match=r"USD|VND|XXZ"):
        money(amount)


@pytest.mark.parametrize("text", ["", "72", "72 h", "h", "-1h", "3bd", 72])
def test_a_duration_that_is_none_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="is no duration"):
        span(text)


@pytest.mark.parametrize("text", ["250ms", "90s", "5m", "72h", "3d"])
def test_a_duration_is_shown_as_it_could_have_been_written(text: str) -> None:
    assert span(span_text(span(text))) == span(text)


def test_money_is_shown_with_the_decimals_of_its_currency() -> None:
    shown = [str(Money(5, code)) for code in ("USD", "VND", "KWD")]

    assert shown == ["0.05 USD", "5 VND", "0.005 KWD"]
    assert str(BusinessDays(2)) == "2bd"


def test_off_is_a_word_and_no_is_a_country() -> None:
    text = (
        "name: t\ncalendar: {country: NO}\n"
        "rules: [{name: a, kind: late-delivery, mode: off, do: []}]\n"
    )
    playbook = parse_playbook(text, "p.yaml")

    assert playbook.rules[0].mode is Mode.OFF
    assert playbook.form.calendar.country == "NO"


def test_a_playbook_is_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("name: mine\nzone: Asia/Ho_Chi_Minh\n", encoding="utf-8")

    assert load_playbook(file).zone.key == "Asia/Ho_Chi_Minh"
    assert load_playbook(file).source == str(file)


# --- mistakes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("marked", "message"),
    [
        ("", "the playbook is empty"),
        ("»- a\n", "playbook: Input should be a valid dictionary or instance of"),
        ("name: [\n»", "this is not YAML: "),
        ("name: t\n»name: u\n", "'name' stands here a second time"),
        ("»zone: UTC\n", "'name' is missing"),
        ("name: t\nzone: »Europe/Belin\n", "unknown zone 'Europe/Belin'; did you mean"),
        ("name: t\nzone: »'?'\n", "unknown zone '?'; write an IANA name"),
        ("name: t\n»budget: []\n", "unknown field 'budget'; did you mean 'budgets'?"),
        ("name: t\n»xyzzy: 1\n", "unknown field 'xyzzy'; there are: act_within, "),
        ("name: t\nact_within: »48\n", "act_within: 48 is no duration"),
        ("name: t\ncalendar: {»contry: US}\n", "unknown field 'contry'; did you mean 'country'?"),
        ("name: t\ndetectors:\n  »late-delivry: {}\n", "unknown kind 'late-delivry'; did you mean"),
        ("name: t\ndetectors:\n  lost-shipment:\n    x: »[1]\n", "[1] is no parameter"),
        ("name: t\ndetectors: »3\n", "detectors: Input should be a valid dictionary"),
        ("name: t\ndetectors: {lost-shipment: »3}\n", "Input should be a valid dictionary"),
        (
            one_limit("action: »delist, per: rule"),
            "unknown action 'delist'; did you mean 'delist-sku'",
        ),
        (
            one_limit("action: coupon, per: »all"),
            "limits[0].per: Input should be 'customer', 'rule'",
        ),
        (one_rule("do: [], »wher: {}"), "unknown field 'wher'; did you mean 'where'?"),
        (
            one_rule("do: [], where: {»sverity: []}"),
            "unknown field 'sverity'; did you mean 'severity'",
        ),
        (one_rule("do: [»mesage-customer]"), "unknown action 'mesage-customer'; did you mean"),
        (one_rule("do: [»{refund: {}}]"), "refund needs 'at_most'"),
        (one_rule("do: [»{refund: 5.00 USD}]"), "rules[0].do[0].params: Input should"),
        (
            one_rule("do: [{refund: {»at_mots: 1.00 USD}}]"),
            "unknown parameter of refund 'at_mots'; did",
        ),
        (
            one_rule("do: [{refund: {at_most: »5}}]"),
            "5 is no amount: write a number and a currency",
        ),
        (one_rule("do: [{refund: {at_most: »5.00 USX}}]"), "unknown currency 'USX'"),
        (one_rule("do: [{assign-owner: {within: »soon}}]"), "'soon' is no duration"),
        (one_rule("do: [{assign-owner: {to: »5}}]"), "5 is no text: put it in quotes"),
        (
            one_rule("do: [»{coupon: {amount: 5.00 EUR}}]"),
            "coupon spends EUR by itself; add a budget",
        ),
        (
            one_rule("do: [], under_root_cause: [»{coupon: {amount: 5.00 EUR}}]"),
            "coupon spends EUR by itself; add a budget in EUR",
        ),
        (one_rule("do: [»{a: 1, b: 2}]"), "rules[0].do[0]: write an action, or an action with"),
        (
            one_rule("do: []}\n  - {name: »a, kind: lost-shipment, mode: auto, do: []"),
            "two rules are called 'a'; decisions must tell them apart",
        ),
    ],
)
def test_a_mistake_is_named_with_its_place(marked: str, message: str) -> None:
    before = marked.partition("»")[0]
    line, column = before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1
    found = faults(marked.replace("»", ""))

    place = f"p.yaml:{line}:{column}: "

    assert [fault for fault in found if fault.startswith(place) and message in fault], found


def test_a_list_that_contains_itself_is_refused() -> None:
    assert "nested too deeply" in faults("name: t\nrules: &a [*a]\n")[0]


def test_every_mistake_is_reported_at_once_in_reading_order() -> None:
    found = faults(
        "name: t\nzone: Nowhere\nact_within: 2\nrules:\n"
        "  - {name: a, kind: nope, mode: auto, do: [nope]}\n"
        "  - {name: b, mode: atuo, do: []}\n"
    )

    assert [fault.split(": ")[0].removeprefix("p.yaml:") for fault in found] == [
        "2:7",
        "3:13",
        "5:21",
        "5:44",
        "6:5",
        "6:21",
    ]


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(PlaybookError, match=r"nowhere\.yaml:1:1: cannot be read"):
        load_playbook("nowhere.yaml")


def test_money_in_review_needs_no_budget() -> None:
    text = one_rule("do: [{coupon: {amount: 5.00 EUR}}]").replace("auto", "review")

    assert parse_playbook(text, "p.yaml").rules[0].do[0].cost == Money(500, "EUR")


def test_the_schema_is_valid_json_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(schema_text()))


def test_a_value_that_is_nowhere_is_at_the_top() -> None:
    assert str(read_document("a: 1\n", "p.yaml").at_key(("b",))) == "p.yaml:1:1"


def test_a_character_yaml_does_not_know_is_named() -> None:
    assert faults("name: t\nzone: \x00\n") == [
        "p.yaml:2:7: this is not YAML: a character that no text has"
    ]


def test_wrong_alarms_allowed_are_checked_by_type_of_subject() -> None:
    text = "name: t\npopulations:\n  wrong_alarms: {skuu: 1, sku: 0, lane: lots, bin: .nan}\n"

    assert [fault.partition(": ")[0] for fault in faults(text)] == [
        "p.yaml:3:18",
        "p.yaml:3:32",
        "p.yaml:3:41",
        "p.yaml:3:52",
    ]
    assert "did you mean 'sku'?" in faults(text)[0]
    assert "greater than 0" in faults(text)[1]
