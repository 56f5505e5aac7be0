"""Simulated catalogues whose faults are known, what Andon says of them, and what a referee says.

The simulator and referee ``fault_sim.py`` is no part of this project and is started as a program of
its own. What it scores world by world is pooled here as it pools its own methods.
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from benchmarks.evidence import BELIEVED, Beliefs, Weighed, World, judged, read, write_alarms
from benchmarks.measuring import ROOT, run
from detectors.population.evidence import Counts

SIMULATOR: Final = ROOT.parent / "shared" / "bench" / "fault_sim.py"
WARM: Final = 30
"""Days of history before alarms count."""

NEVER_FOUND: Final = 10**9
"""Days to the alarm of a fault that was missed."""

USUAL: Final = 0.015
"""Mean usual rate of the simulator; used only to weigh worlds against each other."""


@dataclass(frozen=True, slots=True)
class Referee:
    """The simulator, which is the referee as well: a program beside this project."""

    path: Path
    folder: Path
    """Where worlds are kept while they are scored."""

    @property
    def missing(self) -> str:
        """What to say where it is not at hand; nothing where it is."""
        return (
            "" if self.path.exists() else f"not measured: no {self.path.name} here; see --referee"
        )

    def ask(self, *arguments: object) -> str:
        """Run one of its commands and return what it says."""
        return run([sys.executable, str(self.path), *map(str, arguments)]).said


class Fault(msgspec.Struct, frozen=True):
    """One injected fault: from ``day`` on ``rate`` of the units of ``key`` are bad."""

    key: int
    day: int
    rate: float
    severe: bool


class Truth(msgspec.Struct, frozen=True):
    """What the simulator did."""

    faults: list[Fault]


class Verdict(msgspec.Struct, frozen=True):
    """What the referee says of the alarms in one world; shares from 0 to 1."""

    recall: float
    rec_sev: float
    rec_mild: float
    harm: float
    hfrac: float
    fa: float


@dataclass(frozen=True, slots=True, eq=False)
class Played:
    """One world, every evaluation of it, and what its rows of the table are pooled with."""

    name: str
    truth: Truth
    weighed: Weighed
    clean_units: int
    """Units shipped after the warm-up by keys that are not (yet) faulty."""
    cost: float
    """Excess bad units if nothing were ever found."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A kind of world, and what is believed in it."""

    name: str
    emit: tuple[str, ...] = ()
    beliefs: Beliefs = BELIEVED


IDEAL: Final = Setting("ideal worlds")


def play(referee: Referee, seed: int, keys: int, budget: float, setting: Setting = IDEAL) -> Played:
    """Let the world of ``seed`` be emitted, weigh all of it, and forget the events."""
    name = "-".join((str(seed), str(keys), *setting.emit))
    events, truth = referee.folder / f"{name}.csv", referee.folder / f"{name}.json"
    files = ("--events", events, "--truth", truth)
    referee.ask("emit", "--seed", seed, "--keys", keys, *setting.emit, *files)
    known = msgspec.json.decode(truth.read_bytes(), type=Truth)
    world = read(events)
    events.unlink()
    weighed = judged(world, budget, setting.beliefs)
    return Played(name, known, weighed, *_exposure(world, known))


def _exposure(world: World, truth: Truth) -> tuple[int, float]:
    """Return the units shipped while clean, and the excess bad units of all faults."""
    units = np.zeros((world.keys.size, len(world.days)), np.int64)
    for day in world.days:
        units[day.shipped, day.day] += day.units
    clean = np.arange(len(world.days)) >= WARM
    cost, bad = 0.0, 0
    for fault in truth.faults:
        row = units[np.searchsorted(world.keys, fault.key)]
        after = int(row[fault.day :].sum())
        bad += int(row[max(fault.day, WARM) :].sum())
        cost += after * (fault.rate - USUAL if fault.severe else fault.rate * 2 / 3)
    return int(units[:, clean].sum()) - bad, cost


def over(played: Played, threshold: float | None) -> tuple[Counts, Counts]:
    """Return key and day of each alarm, at a ``threshold`` or at the one of the budget."""
    weighed = played.weighed
    needed = weighed.needed if threshold is None else np.nextafter(threshold, np.inf)
    alarm = weighed.log_r >= needed
    return weighed.key[alarm], weighed.day[alarm]


def refereed(referee: Referee, played: Played, threshold: float | None) -> Verdict:
    """Let the referee score the alarms."""
    alarms = referee.folder / "alarms.csv"
    write_alarms(alarms, *over(played, threshold))
    truth = referee.folder / f"{played.name}.json"
    said = referee.ask("score", "--truth", truth, "--alarms", alarms)
    return msgspec.convert(json.loads(said), Verdict)


def calibrated(worlds: Sequence[Played], budget: float) -> float:
    """Return the threshold over which ``budget`` clean keys a million units alarm, at most."""
    highest = np.sort(np.concatenate([_clean_maxima(played) for played in worlds]))[::-1]
    units = sum(played.clean_units for played in worlds)
    return float(highest[int(budget * units / 1e6)])


def _clean_maxima(played: Played) -> np.ndarray:
    """Return the highest evidence of each key before its fault."""
    weighed = played.weighed
    faulty = {fault.key: fault.day for fault in played.truth.faults}
    until = np.array([faulty.get(key, NEVER_FOUND) for key in weighed.key.tolist()])
    clean = (weighed.day >= WARM) & (weighed.day < until)
    keys, places = np.unique(weighed.key[clean], return_inverse=True)
    highest = np.full(keys.size, -np.inf)
    np.maximum.at(highest, places, weighed.log_r[clean])
    return highest


@dataclass(frozen=True, slots=True)
class Row:
    """A method's figures over several worlds; shares from 0 to 1, days, alarms a million units."""

    recall: float
    severe: float
    mild: float
    days: float
    """Median days from the start of a severe fault to the alarm."""
    pooled: float
    """Excess bad units shipped before the alarm, as a share of what no detection would cost."""
    per_fault: float
    """The mean over faults of that share."""
    false: float


def pooled(referee: Referee, worlds: Sequence[Played], threshold: float | None) -> Row:
    """Return the figures over all ``worlds``."""
    verdicts = [refereed(referee, played, threshold) for played in worlds]
    severe = np.array([sum(f.severe for f in played.truth.faults) for played in worlds])
    faults = np.array([len(played.truth.faults) for played in worlds])
    costs = np.array([played.cost for played in worlds])
    units = np.array([played.clean_units for played in worlds])

    def mean(name: str, weights: np.ndarray) -> float:
        return float(np.average([getattr(one, name) for one in verdicts], weights=weights))

    days = np.concatenate([_days_to_severe(played, threshold) for played in worlds])
    return Row(
        mean("recall", faults),
        mean("rec_sev", severe),
        mean("rec_mild", faults - severe),
        float(np.quantile(days, 0.5, method="higher")),
        mean("harm", costs),
        mean("hfrac", faults),
        mean("fa", units),
    )


def _days_to_severe(played: Played, threshold: float | None) -> Counts:
    keys, days = over(played, threshold)
    found = []
    for fault in (one for one in played.truth.faults if one.severe):
        later = days[(keys == fault.key) & (days >= max(fault.day, WARM))]
        found.append(int(later.min()) - fault.day if later.size else NEVER_FOUND)
    return np.array(found, np.int64)


def tabled(
    referee: Referee, first_seed: int, worlds: int, calibrating: int, keys: int
) -> dict[float, dict[str, Row]]:
    """Return what the simulator's own methods achieve on the same worlds, by budget and name."""
    seeds = ("--first-seed", first_seed, "--seeds", worlds, "--calib", calibrating)
    only = ("--delay", "learned", "--only", "naive", "oracle", "recommended")
    said = referee.ask("table", *seeds, "--keys", keys, *only)
    found: dict[float, dict[str, Row]] = {}
    for line in said.splitlines():
        if line.startswith("## budget"):
            budget = float(line.split()[2])
            found[budget] = {}
        elif line.startswith(("| naive", "| cohort", "| oracle")):
            name, *cells = (cell.strip() for cell in line.strip("| ").split("|"))
            found[budget][name] = _parsed(cells)
    return found


def _parsed(cells: Sequence[str]) -> Row:
    recall, severe, mild, _, days, _, harm, per_fault, false, *_ = cells
    median = days.split("/")[0]
    return Row(
        float(recall),
        float(severe),
        float(mild),
        NEVER_FOUND if median == "-" else float(median),
        float(harm) / 100,
        float(per_fault) / 100,
        float(false),
    )
