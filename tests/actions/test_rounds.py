"""What people switched off stays off, and what it kept back is decided when it is on again."""

import pytest

from actions.commands import tell
from actions.desk import Desk
from actions.ledger import Ledger
from actions.outbox import Relay
from actions.playbook import load_playbook
from actions.rounds import Rounds
from actions.testing import NOON, a_problem, cleared, opened, withdrawn
from schemas.commands import EVERYTHING, Command, Verb, Word
from schemas.decisions import Action, Status, Verdict
from schemas.times import DAY, HOUR, MINUTE

LATE = a_problem()


class Shop:
    """A desk and its rounds over one ledger, with what was performed."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.performed: list[str] = []
        self.desk = Desk(ledger, load_playbook())
        self.rounds = Rounds(ledger, self.desk, Relay(ledger, {"*": self.note}).run_once)

    def note(self, action: Action) -> str:
        self.performed.append(action.name)
        return "noted"

    def say(self, verb: Verb, at: int, target: str = EVERYTHING, **more: object) -> int:
        kinds = {Verb.SILENCE: "silence", Verb.END_SILENCE: "silence"}
        kind = kinds.get(verb, "everything" if target == EVERYTHING else "rule")
        word = Word("ops-1", "strike", at)
        said = Command(verb=verb, target_type=kind, target=target, word=word, **more)  # type: ignore[arg-type]  # until and terms, as tests name them
        with self.ledger.writing() as connection:
            return tell(connection, said)

    def verdicts(self) -> list[Verdict]:
        return [decision.verdict for decision in self.ledger.decisions()]


@pytest.fixture
def shop(ledger: Ledger) -> Shop:
    return Shop(ledger)


def hush(shop: Shop, until: int, **terms: str) -> int:
    return shop.say(Verb.SILENCE, NOON, "", until=until, terms=terms)


# --- silences ---------------------------------------------------------------------------------


def test_a_silenced_problem_is_recorded_and_nothing_is_done(shop: Shop) -> None:
    number = hush(shop, NOON + HOUR, kind="late-*")
    (decision,) = shop.desk.take([opened(LATE)], NOON)
    shop.rounds(NOON)

    assert decision.verdict is Verdict.SILENCED
    assert decision.detail == f"silence {number} by ops-1 until 2026-01-01T13:00:00.000Z: strike"
    assert {action.status for action in decision.actions} == {Status.SHADOW}
    assert shop.performed == []


def test_what_a_silence_does_not_cover_is_acted_on(shop: Shop) -> None:
    hush(shop, NOON + HOUR, kind="late-delivery", order_id="O2")
    (decision,) = shop.desk.take([opened(LATE)], NOON)

    assert decision.verdict is Verdict.ACT


def test_what_is_still_open_when_a_silence_expires_is_decided_then(shop: Shop) -> None:
    hush(shop, NOON + HOUR, kind="late-delivery")
    shop.desk.take([opened(LATE)], NOON)
    for now in (NOON, NOON + HOUR - 1):
        shop.rounds(now)
    before = list(shop.performed)
    shop.rounds(NOON + HOUR)
    shop.rounds(NOON + HOUR + 1)

    assert before == []
    assert sorted(shop.performed) == ["message-customer", "refund-shipping"]
    assert shop.verdicts() == [Verdict.SILENCED, Verdict.ACT]


def test_a_silence_ended_by_a_person_ends_at_once(shop: Shop) -> None:
    number = hush(shop, NOON + DAY, kind="late-delivery")
    shop.desk.take([opened(LATE)], NOON)
    shop.say(Verb.END_SILENCE, NOON + 1, str(number))
    shop.rounds(NOON + 1)

    assert len(shop.performed) == 2


def test_what_was_over_during_a_silence_is_not_brought_up_again(shop: Shop) -> None:
    hush(shop, NOON + HOUR, kind="late-delivery")
    shop.desk.take([opened(LATE), cleared(LATE, NOON + 1)], NOON + 1)
    shop.rounds(NOON + HOUR)

    assert shop.performed == []


def test_a_silence_longer_than_one_acts_by_itself_leaves_it_to_a_person(shop: Shop) -> None:
    hush(shop, NOON + 3 * DAY, kind="late-delivery")
    shop.desk.take([opened(LATE)], NOON)
    shop.rounds(NOON + 3 * DAY)

    assert shop.verdicts() == [Verdict.SILENCED, Verdict.TOO_OLD]
    assert len(shop.ledger.actions(status=Status.WAITING)) == 2


# --- the kill switch --------------------------------------------------------------------------


def test_a_stop_takes_back_what_is_queued_and_a_start_lets_it_go(shop: Shop) -> None:
    shop.desk.take([opened(LATE)], NOON)
    shop.say(Verb.STOP, NOON)
    shop.rounds(NOON)
    held = shop.ledger.actions(status=Status.WAITING)
    before = list(shop.performed)
    shop.say(Verb.START, NOON + 1)
    shop.rounds(NOON + 1)

    assert (len(held), before) == (2, [])
    assert sorted(shop.performed) == ["message-customer", "refund-shipping"]


def test_what_is_found_during_a_stop_is_done_after_it_although_it_is_over(shop: Shop) -> None:
    shop.say(Verb.STOP, NOON)
    shop.desk.take([opened(LATE), cleared(LATE, NOON + 1)], NOON + 1)
    shop.rounds(NOON + 1)
    shop.say(Verb.START, NOON + MINUTE)
    shop.rounds(NOON + MINUTE)
    (problem,) = shop.ledger.problems()

    assert sorted(shop.performed) == ["message-customer", "refund-shipping"]
    assert problem.cleared_at == NOON + 1, "looking again must not reopen it"


def test_what_never_was_a_problem_is_not_done_after_a_stop(shop: Shop) -> None:
    shop.say(Verb.STOP, NOON)
    shop.desk.take([opened(LATE)], NOON)
    shop.desk.take([withdrawn(LATE, NOON + 1)], NOON + 1)
    shop.say(Verb.START, NOON + 2)
    shop.rounds(NOON + 2)

    assert shop.performed == []


def test_a_stop_of_one_rule_leaves_the_others_alone(shop: Shop) -> None:
    shop.say(Verb.STOP, NOON, "late delivery")
    mispick = a_problem("mispick", subject_type="shipment", subject="O2/S1")
    shop.desk.take([opened(LATE), opened(mispick)], NOON)
    shop.rounds(NOON)
    shop.say(Verb.START, NOON + 1, "lost parcel")
    shop.rounds(NOON + 1)

    assert shop.performed == ["alert-warehouse"]
    assert shop.verdicts().count(Verdict.STOPPED) == 1


def test_a_start_of_everything_starts_each_rule(shop: Shop) -> None:
    shop.say(Verb.STOP, NOON, "late delivery")
    shop.desk.take([opened(LATE)], NOON)
    shop.say(Verb.START, NOON + 1)
    shop.rounds(NOON + 1)

    assert len(shop.performed) == 2


def test_what_has_grown_too_old_under_a_stop_waits_for_a_person(shop: Shop) -> None:
    shop.desk.take([opened(LATE)], NOON)
    shop.say(Verb.STOP, NOON)
    shop.rounds(NOON)
    shop.say(Verb.START, NOON + 3 * DAY)
    shop.rounds(NOON + 3 * DAY)

    assert shop.performed == ["notify-ops"], "somebody is told that it waits"
    assert len(shop.ledger.actions(status=Status.WAITING)) == 2


def test_a_restart_of_the_process_knows_what_is_stopped(shop: Shop) -> None:
    shop.desk.take([opened(LATE)], NOON)
    shop.say(Verb.STOP, NOON)
    Shop(shop.ledger).rounds(NOON)
    again = Shop(shop.ledger)
    again.say(Verb.START, NOON + 1)
    again.rounds(NOON + 1)

    assert len(again.performed) == 2


def test_nobody_performs_where_nobody_is_named(ledger: Ledger) -> None:
    desk = Desk(ledger, load_playbook())
    desk.take([opened(LATE)], NOON)

    assert Rounds(ledger, desk)(NOON) == []
