"""The topics Andon lives on: how each must be set up, making them, and telling what differs.

Input topics are stamped by the broker on arrival, because that stamp is the recorded time; they and
what the judge reads are kept for as long as a journey is remembered, because the log is the truth.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource

from schemas.times import ms
from streams.engine import HORIZON
from streams.reaching import administering

PARTITIONS: Final = 12
"""Partitions of input topics unless told otherwise: it divides evenly among 1 to 4, 6 or 12."""

PREFIX: Final = "andon"

_FOREVER: Final = "-1"
_KEPT: Final = {
    "cleanup.policy": "delete",
    "retention.ms": str(ms(HORIZON)),
    "retention.bytes": _FOREVER,
    "max.message.bytes": str(2 << 20),
}
"""A log, whole for the horizon, neither compacted nor cut by size; with room for every event."""

_STAMPED: Final = _KEPT | {"message.timestamp.type": "LogAppendTime"}
"""A log whose broker says when each record came."""

_LARGE: Final = {"max.message.bytes": str(8 << 20)}
"""Room for what is counted in a busy period, and for the largest record with its reason."""

_AT_LEAST: Final = ("retention.ms", "retention.bytes", "max.message.bytes")
"""Settings of which more is as good; -1 is without end."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic as it must be."""

    name: str
    partitions: int
    settings: Mapping[str, str]
    what: str
    """What is in it."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing about a topic that is not as it must be, and how to mend it."""

    topic: str
    what: str
    found: str
    wanted: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Names:
    """What the topics of one shop are called."""

    prefix: str = PREFIX
    """What all of them begin with, so that several shops can share a cluster."""
    more_inputs: tuple[str, ...] = ()
    """Further input topics, under their own full names."""

    @property
    def events(self) -> str:
        """The topic that events of orders are sent to."""
        return f"{self.prefix}.events"

    @property
    def inputs(self) -> tuple[str, ...]:
        """All topics with events of orders; they share keys and number of partitions."""
        return (self.events, *self.more_inputs)

    @property
    def catalogue(self) -> str:
        """Events of SKUs and of visitors, for the judge alone."""
        return f"{self.prefix}.catalogue"

    @property
    def observations(self) -> str:
        """What each partition learnt in each period, for the judge."""
        return f"{self.prefix}.observations"

    @property
    def problems(self) -> str:
        """Problems as they open, end and are amended."""
        return f"{self.prefix}.problems"

    @property
    def commands(self) -> str:
        """What people decide."""
        return f"{self.prefix}.commands"

    @property
    def outcomes(self) -> str:
        """What came of actions, told from outside."""
        return f"{self.prefix}.outcomes"

    @property
    def actions(self) -> str:
        """Actions for others to perform."""
        return f"{self.prefix}.actions"

    @property
    def dead_letters(self) -> str:
        """Records that could not be read."""
        return f"{self.prefix}.dead-letters"


def topics(names: Names, partitions: int = PARTITIONS) -> tuple[Topic, ...]:
    """Return every topic as it must be, with ``partitions`` for those that events come in on."""
    inputs = (Topic(name, partitions, _STAMPED, "events of orders") for name in names.inputs)
    return (
        *inputs,
        Topic(names.catalogue, 1, _STAMPED, "events of SKUs and sellers, for the judge"),
        Topic(
            names.observations,
            1,
            _STAMPED | _LARGE,
            "what each partition learnt, for the one judge",
        ),
        Topic(names.problems, 1, _KEPT, "problems as they open and end"),
        Topic(names.commands, 1, _KEPT, "what people decide"),
        Topic(names.outcomes, 1, _KEPT, "what came of actions"),
        Topic(names.actions, 1, _KEPT, "actions for others to perform"),
        Topic(names.dead_letters, 1, _KEPT | _LARGE, "records that could not be read"),
    )


@dataclass(frozen=True, slots=True)
class Found:
    """A topic as it is."""

    partitions: int
    settings: Mapping[str, str]


def create(bootstrap: str, wanted: Sequence[Topic], replicas: int | None = None) -> list[str]:
    """Make those of ``wanted`` that are missing; return their names once they can be used.

    ``replicas`` is how many brokers keep each record; the cluster's own default without.

    Raises:
        KafkaTrouble: No broker answers, or it refuses.
    """
    with administering(bootstrap) as admin:
        there = set(admin.list_topics())
        missing = {
            topic.name: {
                "num_partitions": topic.partitions,
                "replication_factor": replicas or -1,
                "configs": dict(topic.settings),
            }
            for topic in wanted
            if topic.name not in there
        }
        if missing:
            admin.create_topics(missing, wait_for_metadata=True)
    return list(missing)


def mend(bootstrap: str, wanted: Sequence[Topic]) -> list[str]:
    """Set the settings that differ; return the topics that were changed.

    Only what comes from now on is stamped or kept otherwise: what a broker dropped is gone.

    Raises:
        KafkaTrouble: No broker answers, or it refuses.
    """
    with administering(bootstrap) as admin:
        changes = _changes(wanted, _found(admin, wanted))
        if changes:
            named = [ConfigResource("TOPIC", name, change) for name, change in changes.items()]
            admin.alter_configs(named)
        for _ in range(_LOOKS):
            if not _changes(wanted, _found(admin, wanted)):
                break
            time.sleep(_LOOK_S)
    return list(changes)


def _changes(wanted: Sequence[Topic], there: Mapping[str, Found]) -> dict[str, dict[str, str]]:
    """Return the settings to change of each topic that needs any."""
    found = {topic.name: (topic, there[topic.name]) for topic in wanted if topic.name in there}
    changes = {name: dict(_differing(*pair)) for name, pair in found.items()}
    return {name: change for name, change in changes.items() if change}


_LOOKS: Final = 50
_LOOK_S: Final = 0.1
"""How often and how far apart it is looked whether brokers have heard of a change."""


def differences(bootstrap: str, wanted: Sequence[Topic]) -> list[Difference]:
    """Return all that is not as it must be; the first topic says how many partitions inputs have.

    Raises:
        KafkaTrouble: No broker answers, or it refuses.
    """
    with administering(bootstrap) as admin:
        there = _found(admin, wanted)
    return list(compared(wanted, there))


def compared(wanted: Sequence[Topic], there: Mapping[str, Found]) -> Iterator[Difference]:
    """Yield what differs between topics as they must be and as they are, by name.

    The number of partitions is the operator's choice: what matters is that topics which share keys
    share it, so those of many partitions are compared with the first one.
    """
    first = there.get(wanted[0].name)
    for topic in wanted:
        found = there.get(topic.name)
        if found is None:
            yield Difference(topic.name, "topic", "missing", topic.what, "andon topics create")
            continue
        count = first.partitions if first and topic.partitions > 1 else topic.partitions
        if found.partitions != count:
            yield Difference(
                topic.name, "partitions", str(found.partitions), str(count), _MAKE_ANEW
            )
        for name, value in _differing(topic, found):
            yield Difference(topic.name, name, found.settings.get(name, "?"), value, _MEND)


_MEND: Final = "andon topics create --mend"
_MAKE_ANEW: Final = "make the topic anew and send again: keys would be in other partitions"


def _differing(topic: Topic, found: Found) -> Iterator[tuple[str, str]]:
    for name, value in topic.settings.items():
        if not _is_enough(name, found.settings.get(name, ""), value):
            yield name, value


def _is_enough(name: str, found: str, wanted: str) -> bool:
    if found == wanted:
        return True
    if name not in _AT_LEAST or not found.lstrip("-").isdigit():
        return False
    return found == _FOREVER or (wanted != _FOREVER and int(found) >= int(wanted))


def _found(admin: KafkaAdminClient, wanted: Sequence[Topic]) -> dict[str, Found]:
    listed = set(admin.list_topics())
    there = [topic for topic in wanted if topic.name in listed]
    names = [topic.name for topic in there]
    if not names:
        return {}
    asked = [ConfigResource("TOPIC", topic.name, list(topic.settings)) for topic in there]
    settings = admin.describe_configs(asked, config_filter="all")["topic"]
    counts = {one["name"]: len(one["partitions"]) for one in admin.describe_topics(names)}
    return {
        name: Found(counts[name], {key: one["value"] for key, one in settings[name].items()})
        for name in names
    }
