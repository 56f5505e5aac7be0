"""The ladder of each charge: from how much evidence on a problem opens, and what it is called."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from detectors.population.budgets import Rungs
from detectors.population.counts import Charge
from detectors.population.defects import DEFECTS
from schemas.problems import Severity


class Rung(IntEnum):
    """How far evidence has climbed."""

    WATCH = 0
    HOLD = 1
    ACT = 2


@dataclass(frozen=True, slots=True)
class Step:
    """One rung as people meet it: what is put behind the kind, and how bad it is."""

    suffix: str
    severity: Severity


Ladder = dict[Rung, Step]

STRICT: Final[Ladder] = {
    Rung.WATCH: Step("-watch", Severity.INFO),
    Rung.HOLD: Step("-hold", Severity.HIGH),
    Rung.ACT: Step("", Severity.CRITICAL),
}
"""Watch, hold and recount, act: for what customers are harmed by."""

ADVICE: Final[Ladder] = {
    Rung.HOLD: Step("-advice", Severity.INFO),
    Rung.ACT: Step("", Severity.WARNING),
}
"""A note on the listing, then a better listing: sizes that run small, pictures that promise more.
"""

ADVISED: Final = frozenset({"not_as_described", "too_small", "too_large"})
"""Defects of a description, not of goods."""


def ladder_of(charge: Charge) -> Ladder:
    """Return the ladder of a charge."""
    return ADVICE if DEFECTS[charge.defect].name in ADVISED else STRICT


def kind_of(charge: Charge, rung: Rung) -> str:
    """Return the kind of problem that a charge's rung is: ``sku-wrong-item-watch``."""
    step = ladder_of(charge)[rung]
    return f"{base_kind(charge)}{step.suffix}"


def base_kind(charge: Charge) -> str:
    """Return the kind of a charge's last rung: ``sku-wrong-item``, ``seller-bad-reviews``."""
    return f"{charge.subject_type.replace('_', '-')}-{DEFECTS[charge.defect].slug}"


def threshold(rungs: Rungs, rung: Rung) -> float:
    """Return log R from which a rung is reached."""
    return (rungs.watch, rungs.hold, rungs.act)[rung]


def reached(charge: Charge, rungs: Rungs, log_r: float) -> list[Rung]:
    """Return the rungs that ``log_r`` reaches, the highest last."""
    return [rung for rung in ladder_of(charge) if log_r >= threshold(rungs, rung)]


RECOVERED: Final = "-recovered"
"""Behind the kind of a problem that was repaired: enough clean units have gone out since."""


SWAPPED: Final = "sku-wrong-item-swapped"
"""Two SKUs of which customers of each got the other one."""


def all_kinds() -> tuple[str, ...]:
    """Return every kind of problem about a population that evidence may open."""
    kinds: list[str] = []
    for defect, row in enumerate(DEFECTS):
        for name in row.charged:
            charge = Charge(defect, name)
            kinds += [kind_of(charge, rung) for rung in ladder_of(charge)]
            if name == "sku":
                kinds.append(base_kind(charge) + RECOVERED)
    return tuple(dict.fromkeys([*kinds, SWAPPED]))
