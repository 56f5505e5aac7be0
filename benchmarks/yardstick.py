"""The least that reading costs: msgspec decodes every line into the same structs, and no more.

Events per CPU-second depend on the machine and on what else it does. Divided by this figure from
the same run they can be compared across machines.
"""

import gc
import json
import sys
from pathlib import Path

from andon.simulate import Form
from schemas.cloudevents import CloudEvents
from schemas.forms import Flat, Reader
from streams.replay import CHUNK

READERS: dict[Form, Reader] = {"flat": Flat(), "cloudevents": CloudEvents()}


def decode(path: Path, form: Form) -> int:
    """Decode every line of ``path``; return how many there are."""
    reader, count = READERS[form], 0
    with path.open("rb") as file:
        while text := file.read(CHUNK):
            count += len(reader.lines(text + file.readline()))
    return count


if __name__ == "__main__":
    gc.disable()
    count = decode(Path(sys.argv[1]), "cloudevents" if "cloudevents" in sys.argv[1] else "flat")
    print(json.dumps({"events": count}))
