"""Population evidence beside other methods, on catalogues whose faults are known.

    python -m benchmarks.evidence_table --first-seed 120 --seeds 5 --calib 4

Emits worlds, lets Andon judge them day by day, lets the referee score the alarms, and prints the
simulator's own methods on the same worlds: the best naive rule in hindsight, the reference of the
recommended method, and an oracle that knows every true rate. Thresholds marked *calibrated* are
from other worlds; those marked *bound* follow from the budget alone. The simulator is no part of
this project; where it is not at hand, this says so and measures nothing.
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.evidence import Beliefs
from benchmarks.evidence_score import (
    NEVER_FOUND,
    SIMULATOR,
    Referee,
    Row,
    Setting,
    calibrated,
    play,
    pooled,
    tabled,
)
from benchmarks.measuring import machine, table

BUDGET: Final = 5.0
"""Wrong alarms a million units that the figures speak of first."""
TIGHT: Final = 1.0

HEAD: Final = (
    "method", "recall", "severe", "mild", "severe days", "harm pooled %", "harm per fault %",
    "false per 1M",
)  # fmt: skip

STRESS: Final = (
    Setting("usual rates believed x0.67", beliefs=Beliefs(baseline=0.67)),
    Setting("usual rates believed x1.5", beliefs=Beliefs(baseline=1.5)),
    Setting("delays believed x1.3", beliefs=Beliefs(delay=1.3)),
    Setting("delays believed x0.8", beliefs=Beliefs(delay=0.8)),
    Setting("2 % of days at four times the rate", ("--burst", "0.02")),
    Setting("rates wander by 3 % a day", ("--drift", "0.03")),
)

Figure = tuple[str, float, str, float, bool]
"""What is measured, its value, the comparison, the limit, whether it holds."""


def line(name: str, row: Row) -> list[object]:
    """Return one row of the table."""
    days = "-" if row.days >= NEVER_FOUND else f"{row.days:.0f}"
    shares = (f"{row.recall:.2f}", f"{row.severe:.2f}", f"{row.mild:.2f}", days)
    harm = (f"{100 * row.pooled:.1f}", f"{100 * row.per_fault:.1f}")
    return [name, *shares, *harm, f"{row.false:.2f}"]


def best(rows: Mapping[str, Row], start: str) -> Row:
    """Return the row of the method that starts so with the least harm, chosen in hindsight."""
    some = [row for name, row in rows.items() if name.startswith(start)]
    return min(some, key=lambda row: row.pooled)


def least_per_fault(rows: Mapping[str, Row]) -> float:
    """Return the least harm per fault of the naive rules, whichever has it."""
    return min(row.per_fault for name, row in rows.items() if name.startswith("naive"))


def at_most(what: str, value: float, limit: float) -> Figure:
    """Return a figure that holds up to ``limit``."""
    return what, value, "<=", limit, value <= limit + 1e-9


def at_least(what: str, value: float, limit: float) -> Figure:
    """Return a figure that holds from ``limit``."""
    return what, value, ">=", limit, value >= limit - 1e-9


def bound_figures(bound: Row, oracle: Row) -> Iterator[Figure]:
    """Yield figures 1 and 2 for ideal worlds: the budget's own threshold, without calibration."""
    yield at_most("1: false per 1M, bound", bound.false, 2.0)
    yield at_least("2: severe recall, bound", bound.severe, 0.88)
    yield at_most("2: severe days, bound", bound.days, 14)
    yield at_most("2: pooled harm over the oracle's", bound.pooled / oracle.pooled, 1.35)


def calibrated_figures(rows: Mapping[float, Row], peers: Mapping[float, Mapping[str, Row]]
                       ) -> Iterator[Figure]:  # fmt: skip
    """Yield figures 3 and 4: thresholds from other worlds, at the same rate of wrong alarms."""
    ours, oracle = rows[BUDGET], best(peers[BUDGET], "oracle")
    naive = best(peers[BUDGET], "naive")
    yield at_least("3: severe recall", ours.severe, oracle.severe - 0.04)
    yield at_most("3: severe days", ours.days, oracle.days + 2)
    yield at_most("3: pooled harm over the oracle's", ours.pooled / oracle.pooled, 1.20)
    yield at_most("3: pooled harm over the best naive", ours.pooled / naive.pooled, 0.75)
    yield at_most("3: harm per fault over the oracle's", ours.per_fault / oracle.per_fault, 1.08)
    least = least_per_fault(peers[BUDGET])
    yield at_most("3: harm per fault over the best naive", ours.per_fault / least, 0.87)
    ours, oracle = rows[TIGHT], best(peers[TIGHT], "oracle")
    naive = best(peers[TIGHT], "naive")
    yield at_least("4: severe recall, 1 per 1M", ours.severe, oracle.severe - 0.05)
    yield at_most("4: pooled harm over the oracle's", ours.pooled / oracle.pooled, 1.20)
    yield at_most("4: pooled harm over the best naive", ours.pooled / naive.pooled, 0.65)


def printed(figures: Sequence[Figure]) -> str:
    """Return the figures with their limits as a table."""
    rows: list[list[object]] = [
        [what, f"{value:.2f}", f"{sign} {limit:.2f}", "holds" if holds else "**missed**"]
        for what, value, sign, limit, holds in figures
    ]
    return table(("figure", "measured", "asked", ""), rows)


def ideal(referee: Referee, chosen: argparse.Namespace) -> None:
    """Print the methods side by side on ideal worlds, and figures 1 to 4."""
    seeds = range(chosen.first_seed, chosen.first_seed + chosen.seeds)
    # The very worlds on which the simulator calibrates its own methods.
    others = [10_000 + chosen.first_seed * 1_000 + place for place in range(chosen.calib)]
    worlds = [play(referee, seed, chosen.keys, BUDGET) for seed in seeds]
    peers = tabled(referee, chosen.first_seed, chosen.seeds, chosen.calib, chosen.keys)
    calibrating = [play(referee, seed, chosen.keys, BUDGET) for seed in others]
    bound = pooled(referee, worlds, None)
    ours = {b: pooled(referee, worlds, calibrated(calibrating, b)) for b in (BUDGET, TIGHT)}
    for budget, rows in peers.items():
        print(f"Calibrated to {budget:g} wrong alarms a million units:", end="\n\n")
        lines = [
            line("best naive rule", best(rows, "naive")),
            line("reference of the method", best(rows, "cohort")),
            line("**Andon, calibrated**", ours[budget]),
            line("oracle", best(rows, "oracle")),
        ]
        print(table(HEAD, lines), end="\n\n")
    print("Not calibrated, the threshold follows from the budget:", end="\n\n")
    print(table(HEAD, [line(f"**Andon, bound {BUDGET:g}**", bound)]), end="\n\n")
    oracle = best(peers[BUDGET], "oracle")
    print(printed([*bound_figures(bound, oracle), *calibrated_figures(ours, peers)]), end="\n\n")


def stress(referee: Referee, chosen: argparse.Namespace) -> None:
    """Print how the bound holds where worlds or beliefs are wrong: the rest of figure 1."""
    seeds = range(chosen.first_seed, chosen.first_seed + chosen.seeds)
    rows: list[list[object]] = []
    for setting in STRESS[chosen.first_stress : chosen.last_stress]:
        worlds = [play(referee, seed, chosen.keys, BUDGET, setting) for seed in seeds]
        row = pooled(referee, worlds, None)
        holds = "holds" if row.false <= BUDGET else "**missed**"
        rows.append([*line(f"bound {BUDGET:g}, {setting.name}", row), holds])
    print(table((*HEAD, f"<= {BUDGET:g}"), rows))


def main() -> None:
    """Measure, and print the tables and which figures hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--calib", type=int, default=4)
    parser.add_argument("--keys", type=int, default=20_000)
    parser.add_argument("--referee", type=Path, default=SIMULATOR)
    parser.add_argument("--only", choices=("ideal", "stress"))
    parser.add_argument("--first-stress", type=int, default=0, help="place in the list of stresses")
    parser.add_argument("--last-stress", type=int, default=len(STRESS))
    chosen = parser.parse_args()
    with TemporaryDirectory(prefix="andon-evidence-") as folder:
        referee = Referee(chosen.referee, Path(folder))
        if referee.missing:
            print(referee.missing)
            return
        print(machine(), end="\n\n", flush=True)
        if chosen.only != "stress":
            ideal(referee, chosen)
        if chosen.only != "ideal":
            stress(referee, chosen)


if __name__ == "__main__":
    main()
