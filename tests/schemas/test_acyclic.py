import gc
from contextlib import suppress

from schemas.acyclic import without_collector


def test_the_collector_works_again_afterwards_whatever_happens() -> None:
    within = []
    with suppress(ValueError), without_collector():
        within.append(gc.isenabled())
        raise ValueError("anything")

    assert (within, gc.isenabled()) == ([False], True)


def test_a_collector_that_was_off_stays_off() -> None:
    gc.disable()
    with without_collector():
        pass
    after = gc.isenabled()
    gc.enable()

    assert not after
