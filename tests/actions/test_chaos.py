"""Whatever dies when: every effect happens exactly once, and nothing is lost.

``make chaos`` kills a thousand times on each database; here it is twenty.
"""

import os
from collections import Counter

import pytest

from actions.ledger import Ledger
from actions.testing import loopback_receiver
from actions.testing_chaos import Chaos, preload
from actions.verifying import first_break
from schemas.decisions import Status

KILLS = int(os.environ.get("ANDON_KILLS", "20"))


@pytest.mark.slow
@pytest.mark.timeout(120 + 3 * KILLS)
def test_each_effect_happens_once_although_the_relay_is_killed_anywhere(
    ledger: Ledger, ledger_url: str
) -> None:
    preload()
    with loopback_receiver() as receiver:
        chaos = Chaos(ledger_url, receiver)
        chaos.until(KILLS, ledger)
    done = Counter(o.action_id for o in ledger.outcomes() if o.status is Status.DONE)
    with ledger.reading() as connection:
        broken = first_break(connection)
    told = f"{chaos.kills} kills in {chaos.runs} runs, {len(chaos.wanted)} actions, "
    print(told + f"{receiver.deliveries.total()} requests")  # noqa: T201 - `make chaos` shows it

    assert chaos.kills >= KILLS
    assert receiver.effects.keys() == chaos.wanted
    assert receiver.deliveries.total() > len(chaos.wanted), "a kill after the effect repeats it"
    assert done == Counter(dict.fromkeys(chaos.wanted, 1))
    assert {action.status for action in ledger.actions()} == {Status.DONE}
    assert not receiver.refused
    assert broken is None
