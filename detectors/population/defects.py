"""The table of defects: which reports are counted, from when, and against whom they may count."""

from dataclasses import dataclass
from typing import Final

from detectors.observations import Clock
from detectors.population.questions.parcels import AttemptsFailed
from detectors.population.questions.promised import Late, LateHandOver, LateOnTheWay, NotSupplied
from detectors.population.questions.returned import (
    Damaged,
    Defective,
    NotAsDescribed,
    TooLarge,
    TooSmall,
)
from detectors.population.questions.voiced import BadReview, Complaint
from detectors.question import Question

_CALLED: Final = {
    "bad_review": "bad-reviews",
    "carrier_damaged": "damaged-on-the-way",
    "complaint": "unresolved-complaints",
}
"""Defects whose problems are called otherwise than the defect."""


@dataclass(frozen=True, slots=True)
class Defect:
    """Something that can be wrong with a unit, told by a detector's problems or a question."""

    name: str
    """As ``problem.defect`` says it; one name may have several rows with other subjects."""
    clock: Clock
    charged: tuple[str, ...]
    """Subject types that it may count against."""
    kind: str = ""
    """The detector whose problems are its reports, unless it has a ``question`` of its own."""
    question: Question | None = None
    """Asked like a detector, but its answers are only counted, never published."""
    exposes: bool = False
    """Whether a report of it is the bad outcome by which a unit counts on its clock."""

    @property
    def slug(self) -> str:
        """What follows the subject type in the kind of a problem: ``sku-wrong-item``."""
        return _CALLED.get(self.name, self.name.replace("_", "-"))


DEFECTS: Final = (
    Defect(
        "wrong_item",
        Clock.SHIPPED,
        ("sku", "sku_warehouse", "bin", "batch", "warehouse", "seller"),
        kind="wrong-item",
    ),
    Defect(
        "missing_item",
        Clock.SHIPPED,
        ("sku", "sku_warehouse", "bin", "warehouse", "seller"),
        kind="missing-item",
    ),
    Defect(
        "damaged",
        Clock.SHIPPED,
        ("sku", "sku_warehouse", "warehouse", "carrier", "lane"),
        question=Damaged(),
    ),
    Defect("defective", Clock.SHIPPED, ("sku", "batch", "seller"), question=Defective()),
    Defect(
        "not_as_described",
        Clock.SHIPPED,
        ("sku", "category", "seller"),
        question=NotAsDescribed(),
    ),
    Defect("too_small", Clock.SHIPPED, ("sku", "sku_size", "category"), question=TooSmall()),
    Defect("too_large", Clock.SHIPPED, ("sku", "sku_size", "category"), question=TooLarge()),
    Defect("bad_review", Clock.SHIPPED, ("sku", "seller"), question=BadReview()),
    Defect("complaint", Clock.SHIPPED, ("seller",), question=Complaint()),
    Defect("carrier_damaged", Clock.PARCEL, ("carrier", "lane"), kind="damaged-shipment"),
    Defect("lost", Clock.PARCEL, ("carrier", "lane"), kind="lost-shipment"),
    Defect("delivery_failed", Clock.PARCEL, ("carrier", "lane"), question=AttemptsFailed()),
    Defect("late", Clock.PROMISED, ("carrier", "lane"), question=LateOnTheWay()),
    Defect("late", Clock.PROMISED, ("region", "market"), question=Late(), exposes=True),
    Defect(
        "late",
        Clock.HANDED_OVER,
        ("seller",),
        question=LateHandOver(),
        exposes=True,
    ),
    Defect("cancelled", Clock.HANDED_OVER, ("seller",), question=NotSupplied()),
)
"""Whose fault it is decides where a report counts: carriers' slips never against SKU or seller."""
