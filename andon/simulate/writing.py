"""Simulated events as lines of a file: flat JSON, or CloudEvents in structured form."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np

from andon.simulate.forms import stamps
from andon.simulate.forms_after import BODIES
from andon.simulate.journeys import Act
from andon.simulate.log import TYPE_OF, Happenings, Kind, Told
from andon.simulate.world import World

Form = Literal["flat", "cloudevents"]
"""``flat`` puts the data fields beside the attributes, ``cloudevents`` under ``data``."""

Progress = Callable[[int, int], None]
"""Told how many of how many events are written."""

CHUNK: Final = 100_000
"""Events formatted at a time; bounds memory, changes nothing that is written."""

_ORDER: Final = '"order_id":"'


@dataclass(frozen=True, slots=True)
class Written:
    """What stands in the file."""

    events: int
    bytes: int


def write_events(
    path: Path,
    scenes: tuple[World, Sequence[Act], Sequence[Told]],
    what: Happenings,
    form: Form,
    on_progress: Progress | None,
) -> Written:
    """Write ``what`` to ``path`` in its order, one JSON object a line."""
    total, size = what.kind.size, 0
    with path.open("wb") as file:
        for start in range(0, total, CHUNK):
            chunk = slice(start, min(start + CHUNK, total))
            size += file.write("".join(_lines(scenes, what, chunk, form)).encode())
            if on_progress is not None:
                on_progress(chunk.stop, total)
    return Written(total, size)


def _lines(
    scenes: tuple[World, Sequence[Act], Sequence[Told]], what: Happenings, chunk: slice, form: Form
) -> list[str]:
    times = list(zip(stamps(what.occurred[chunk]), stamps(what.recorded[chunk]), strict=True))
    numbers = what.number[chunk].tolist()
    lines = [""] * len(numbers)
    write = flat if form == "flat" else cloudevent
    for at, kind, bodies in _bodies(scenes, what, chunk):
        name, source = TYPE_OF[kind]
        for i, body in zip(at, bodies, strict=True):
            lines[i] = write(name, source, numbers[i], times[i], body)
    return lines


def _bodies(
    scenes: tuple[World, Sequence[Act], Sequence[Told]], what: Happenings, chunk: slice
) -> Iterator[tuple[list[int], Kind, list[str]]]:
    """Yield, for each act and kind in the chunk, the positions and their bodies."""
    world, acts, told = scenes
    act, kind, row = what.act[chunk], what.kind[chunk], what.row[chunk].astype(np.int64)
    for number in np.unique(act.astype(np.int64) * 64 + kind).tolist():
        here = np.flatnonzero((act == number // 64) & (kind == number % 64))
        which = Kind(number % 64)
        if number // 64 == len(acts):
            bodies = [told[i].body for i in row[here].tolist()]
        else:
            bodies = BODIES[which](world, acts[number // 64], row[here])
        yield here.tolist(), which, bodies


def event_id(number: int) -> str:
    """Return the id of the event ``number``: 16 hex digits, scattered but never equal."""
    return f"{number * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF:016x}"


def flat(name: str, source: str, number: int, times: tuple[str, str], body: str) -> str:
    """Return one line of flat JSON, the data fields beside the attributes."""
    return (
        f'{{"type":"{name}","id":"{event_id(number)}","source":"{source}","time":"{times[0]}",'
        f'"recordedtime":"{times[1]}",{body}}}\n'
    )


def cloudevent(name: str, source: str, number: int, times: tuple[str, str], body: str) -> str:
    """Return one line of CloudEvents 1.0 JSON, structured; ``subject`` is the order id."""
    subject = ""
    if body.startswith(_ORDER):
        subject = f'"subject":"{body[len(_ORDER) : body.index(chr(34), len(_ORDER))]}",'
    return (
        f'{{"specversion":"1.0","type":"{name}","id":"{event_id(number)}","source":"{source}",'
        f'{subject}"time":"{times[0]}","recordedtime":"{times[1]}",'
        f'"datacontenttype":"application/json","data":{{{body}}}}}\n'
    )
