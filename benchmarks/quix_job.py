"""Events counted by type with Quix Streams, in an environment of its own.

Its pins do not fit those of Andon, so this file imports nothing of the project:

python3 -m venv /tmp/quix && /tmp/quix/bin/pip install quixstreams
/tmp/quix/bin/python benchmarks/quix_job.py HOST:PORT TOPIC EVENTS
"""

import json
import os
import sys
import tempfile
import time
from collections import Counter

from quixstreams import Application


def main(bootstrap: str, topic: str, events: int) -> None:
    """Count until so many events were read; print what it cost since the first of them."""
    app = Application(
        broker_address=bootstrap,
        consumer_group=f"bench-{os.getpid()}",
        auto_offset_reset="earliest",
        auto_create_topics=False,
        state_dir=tempfile.mkdtemp(prefix="andon-quix-"),
        loglevel="ERROR",
    )
    types: Counter[bytes] = Counter()
    began: list[float] = []

    def count(value: bytes) -> None:
        if not began:
            began.extend((time.process_time(), time.monotonic()))
        types[value[9 : value.find(b'"', 9)]] += 1

    frame = app.dataframe(app.topic(topic, value_deserializer="bytes"))
    frame.update(count)
    app.run(count=events)
    cpu, wall = time.process_time() - began[0], time.monotonic() - began[1]
    print(json.dumps({"events": types.total() - 1, "cpu_s": cpu, "wall_s": wall}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
