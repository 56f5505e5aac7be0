"""Who a customer is stands apart: the ledger for good knows a customer by a reference only.

Erasing a customer deletes the one row that tells what the reference means. What was found, done
and paid stays provable; whom it concerned is gone for good. Nothing in the chain changes.
"""

import re
import secrets
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from msgspec.structs import replace
from sqlalchemy import Connection, select

from actions.bulk import insert_all, select_among
from actions.tables import persons
from schemas.decisions import Action, Decision, Parameter
from schemas.problems import Evidence, Problem

CUSTOMER: Final = "customer"
"""The subject type, and the target type, whose subject or target is a customer."""

REFERENCE: Final = re.compile(r"person-[0-9a-f]{32}")
"""What stands in place of a customer: random, so that nobody can compute it from the customer."""

References = Mapping[str, str]
"""Customer to reference."""


def references(connection: Connection, customers: Collection[str]) -> References:
    """Return the reference of each customer; those that have none yet get one."""
    known: dict[str, str] = dict(_found(connection, customers))
    fresh = {one: f"person-{secrets.token_hex(16)}" for one in customers if one not in known}
    rows = [{"ref": ref, "customer_id": customer} for customer, ref in fresh.items()]
    insert_all(connection, persons, rows)
    return known | fresh


def _found(connection: Connection, customers: Collection[str]) -> Iterator[tuple[str, str]]:
    query = select(persons.c.customer_id, persons.c.ref)
    yield from select_among(connection, query, persons.c.customer_id, customers)


def customer_of(problem: Problem) -> str | None:
    """Return the customer a problem is about."""
    return problem.subject if problem.subject_type == CUSTOMER else problem.customer_id


def hidden(text: str, customer: str, ref: str) -> str:
    """Return ``text`` with every mention of ``customer`` as a word of its own replaced."""
    if customer not in text:
        return text
    before, *others = text.split(customer)
    said = before
    for after in others:
        alone = not (_joins(said[-1:]) or _joins(after[:1]))
        said += (ref if alone else customer) + after
    return said


def _joins(character: str) -> bool:
    """Whether a word goes on with this character; C-1 is not mentioned by C-10 or by XC-1."""
    return character.isalnum() or character in {"_", "-"}


def hidden_problem(problem: Problem, refs: References) -> Problem:
    """Return ``problem`` as it may be kept for good: with a reference for its customer."""
    customer = customer_of(problem)
    if customer is None:
        return problem
    ref = refs[customer]
    is_subject = problem.subject_type == CUSTOMER
    return replace(
        problem,
        customer_id=None if problem.customer_id is None else ref,
        subject=ref if is_subject else problem.subject,
        evidence=tuple(_hidden_fact(item, customer, ref) for item in problem.evidence),
    )


def _hidden_fact(item: Evidence, customer: str, ref: str) -> Evidence:
    if not isinstance(item.value, str) or customer not in item.value:
        return item
    return replace(item, value=hidden(item.value, customer, ref))


def hidden_action(action: Action, customer: str, refs: References) -> Action:
    """Return ``action`` as it may be kept for good: with a reference for ``customer``."""
    ref = refs[customer]
    return replace(
        action,
        customer_id=ref,
        target=hidden(action.target, customer, ref),
        harm=hidden(action.harm, customer, ref),
        params={name: _hidden_value(said, customer, ref) for name, said in action.params.items()},
    )


def _hidden_value(said: Parameter, customer: str, ref: str) -> Parameter:
    if isinstance(said, str):
        return hidden(said, customer, ref)
    if isinstance(said, list):
        return [hidden(item, customer, ref) for item in said]
    return said


def shown_action(action: Action, ref: str, customer: str) -> Action:
    """Return the action that :func:`hidden_action` hid, word for word."""
    return replace(
        action,
        customer_id=customer,
        target=action.target.replace(ref, customer),
        harm=action.harm.replace(ref, customer),
        params={name: _shown_value(said, ref, customer) for name, said in action.params.items()},
    )


def _shown_value(said: Parameter, ref: str, customer: str) -> Parameter:
    if isinstance(said, str):
        return said.replace(ref, customer)
    if isinstance(said, list):
        return [item.replace(ref, customer) for item in said]
    return said


def customers_in(problems: Iterable[Problem]) -> set[str]:
    """Return every customer that these problems are about."""
    about = {name for problem in problems for name in (customer_of(problem), problem.customer_id)}
    return {one for one in about if one is not None}


@dataclass(frozen=True, slots=True)
class Veil:
    """Hides whom decisions and actions are about: ``about`` is the customer of each problem."""

    refs: References
    about: Mapping[str, str | None]

    def customer(self, action: Action) -> str | None:
        """Return whom an action is for, or whose problem it answers."""
        return action.customer_id or self.about.get(action.problem_id)

    def action(self, action: Action) -> Action:
        """Return ``action`` as it may be kept for good."""
        customer = self.customer(action)
        return action if customer is None else hidden_action(action, customer, self.refs)

    def detail(self, decision: Decision) -> str:
        """Return what a decision says in words, naming nobody."""
        text = decision.detail
        named = {self.customer(action) for action in decision.actions} if text else set()
        for customer in named | ({self.about.get(decision.problem_id)} if text else set()):
            text = text if customer is None else hidden(text, customer, self.refs[customer])
        return text


def veil_for(
    connection: Connection,
    problems: Collection[Problem],
    decisions: Iterable[Decision],
    refs: References = MappingProxyType({}),
) -> Veil:
    """Return what hides everybody whom ``problems`` and ``decisions`` are about.

    ``refs`` are references that were found before; only the others are looked up.
    """
    acted_for = {action.customer_id for one in decisions for action in one.actions}
    customers = customers_in(problems) | {one for one in acted_for if one is not None}
    about = {problem.id: customer_of(problem) for problem in problems}
    return Veil({**refs, **references(connection, customers - refs.keys())}, about)


def names_in(connection: Connection, texts: Iterable[str]) -> dict[str, str]:
    """Return reference to customer for all references in ``texts`` that are not erased."""
    wanted = {ref for text in texts for ref in REFERENCE.findall(text)}
    query = select(persons.c.ref, persons.c.customer_id)
    return dict(map(tuple, select_among(connection, query, persons.c.ref, wanted)))


def shown(text: str, names: Mapping[str, str]) -> str:
    """Return ``text`` with customers in place of the references that are known."""
    return REFERENCE.sub(lambda found: names.get(found[0], found[0]), text)
