"""Laws for every executor: a registered one is under them at once, or this module fails."""

import base64
import json
import logging
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any, cast

import msgspec
import pytest
from msgspec.structs import replace

from actions.errors import Refused, Unavailable
from actions.executors.apprise import Apprise
from actions.executors.kafka import HEADER, Kafka
from actions.executors.mail import Mail
from actions.executors.pagerduty import PagerDuty
from actions.executors.registry import EXECUTORS
from actions.executors.webhook import Webhook
from actions.outbox import Perform
from actions.resolving import RESOLVED
from actions.rows import envelope
from actions.testing import NOON, SECRET, Receiver, loopback_receiver
from actions.testing_mail import MailReceiver, loopback_mail
from schemas.decisions import Action, Status
from streams.tailing import newest
from streams.testing_kafka import Broker
from streams.topics import Topic, create

HIDDEN = "t0psecrettoken"
SECRET_OF_MAIL = ("shop", HIDDEN)
CUSTOMERS = {"C1": "customer@home.example"}
LOOPBACK = ("127.0.0.0/8",)
KAFKA_S = 1.5
"""Long enough for a broker on a busy machine."""

_numbers = count(1)


def wall_clock() -> int:
    return time.time_ns() // 1_000_000  # noqa: TID251 - signatures carry the real time


@dataclass(frozen=True)
class Rig:
    """One executor with the receiver it talks to, and words that must never be seen."""

    perform: Perform
    receiver: "Receiver | MailReceiver | KafkaReceiver"
    secrets: tuple[str, ...]

    def stop(self) -> None:
        self.receiver.stop()


@contextmanager
def a_webhook() -> Iterator[Rig]:
    with loopback_receiver() as receiver:
        url = f"{receiver.url}/{HIDDEN}"
        webhook = Webhook(url, (SECRET,), wall_clock, LOOPBACK, read_s=0.5)
        yield Rig(webhook, receiver, (HIDDEN, SECRET, SECRET.removeprefix("whsec_")))


@contextmanager
def an_apprise() -> Iterator[Rig]:
    with loopback_receiver(secret=None) as receiver:
        host = receiver.url.removeprefix("http://")
        url = f"json://shop:{HIDDEN}@{host}?rto=0.5"
        yield Rig(Apprise({url: ("ops", "carrier")}, timeout_s=0.5), receiver, (HIDDEN,))


@contextmanager
def a_mail() -> Iterator[Rig]:
    with loopback_mail(SECRET_OF_MAIL) as receiver:
        url = f"smtp+plain://shop:{HIDDEN}@127.0.0.1:{receiver.port}"
        to = {"ops": ("ops@shop.example",), "carrier": ("desk@carrier.example",)}
        mail = Mail(url, "Shop <andon@shop.example>", to, CUSTOMERS.get, timeout_s=0.5)
        yield Rig(mail, receiver, (HIDDEN,))


@contextmanager
def a_pagerduty() -> Iterator[Rig]:
    with loopback_receiver(secret=None) as receiver:
        yield Rig(PagerDuty(HIDDEN, wall_clock, receiver.url, LOOPBACK, 0.5), receiver, (HIDDEN,))


class KafkaReceiver:
    """A topic on a real broker, which is frozen where another receiver would be busy or slow."""

    def __init__(self, broker: Broker, topic: str) -> None:
        self._broker = broker
        self._topic = topic
        self.answers = self

    def append(self, answer: tuple[int, object]) -> None:
        if answer[0] >= 500:
            self._broker.pause()

    def __setattr__(self, name: str, value: object) -> None:
        if name == "pause_s":
            self._broker.pause()
        super().__setattr__(name, value)

    @property
    def effects(self) -> dict[str, Any]:
        records = newest(self._broker.bootstrap, [self._topic])
        return {dict(one.headers)[HEADER].decode(): json.loads(one.value or b"") for one in records}

    def stop(self) -> None:
        self._broker.kill()


@contextmanager
def a_kafka(broker: Broker) -> Iterator[Rig]:
    topic = Topic(f"actions{os.getpid()}x{next(_numbers)}", 1, {}, "actions")
    create(broker.bootstrap, [topic])
    kafka = Kafka(broker.bootstrap, topic.name, timeout_s=KAFKA_S)
    try:
        kafka(replace(an_action(), id="so that it is connected"))
        yield Rig(kafka, KafkaReceiver(broker, topic.name), (HIDDEN,))
    finally:
        kafka.close()


RIGS: dict[str, Callable[..., AbstractContextManager[Rig]]] = {
    "webhook": a_webhook,
    "apprise": an_apprise,
    "mail": a_mail,
    "pagerduty": a_pagerduty,
    "kafka": a_kafka,
}


@pytest.fixture(params=EXECUTORS)
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    needed = [request.getfixturevalue("mortal_broker")] if request.param == "kafka" else []
    with RIGS[request.param](*needed) as built:
        yield built


def an_action(name: str = "notify-ops") -> Action:
    return Action(
        id="11111111-2222-5333-8444-555555555555",
        name=name,
        target_type="ops",
        target="ops",
        params={"kind": "silent-shipment", "proof": ["a: 1", "b: 2"]},
        harm="O1|late|1",
        problem_id="P1",
        planned_at=NOON,
        status=Status.QUEUED,
    )


def test_every_executor_has_a_rig() -> None:
    assert RIGS.keys() == EXECUTORS.keys()


WORDS_TO_OPS = pytest.mark.parametrize("name", ["notify-ops", RESOLVED])


@WORDS_TO_OPS
def test_what_is_sent_carries_the_action_id(rig: Rig, name: str) -> None:
    rig.perform(an_action(name))

    assert an_action().id in str(rig.receiver.effects)


@WORDS_TO_OPS
def test_the_same_action_again_is_the_same_message(rig: Rig, name: str) -> None:
    rig.perform(an_action(name))
    rig.perform(an_action(name))

    told = [effect for effect in rig.receiver.effects.values() if an_action().id in str(effect)]
    assert len({str(effect) for effect in told}) == 1


def test_a_busy_other_side_is_worth_another_try(rig: Rig) -> None:
    rig.receiver.answers.append((503, {}))

    with pytest.raises(Unavailable):
        rig.perform(an_action())


def test_an_other_side_that_is_gone_is_worth_another_try(rig: Rig) -> None:
    rig.stop()

    with pytest.raises(Unavailable):
        rig.perform(an_action())


def test_a_silent_other_side_costs_less_than_a_lease(rig: Rig) -> None:
    rig.receiver.pause_s = 3.0
    began = time.monotonic()

    with pytest.raises(Unavailable):
        rig.perform(an_action())
    assert time.monotonic() - began < 2.5


@pytest.mark.parametrize("status", [204, 401, 410, 503])
def test_no_secret_is_shown_or_logged(
    rig: Rig, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    rig.receiver.answers.append((status, {}))
    seen = [repr(rig.perform), str(rig.perform)]
    with caplog.at_level(logging.DEBUG):
        try:
            seen.append(rig.perform(an_action()))
        except (Unavailable, Refused) as error:
            seen += [str(error), repr(error), repr(error.__cause__)]
    seen += [record.getMessage() for record in caplog.records]

    assert not [text for text in seen for secret in rig.secrets if secret in text]


def test_both_secrets_sign_while_one_is_rotated() -> None:
    fresh = "whsec_" + base64.b64encode(b"the next secret").decode()
    for known in (SECRET, fresh):
        with loopback_receiver(known) as receiver:
            Webhook(receiver.url, (SECRET, fresh), wall_clock, LOOPBACK)(an_action())

            assert receiver.deliveries.total() == 1


def test_a_webhook_that_was_switched_off_needs_a_person() -> None:
    with a_webhook() as rig:
        rig.receiver.answers.append((410, {}))

        with pytest.raises(Refused, match="switched off"):
            rig.perform(an_action())


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("120", 120), ("Thu, 01 Jan 2099 00:00:00 GMT", None), ("soon", None)],
)
def test_a_stated_wait_is_passed_on(said: str, seconds: int | None) -> None:
    with a_webhook() as rig:
        rig.receiver.answers.append((429, {"retry-after": said}))

        with pytest.raises(Unavailable) as caught:
            rig.perform(an_action())
    wait = caught.value.retry_after
    if said == "soon":
        assert wait is None
    elif seconds is None:
        assert wait is not None
        assert wait.days > 365
    else:
        assert wait is not None
        assert wait.total_seconds() == seconds


def test_a_redirect_is_not_followed() -> None:
    with a_webhook() as rig, loopback_receiver() as elsewhere:
        rig.receiver.answers.append((302, {"location": elsewhere.url}))

        with pytest.raises(Refused, match="302"):
            rig.perform(an_action())
        assert not elsewhere.deliveries


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9/x",
        "http://localhost:9/x",
        "http://[::1]:9/x",
        "http://[::ffff:127.0.0.1]:9/x",
        "http://169.254.169.254/latest/meta-data",
        "http://10.0.0.1/x",
        "http://192.168.1.1/x",
        "http://0.0.0.0:9/x",
        "http://2130706433/x",
    ],
)
def test_an_address_inside_is_not_called_unless_allowed(url: str) -> None:
    webhook = Webhook(url, (SECRET,), wall_clock)

    with pytest.raises(Refused, match="not public"):
        webhook(an_action())


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_???"])
def test_a_secret_that_is_none_is_found_at_once(secret: str) -> None:
    with pytest.raises(ValueError, match="whsec_"):
        Webhook("https://shop.example/hook", (secret,), wall_clock)


def test_a_service_nobody_knows_is_found_at_once() -> None:
    with pytest.raises(ValueError, match="tagged ops"):
        Apprise({"nosuchservice://x": ("ops",)})


def test_carriers_are_told_of_their_parcels_and_ops_of_the_rest() -> None:
    with an_apprise() as rig:
        assert rig.perform(an_action("alert-carrier")) == "told carrier"
        assert rig.perform(an_action("notify-ops")) == "told ops"

        with pytest.raises(Refused, match="warehouse"):
            rig.perform(an_action("alert-warehouse"))


def test_a_service_that_breaks_is_worth_another_try(monkeypatch: pytest.MonkeyPatch) -> None:
    with an_apprise() as rig:
        monkeypatch.setattr("apprise.Apprise.notify", broken)

        with pytest.raises(Unavailable, match="a service failed: RuntimeError"):
            rig.perform(an_action())


def broken(*_args: object, **_named: object) -> None:
    raise RuntimeError(HIDDEN)


# --- mail -----------------------------------------------------------------------------------------


def a_letter(customer: str | None = "C1") -> Action:
    letter = {"subject": "About your\r\nBcc: order", "body": "Xin lỗi: your parcel is late."}
    return replace(an_action("message-customer"), customer_id=customer, params=letter)


def test_a_customer_gets_their_letter_and_nothing_else_in_it() -> None:
    with a_mail() as rig:
        rig.perform(a_letter())
        (mail,) = rig.receiver.effects.values()

    assert mail["to"] == "customer@home.example"
    assert mail["subject"] == "About your Bcc: order"
    assert mail["body"].strip() == "Xin lỗi: your parcel is late."


def test_a_customer_whose_address_nobody_knows_needs_a_person() -> None:
    with a_mail() as rig:
        for customer in ("C2", None):
            with pytest.raises(Refused, match="nobody knows"):
                rig.perform(a_letter(customer))

    assert not rig.receiver.effects


def test_teams_and_partners_are_written_to_by_tag() -> None:
    with a_mail() as rig:
        rig.perform(an_action("alert-carrier"))
        with pytest.raises(Refused, match="warehouse"):
            rig.perform(an_action("alert-warehouse"))
        (mail,) = rig.receiver.effects.values()

    assert mail["to"] == "desk@carrier.example"
    assert "kind: silent-shipment" in mail["body"]


def test_a_mailbox_that_does_not_exist_needs_a_person() -> None:
    with a_mail() as rig:
        rig.receiver.answers.append((404, {}))

        with pytest.raises(Refused, match="answered 550"):
            rig.perform(an_action())


def test_a_wrong_password_needs_a_person() -> None:
    with loopback_mail(SECRET_OF_MAIL) as receiver:
        url = f"smtp+plain://shop:wrong@127.0.0.1:{receiver.port}"
        mail = Mail(url, "andon@shop.example", {"ops": ("ops@shop.example",)})

        with pytest.raises(Refused, match="answered 535"):
            mail(an_action())


def test_nothing_is_sent_unencrypted_unless_that_was_asked_for() -> None:
    with loopback_mail(None) as receiver:
        url = f"smtp://127.0.0.1:{receiver.port}"
        mail = Mail(url, "andon@shop.example", {"ops": ("ops@shop.example",)})

        with pytest.raises(Refused, match="no encryption"):
            mail(an_action())
        assert not receiver.effects


@pytest.mark.parametrize("url", ["", "http://host", "smtp://"])
def test_what_is_no_mail_server_is_found_at_once(url: str) -> None:
    with pytest.raises(ValueError, match="smtps"):
        Mail(url, "andon@shop.example", {})


# --- PagerDuty ------------------------------------------------------------------------------------


def test_alerts_about_one_problem_are_one_incident_of_its_severity() -> None:
    alert = replace(an_action(), params={"severity": "high", "kind": "lost-shipment"})
    with a_pagerduty() as rig:
        rig.perform(alert)
        rig.perform(replace(alert, id="another", name="open-investigation"))
        told = list(rig.receiver.effects.values())

    assert [event["dedup_key"] for event in told] == ["andon/P1"] * 2
    assert {event["payload"]["severity"] for event in told} == {"error"}
    assert told[0]["payload"]["custom_details"]["reference"] == alert.id


def test_what_is_over_resolves_the_incident_that_told_of_it() -> None:
    with a_pagerduty() as rig:
        rig.perform(an_action())
        rig.perform(replace(an_action(RESOLVED), id="another"))
        told = list(rig.receiver.effects.values())

    assert [event["event_action"] for event in told] == ["trigger", "resolve"]
    assert {event["dedup_key"] for event in told} == {"andon/P1"}
    assert told[1]["payload"]["summary"].startswith("resolved: silent-shipment")


def test_a_pager_without_a_key_is_found_at_once() -> None:
    with pytest.raises(ValueError, match="routing key"):
        PagerDuty("", wall_clock)


# --- Kafka ----------------------------------------------------------------------------------------


def test_a_record_has_the_action_id_as_its_key_and_what_a_webhook_would_get(
    broker: Broker,
) -> None:
    with a_kafka(broker) as rig:
        kafka = cast("Kafka", rig.perform)
        said = kafka(an_action())
        [_, record] = newest(broker.bootstrap, [kafka.topic])

    assert (record.key or b"").decode() == an_action().id
    assert json.loads(record.value or b"") == json.loads(msgspec.json.encode(envelope(an_action())))
    assert said == f"stands in {kafka.topic}/0/1"


def test_an_action_too_large_for_the_topic_needs_a_person_and_the_next_one_is_written(
    broker: Broker,
) -> None:
    large = replace(an_action(), params={"note": "x" * (2 << 20)})
    with a_kafka(broker) as rig:
        with pytest.raises(Refused, match="as large"):
            rig.perform(large)

        assert "stands in" in rig.perform(an_action())


def test_a_topic_that_is_missing_is_named_with_the_remedy(broker: Broker) -> None:
    kafka = Kafka(broker.bootstrap, "no-such-topic", timeout_s=KAFKA_S)
    try:
        with pytest.raises(Unavailable, match="no-such-topic: andon topics create"):
            kafka(an_action())
    finally:
        kafka.close()


def test_actions_at_once_share_one_connection_and_none_is_lost(broker: Broker) -> None:
    many = [replace(an_action(), id=f"at-once-{number}") for number in range(50)]
    with a_kafka(broker) as rig, ThreadPoolExecutor(8) as pool:
        list(pool.map(rig.perform, many))

        assert {one.id for one in many} <= rig.receiver.effects.keys()


def test_a_kafka_that_nobody_named_is_found_at_once() -> None:
    with pytest.raises(ValueError, match="ANDON_KAFKA"):
        Kafka("", "andon.actions")
