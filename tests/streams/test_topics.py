"""Topics are made as they must be, and whatever differs is named with its remedy."""

from dataclasses import replace

import pytest
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource

from streams.testing_kafka import Broker
from streams.topics import (
    Difference,
    Found,
    Names,
    Topic,
    compared,
    create,
    differences,
    mend,
    topics,
)
from streams.trouble import KafkaTrouble

WANTED = topics(Names())
AS_WANTED = {topic.name: Found(topic.partitions, topic.settings) for topic in WANTED}


def with_setting(name: str, setting: str, value: str) -> dict[str, Found]:
    found = AS_WANTED[name]
    return AS_WANTED | {name: replace(found, settings={**found.settings, setting: value})}


def test_topics_as_they_must_be_do_not_differ() -> None:
    assert list(compared(WANTED, AS_WANTED)) == []


def test_no_two_topics_share_a_name_and_all_begin_with_the_prefix() -> None:
    names = [topic.name for topic in topics(Names("shop-2"))]

    assert len(names) == len(set(names))
    assert all(name.startswith("shop-2.") for name in names)


def test_every_input_topic_is_stamped_by_the_broker_and_kept_for_the_horizon() -> None:
    inputs = topics(Names(more_inputs=("parcels",)))[:2]

    assert [topic.name for topic in inputs] == ["andon.events", "parcels"]
    for topic in inputs:
        assert topic.settings["message.timestamp.type"] == "LogAppendTime"
        assert int(topic.settings["retention.ms"]) == 180 * 24 * 3600 * 1000


@pytest.mark.parametrize("topic", WANTED, ids=lambda topic: topic.name)
def test_a_missing_topic_is_named(topic: Topic) -> None:
    there = {name: found for name, found in AS_WANTED.items() if name != topic.name}
    [difference] = compared(WANTED, there)

    assert (difference.topic, difference.found) == (topic.name, "missing")
    assert difference.remedy == "andon topics create"


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("message.timestamp.type", "CreateTime"),
        ("retention.ms", "604800000"),
        ("retention.bytes", "1073741824"),
        ("cleanup.policy", "compact"),
    ],
)
def test_a_setting_that_differs_is_named_with_both_values(setting: str, value: str) -> None:
    [difference] = compared(WANTED, with_setting("andon.events", setting, value))

    assert (difference.what, difference.found) == (setting, value)
    assert difference.wanted == AS_WANTED["andon.events"].settings[setting]
    assert "--mend" in difference.remedy


@pytest.mark.parametrize("longer", ["-1", str(400 * 24 * 3600 * 1000)])
def test_a_log_may_be_kept_longer_than_the_horizon(longer: str) -> None:
    assert list(compared(WANTED, with_setting("andon.events", "retention.ms", longer))) == []


def test_inputs_may_have_any_number_of_partitions_as_long_as_they_share_it() -> None:
    wanted = topics(Names(more_inputs=("parcels",)))
    there = {topic.name: Found(min(topic.partitions, 7), topic.settings) for topic in wanted}
    apart = there | {"parcels": replace(there["parcels"], partitions=8)}
    [difference] = compared(wanted, apart)

    assert list(compared(wanted, there)) == []
    assert (difference.topic, difference.found, difference.wanted) == ("parcels", "8", "7")


def test_a_real_broker_takes_the_topics_as_they_must_be(broker: Broker) -> None:
    wanted = topics(Names("making"), 3)
    missing = differences(broker.bootstrap, wanted)
    made = create(broker.bootstrap, wanted)

    assert [one.topic for one in missing] == made == [topic.name for topic in wanted]
    assert differences(broker.bootstrap, wanted) == []
    assert create(broker.bootstrap, wanted) == []


def test_what_somebody_changed_is_found_and_mended(broker: Broker) -> None:
    wanted = topics(Names("mending"), 2)
    create(broker.bootstrap, wanted)
    admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
    admin.alter_configs([ConfigResource("TOPIC", "mending.events", {"retention.ms": "1000"})])
    admin.close()
    while not (found := differences(broker.bootstrap, wanted)):
        pass  # brokers hear of a change a moment later
    mended = mend(broker.bootstrap, wanted)

    remedy = "andon topics create --mend"
    assert found == [Difference("mending.events", "retention.ms", "1000", "15552000000", remedy)]
    assert mended == ["mending.events"]
    assert differences(broker.bootstrap, wanted) == []


def test_a_name_that_kafka_refuses_is_told_in_its_words(broker: Broker) -> None:
    with pytest.raises(KafkaTrouble, match="InvalidTopicError"):
        create(broker.bootstrap, topics(Names("no good")))


@pytest.mark.parametrize("address", ["127.0.0.1:9", "127.0.0.1", "no.invalid:9092", "?"])
def test_an_address_where_nothing_answers_is_told_as_such(address: str) -> None:
    with pytest.raises(KafkaTrouble, match="no broker answers; is it running"):
        differences(address, WANTED)
