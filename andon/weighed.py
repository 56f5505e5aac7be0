"""The evidence about one group over time: from a recording, or from what a run has kept."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import exp
from pathlib import Path
from typing import Final

from actions.accounts import account
from andon.config import read_config
from andon.wiring import NotPossible, build_engine, read_playbook
from detectors.population.almanac import LEARNING_DAYS, Almanac
from detectors.population.defects import DEFECTS
from detectors.population.ladders import reached
from detectors.population.populations import Probe
from detectors.population.rules import BUDGET
from detectors.population.telling import odds, percent
from detectors.population.weighing import Reading
from schemas.problems import Problem
from schemas.times import DAY, iso
from streams.engine import Engine
from streams.folder import Folder
from streams.replay import replay_paths

TYPES: Final = tuple(BUDGET)
"""Types of subjects about which evidence is weighed."""

MOST: Final = 34.5
"""Logarithm up to which evidence is told as a number: 10^15."""


class Unheard(NotPossible):
    """Nothing was ever counted under that name."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """The evidence about the group for one defect after one period in which it was reported."""

    at: int
    """End of the period, ms UTC."""
    defect: str
    rung: str
    since: int
    """The likeliest first bad day, ms UTC; 0 if there is none."""
    reports: int
    units: int
    units_with_time: float
    expected: float
    usual: float
    log_best: float
    log_r: float
    act: float
    """log R from which something is done."""

    def row(self) -> dict[str, object]:
        """Return it as people and programs read it."""
        return {
            "at": iso(self.at),
            "defect": self.defect,
            "since": iso(self.since)[:10] if self.since else None,
            "reports": self.reports,
            "units": self.units,
            "units_with_time": round(self.units_with_time, 1),
            "expected": float(f"{self.expected:.2g}"),
            "usual_rate": percent(self.usual),
            "evidence": odds(self.log_best),
            "needed": odds(self.act),
            "share_of_needed": percent(exp(min(self.log_r - self.act, MOST))),
            "rung": self.rung,
        }


@dataclass(slots=True)
class Notebook:
    """What a probe is told, in the order of time."""

    entries: list[Weighed] = field(default_factory=list)

    def __call__(self, reading: Reading, almanac: Almanac) -> None:
        """Note one reading."""
        charge = reading.subject.charge
        rungs = almanac.rungs[charge]
        climbed = reached(charge, rungs, reading.log_r)
        self.entries.append(
            Weighed(
                at=reading.end,
                defect=DEFECTS[charge.defect].name,
                rung=climbed[-1].name.lower() if climbed else "",
                since=max(reading.start, 0) * DAY,
                reports=reading.reports,
                units=reading.units,
                units_with_time=reading.matured,
                expected=reading.expected,
                usual=reading.usual,
                log_best=reading.log_best,
                log_r=reading.log_r,
                act=rungs.act,
            )
        )


@dataclass(frozen=True, slots=True)
class Course:
    """One group: what was weighed about it, and the problems that came of it."""

    subject_type: str
    name: str
    entries: tuple[Weighed, ...]
    problems: tuple[Problem, ...]
    locale: str

    def rows(self) -> list[dict[str, object]]:
        """Return one row for each defect and period with a report."""
        return [entry.row() for entry in self.entries]

    def lines(self) -> Iterator[str]:
        """Yield what is said before the table: each problem with its account."""
        yield f"{self.subject_type} {self.name}"
        for problem in self.problems:
            ended = problem.withdrawn_at or problem.cleared_at
            word = "withdrawn" if problem.withdrawn_at else "over"
            end = "open" if ended is None else f"{word} {iso(ended)}"
            yield ""
            yield f"{problem.kind}: opened {iso(problem.opened_at)}, {end}  {problem.id}"
            yield f"    {account(problem, self.locale)}"
        if not self.entries:
            yield ""
            yield self.empty

    @property
    def empty(self) -> str:
        """What is said where nothing was weighed."""
        return (
            f"nothing was reported about {self.subject_type} {self.name} since what is usual is "
            f"known ({LEARNING_DAYS} days after the first unit): there is no evidence to show"
        )


def sources_of(paths: Sequence[Path], data: Path | None) -> list[Path]:
    """Return the recordings to read: ``paths``, or the folder of a run if there are none.

    Raises:
        NotPossible: Nothing has run in that folder yet.
    """
    if paths:
        return list(paths)
    folder = Folder(data or Path(read_config().data))
    if not folder.journal.exists():
        raise NotPossible(
            f"no journal in {folder.path}: start `andon run` first, or name recordings by --from"
        )
    return [folder.path]


def course_of(
    name: str, subject_type: str | None, paths: Sequence[Path], playbook: Path | None
) -> Course:
    """Return the evidence about the group called ``name``; of any type if none is given.

    Raises:
        Unheard: Nothing was counted under that name.
        NotPossible: Groups of several types are called so.
    """
    book = read_playbook(playbook)
    probe = Probe(subject_type, name, Notebook())
    replayed = replay_paths(paths, build_engine(book, probe=probe))
    types = replayed.engine.subject_types(name)
    if (subject_type and subject_type not in types) or not types:
        raise Unheard(f"nothing is known of {subject_type or 'a group'} {name!r}{_hint(types)}")
    if subject_type is None and len(types) > 1:
        raise NotPossible(f"{name!r} is a {' and a '.join(types)}: say which by --subject")
    asked = subject_type or types[0]
    found = sorted(_notebook(replayed.engine).entries, key=lambda one: (one.at, one.defect))
    about = (p for p in replayed.problems if (p.subject_type, p.subject) == (asked, name))
    return Course(asked, name, tuple(found), tuple(about), book.form.messages.locale)


def _hint(types: Sequence[str]) -> str:
    if types:
        return f": there is a {types[0]} of that name"
    return ": is it spelt as in the events? A lane is written SP->RJ, a bin W1/A-01"


def _notebook(engine: Engine) -> Notebook:
    """Return what the probe of an engine was told: reading may have started over with a copy."""
    if engine.probe is None or not isinstance(engine.probe.watch, Notebook):
        raise TypeError("this engine was not asked by a notebook")
    return engine.probe.watch
