"""What ``make kafka`` runs: a broker in the foreground, which keeps its data."""

import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

from streams.testing_kafka import Broker
from streams.testing_kafka_jars import NoKafka


def serve(folder: str = ".kafka/broker", port: int = 9092) -> None:
    """Run a broker in the foreground until Ctrl-C; its data stay in ``folder``."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with suppress(KeyboardInterrupt), Broker(Path(folder).absolute(), port=port) as broker:
            _tell(broker)
            while broker.is_running:
                time.sleep(0.5)
            sys.exit(f"error: Kafka has ended by itself; see {broker.log}")
    except NoKafka as error:
        sys.exit(f"error: {error}")
    finally:
        signal.signal(signal.SIGTERM, before)


def _tell(broker: Broker) -> None:
    """Say on stderr how to use the broker."""
    lines = (
        f"Apache Kafka listens on {broker.bootstrap}; data and log in {broker.home}.",
        "In another terminal:",
        f"  export ANDON_KAFKA={broker.bootstrap}",
        "  andon topics create",
        "  andon events send events.jsonl",
        "Ctrl-C stops it; the data stay.",
    )
    sys.stderr.write("\n".join(lines) + "\n")
