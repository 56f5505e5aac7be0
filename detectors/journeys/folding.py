"""All versions at once: every fold of every touched row in a handful of sweeps."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from detectors.journeys.blocks import BITS, LOWS, PICKS, RECENTS, SUMS, Block, Matrix
from detectors.journeys.folds import Fact, Fold, Numbers
from detectors.journeys.layout import Layout
from detectors.journeys.streams import Stream
from detectors.journeys.vocabulary import Vocabulary
from schemas.times import NEVER

APART: Final = 43
"""Bits between segments: times and negated times of one stay below those of the one before."""


def fold(
    block: Block, rows: Numbers, streams: Sequence[Stream], layout: Layout, words: Vocabulary
) -> dict[str, Numbers]:
    """Fold ``streams`` into ``rows`` of ``block``; return each fact at every place.

    ``rows`` are the rows of the layout's segments in ``block``. The newest version is stored.
    """
    columns: dict[str, Numbers] = {}
    written = {name for s in streams for name in s.values if name in block.place}
    if block.facts[LOWS]:
        columns |= _fold_lows(block, rows, streams, layout, written)
    if block.facts[SUMS]:
        columns |= _fold_sums(block, rows, streams, layout, written)
    if block.facts[PICKS]:
        columns |= _fold_picks(block, rows, streams, layout, words)
    if block.facts[BITS]:
        columns |= _fold_bits(block, rows, streams, layout)
    for fact in block.facts[RECENTS]:
        columns |= _fold_recent(block, fact, rows, streams, layout)
    return columns


def _places(layout: Layout, stream: int, values: Numbers) -> tuple[Numbers, Numbers]:
    """Return the places and values of a stream's writes that fall into the layout."""
    place = layout.places[stream]
    if place.size and place.min() < 0:
        inside = place >= 0
        return place[inside], values[inside]
    return place, values


def _sweep(values: Matrix, segment: Numbers) -> Matrix:
    """Return the running minimum within each segment, along the last axis; changes ``values``."""
    apart = segment << APART
    values -= apart
    np.minimum.accumulate(values, axis=-1, out=values)
    values += apart
    return values


def _fold_lows(
    block: Block, rows: Numbers, streams: Sequence[Stream], layout: Layout, written: set[str]
) -> dict[str, Numbers]:
    facts = block.facts[LOWS]
    values = layout.spread(block.lows.rows[rows].T)
    for number, stream in enumerate(streams):
        for name, said in stream.values.items():
            group, i = block.place.get(name, (None, 0))
            if group == LOWS:
                place, new = _places(layout, number, said)
                values[i, place] = -new if facts[i].fold is Fold.MAX else new
    some = [i for i, f in enumerate(facts) if f.name in written]
    if len(some) == len(facts):
        _sweep(values, layout.segment)
    elif some:
        values[some] = _sweep(values[some], layout.segment)
    if some:
        block.lows.rows[rows] = values.take(layout.lasts, axis=1).T
    return {f.name: -values[i] if f.fold is Fold.MAX else values[i] for i, f in enumerate(facts)}


def _fold_sums(
    block: Block, rows: Numbers, streams: Sequence[Stream], layout: Layout, written: set[str]
) -> dict[str, Numbers]:
    facts = block.facts[SUMS]
    stored = block.sums.rows[rows].T.astype(np.int64)
    if written.isdisjoint(f.name for f in facts):
        return dict(zip([f.name for f in facts], layout.spread(stored), strict=True))
    values = np.zeros((len(facts), layout.size), np.int64)
    for number, stream in enumerate(streams):
        for name, said in stream.values.items():
            group, i = block.place.get(name, (None, 0))
            if group == SUMS:
                place, new = _places(layout, number, said)
                values[i, place] = new
    values.cumsum(axis=1, out=values)
    values += layout.spread(stored - values[:, layout.heads])
    block.sums.rows[rows] = values.take(layout.lasts, axis=1).T
    return {f.name: values[i] for i, f in enumerate(facts)}


def _fold_bits(
    block: Block, rows: Numbers, streams: Sequence[Stream], layout: Layout
) -> dict[str, Numbers]:
    facts = block.facts[BITS]
    values = np.zeros((len(facts), layout.size), np.int64)
    values[:, layout.heads] = block.bits.rows[rows].T
    for number, stream in enumerate(streams):
        for name, said in stream.values.items():
            group, i = block.place.get(name, (None, 0))
            if group == BITS:
                place, new = _places(layout, number, said)
                values[i, place] = new
    longest = int((layout.lasts - layout.heads).max()) + 1
    step = 1
    while step < longest:
        same = layout.segment[step:] == layout.segment[:-step]
        values[:, step:] |= np.where(same, values[:, :-step], 0)
        step *= 2
    block.bits.rows[rows] = values.take(layout.lasts, axis=1).T
    return {f.name: values[i] for i, f in enumerate(facts)}


def _fold_picks(
    block: Block, rows: Numbers, streams: Sequence[Stream], layout: Layout, words: Vocabulary
) -> dict[str, Numbers]:
    columns: dict[str, Numbers] = {}
    for i, fact in enumerate(block.facts[PICKS]):
        said = [(n, s) for n, s in enumerate(streams) if fact.name in s.values]
        stored, since = block.picks.rows[rows, i], block.picked_at.rows[rows, i]
        if not said:
            columns[fact.name] = layout.spread(stored).astype(np.int64)
            continue
        picked = Picked(np.full(layout.size, -1), np.full(layout.size, NEVER))
        code, time = picked.code, picked.time
        code[layout.heads], time[layout.heads] = stored, since
        for number, stream in said:
            place, new = _places(layout, number, stream.values[fact.name])
            _, occurred = _places(layout, number, stream.occurred)
            code[place] = new
            signed = -occurred if fact.fold is Fold.LAST else occurred
            time[place] = np.where(new >= 0, signed, NEVER)
        _pick(picked, layout, fact, words)
        block.picks.rows[rows, i] = code[layout.lasts]
        block.picked_at.rows[rows, i] = time[layout.lasts]
        columns[fact.name] = code
    return columns


@dataclass(frozen=True, slots=True)
class Picked:
    """What was said at each place, and the time of its event (negated for ``Last``)."""

    code: Numbers
    time: Numbers


def _pick(picked: Picked, layout: Layout, fact: Fact, words: Vocabulary) -> None:
    """Carry the code with the smallest time forward through each segment, in place."""
    code, time = picked.code, picked.time
    best = _sweep(time.copy(), layout.segment)
    is_best = time == best
    is_best[layout.heads] = True
    place = np.maximum.accumulate(np.where(is_best, np.arange(layout.size), 0))
    before = np.empty_like(place)
    before[1:] = place[:-1]
    before[layout.heads] = layout.heads
    tied = is_best & (time == time[before]) & (code != code[before]) & (time < NEVER)
    if tied.any():
        _break_ties(picked, np.unique(layout.segment[tied]), layout, fact, words)
    code[:] = code[place]
    time[:] = best


def _break_ties(
    picked: Picked, segments: Numbers, layout: Layout, fact: Fact, words: Vocabulary
) -> None:
    """Let the smaller text win among values said of one moment (the larger one for ``Last``)."""
    code, time, text = picked.code, picked.time, words.texts(fact.name)
    better = min if fact.fold is Fold.FIRST else max
    ends = layout.lasts + 1
    for segment in segments.tolist():
        winner: dict[int, int] = {}
        for place in range(int(layout.heads[segment]), int(ends[segment])):
            if code[place] >= 0:
                moment, new = int(time[place]), int(code[place])
                winner[moment] = better(winner.get(moment, new), new, key=text)
                code[place] = winner[moment]


def _fold_recent(
    block: Block, fact: Fact, rows: Numbers, streams: Sequence[Stream], layout: Layout
) -> dict[str, Numbers]:
    pairs = block.pairs(fact)
    stored = block.recents.rows[rows, pairs]
    values = np.zeros((2 * fact.size, layout.size), np.int64)
    values[:, layout.heads] = stored.T
    is_said = np.zeros(layout.size, np.bool_)
    is_said[layout.heads] = True
    known: dict[int, list[tuple[int, int]]] = {}
    for place, time, key in _said_of(fact, streams, layout):
        segment = int(layout.segment[place])
        if segment not in known:
            flat = stored[segment].tolist()
            known[segment] = [p for p in zip(flat[::2], flat[1::2], strict=True) if p[0]]
        newest = sorted({*known[segment], (time, key)}, reverse=True)[: fact.size]
        known[segment] = newest
        flat = [number for pair in newest for number in pair]
        flat += [0] * (2 * fact.size - len(flat))
        values[:, place] = flat
        is_said[place] = True
    values = values[:, np.maximum.accumulate(np.where(is_said, np.arange(layout.size), 0))]
    block.recents.rows[rows, pairs] = values.take(layout.lasts, axis=1).T
    return {f"{fact.name}.{i}": values[2 * i] for i in range(fact.size)}


def _said_of(fact: Fact, streams: Sequence[Stream], layout: Layout) -> list[tuple[int, int, int]]:
    """Return (place, time, id) of every write to a ``Recent`` fact, in the order of places."""
    said: list[tuple[int, int, int]] = []
    for number, stream in enumerate(streams):
        if fact.name in stream.values:
            place, key = _places(layout, number, stream.values[fact.name])
            _, time = _places(layout, number, stream.occurred)
            said += zip(place.tolist(), time.tolist(), key.tolist(), strict=True)
    return sorted(said)
