"""A letter is written once for all orders, and every order reads what it would read by itself."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.holes import MARK, only_puts_in
from actions.testing import a_problem
from actions.wording import LOCALES, About, compiled, letter, sources_in, written
from schemas.decisions import Action, Status
from schemas.problems import Problem

ORDERS = ("O-1", "o-2", "{{ 7 }}", "", None, "a\nb", "\n\n\n", "ß")


def given_to(order: str | None) -> tuple[Action, ...]:
    return (
        Action(
            id="a",
            name="coupon",
            target_type="order",
            target="t",
            harm="h",
            problem_id="p",
            order_id=order,
            planned_at=0,
            status=Status.QUEUED,
            params={"amount": "5.00 USD"},
        ),
    )


@pytest.mark.parametrize("locale", LOCALES)
def test_every_text_that_ships_is_written_once_for_all_orders(locale: str) -> None:
    assert [key for key, text in sources_in(locale).items() if not only_puts_in(text)] == []


@pytest.mark.parametrize(
    "text",
    [
        "{{ order_id }}",
        "{% if order_id %}{{ order }}{% else %}{{ Order }}{% endif %}",
        "{% for remedy in remedies %}- {{ remedy }}{% endfor %}",
        "{{ kind | upper }} {{ amount | replace('.', ',') }}",
        "{% if kind == 'wrong-item' %}{{ order }}{% elif order %}{{ next }}{% endif %}",
    ],
)
def test_a_text_that_puts_names_in_as_they_are_is_the_same_for_all(text: str) -> None:
    assert only_puts_in(text)


@pytest.mark.parametrize(
    "text",
    [
        "{{ order_id | upper }}",
        "{{ order_id ~ 'x' }}",
        "{{ order_id[:2] }}",
        "{% if order_id == 'O1' %}yes{% endif %}",
        "{% if not order_id %}no{% endif %}",
        "{% filter upper %}{{ order_id }}{% endfilter %}",
        "{% set x = order_id %}{{ x | upper }}",
        "{% for letter in order_id %}{{ letter }}{% endfor %}",
        "{% for remedy in remedies %}{{ remedy | upper }}{% endfor %}",
        "{% for remedy in remedies if remedy %}{{ remedy }}{% endfor %}",
        "{% for remedy in remedies %}{{ loop.index }}{% endfor %}",
        "{% for kind in remedies %}{{ kind | upper }}{% endfor %}",
        "{% for a, b in remedies %}{{ a }}{% endfor %}",
        f"{MARK} stands for an order",
    ],
)
def test_a_text_that_does_more_with_a_name_is_written_for_each(text: str) -> None:
    assert not only_puts_in(text)


PIECES = st.lists(
    st.sampled_from(
        [
            "{{ order_id }}",
            "{{ order }}",
            "{{ Order }}",
            "{{ kind }}",
            "{{ order_id | upper }}",
            "{% if order_id %}x{% else %}y{% endif %}",
            "{% if order_id == 'O-1' %}one{% endif %}",
            "\n\n",
            "text",
        ]
    ),
    max_size=5,
).map("".join)


@given(PIECES, PIECES, PIECES, st.sampled_from(ORDERS))
def test_every_order_reads_what_a_letter_of_its_own_would_say(
    order_text: str, failure: str, subject: str, order: str | None
) -> None:
    own = {"subject": subject, "failures.late-delivery": failure}
    own["order"] = order_text.replace("{{ order }}", "").replace("{{ Order }}", "")
    problem = a_problem(order_id=order)

    said = letter(problem, given_to(order), "en", own)

    assert (said["subject"], said["body"]) == by_itself(problem, own)


def by_itself(problem: Problem, own: dict[str, str]) -> tuple[str, str]:
    """Write one letter about one order, with nothing remembered."""
    texts = {key: compiled(text) for key, text in {**sources_in("en"), **own}.items()}
    facts = {"order_id": problem.order_id, "kind": problem.kind}
    facts["order"] = order = texts["order"].render(facts)
    facts["Order"] = order[:1].upper() + order[1:]
    body = texts["body"].render(
        facts,
        failure=texts["failures.late-delivery"].render(facts),
        remedies=[texts["remedies.coupon"].render(facts, amount="5.00 USD")],
        next=texts["next.late-delivery"].render(facts),
    )
    return texts["subject"].render(facts), re.sub(r"\n{3,}", "\n\n", body)


def test_a_letter_that_begins_an_order_with_its_number_is_written_for_each() -> None:
    about = About("late-delivery", MARK, (), "en", (("order", "{{ order_id }}, your order"),))
    said = letter(a_problem(order_id="abc"), (), "en", dict(about.own))

    assert written(about) is None
    assert said["body"].startswith("Hello,\n\nAbc, your order did not arrive")
