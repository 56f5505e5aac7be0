"""Whoever was alerted of a problem learns, once and last, that it is over."""

from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from actions.desk import Desk
from actions.executors.apprise import Apprise
from actions.executors.pagerduty import PagerDuty
from actions.ledger import Ledger
from actions.outbox import Relay
from actions.playbook import Playbook, parse_playbook
from actions.resolving import RESOLVED
from actions.testing import NOON, Receiver, a_problem, cleared, loopback_receiver, opened, withdrawn
from schemas.decisions import Action, Status
from schemas.problems import Change, ChangeKind
from schemas.times import DAY, HOUR, MINUTE

LATER = NOON + DAY


def alerting(mode: str = "auto", do: str = "[notify-ops, open-investigation]") -> Playbook:
    rule = f"{{name: a, kind: late-delivery, mode: {mode}, do: {do}}}"
    return parse_playbook(f"name: t\nrules: [{rule}]\n", "t")


@pytest.fixture
def pager() -> Iterator[Receiver]:
    with loopback_receiver(secret=None) as receiver:
        yield receiver


def relay_to(ledger: Ledger, pager: Receiver) -> Relay:
    executor = PagerDuty("key", lambda: NOON, pager.url, ("127.0.0.0/8",), 0.5)
    return Relay(ledger, {"*": executor}, workers=1)


def events(pager: Receiver) -> list[Any]:
    return [event["event_action"] for event in pager.effects.values()]


def resolutions(ledger: Ledger) -> list[Action]:
    return ledger.actions(name=RESOLVED)


@pytest.mark.parametrize(
    ("end", "told"),
    [
        (cleared(a_problem()), ["trigger", "trigger", "resolve"]),
        (withdrawn(a_problem()), ["trigger", "trigger", "trigger", "resolve"]),
    ],
    ids=["cleared", "withdrawn"],
)
def test_an_incident_is_resolved_once_when_its_problem_is_over(
    ledger: Ledger, pager: Receiver, end: Change, told: list[str]
) -> None:
    desk, relay = Desk(ledger, alerting()), relay_to(ledger, pager)
    desk.take([opened(a_problem())], NOON)
    relay.run_once(NOON)
    for now in (LATER, LATER + 1, LATER + HOUR):
        desk.take([opened(a_problem()), end], now)
        relay.run_once(now)

    assert events(pager) == told
    assert {event["dedup_key"] for event in pager.effects.values()} == {f"andon/{a_problem().id}"}


def test_what_is_over_before_anybody_was_told_is_told_in_order(
    ledger: Ledger, pager: Receiver
) -> None:
    Desk(ledger, alerting()).take([opened(a_problem()), cleared(a_problem())], LATER)
    relay = relay_to(ledger, pager)
    for now in (LATER, LATER + 1):
        relay.run_once(now)

    assert events(pager) == ["trigger", "trigger", "resolve"]


def test_an_alert_that_fails_holds_up_the_word_that_it_is_over(
    ledger: Ledger, pager: Receiver
) -> None:
    Desk(ledger, alerting()).take([opened(a_problem()), cleared(a_problem())], LATER)
    relay = relay_to(ledger, pager)
    pager.answers.extend([(204, {}), (503, {}), (503, {})])
    relay.run_once(LATER)
    relay.run_once(LATER + 1)
    early = events(pager)
    for now in (LATER + HOUR, LATER + HOUR + 1):
        relay.run_once(now)

    assert "resolve" not in early
    assert events(pager) == ["trigger", "resolve"]


def test_what_is_cleared_and_then_contradicted_is_resolved_after_the_note_about_it(
    ledger: Ledger, pager: Receiver
) -> None:
    desk, relay = Desk(ledger, alerting(do="[notify-ops]")), relay_to(ledger, pager)
    for change in (opened(a_problem()), cleared(a_problem()), withdrawn(a_problem(), LATER + DAY)):
        desk.take([change], change.at)
        relay.run_once(change.at)
        relay.run_once(change.at + MINUTE)

    assert events(pager) == ["trigger", "resolve", "trigger", "resolve"]
    assert {action.params["state"] for action in resolutions(ledger)} == {"cleared", "withdrawn"}


@pytest.mark.parametrize(
    "playbook",
    [alerting("review"), alerting("shadow"), alerting(do="[alert-carrier]")],
    ids=["waiting", "shadow", "partner"],
)
def test_nobody_hears_of_the_end_of_what_they_were_not_told(
    ledger: Ledger, playbook: Playbook
) -> None:
    Desk(ledger, playbook).take([opened(a_problem()), cleared(a_problem())], LATER)

    assert resolutions(ledger) == []


def test_an_alert_called_off_before_it_was_told_needs_no_word(ledger: Ledger) -> None:
    desk = Desk(ledger, alerting())
    desk.take([opened(a_problem())], NOON)
    desk.take([withdrawn(a_problem())], LATER)

    assert resolutions(ledger) == []


@pytest.mark.parametrize("together", [True, False])
def test_an_alert_that_a_root_cause_called_off_needs_no_word_however_the_changes_are_cut(
    ledger: Ledger, *, together: bool
) -> None:
    desk = Desk(ledger, alerting())
    desk.take([opened(a_problem())], NOON)
    under = replace(a_problem(), parent="f" * 32)
    ends = [Change(ChangeKind.ATTACHED, NOON + 1, under), cleared(under)]
    for some in [ends] if together else [[one] for one in ends]:
        desk.take(some, LATER)

    assert resolutions(ledger) == []
    assert {action.status for action in ledger.actions()} == {Status.CALLED_OFF}


def test_a_chat_reads_that_it_is_over_where_it_read_the_alert(ledger: Ledger) -> None:
    desk = Desk(ledger, alerting(do="[notify-ops]"))
    with loopback_receiver(secret=None) as receiver:
        chat = Apprise({f"json://{receiver.url.removeprefix('http://')}": ("ops",)})
        relay = Relay(ledger, {"*": chat}, workers=1)
        for change in (opened(a_problem()), cleared(a_problem())):
            desk.take([change], change.at)
            relay.run_once(change.at)
        titles = [message["title"] for message in receiver.effects.values()]

    assert titles == ["notify-ops: late-delivery ops", "resolved: late-delivery order:O1"]
