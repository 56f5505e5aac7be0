"""Kinds of problems of whole populations: what they are called, and which harm they tell of.

A kind reads ``<subject type>-<defect>``, then how sure it is: ``-watch`` (look), ``-hold`` (stop
picking), nothing (act), ``-recovered`` (over). Sellers have a ladder of their own besides.
"""

from collections.abc import Iterator, Mapping
from typing import Final

CAUSE_OF_DEFECT: Final[Mapping[str, str]] = {
    "wrong-item": "wrong item",
    "missing-item": "missing item",
    "damaged": "damaged",
    "defective": "defective",
    "not-as-described": "not as described",
    "too-small": "size",
    "too-large": "size",
    "bad-reviews": "bad reviews",
    "unresolved-complaints": "complaints",
    "damaged-on-the-way": "damaged",
    "lost": "lost",
    "delivery-failed": "undelivered",
    "late": "late",
    "cancelled": "out of stock",
}
"""Defect, as kinds spell it, to the cause group in which harms are counted."""

SUBJECTS: Final = (
    "sku",
    "sku-warehouse",
    "sku-size",
    "warehouse",
    "bin",
    "batch",
    "category",
    "seller",
    "carrier",
    "lane",
    "region",
    "market",
)
"""Populations, as kinds spell their subject types."""

RUNGS: Final = ("-watch", "-advice", "-hold", "", "-recovered")
"""How sure it is, weakest first."""

OF_SELLER: Final = "seller-"
"""Begins the kinds about sellers: each rung is a harm of its own, because they are told of each."""

LADDER: Final = ("seller-coach", "seller-warn", "seller-cap", "seller-suspend")
"""Steps for sellers: caps come before suspensions, because they are gentler and protect as well."""


def population_kinds() -> Iterator[str]:
    """Yield every kind that a playbook may name, whether a detector for it runs here or not."""
    for subject in SUBJECTS:
        for defect in CAUSE_OF_DEFECT:
            yield from (f"{subject}-{defect}{rung}" for rung in RUNGS)
    yield from LADDER
    yield from (f"{step}-recovered" for step in LADDER)


def cause_of_population(kind: str) -> str | None:
    """Return the cause group of a population's kind; ``None`` if it is none.

    Rungs of one defect are one cause, so that it is investigated once. A recovery is news of its
    own, and so is every rung of a seller, who is told of each.
    """
    if kind.removesuffix("-recovered") in LADDER:
        return kind
    rung = next((rung for rung in RUNGS if rung and kind.endswith(rung)), "")
    bare = kind.removesuffix(rung)
    found = (bare.removeprefix(f"{subject}-") for subject in SUBJECTS if bare.startswith(subject))
    cause = next((CAUSE_OF_DEFECT[one] for one in found if one in CAUSE_OF_DEFECT), None)
    own = rung == "-recovered" or kind.startswith(OF_SELLER)
    return f"{cause}{rung.replace('-', ' ')}" if cause and own else cause
