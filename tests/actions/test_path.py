"""The whole path of one problem: decided, planned, stored, performed, recorded."""

import time
from pathlib import Path

from actions.desk import Desk
from actions.executors.webhook import Webhook
from actions.ledger import Ledger
from actions.outbox import Relay
from actions.playbook import load_playbook
from actions.testing import NOON, SECRET, a_problem, loopback_receiver, opened
from schemas.decisions import Status, Verdict


def wall_clock() -> int:
    return time.time_ns() // 1_000_000  # noqa: TID251 - signatures carry the real time


def test_a_late_delivery_reaches_the_shop_signed_and_once(tmp_path: Path) -> None:
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.sqlite")
    desk = Desk(ledger, load_playbook())
    with loopback_receiver() as receiver:
        webhook = Webhook(receiver.url, (SECRET,), wall_clock, allowed=("127.0.0.0/8",))
        (decision,) = desk.take([opened(a_problem("late-delivery"))], NOON)
        first = Relay(ledger, {"*": webhook}).run_once(NOON)
        second = Relay(ledger, {"*": webhook}).run_once(NOON)
    ledger.close()

    assert decision.verdict is Verdict.ACT
    assert [outcome.status for outcome in first] == [Status.DONE] * len(decision.actions)
    assert second == []
    assert receiver.deliveries == {action.id: 1 for action in decision.actions}
    assert not receiver.refused
