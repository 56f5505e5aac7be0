"""What is known of a customer that changes how they are helped, never whether."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from schemas.problems import Problem


@dataclass(frozen=True, slots=True)
class Guest:
    """One customer: how they like to be reached, and how often we have let them down.

    ``harmed_before`` counts other orders of theirs with problems in the 90 days before. Empty text
    means that nobody has said.
    """

    tier: str = ""
    locale: str = ""
    channel: str = ""
    harmed_before: int = 0


STRANGER: Final = Guest()
"""A customer of whom nothing is known."""

Guests = Mapping[str, Guest]
"""Customers by id."""


def guest_of(problem: Problem, guests: Guests) -> Guest:
    """Return the customer of a problem, a stranger where nobody knows who they are."""
    return guests.get(problem.customer_id or "", STRANGER)
