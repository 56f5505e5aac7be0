"""Customers are told what failed and what is done about it; nobody is blamed, in any language."""

import pytest

from actions.cases import History
from actions.causes import CAUSE_OF_KIND
from actions.playbook import load_playbook, parse_playbook
from actions.policy import decide, plan
from actions.proposals import propose
from actions.rules import Messages
from actions.testing import NOON, a_problem
from actions.wording import BLAME, LOCALES, blame_in, letter, sources_in, worded
from schemas.decisions import Action
from schemas.problems import Evidence

KINDS = (*CAUSE_OF_KIND, "a-kind-of-tomorrow")


def everything_for_customers() -> tuple[Action, ...]:
    text = """
name: all
budgets: [{per: everything, within: 1d, at_most: 9.00 USD}]
rules:
  - name: all
    kind: late-delivery
    mode: auto
    do:
      - credit-customer: {amount: 10.00 USD}
      - coupon: {amount: 5.00 USD}
      - offer-substitute
      - schedule-callback
      - upgrade-next-shipment
      - refund-shipping: {at_most: 1.00 USD}
      - refund: {at_most: 1.00 USD}
      - replace-item: {at_most: 1.00 USD}
      - reship: {at_most: 1.00 USD}
      - source-elsewhere
"""
    actions, _ = propose(a_problem(), parse_playbook(text, "all").rules[0], 1, NOON, {})
    return actions


@pytest.mark.practice("1.13")
@pytest.mark.practice("4.1")
@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_message_apologises_for_the_failure_and_blames_nobody(kind: str, locale: str) -> None:
    said = letter(a_problem(kind), everything_for_customers(), locale)
    apology = {"en": "We are sorry.", "vi": "xin lỗi."}[locale]

    assert blame_in(said["subject"] + said["body"], locale) == []
    assert apology in said["body"]
    assert "O1" in said["body"] or kind in {"unanswered-contact", "repeat-contact"}
    assert said["body"].count("\n- ") == len(everything_for_customers())
    assert "10.00 USD" in said["body"]


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_message_about_no_order_names_none(kind: str, locale: str) -> None:
    said = letter(a_problem(kind, order_id=None), (), locale)

    assert "None" not in said["subject"] + said["body"]
    assert "\n\n\n" not in said["body"]


@pytest.mark.parametrize("locale", LOCALES)
def test_every_kind_has_words_of_its_own(locale: str) -> None:
    told = {key.partition(".")[2] for key in sources_in(locale) if key.startswith("failures.")}

    assert told == {*CAUSE_OF_KIND, "other"}


def test_every_language_says_the_same_things() -> None:
    assert {frozenset(sources_in(locale)) for locale in LOCALES} == {frozenset(sources_in("en"))}
    assert BLAME.keys() == set(LOCALES)


@pytest.mark.parametrize(
    ("text", "locale"),
    [
        ("This happened because you forgot your flat number.", "en"),
        ("Your mistake, but never mind.", "en"),
        ("You gave an incorrect address.", "en"),
        ("We apologise for any inconvenience.", "en"),
        ("Unfortunately this was beyond our control.", "en"),
        ("Lỗi của bạn.", "vi"),
        ("Do bạn ghi địa chỉ sai.", "vi"),
        ("Xin lỗi vì sự bất tiện này.", "vi"),
    ],
)
def test_blame_and_empty_phrases_are_noticed(text: str, locale: str) -> None:
    assert blame_in(text, locale)


def test_text_from_outside_is_never_read_as_a_template() -> None:
    said = letter(a_problem(order_id="{{ 7 * 7 }}"), (), "en")

    assert "{{ 7 * 7 }}" in said["body"]
    assert "49" not in said["body"]


def test_only_messages_get_words() -> None:
    rule = load_playbook().rules[3]
    actions, _ = propose(a_problem("missing-item"), rule, 1, NOON, {})
    with_words = [
        action.name
        for action in worded(actions, a_problem("missing-item"), Messages(locale="vi"))
        if "body" in action.params
    ]

    assert with_words == ["message-customer"]


def test_the_playbook_says_in_which_language() -> None:
    assert load_playbook().form.messages.locale == "en"

    text = load_playbook().text.replace("locale: en", "locale: vi")

    assert parse_playbook(text, "vi.yaml").form.messages.locale == "vi"


def test_each_customer_reads_about_their_own_order() -> None:
    text = """
name: t
budgets: [{per: everything, within: 1d, at_most: 9.00 USD}]
rules:
  - name: all
    kind: sku-wrong-item
    mode: auto
    do: [message-customer, {credit-customer: {amount: 1.00 USD}}]
"""
    proof = tuple(Evidence(f"report O{n}/L1", at=NOON) for n in (1, 2))
    problem = a_problem(
        "sku-wrong-item",
        subject_type="sku",
        subject="DECAF",
        order_id=None,
        customer_id=None,
        evidence=proof,
    )
    playbook = parse_playbook(text, "t")
    actions = plan(problem, decide(problem, History(now=NOON), playbook), playbook)
    bodies = [str(a.params["body"]) for a in actions if a.name == "message-customer"]

    assert ["O1" in body for body in bodies] == [True, False]
    assert [body.count("1.00 USD") for body in bodies] == [1, 1]
