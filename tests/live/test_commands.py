"""What people say through Kafka."""

import json
from collections.abc import Callable
from contextlib import closing

from kafka import KafkaProducer

from andon.testing_live import Shop, wait_for


def say(shop: Shop, record: bytes) -> None:
    with closing(KafkaProducer(bootstrap_servers=shop.bootstrap)) as producer:
        producer.send(shop.names.commands, record, partition=0).get(timeout=30)


def test_a_stop_is_obeyed_and_what_makes_no_sense_is_put_aside(opened: Callable[..., Shop]) -> None:
    shop = opened(1)
    first = shop.worker("one", recording=False)
    wait_for(first.is_ready, shop.explained)
    say(shop, b"stop!")
    say(shop, json.dumps({"verb": "stop", "who": "ops", "why": "a drill"}).encode())
    wait_for(lambda: shop.words() == ["stop"], shop.explained)
    wait_for(lambda: len(shop.dead_letters()) == 1, shop.explained)

    [letter] = shop.dead_letters()
    assert letter.value == b"stop!"
    assert first.stop() == 0
