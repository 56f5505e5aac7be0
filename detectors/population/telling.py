"""Problems about populations: what they are called, and the facts that prove them."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp
from typing import Final, NamedTuple

import numpy as np

from detectors.population.almanac import Almanac
from detectors.population.budgets import MONTH
from detectors.population.counts import Charge
from detectors.population.defects import DEFECTS
from detectors.population.ladders import (
    RECOVERED,
    Rung,
    base_kind,
    kind_of,
    ladder_of,
    threshold,
)
from detectors.population.recovery import RELIST, mildest, still_needed
from detectors.population.weighing import Reading
from schemas.problems import Cause, Evidence, Problem, Severity, problem_id
from schemas.times import DAY

VERSION: Final = "1"
"""Changes whenever the same counts would mean something else."""

REPORT: Final = "report"
"""The cause of a problem that a period's reports opened."""

MOST_TOLD: Final = 1e4
"""A share above this is told as no more than that: nobody reads twenty zeros."""

MOST_NAMED: Final = 50
"""Reports that a problem names one by one: the newest ones."""


class Voice(NamedTuple):
    """One report that stands: the unit it is about, and when it became known (ms UTC)."""

    at: int
    name: str
    buyer: int


@dataclass(frozen=True, slots=True)
class Proof:
    """All that a problem says beside the evidence itself."""

    category: str = ""
    voices: Sequence[Voice] = ()
    runner_up: str = ""
    runner_up_share: str = ""
    swapped_with: str = ""
    allowed: float = 1.0


class Clean(NamedTuple):
    """What proves that a subject is as usual again."""

    age: int
    """Of the first clean cohort, days."""
    units: int
    matured: float
    reports: int
    log_ratio: float


def rounded(value: float) -> int:
    """Return a large number as people say it: two digits and zeros."""
    if value < 100:  # noqa: PLR2004 - two digits are all it has
        return round(value)
    digits = len(str(int(value))) - 2
    return round(value / 10.0**digits) * int(10**digits)


def percent(share: float) -> str:
    """Return a share (1 for all) as people write it, two digits."""
    if share > MOST_TOLD:
        return f"> {round(MOST_TOLD) * 100} %"
    return f"{rounded(share * 100)} %" if share >= 0.995 else f"{share * 100:.2g} %"  # noqa: PLR2004 - below it .2g rounds to 99


def odds(log_value: float) -> int:
    """Return exp of ``log_value`` as people say it, at most 10^15."""
    return rounded(exp(min(log_value, 34.5)))


def clean_needed(reading: Reading) -> int:
    """Return how many later units with time to be reported, and no report, would end the problem.

    It is what the days after it are asked for: at the usual rate they must be 99 times as likely
    as at the mildest rate that the reports allow.
    """
    bad = mildest(reading.reports, reading.matured, reading.usual)
    return int(still_needed(np.zeros(1), np.array([reading.usual]), np.array([bad]))[0])


def problem_of(reading: Reading, rung: Rung, name: str, almanac: Almanac, proof: Proof) -> Problem:
    """Return the problem that begins with ``reading`` about the subject called ``name``."""
    charge = reading.subject.charge
    kind = kind_of(charge, rung)
    return Problem(
        id=problem_id(kind, charge.subject_type, name, reading.end),
        kind=kind,
        subject_type=charge.subject_type,
        subject=name,
        opened_at=reading.end,
        due_at=max(reading.start, 0) * DAY,
        defect=DEFECTS[charge.defect].name,
        severity=ladder_of(charge)[rung].severity,
        evidence=facts(reading, rung, almanac, proof),
        detector=kind,
        detector_version=VERSION,
        opened_by=Cause(REPORT, reading.end, reading.end),
    )


def facts(reading: Reading, rung: Rung, almanac: Almanac, proof: Proof) -> tuple[Evidence, ...]:
    """Return the fact record from which people's texts are made, in any language."""
    rungs = almanac.rungs[reading.subject.charge]
    needed = threshold(rungs, rung)
    said = [
        Evidence("since", at=max(reading.start, 0) * DAY),
        Evidence("rung", value=rung.name.lower()),
        Evidence("reports", value=reading.reports),
        Evidence("units", value=reading.units),
        Evidence("units_with_time", value=f"{reading.matured:.1f}"),
        Evidence("expected_reports", value=f"{reading.expected:.2g}"),
        Evidence("usual_rate", value=percent(reading.usual)),
        Evidence("evidence", value=odds(reading.log_best)),
        Evidence("evidence_needed", value=odds(needed)),
        Evidence("share_of_needed", value=percent(exp(min(reading.log_r - needed, 34.5)))),
        Evidence("wrong_alarms_allowed", value=f"{proof.allowed:g} in {MONTH} days"),
        Evidence("clean_units_needed", value=clean_needed(reading)),
        Evidence("customers", value=len({voice.buyer for voice in proof.voices})),
    ]
    texts = {
        "category": proof.category,
        "runner_up": proof.runner_up,
        "runner_up_score": proof.runner_up_share,
        "swapped_with": proof.swapped_with,
        "knowledge": almanac.version,
        "arithmetic": f"numpy {np.__version__}",
    }
    said += [Evidence(fact, value=text) for fact, text in texts.items() if text]
    newest = sorted(proof.voices, key=lambda voice: (voice.at, voice.name))[-MOST_NAMED:]
    return (*said, *(Evidence(f"report {voice.name}", at=voice.at) for voice in newest))


def recovery_of(charge: Charge, name: str, end: int, since: int, clean: Clean) -> Problem:
    """Return the proposal to sell a repaired SKU again, which has been clean ``since`` a day."""
    kind = base_kind(charge) + RECOVERED
    said = (
        Evidence("since", at=since * DAY),
        Evidence("units", value=clean.units),
        Evidence("units_with_time", value=f"{clean.matured:.1f}"),
        Evidence("reports", value=clean.reports),
        Evidence("evidence", value=odds(clean.log_ratio)),
        Evidence("evidence_needed", value=odds(RELIST)),
    )
    return Problem(
        id=problem_id(kind, charge.subject_type, name, end),
        kind=kind,
        subject_type=charge.subject_type,
        subject=name,
        opened_at=end,
        due_at=since * DAY,
        defect=DEFECTS[charge.defect].name,
        severity=Severity.INFO,
        evidence=said,
        detector=kind,
        detector_version=VERSION,
        opened_by=Cause("clock", end, end),
    )
