"""Which problems of one order a problem of a whole group explains, by the defect they share.

Responsibility decides: a report counts only against whoever answers for it, so an order is put
under a lane because its carrier was slow, and under a seller because the parcel was handed over
too late. Where an order's problem is no report itself, what proves it says where it happened.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from detectors.observations import Clock
from detectors.population.counts import Charge
from detectors.population.defects import DEFECTS
from detectors.population.ladders import Rung, kind_of, ladder_of
from detectors.population.roots import ARTICLE
from detectors.population.subjects import EVERYTHING, MARKET, PAIR
from schemas.problems import Evidence, Problem

Shared = tuple[str, Clock]
"""A defect as ``Defect.name`` says it, on one clock."""

_SLOW: Final[tuple[Shared, ...]] = (("late", Clock.PROMISED), ("lost", Clock.PARCEL))

EXPLAINED: Final[Mapping[str, tuple[Shared, ...]]] = {
    "late-delivery": (("late", Clock.PROMISED), ("late", Clock.HANDED_OVER)),
    "late-dispatch": (("late", Clock.HANDED_OVER),),
    "needed-by-at-risk": _SLOW,
    "never-picked-up": _SLOW,
    "silent-shipment": _SLOW,
    "lost-shipment": (("lost", Clock.PARCEL),),
    "damaged-shipment": (("carrier_damaged", Clock.PARCEL), ("damaged", Clock.SHIPPED)),
    "delivery-failed": (("delivery_failed", Clock.PARCEL),),
    "line-unfillable": (("cancelled", Clock.HANDED_OVER),),
    "mispick": (("wrong_item", Clock.SHIPPED),),
    "wrong-item": (("wrong_item", Clock.SHIPPED),),
    "missing-item": (("missing_item", Clock.SHIPPED),),
    "damaged-item": (("damaged", Clock.SHIPPED),),
}
"""Kinds of problems of one order, and what groups have that explains them."""


ONLY_BY: Final[Mapping[str, frozenset[str]]] = {"wrong-item": ARTICLE}
"""Kinds that not every group with the defect explains. Where an article is wrong, another piece of
it would be wrong too, so its customers are helped otherwise; where a whole warehouse or a seller
errs, the right piece is still the best that they can get."""


def _numbers(shared: Sequence[Shared]) -> tuple[int, ...]:
    return tuple(i for i, defect in enumerate(DEFECTS) if (defect.name, defect.clock) in shared)


DEFECTS_OF: Final = {kind: _numbers(shared) for kind, shared in EXPLAINED.items()}
"""The same by the places of the defects in ``DEFECTS``."""

KINDS_OF: Final = {
    number: frozenset(kind for kind, some in DEFECTS_OF.items() if number in some)
    for number in range(len(DEFECTS))
}
"""By the place of a defect: the kinds of problems that it explains."""

TELLING: Final = frozenset(number for some in DEFECTS_OF.values() for number in some)
"""Places of the defects whose reports say where an order went wrong."""

NEAREST: Final = (
    "bin",
    "batch",
    PAIR,
    "sku",
    "warehouse",
    "seller",
    "lane",
    "carrier",
    "region",
    MARKET,
)
"""Groups that may explain a problem, the narrowest first: whoever acts there acts on least else."""


class Place(NamedTuple):
    """A subject that a defect is charged to."""

    defect: int
    subject_type: str
    name: str


class Accusation(NamedTuple):
    """What the kind of a group's problem says."""

    charge: Charge
    rung: Rung


def _accusations() -> dict[str, Accusation]:
    """Return them by kind. To be watched is to be accused of nothing."""
    charges = [Charge(n, name) for n in sorted(TELLING) for name in DEFECTS[n].charged]
    return {
        kind_of(charge, rung): Accusation(charge, rung)
        for charge in charges
        for rung in ladder_of(charge)
        if rung is not Rung.WATCH
    }


ACCUSED: Final = _accusations()
"""The kinds of problems of groups that can explain others."""


_CHARGED: Final = {
    kind: tuple((number, name) for number in numbers for name in DEFECTS[number].charged)
    for kind, numbers in DEFECTS_OF.items()
}
"""By kind: against whom its defects are charged."""

_SAYING: Final = frozenset({"sku", "seller", "warehouse", "bin", "carrier", "lane"})
"""Facts that say where something happened."""


def places_proved(problem: Problem) -> list[Place]:
    """Return where a problem of one order happened, as far as its evidence says it."""
    said = {item.fact: str(item.value) for item in problem.evidence if item.fact in _SAYING}
    if not said:
        return []
    named = _named(said)
    charged = _CHARGED[problem.kind]
    return [Place(number, name, named[name]) for number, name in charged if name in named]


def _named(said: dict[str, str]) -> dict[str, str]:
    """Make of facts the subjects that they name, by type.

    A lane ends in a region, and everything that was on its way is in the market.
    """
    lane, place = said.pop("lane", None), said.pop("bin", None)
    if lane is not None:
        start, _, end = lane.partition("->")
        said[MARKET] = EVERYTHING
        if end:
            said["region"] = end
        if start and end:
            said["lane"] = lane
    if "warehouse" in said:
        if place is not None:
            said["bin"] = f"{said['warehouse']}/{place}"
        if "sku" in said:
            said[PAIR] = f"{said['sku']}@{said['warehouse']}"
    return said


def since(evidence: Sequence[Evidence]) -> int:
    """Return since when a group's problem holds, ms UTC; 0 where it names its reports instead."""
    return next((item.at for item in evidence if item.fact == "since" and item.at), 0)
