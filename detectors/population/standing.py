"""What each step of a seller's ladder is called, and the facts that prove it."""

from collections.abc import Sequence
from enum import IntEnum
from typing import Final, NamedTuple

from detectors.population.almanac import Almanac
from detectors.population.presets import SELLER, Measure
from detectors.population.rates import Rates
from detectors.population.telling import MOST_NAMED, Voice, percent
from schemas.problems import Cause, Evidence, Problem, Severity, problem_id
from schemas.times import DAY

VERSION: Final = "2"
"""Changes whenever the same counts would mean something else."""


class Step(IntEnum):
    """How far a seller has climbed; caps come before bans."""

    COACH = 0
    WARN = 1
    CAP = 2
    SUSPEND = 3

    @property
    def kind(self) -> str:
        """The kind of problem it is: ``seller-coach``."""
        return f"{SELLER}-{self.name.lower()}"


SEVERITY: Final = {
    Step.COACH: Severity.INFO,
    Step.WARN: Severity.WARNING,
    Step.CAP: Severity.HIGH,
    Step.SUSPEND: Severity.CRITICAL,
}


class Finding(NamedTuple):
    """One measure that a seller does not keep to, and what proves it."""

    measure: Measure
    days: int
    """How many days were looked at."""
    rates: Rates
    allowed: float
    least: float
    """What the rate exceeds with 95 % probability, reports a unit."""
    customers: int
    voices: Sequence[Voice]


def problem_of(name: str, step: Step, preset: str, found: Finding, almanac: Almanac) -> Problem:
    """Return the problem that opens about the seller ``name`` as the almanac's day begins."""
    now = almanac.day * DAY
    return Problem(
        id=problem_id(step.kind, SELLER, name, now),
        kind=step.kind,
        subject_type=SELLER,
        subject=name,
        opened_at=now,
        due_at=(almanac.day - found.days) * DAY,
        defect=found.measure.name,
        severity=SEVERITY[step],
        evidence=_facts(preset, found, almanac),
        detector=step.kind,
        detector_version=VERSION,
        opened_by=Cause("clock", now, now),
    )


def _facts(preset: str, found: Finding, almanac: Almanac) -> tuple[Evidence, ...]:
    rates, measure = found.rates, found.measure
    said = (
        Evidence("since", at=(almanac.day - found.days) * DAY),
        Evidence("measure", value=measure.name),
        Evidence("preset", value=preset),
        Evidence("window", value=f"{found.days} days"),
        Evidence("rate", value=percent(float(rates.means[0]))),
        Evidence("lower_bound", value=percent(found.least)),
        Evidence("threshold", value=percent(found.allowed)),
        Evidence("published", value=percent(measure.allowed)),
        Evidence("orders", value=int(rates.orders[0])),
        Evidence("orders_with_time", value=f"{rates.matured[0]:.1f}"),
        Evidence("reports", value=int(rates.reports[0])),
        Evidence("customers", value=found.customers),
        Evidence("knowledge", value=almanac.version),
    )
    newest = sorted({(voice.at, voice.name) for voice in found.voices})[-MOST_NAMED:]
    return (*said, *(Evidence(f"report {name}", at=at) for at, name in newest))
