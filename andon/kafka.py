"""Which Kafka, and which topics on it: what a command was told, else the settings."""

from dataclasses import dataclass

from andon.config import Config, read_config
from andon.wiring import NotPossible
from streams.topics import Names


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where the brokers are, and what Andon's topics there are called."""

    bootstrap: str
    names: Names


def cluster(kafka: str | None, prefix: str | None = None, config: Config | None = None) -> Cluster:
    """Return the cluster that the options name, and the settings where they say nothing.

    Raises:
        NotPossible: Neither names a broker.
    """
    config = config or read_config()
    bootstrap = kafka or config.kafka
    if not bootstrap:
        raise NotPossible("which Kafka? name a broker with --kafka HOST:PORT or ANDON_KAFKA")
    names = Names(prefix or config.kafka_prefix, tuple(config.kafka_inputs.split()))
    return Cluster(bootstrap, names)
