"""What comes together is told together, what is too much comes later, and nothing is lost."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from msgspec.structs import replace

from actions.desk import Desk
from actions.errors import NotYet, Unavailable
from actions.executors.apprise import Apprise
from actions.executors.grouping import Grouping, Throttle, digest
from actions.ledger import Ledger
from actions.outbox import Relay
from actions.playbook import parse_playbook
from actions.resolving import RESOLVED
from actions.testing import NOON, a_problem, loopback_receiver, opened
from schemas.decisions import Action, Status
from schemas.times import MINUTE

ALERTING = parse_playbook(
    "name: t\nrules: [{name: a, kind: late-delivery, mode: auto, do: [notify-ops]}]\n", "t"
)


def an_alert(number: int) -> Action:
    return Action(
        id=f"id-{number}",
        name="notify-ops",
        target_type="ops",
        target=f"ops-{number}",
        params={"kind": "late-delivery"},
        harm="h",
        problem_id="P",
        planned_at=NOON + number,
        status=Status.QUEUED,
    )


def at_once(grouping: Grouping, count: int) -> list[str | BaseException]:
    """Let ``count`` threads tell of an alert each at the same time; return what they got."""
    ready = Barrier(count)

    def one(number: int) -> str:
        ready.wait()
        return grouping("ops", an_alert(number))

    with ThreadPoolExecutor(count) as pool:
        running = [pool.submit(one, number) for number in range(count)]
        return [done.exception() or done.result() for done in running]


def test_alerts_that_come_together_are_one_message() -> None:
    told: list[str] = []

    def tell(_tag: str, title: str, body: str) -> str:
        told.append(title + body)
        return "told"

    said = at_once(Grouping(0.3, tell), 5)

    assert said == ["told"] * 5
    assert len(told) == 1
    assert all(f"reference: id-{number}" in told[0] for number in range(5))


def test_when_telling_fails_everybody_who_joined_learns_it() -> None:
    def tell(_tag: str, _title: str, _body: str) -> str:
        raise Unavailable("down")

    grouping = Grouping(0.3, tell)

    assert [type(one) for one in at_once(grouping, 3)] == [Unavailable] * 3
    with pytest.raises(Unavailable):
        grouping("ops", an_alert(9))


def test_a_digest_names_the_first_and_counts_the_rest() -> None:
    title, body = digest([an_alert(number) for number in (4, 3, 2, 1, 0)])

    assert title.startswith("5 alerts: notify-ops: late-delivery ops-0; ")
    assert title.endswith("ops-2 and 2 more")
    assert body.index("id-0") < body.index("id-4")


def test_a_digest_counts_apart_what_is_over() -> None:
    over = replace(an_alert(7), name=RESOLVED, params={"kind": "lost", "subject": "order:O1"})

    assert digest([an_alert(0), an_alert(1), over])[0].startswith("2 alerts, 1 resolved: ")
    assert digest([over])[0] == "resolved: lost order:O1"
    assert digest([over, over])[0].startswith("2 resolved: ")


def test_two_alerts_are_both_named() -> None:
    assert "more" not in digest([an_alert(0), an_alert(1)])[0]


def test_the_message_beyond_the_limit_comes_when_the_first_is_a_minute_old() -> None:
    throttle = Throttle(2)
    throttle.take("ops", NOON)
    throttle.take("ops", NOON + 1)
    throttle.take("carrier", NOON + 1)

    with pytest.raises(NotYet) as caught:
        throttle.take("ops", NOON + 2)
    throttle.take("ops", caught.value.due_at)

    assert caught.value.due_at == NOON + MINUTE


def test_no_limit_is_no_limit() -> None:
    throttle = Throttle(0)
    for _ in range(1_000):
        throttle.take("ops", NOON)


def test_people_are_told_everything_in_few_messages(tmp_path: Path) -> None:
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.sqlite")
    problems = [a_problem(subject=f"O{n}", order_id=f"O{n}") for n in range(20)]
    Desk(ledger, ALERTING).take([opened(problem) for problem in problems], NOON)
    now = NOON
    with loopback_receiver(secret=None) as receiver:
        url = f"json://{receiver.url.removeprefix('http://')}"
        apprise = Apprise(
            {url: ("ops",)}, group_wait_s=0.2, throttle=Throttle(2), clock=lambda: now
        )
        relay = Relay(ledger, {"*": apprise}, workers=4)
        while ledger.actions(status=Status.QUEUED):
            relay.run_once(now)
            now += MINUTE
    ids = [action.id for action in ledger.actions()]
    outcomes = ledger.outcomes()
    ledger.close()
    told = str(list(receiver.effects.values()))

    assert [one for one in ids if one not in told] == []
    assert receiver.deliveries.total() <= 10
    assert {(outcome.status, outcome.attempt) for outcome in outcomes} == {(Status.DONE, 1)}
