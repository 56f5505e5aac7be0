"""Customers are reached in their language, on their channel, and not at night."""

import pytest

from actions.desk import Desk
from actions.guest_book import guests_in, hear
from actions.guests import Guest
from actions.ledger import Ledger
from actions.marks import PlaybookError
from actions.outbox import Relay
from actions.people import People
from actions.playbook import Playbook, parse_playbook
from actions.rules import Messages
from actions.tables import customers
from actions.testing import NOON, a_problem, opened, withdrawn
from actions.wording import channels_of, language_of
from schemas.commands import Word
from schemas.decisions import Action
from schemas.events import Customer
from schemas.testing import an_order
from schemas.times import DAY, HOUR, MINUTE

VIETNAMESE = Customer(tier="gold", locale="vi-VN", channel="zalo")


def letters(messages: str = "", mode: str = "auto", hold: str = "") -> Playbook:
    do = f"message-customer: {{hold: {hold}}}" if hold else "message-customer"
    rule = f"{{name: late, kind: late-delivery, mode: {mode}, do: [{do}, schedule-callback]}}"
    return parse_playbook(f"name: t\nmessages: {{{messages}}}\nrules:\n  - {rule}\n", "t.yaml")


def message(ledger: Ledger, playbook: Playbook, now: int = NOON) -> Action:
    Desk(ledger, playbook).take([opened(a_problem(opened_at=now))], now)
    return ledger.actions(name="message-customer")[0]


def told(ledger: Ledger, customer: Customer | None, now: int = NOON) -> None:
    with ledger.writing() as connection:
        hear(connection, [an_order(customer_id="C1", customer=customer)], now)


@pytest.mark.practice("0.1")
def test_a_customer_is_reached_in_their_language_and_on_their_channel(ledger: Ledger) -> None:
    told(ledger, VIETNAMESE)
    params = message(ledger, letters("channels: [email, sms]")).params

    assert (params["locale"], params["channel"]) == ("vi", "zalo")
    assert params["fallbacks"] == ["email", "sms"]
    assert "xin lỗi" in str(params["body"])


def test_who_has_said_nothing_is_reached_as_the_playbook_says(ledger: Ledger) -> None:
    told(ledger, None)
    told(ledger, Customer())
    params = message(ledger, letters("channels: [sms, email]")).params

    assert (params["locale"], params["channel"], params["fallbacks"]) == ("en", "sms", ["email"])


@pytest.mark.parametrize(
    ("locale", "language"), [("VI", "vi"), ("vi_VN", "vi"), ("pt-BR", "en"), ("", "en")]
)
def test_a_language_without_texts_falls_back(locale: str, language: str) -> None:
    assert language_of(Guest(locale=locale), Messages()) == language


def test_a_preferred_channel_stands_once() -> None:
    said = channels_of(Guest(channel="sms"), Messages(channels=("email", "sms")))

    assert said == {"channel": "sms", "fallbacks": ["email"]}
    assert channels_of(Guest(), Messages(channels=())) == {"channel": "", "fallbacks": []}


def test_what_a_customer_said_last_holds(ledger: Ledger) -> None:
    told(ledger, VIETNAMESE)
    told(ledger, Customer(tier="silver"), NOON + 1)
    with ledger.reading() as connection:
        guests = guests_in(connection, [a_problem()], NOON)
        rows = connection.execute(customers.select()).all()

    assert guests == {"C1": Guest(tier="silver")}
    assert len(rows) == 1


def test_only_real_problems_of_other_orders_in_the_last_90_days_count(ledger: Ledger) -> None:
    desk = Desk(ledger, letters())
    old, gone, other, own = (
        a_problem(subject=order, order_id=order, opened_at=at)
        for order, at in (("O7", NOON - 90 * DAY), ("O8", NOON), ("O9", NOON), ("O1", NOON))
    )
    desk.take([opened(old), opened(gone), withdrawn(gone), opened(other), opened(own)], NOON)
    with ledger.reading() as connection:
        guests = guests_in(connection, [own], NOON)

    assert guests["C1"].harmed_before == 1


# --- quiet hours ------------------------------------------------------------------------------

QUIET = 'quiet: {begins: "21:00", ends: "08:00"}'


@pytest.mark.parametrize(
    ("now", "wait"),
    [
        (NOON, 0),
        (NOON + 9 * HOUR - 1, 0),
        (NOON + 9 * HOUR, 11 * HOUR),
        (NOON + 13 * HOUR, 7 * HOUR),
        (NOON + 20 * HOUR - 1, 1),
        (NOON + 20 * HOUR, 0),
    ],
)
def test_nobody_is_disturbed_at_night(ledger: Ledger, now: int, wait: int) -> None:
    message(ledger, letters(QUIET), now)
    performed: list[str] = []

    def note(action: Action) -> str:
        performed.append(action.name)
        return "noted"

    relay = Relay(ledger, {"*": note})
    relay.run_once(now + max(wait - 1, 0))
    early = list(performed)
    relay.run_once(now + wait)

    assert early == ([] if wait else ["message-customer", "schedule-callback"])
    assert len(performed) == 2


def test_quiet_hours_within_one_day_end_on_that_day(ledger: Ledger) -> None:
    params = message(ledger, letters('quiet: {begins: "11:30", ends: "13:00"}')).params

    assert params["not_before"] == "2026-01-01T13:00:00.000Z"


def test_quiet_hours_are_the_shops(ledger: Ledger) -> None:
    text = letters(QUIET).text.replace("name: t\n", "name: t\nzone: Asia/Ho_Chi_Minh\n")
    night = NOON + 2 * HOUR
    params = message(ledger, parse_playbook(text, "t.yaml"), night).params

    assert params["not_before"] == "2026-01-02T01:00:00.000Z"


def test_a_message_held_back_into_the_night_waits_for_the_morning(ledger: Ledger) -> None:
    action = message(ledger, letters(QUIET, hold="30m"), NOON + 9 * HOUR - MINUTE)

    assert action.params["not_before"] == "2026-01-02T08:00:00.000Z"


def test_a_message_held_back_by_day_leaves_after_its_window(ledger: Ledger) -> None:
    message(ledger, letters(QUIET, hold="30m"))
    relay = Relay(ledger, {"message-customer": lambda _: "sent"})

    assert relay.run_once(NOON + 30 * MINUTE - 1) == []
    assert len(relay.run_once(NOON + 30 * MINUTE)) == 1


def test_an_approval_at_night_sends_in_the_morning(ledger: Ledger) -> None:
    playbook = letters(QUIET, mode="review")
    action = message(ledger, playbook)
    night = NOON + 12 * HOUR
    People(ledger, playbook).approve(action.id, Word("ops-1", "true", night))
    relay = Relay(ledger, {"*": lambda _: "sent"})

    assert relay.run_once(NOON + 20 * HOUR - 1) == []
    assert len(relay.run_once(NOON + 20 * HOUR)) == 1


# --- a shop's own words -----------------------------------------------------------------------


def own(key: str, text: str) -> str:
    return f"texts: {{en: {{{key}: {text!r}}}}}"


def test_a_shops_own_words_win(ledger: Ledger) -> None:
    words = own("failures.late-delivery", "{{ Order }} is late, and that is on us.")
    params = message(ledger, letters(words)).params

    assert "Your order O1 is late, and that is on us. We are sorry." in str(params["body"])


@pytest.mark.practice("4.1")
@pytest.mark.parametrize(
    ("key", "text", "said"),
    [
        ("next.other", "You should have told us.", "never say 'You should have' to a customer"),
        ("failures.late", "x", "no text is called 'failures.late'; did you mean"),
        ("zzz", "x", "no text is called 'zzz'"),
        ("next.other", "{{ nonsense }}", "this template cannot be read: 'nonsense' is undefined"),
        ("next.other", "{{ order", "this template cannot be read"),
        ("body", "{{ failure }} {{ next }}", "leaves out {{ remedies }}"),
    ],
)
def test_a_shops_own_words_are_read_as_strictly_as_ours(key: str, text: str, said: str) -> None:
    with pytest.raises(PlaybookError) as found:
        letters(own(key, text))

    assert said in str(found.value)
    assert "t.yaml:2:" in str(found.value)


def test_words_in_a_language_nobody_reads_are_refused() -> None:
    with pytest.raises(PlaybookError, match="texts"):
        letters("texts: {fr: {subject: x}}")
