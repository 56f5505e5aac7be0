"""What every part of an act is played with."""

from dataclasses import dataclass

import numpy as np

from andon.simulate.demand import Orders
from andon.simulate.faults import Faults
from andon.simulate.log import Log
from andon.simulate.world import World


@dataclass(frozen=True, slots=True)
class Stage:
    """The shop, its faults, one round of orders, the log of what happens, and the dice."""

    world: World
    faults: Faults
    orders: Orders
    log: Log
    rng: np.random.Generator
