"""What a budget of wrong alarms means: how much evidence it asks for, and what that opened."""

from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import exp
from pathlib import Path
from typing import Final

from actions.causes import fact_of
from actions.playbook import Playbook
from andon.wiring import build_engine, build_rules
from detectors.population.almanac import LEAST
from detectors.population.budgets import HOLD, WATCH, Rungs
from detectors.population.counts import Charge
from detectors.population.defects import DEFECTS
from detectors.population.ladders import Rung, ladder_of, threshold
from detectors.population.telling import rounded
from schemas.problems import Problem
from streams.replay import replay_paths

FACTOR: Final[Mapping[Rung, int]] = {Rung.WATCH: WATCH, Rung.HOLD: HOLD, Rung.ACT: 1}
"""How many times the wrong alarms of acting each rung may spend."""


@dataclass(frozen=True, slots=True)
class Spend:
    """One defect of one type of subject: its budget, its thresholds and what came of them.

    The threshold to act is ``key_days``, the subject-days a month on which something went out,
    divided by the wrong alarms allowed in a month of 30 days; but at least ``LEAST``.
    """

    charge: Charge
    key_days: int
    allowed: float
    rungs: Rungs
    opened: Mapping[Rung, int]
    withdrawn: int

    def row(self) -> dict[str, object]:
        """Return it as people and programs read it."""
        return {
            "subject_type": self.charge.subject_type,
            "defect": DEFECTS[self.charge.defect].name,
            "key_days_a_month": self.key_days,
            **_budgeted(self.allowed, self.rungs, ladder_of(self.charge)),
            **{f"opened_{rung.name.lower()}": count for rung, count in self.opened.items()},
            "withdrawn": self.withdrawn,
        }


def _budgeted(
    allowed: float, rungs: Rungs, ladder: Container[Rung] = frozenset(Rung)
) -> dict[str, object]:
    """Return from which odds each rung of a ladder is reached, and the wrong ones it may spend."""
    return {
        name: value if rung in ladder else None
        for rung, factor in FACTOR.items()
        for name, value in (
            (f"{rung.name.lower()}_from", rounded(exp(threshold(rungs, rung)))),
            (f"{rung.name.lower()}_wrong_a_month", float(f"{allowed * factor:g}")),
        )
    }


def least(playbook: Playbook) -> list[dict[str, object]]:
    """Return the thresholds by type of subject in a shop too small to need more."""
    return [
        {"subject_type": subject_type}
        | _budgeted(allowed, Rungs.of(round(LEAST * allowed), allowed))
        for subject_type, allowed in build_rules(playbook).budget.items()
    ]


def spent(playbook: Playbook, paths: Sequence[Path]) -> list[dict[str, object]]:
    """Return the thresholds at the end of recordings, and how many problems evidence opened.

    There is a row for each defect that was reported, and none in the first two weeks.
    """
    replayed = replay_paths(paths, build_engine(playbook))
    almanac = replayed.engine.almanac
    if almanac is None:
        return []
    found = Counter(_keys(replayed.problems))
    allowed = build_rules(playbook).budget
    rows = []
    for charge, rungs in sorted(almanac.rungs.items()):
        kind, defect = charge.subject_type, DEFECTS[charge.defect].name
        opened = {rung: found[kind, defect, rung.name.lower()] for rung in FACTOR}
        withdrawn = found[kind, defect, "withdrawn"]
        key_days = almanac.active[charge]
        rows.append(Spend(charge, key_days, allowed[kind], rungs, opened, withdrawn).row())
    return rows


def _keys(problems: Sequence[Problem]) -> Iterator[tuple[str, str, str]]:
    """Yield what each problem counts as: the rung it opened at, and that it was withdrawn."""
    for problem in problems:
        rung = fact_of(problem, "rung")
        if rung is not None and problem.defect is not None:
            yield problem.subject_type, problem.defect, rung
            if problem.withdrawn_at is not None:
                yield problem.subject_type, problem.defect, "withdrawn"
