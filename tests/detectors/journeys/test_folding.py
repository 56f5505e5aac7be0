"""Folds of every sort, over a table made for these tests."""

import random
from collections.abc import Callable, Sequence
from itertools import permutations
from typing import Any

import numpy as np
import pytest

from detectors.journeys.folds import Bits, First, Last, Max, Min, Recent, Sum
from detectors.journeys.names import Interned
from detectors.journeys.rows import Rows
from detectors.journeys.store import Store
from detectors.journeys.streams import Stream, causes, joined
from detectors.journeys.versions import NO_CAUSE, Versions, stored, versions
from detectors.journeys.vocabulary import Vocabulary
from schemas.times import NEVER

UNTIL = 1_000


class Things(Rows):
    """One fact of every fold, common and rare."""

    began_at = Min()
    moved_at = Max()
    units = Sum()
    marks = Bits()
    warehouse = First()
    eta = Last()
    lost_at = Min(rare=True)
    found_at = Max(rare=True)
    odd_units = Sum(rare=True)
    flags = Bits(rare=True)
    weights = Last(rare=True)
    calls = Recent(2)
    visits = Recent(3)


class Plain(Rows):
    """No time at all."""

    marks = Bits()


Write = tuple[int, int, int, int]
"""Row, recorded time, occurred time (ms) and value."""


def said(fact: str, *writes: Write) -> Stream:
    rows, at, occurred, values = (
        np.array(column, np.int64) for column in zip(*writes, strict=True)
    )
    return Stream(rows, at, causes(occurred, 3), {fact: values})


def a_store(rows: int = 3, kind: type[Rows] = Things) -> Store:
    store = Store(kind)
    store.extend(rows)
    return store


def history(fact: str, *writes: Write, store: Store | None = None) -> list[tuple[int, int, int]]:
    """Return (row, recorded time, value) of every version but those that were there before."""
    v = told(store or a_store(), said(fact, *writes))
    column = v.rows.column(fact)
    return [
        (int(v.row[i]), int(v.at[i]), int(column[i]))
        for i in range(v.row.size)
        if v.cause[i] != NO_CAUSE
    ]


def told(store: Store, *streams: Stream) -> Versions:
    return versions(store, joined(streams), UNTIL, Vocabulary())


def test_a_version_lasts_until_the_next_and_the_newest_until_the_decision() -> None:
    v = told(a_store(), said("began_at", (1, 10, 5, 5), (1, 20, 4, 4), (0, 30, 9, 9)))

    assert v.row.tolist() == [0, 0, 1, 1, 1]
    assert v.at.tolist() == [-1, 30, -1, 10, 20]
    assert v.end.tolist() == [30, UNTIL, 10, 20, UNTIL]
    assert v.heads.tolist() == [0, 2]
    assert v.lasts.tolist() == [1, 4]


def test_events_of_one_recorded_millisecond_are_one_version_with_the_earliest_cause() -> None:
    v = told(a_store(), said("began_at", (0, 10, 7, 7), (0, 10, 5, 5), (0, 10, 9, 9)))

    assert v.at.tolist() == [-1, 10]
    assert v.cause.tolist() == [NO_CAUSE, 5 << 5 | 3]
    assert v.rows.column("began_at").tolist() == [NEVER, 5]


@pytest.mark.parametrize("fact", ["began_at", "lost_at"])
def test_min_keeps_the_smallest(fact: str) -> None:
    assert history(fact, (0, 10, 1, 7), (0, 20, 1, 9), (0, 30, 1, 5)) == [
        (0, 10, 7),
        (0, 20, 7),
        (0, 30, 5),
    ]


@pytest.mark.parametrize("fact", ["moved_at", "found_at"])
def test_max_keeps_the_largest(fact: str) -> None:
    assert history(fact, (0, 10, 1, 7), (0, 20, 1, 5), (0, 30, 1, 9)) == [
        (0, 10, 7),
        (0, 20, 7),
        (0, 30, 9),
    ]


@pytest.mark.parametrize("fact", ["units", "odd_units"])
def test_sums_add_what_became_known(fact: str) -> None:
    assert history(fact, (0, 10, 1, 2), (1, 15, 1, 5), (0, 20, 1, -1), (0, 20, 1, 3)) == [
        (0, 10, 2),
        (0, 20, 4),
        (1, 15, 5),
    ]


@pytest.mark.parametrize("fact", ["marks", "flags"])
def test_bits_are_united_over_long_histories(fact: str) -> None:
    writes = [(0, at, 1, 1 << at) for at in range(20)]
    expected = [(0, at, (1 << at + 1) - 1) for at in range(20)]

    assert history(fact, *writes, (1, 3, 1, 8)) == [*expected, (1, 3, 8)]


def test_a_table_may_have_no_times() -> None:
    store = a_store(kind=Plain)
    v = told(store, said("marks", (0, 10, 1, 2), (0, 20, 1, 5)))

    assert v.rows.column("marks").tolist() == [0, 2, 7]
    assert store.read("marks", np.array([0, 1])).tolist() == [7, 0]


def test_first_keeps_what_occurred_first_whenever_it_was_recorded() -> None:
    words = Vocabulary()
    codes = words.warehouses.codes(["b", "a"]).tolist()
    stream = said("warehouse", (0, 10, 8, codes[0]), (0, 20, 5, codes[1]), (0, 30, 9, codes[0]))
    v = versions(a_store(), [stream], UNTIL, words)

    assert v.rows.column("warehouse").tolist() == [-1, codes[0], codes[1], codes[1]]


def test_last_keeps_what_occurred_last_whenever_it_was_recorded() -> None:
    assert history("weights", (0, 10, 8, 0), (0, 20, 9, 1), (0, 30, 5, 0)) == [
        (0, 10, 0),
        (0, 20, 1),
        (0, 30, 1),
    ]


def test_what_says_nothing_of_a_category_changes_nothing() -> None:
    assert history("warehouse", (0, 10, 8, 4), (0, 20, 5, -1)) == [(0, 10, 4), (0, 20, 4)]


def test_a_category_that_nobody_names_stays_unknown() -> None:
    assert history("warehouse", (0, 10, 8, -1)) == [(0, 10, -1)]


def tie(
    fact: str, values: Sequence[object], intern: Callable[[Vocabulary], Interned[Any]]
) -> set[object]:
    """Return what wins among ``values`` said of one moment, over every order of arrival."""
    winners = set()
    for order in permutations(values):
        for times in ((10, 10, 10), (10, 20, 30), (10, 10, 20)):
            words = Vocabulary()
            interned = intern(words)
            codes = interned.codes(order).tolist()
            writes = [(0, at, 5, code) for at, code in zip(times, codes, strict=True)]
            store = a_store()
            versions(store, [said(fact, *writes)], UNTIL, words)
            code = int(store.read(fact, np.array([0]))[0])
            winners.add(words.texts(fact)(code))
    return winners


def test_of_one_moment_the_smaller_text_is_first_in_any_order_of_arrival() -> None:
    assert tie("warehouse", ["b", "a", "c"], lambda words: words.warehouses) == {"a"}


def test_of_one_moment_the_larger_value_is_last_in_any_order_of_arrival() -> None:
    assert tie("eta", [7, 5, 9], lambda words: words.etas) == {9}


def test_a_tie_with_what_was_stored_before_is_broken_by_value_too() -> None:
    words, store = Vocabulary(), a_store()
    b, a = words.warehouses.codes(["b", "a"]).tolist()
    versions(store, [said("warehouse", (0, 10, 5, b))], UNTIL, words)
    v = versions(store, [said("warehouse", (0, 20, 5, a))], UNTIL, words)

    assert v.rows.column("warehouse").tolist() == [b, a]


def test_ties_in_one_row_leave_the_others_alone() -> None:
    words = Vocabulary()
    b, a = words.warehouses.codes(["b", "a"]).tolist()
    stream = said("warehouse", (0, 10, 5, b), (0, 20, 5, a), (1, 10, 5, b), (1, 20, 6, a))
    v = versions(a_store(), [stream], UNTIL, words)

    assert v.rows.column("warehouse").tolist() == [-1, b, a, -1, b, b]


def recent(fact: str, size: int, *writes: Write) -> list[list[int]]:
    v = told(a_store(), said(fact, *writes))
    return [
        [int(v.rows.recent(fact, place)[i]) for place in range(size)] for i in range(v.row.size)
    ]


def test_recent_keeps_the_last_few_by_when_they_occurred() -> None:
    assert recent("calls", 2, (0, 10, 5, 1), (0, 20, 9, 2), (0, 30, 7, 3), (0, 40, 3, 4)) == [
        [0, 0],
        [5, 0],
        [9, 5],
        [9, 7],
        [9, 7],
    ]


def test_recent_counts_repeats_once_and_others_of_the_same_moment_apart() -> None:
    assert recent("calls", 2, (0, 10, 5, 1), (0, 20, 5, 1), (0, 30, 5, 2)) == [
        [0, 0],
        [5, 0],
        [5, 0],
        [5, 5],
    ]


def test_recent_goes_on_from_what_was_stored() -> None:
    store = a_store()
    told(store, said("visits", (0, 10, 5, 1), (0, 20, 6, 2)))
    v = told(store, said("visits", (0, 30, 4, 3), (0, 40, 6, 2)))

    assert [v.rows.recent("visits", place).tolist() for place in range(3)] == [
        [6, 6, 6],
        [5, 5, 5],
        [0, 4, 4],
    ]


def test_two_lists_of_one_row_are_kept_apart() -> None:
    store = a_store()
    v = told(store, said("calls", (0, 10, 5, 1)), said("visits", (0, 10, 6, 1)))

    assert [int(v.rows.recent(name, 0)[-1]) for name in ("calls", "visits")] == [5, 6]


def test_rare_facts_are_known_in_every_version_from_when_they_were_said() -> None:
    store = a_store()
    told(store, said("lost_at", (0, 10, 7, 7)))
    v = told(store, said("began_at", (0, 20, 1, 1), (1, 20, 1, 1)), said("lost_at", (0, 30, 5, 5)))

    assert v.row.tolist() == [0, 0, 0, 1, 1]
    assert v.rows.column("lost_at").tolist() == [7, 7, 5, NEVER, NEVER]
    assert v.rows.column("found_at").tolist() == [0] * 5


def test_rare_facts_that_nobody_told_are_unknown() -> None:
    v = told(a_store(), said("began_at", (0, 20, 1, 1)))

    assert v.rows.column("lost_at").tolist() == [NEVER, NEVER]
    assert v.rows.recent("calls", 1).tolist() == [0, 0]
    assert v.rows.column("weights").tolist() == [-1, -1]


def test_facts_said_by_several_events_of_one_row_meet_in_one_version() -> None:
    v = told(
        a_store(),
        said("began_at", (0, 10, 4, 4)),
        said("units", (0, 10, 4, 2)),
        said("marks", (0, 10, 4, 1)),
        said("warehouse", (0, 10, 4, 0)),
        said("lost_at", (0, 10, 4, 4)),
    )
    names = ("began_at", "moved_at", "units", "marks", "warehouse", "lost_at")

    assert v.row.tolist() == [0, 0]
    assert [int(v.rows.column(name)[1]) for name in names] == [4, 0, 2, 1, 0, 4]


def test_a_batch_cut_anywhere_gives_the_same_newest_version() -> None:
    chance = random.Random(3)  # noqa: S311 - dice, no secret
    facts = [*Things.facts]
    writes = [
        (
            chance.choice(facts),
            (chance.randrange(3), at, chance.randrange(1, 9), chance.randrange(9)),
        )
        for at in range(60)
    ]
    words = Vocabulary()
    words.warehouses.codes(list("abcdefghi"))
    words.etas.codes(range(9))
    words.weights.codes(range(9))
    whole, pieces = a_store(), a_store()
    versions(whole, joined([said(fact, write) for fact, write in writes]), UNTIL, words)
    for fact, write in writes:
        versions(pieces, [said(fact, write)], UNTIL, words)
    rows = np.arange(3)
    one, other = (stored(store, rows, UNTIL, words).rows for store in (whole, pieces))
    names = [n for n in facts if Things.facts[n].fold.name != "RECENT"]

    assert [one.column(n).tolist() for n in names] == [other.column(n).tolist() for n in names]
    assert [one.recent(n, 0).tolist() for n in ("calls", "visits")] == [
        other.recent(n, 0).tolist() for n in ("calls", "visits")
    ]


def test_a_version_is_in_force_from_its_time_to_the_next() -> None:
    v = told(a_store(), said("began_at", (1, 10, 5, 5), (1, 20, 4, 4)))

    moments = np.array([9, 10, 19, 20, 99])
    in_force = v.in_force(np.ones_like(moments), moments)
    untouched = v.in_force(np.array([0, 2]), np.array([10, 10]))

    assert in_force.tolist() == [0, 1, 1, 2, 2]
    assert untouched.tolist() == [-1, -1]


def test_memory_in_use_is_told() -> None:
    store = a_store(5_000)
    before = store.nbytes
    told(store, said("lost_at", *[(row, 10, 5, 5) for row in range(5_000)]))

    assert 0 < before < store.nbytes
