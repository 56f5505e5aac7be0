"""All versions at once: every fold of every touched row in a handful of sweeps."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from detectors.journeys.blocks import BITS, LOWS, PICKS, RECENTS, SUMS, Block, Matrix
from detectors.journeys.folds import Fact, Fold, Numbers
from detectors.journeys.layout import Layout
from detectors.journeys.streams import Stream
from detectors.journeys.vocabulary import Vocabulary
from schemas.times import NEVER, Flags

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
                new = -said if facts[i].fold is Fold.MAX else said
                values[i, layout.places[number]] = new
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
                values[i, layout.places[number]] = said
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
                values[i, layout.places[number]] = said
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
    known = block.picks.rows[rows].T.astype(np.int64)
    for i, fact in enumerate(block.facts[PICKS]):
        stored, said = known[i], _said(fact, streams, layout)
        if said is None:
            columns[fact.name] = layout.spread(stored)
            continue
        since = block.picked_at.rows[rows, i]
        code, plain = _said_once(stored, since, said, layout)
        if not plain.all():
            part, kept = layout.only(~plain)
            picked = _competing(stored[~plain], since[~plain], said, part, kept)
            _pick(picked, part, fact, words)
            code[kept] = picked.code
            since[~plain] = picked.time[part.lasts]
        block.picks.rows[rows, i] = code[layout.lasts]
        block.picked_at.rows[rows, i] = since
        columns[fact.name] = code
    return columns


class Said(NamedTuple):
    """Everything said of a fact: place, code and time (ms UTC, negated for ``Last``) of each."""

    place: Numbers
    code: Numbers
    time: Numbers


def _said(fact: Fact, streams: Sequence[Stream], layout: Layout) -> Said | None:
    parts = []
    for number, stream in enumerate(streams):
        if fact.name in stream.values:
            time = -stream.occurred if fact.fold is Fold.LAST else stream.occurred
            parts.append((layout.places[number], stream.values[fact.name], time))
    if not parts:
        return None
    place, code, time = (np.concatenate(column) for column in zip(*parts, strict=True))
    known = code >= 0
    return Said(place[known], code[known], time[known])


def _said_once(
    stored: Numbers, since: Numbers, said: Said, layout: Layout
) -> tuple[Numbers, Flags]:
    """Return the code at every place, right where nothing competes, and which segments those are.

    Nothing competes where nothing was known and one thing is said; ``since`` is brought up to date.
    """
    segment = layout.segment[said.place]
    start = np.full(stored.size, layout.size)
    start[segment] = said.place
    newest = stored.copy()
    newest[segment] = said.code
    plain = np.ones(stored.size, np.bool_)
    plain[segment] = (start[segment] == said.place) & (since[segment] == NEVER)
    plain[segment[start[segment] != said.place]] = False
    alone = plain[segment]
    since[segment[alone]] = said.time[alone]
    is_said = np.arange(layout.size) >= layout.spread(start)
    return np.where(is_said, layout.spread(newest), layout.spread(stored)), plain


def _competing(
    stored: Numbers, since: Numbers, said: Said, part: Layout, kept: Numbers
) -> "Picked":
    """Return what was known and said in the segments of ``part``, at its places."""
    picked = Picked(np.full(part.size, -1), np.full(part.size, NEVER))
    picked.code[part.heads], picked.time[part.heads] = stored, since
    place = kept.searchsorted(said.place)
    place[place == kept.size] = 0
    inside = kept[place] == said.place
    picked.code[place[inside]] = said.code[inside]
    picked.time[place[inside]] = said.time[inside]
    return picked


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
    for place, time, key in _recent_said(fact, streams, layout):
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


def _recent_said(
    fact: Fact, streams: Sequence[Stream], layout: Layout
) -> list[tuple[int, int, int]]:
    """Return (place, time, id) of every write to a ``Recent`` fact, in the order of places."""
    said: list[tuple[int, int, int]] = []
    for number, stream in enumerate(streams):
        if fact.name in stream.values:
            place, key = layout.places[number], stream.values[fact.name]
            said += zip(place.tolist(), stream.occurred.tolist(), key.tolist(), strict=True)
    return sorted(said)
