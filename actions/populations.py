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
    "complaint": "complaints",
    "carrier-damaged": "damaged",
    "lost": "lost",
    "delivery-failed": "undelivered",
    "late": "late",
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

RUNGS: Final = ("-watch", "-hold", "", "-recovered")
"""How sure it is, weakest first."""

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
    own, and so is every step of the ladder: a seller is told of each.
    """
    if (over := kind.removesuffix("-recovered")) != kind:
        cause = cause_of_population(over)
        return None if cause is None else f"{cause} recovered"
    bare = kind.removesuffix("-watch").removesuffix("-hold")
    if bare in LADDER:
        return bare
    found = (bare.removeprefix(f"{subject}-") for subject in SUBJECTS if bare.startswith(subject))
    return next((CAUSE_OF_DEFECT[defect] for defect in found if defect in CAUSE_OF_DEFECT), None)
