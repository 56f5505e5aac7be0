"""Serve before selling: no promotion reaches a customer for whom something is still wrong."""

from dataclasses import dataclass

from actions.ledger import Ledger
from schemas.problems import Problem
from schemas.times import iso


@dataclass(frozen=True, slots=True)
class Standing:
    """What is open for one customer; promotions are held while anything is (practice 1.8)."""

    customer_id: str
    problems: tuple[Problem, ...]

    @property
    def may_promote(self) -> bool:
        """Whether something may be sold to them now."""
        return not self.problems

    def plain(self) -> dict[str, object]:
        """Return it as the JSON object that a shop's mailing system reads before it sends."""
        return {
            "customer_id": self.customer_id,
            "promotions": "free" if self.may_promote else "hold",
            "because": [
                {"kind": one.kind, "order_id": one.order_id, "since": iso(one.opened_at)}
                for one in self.problems
            ],
        }


def standing_of(ledger: Ledger, customer_id: str) -> Standing:
    """Return what is open for a customer now, the newest first; nobody is known by being unknown.

    An erased customer, like one who never had a problem, may be written to.
    """
    found = ledger.problems(customer_id=customer_id, state="open")
    return Standing(customer_id, tuple(found))
