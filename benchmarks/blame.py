"""Which dimension is guilty: how often exactly the element that was made faulty is named.

    python -m benchmarks.blame --trials 400 --first-seed 120

Each trial ships units of many SKUs from several warehouses with several carriers, makes one SKU,
warehouse, carrier, SKU in one warehouse or lane (a warehouse with a carrier) faulty, and asks once.
What is expected of each SKU is wrong by some 15 %, as learned rates are. Trials with fewer than
four reports about the faulty element are left out: there is nothing to see.
"""

import argparse
from dataclasses import dataclass
from typing import Final

import numpy as np

from benchmarks.measuring import machine, table
from detectors.population.blame import Cells, Dimension, blame
from detectors.population.evidence import Counts, Reals

SKUS: Final = 400
WAREHOUSES: Final = 6
CARRIERS: Final = 5
UNITS: Final = 40_000
USUAL: Final = (3.0, 197.0)
"""Beta distribution of sound rates."""
BASELINE_ERROR: Final = 0.15
SOLD_WELL: Final = 60
"""A faulty SKU is one of this many that sell best: others bring too few reports."""
VISIBLE: Final = 4

CAUSES: Final[dict[str, tuple[int, ...]]] = {
    "sku": (0,),
    "warehouse": (1,),
    "carrier": (2,),
    "sku_warehouse": (0, 1),
    "lane": (1, 2),
    "sku_carrier": (0, 2),
}
"""Dimensions, and the axes (SKU, warehouse, carrier) that an element of each fixes."""

FAULTY: Final = ("sku", "warehouse", "carrier", "sku_warehouse", "lane")

SHAPE: Final = (SKUS, WAREHOUSES, CARRIERS)


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """One shop with one fault."""

    dimension: str
    element: int
    reports: Counts
    expected: Reals
    visible: bool


def elements(dimension: str) -> Counts:
    """Return the element of ``dimension`` that each cell of SHAPE belongs to."""
    axes = CAUSES[dimension]
    places = np.indices(SHAPE)
    sizes = tuple(SHAPE[axis] for axis in axes)
    found: Counts = np.ravel_multi_index([places[axis] for axis in axes], sizes)
    return found


def trial(seed: int) -> Trial:
    """Make the shop of ``seed``."""
    chance = np.random.default_rng(seed)
    volume = 1 / np.arange(1, SKUS + 1) ** 0.8
    warehouses = chance.dirichlet(np.full(WAREHOUSES, 3.0), SKUS)[:, :, np.newaxis]
    carriers = chance.dirichlet(np.full(CARRIERS, 4.0), (SKUS, WAREHOUSES))
    shares = (volume / volume.sum())[:, np.newaxis, np.newaxis] * warehouses * carriers
    units = chance.poisson(UNITS * shares)
    rates = np.broadcast_to(chance.beta(*USUAL, SKUS)[:, np.newaxis, np.newaxis], SHAPE)
    error = np.exp(chance.normal(0, BASELINE_ERROR, (SKUS, 1, 1)))
    dimension = FAULTY[int(chance.integers(len(FAULTY)))]
    axes = CAUSES[dimension]
    among = (SOLD_WELL, WAREHOUSES, CARRIERS)
    picked = [int(chance.integers(among[axis])) for axis in axes]
    element = int(np.ravel_multi_index(picked, tuple(SHAPE[axis] for axis in axes)))
    inside = elements(dimension) == element
    # A fault of one SKU is a wrong item: most units; a place or a carrier does a few times worse.
    worse = chance.uniform(8, 30) if "sku" in dimension else chance.uniform(2, 5)
    reports = chance.binomial(units, np.where(inside, np.minimum(0.9, rates * worse), rates))
    visible = int(reports[inside].sum()) >= VISIBLE
    return Trial(dimension, element, reports, rates * units * error, visible)


def named(one: Trial) -> tuple[str, int] | None:
    """Return which element is held guilty first, if any."""
    some = one.expected > 0
    dimensions = [
        Dimension(name, elements(name)[some], np.arange(int(elements(name).max()) + 1))
        for name in CAUSES
    ]
    culprits = blame(Cells(dimensions, one.reports[some], one.expected[some]))
    return (culprits[0].suspect.dimension, culprits[0].suspect.element) if culprits else None


def main() -> None:
    """Make shops, ask who is guilty, and print how often the answer was exact."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--trials", type=int, default=400)
    parser.add_argument("--first-seed", type=int, default=1)
    chosen = parser.parse_args()
    print(machine())
    right: dict[str, list[bool]] = {name: [] for name in FAULTY}
    wrong = 0
    for seed in range(chosen.first_seed, chosen.first_seed + chosen.trials):
        one = trial(seed)
        if one.visible:
            answer = named(one)
            right[one.dimension].append(answer == (one.dimension, one.element))
            wrong += answer not in {None, (one.dimension, one.element)}
    every = [exact for some in right.values() for exact in some]
    lines: list[list[object]] = [
        [name, len(some), sum(some) / len(some)] for name, some in (*right.items(), ("all", every))
    ]
    print(table(("cause", "trials", "exactly named"), lines))
    print(f"\n{wrong} of {len(every)} named another element; the rest of the misses named none.")


if __name__ == "__main__":
    main()
