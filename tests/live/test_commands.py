"""What people say through Kafka."""

import json
from collections.abc import Callable
from contextlib import closing

import pytest
from kafka import KafkaProducer

from actions.desk import Desk
from actions.ledger import Ledger
from actions.outcomes_told import Later, Told, report_outcome
from actions.playbook import load_playbook
from actions.testing import NOON, a_problem
from actions.testing import opened as an_opening
from andon.testing_live import Shop, wait_for
from schemas.commands import Word
from streams.tailing import newest


def say(shop: Shop, record: bytes) -> None:
    with closing(KafkaProducer(bootstrap_servers=shop.bootstrap)) as producer:
        producer.send(shop.names.commands, record, partition=0).get(timeout=30)


@pytest.mark.parametrize("roles", [("--role", "desk"), ()], ids=["desk alone", "worker"])
def test_a_stop_is_obeyed_and_what_makes_no_sense_is_put_aside(
    opened: Callable[..., Shop], roles: tuple[str, ...]
) -> None:
    shop = opened(1)
    first = shop.worker("one", *roles, recording=False)
    wait_for(first.is_ready, shop.explained)
    say(shop, b"stop!")
    say(shop, json.dumps({"verb": "stop", "who": "ops", "why": "a drill"}).encode())
    wait_for(lambda: shop.words() == ["stop"], shop.explained)
    wait_for(lambda: len(shop.dead_letters()) == 1, shop.explained)

    [letter] = shop.dead_letters()
    assert letter.value == b"stop!"
    assert first.stop() == 0


def test_an_appeal_that_people_uphold_comes_to_the_judge_through_the_catalogue(
    opened: Callable[..., Shop],
) -> None:
    shop = opened(1)
    shop.worker("one", recording=False)
    coached = a_problem("seller-coach", subject_type="seller", subject="m-1", defect="late")
    with closing(Ledger(shop.ledger_url)) as ledger:
        playbook = load_playbook()
        Desk(ledger, playbook).take([an_opening(coached)], NOON)
        word = Word("nadia", "the carrier was on strike", NOON)
        report_outcome(ledger, playbook, Told(coached.id, Later.APPEAL_UPHELD), word)
    wait_for(lambda: len(catalogue(shop)) > 0, shop.explained)

    [said] = catalogue(shop)
    assert (said["type"], said["seller_id"], said["defect"]) == (
        "seller.appeal_upheld",
        "m-1",
        "late",
    )


def catalogue(shop: Shop) -> list[dict[str, str]]:
    records = newest(shop.bootstrap, [shop.names.catalogue])
    return [json.loads(record.value or b"{}") for record in records]
