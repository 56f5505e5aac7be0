"""What marketplaces publish that a seller must keep to, each version with the day it began.

A measure is left out where no event carries it: valid tracking numbers, invoices, safety and
authenticity complaints, chargebacks. What carriers do wrong counts against no seller, so
marketplaces' "delivered on time" is held against the hand-over alone, which is the seller's part.

The figures are defaults, not truths: they differ by market and drift. A replay uses the version in
force on each day; before the first one, the first one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from detectors.population.counts import Charge
from detectors.population.defects import DEFECTS

SELLER: Final = "seller"
"""The subject type that is measured."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One published rate: at most so many of a seller's order lines may have gone wrong."""

    name: str
    defects: tuple[str, ...]
    """Names of defects that are charged to sellers."""
    allowed: float
    """Share of order lines, 0 to 1."""
    days: int
    """How many days of cohorts are looked at."""
    customers: int = 2
    """So many customers with something wrong are borne, whatever the rate. Where nothing is
    published, it takes three: one or two may be chance, and are looked at every day."""

    @property
    def charges(self) -> tuple[Charge, ...]:
        """What is counted for it."""
        return tuple(
            Charge(number, SELLER)
            for number, defect in enumerate(DEFECTS)
            if defect.name in self.defects and SELLER in defect.charged
        )


@dataclass(frozen=True, slots=True)
class Standard:
    """All measures of a marketplace, as in force from the day ``since`` on (UTC)."""

    version: str
    since: date
    measures: tuple[Measure, ...]

    @property
    def since_day(self) -> int:
        """The UTC day number of ``since``."""
        return (self.since - date(1970, 1, 1)).days


AMAZON: Final = (
    Standard(
        "2020-11",
        date(2020, 11, 18),
        (
            Measure(
                "order_defect",
                ("bad_review", "complaint", "wrong_item", "missing_item"),
                0.01,
                60,
            ),
            Measure("late", ("late",), 0.04, 30),
            Measure("cancelled", ("cancelled",), 0.025, 7),
        ),
    ),
)
"""Order defects below 1 % in 60 days and late shipments below 4 % in 30 days: the sample of the
account health report, accountHealthReport-2020-11-18.json of the Selling Partner API. Cancelled
before fulfilment below 2.5 % in 7 days: help page 200285210. Order defects are negative feedback,
claims and chargebacks; claims are what customers report as wrong or missing here, and chargebacks
nobody reports."""

EBAY: Final = (
    Standard(
        "2016-02",
        date(2016, 2, 20),
        (
            Measure("transaction_defect", ("complaint", "cancelled"), 0.02, 60, customers=4),
            Measure("late", ("late",), 0.07, 60, customers=7),
        ),
    ),
)
"""At most 2 % of transactions cancelled by the seller or closed without the seller settling them,
borne for up to 4 different buyers: "seller standards" of 20 February 2016, and help page 1514. At
most 7 % sent late, borne for up to 7: help page 1472. eBay looks at three or twelve months; cohorts
are kept for nine weeks."""

WALMART: Final = (
    Standard(
        "2025-06",
        date(2016, 1, 1),
        (
            Measure("cancelled", ("cancelled",), 0.02, 30),
            Measure("late", ("late",), 0.05, 30),
            Measure(
                "refund",
                ("wrong_item", "missing_item", "defective", "not_as_described"),
                0.06,
                30,
            ),
        ),
    ),
    Standard(
        "2026",
        date(2025, 6, 6),
        (
            Measure("cancelled", ("cancelled",), 0.02, 30),
            Measure("late", ("late",), 0.10, 30),
        ),
    ),
)
"""Cancelled at most 2 %, on time at least 95 %, refunds the seller answers for below 6 %; on a
later page on time at least 90 %: Marketplace Learn, "Seller Performance Standards", in 30 days. The
older figures were last seen on 5 June 2025, and no page says when they changed: from the day after
on, the milder ones count. Refunds are counted by what is sent back as the seller's doing."""

PRESETS: Final[Mapping[str, Sequence[Standard]]] = {
    "amazon": AMAZON,
    "ebay": EBAY,
    "walmart": WALMART,
}
"""Every preset by name, its versions from the oldest to the newest."""


def charges_of(defect: str) -> tuple[Charge, ...]:
    """Return what is charged to sellers under the name of a defect or measure; all if empty."""
    every = (one for some in PRESETS.values() for standard in some for one in standard.measures)
    names = {name for measure in every if measure.name == defect for name in measure.defects}
    return tuple(
        Charge(number, SELLER)
        for number, one in enumerate(DEFECTS)
        if SELLER in one.charged and (not defect or one.name in names | {defect})
    )


def in_force(preset: str, day: int) -> Standard:
    """Return the version of ``preset`` in force on a UTC ``day`` number, or else its first one."""
    versions = PRESETS[preset]
    begun = [standard for standard in versions if standard.since_day <= day]
    return begun[-1] if begun else versions[0]
