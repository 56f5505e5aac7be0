import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.journeys.blocks import Column, Growing
from detectors.journeys.book import Book
from detectors.journeys.kept import Kept
from detectors.journeys.relations import HEIRS, INHERITING
from detectors.journeys.rows import when
from detectors.journeys.store import BLOCK, Chain, Store
from detectors.journeys.tables import ROWS, Lines, Orders, Shipments, Table
from detectors.journeys.vocabulary import PASSING
from schemas.times import DAY, NEVER


def test_a_matrix_keeps_its_rows_and_fills_new_ones_while_it_grows() -> None:
    matrix = Growing([NEVER, 0])
    matrix.extend(3)
    matrix.rows[2] = 7, 8
    for count in (10, 10_000, 500, 10_001):
        matrix.extend(count)

    assert len(matrix.rows) >= 10_001
    assert matrix.rows[2].tolist() == [7, 8]
    assert matrix.rows[10_000].tolist() == [NEVER, 0]


def test_a_column_writes_through_and_never_shrinks() -> None:
    column = Column(-1, np.int32)
    column.extend(5)
    column.values[4] = 9
    column.extend(2)
    column.extend(5_000)

    assert column.values[:6].tolist() == [-1, -1, -1, -1, 9, -1]
    assert column.nbytes >= 5_000 * 4


@given(st.lists(st.lists(st.integers(0, 5), min_size=1, max_size=9), max_size=6))
def test_every_child_is_found_under_its_parent(batches: list[list[int]]) -> None:
    chain, made = Chain(), 0
    chain.first.extend(6)
    expected: dict[int, set[int]] = {parent: set() for parent in range(6)}
    for parents in batches:
        children = np.arange(made, made + len(parents))
        made += len(parents)
        chain.following.extend(made)
        chain.parent.extend(made)
        chain.link(children, np.array(parents, np.int64))
        for child, parent in zip(children.tolist(), parents, strict=True):
            expected[parent].add(child)

    rows, owners = chain.children(np.arange(6))
    found: dict[int, set[int]] = {parent: set() for parent in range(6)}
    for row, owner in zip(rows.tolist(), owners.tolist(), strict=True):
        found[owner].add(row)

    assert found == expected
    assert rows.size == made
    assert chain.nbytes > 0 or not made


def test_a_row_asked_for_twice_has_its_children_twice() -> None:
    chain = Chain()
    chain.first.extend(1)
    chain.following.extend(1)
    chain.parent.extend(1)
    chain.link(np.array([0]), np.array([0]))
    rows, owners = chain.children(np.array([0, 0]))

    assert rows.tolist() == [0, 0]
    assert owners.tolist() == [0, 1]


@given(st.lists(st.booleans(), max_size=40), st.integers(0, 3_000))
def test_a_matrix_keeps_the_rows_it_is_told_to_and_grows_again(
    flags: list[bool], more: int
) -> None:
    matrix = Growing([7, 0])
    matrix.extend(len(flags))
    matrix.rows[: len(flags), 0] = np.arange(len(flags))
    kept = Kept.of(np.array(flags, np.bool_)).rows
    matrix.keep(kept)
    matrix.extend(kept.size + more)

    assert matrix.rows[: kept.size, 0].tolist() == kept.tolist()
    assert set(matrix.rows[kept.size :, 0].tolist()) <= {7}


def test_a_matrix_gives_back_the_memory_of_the_rows_it_lets_go() -> None:
    matrix, column = Growing([0]), Column(0)
    for one in (matrix, column):
        one.extend(100_000)
        one.keep(np.arange(10))

    assert matrix.nbytes == column.nbytes == 1024 * 8


def test_rows_that_are_dropped_leave_no_trace_in_what_is_known_by_row() -> None:
    kept = Kept.of(np.array([True, False, True]))

    assert kept.by_row({2: "b", 0: "a", 1: "gone"}) == {1: "b", 0: "a"}
    assert kept.by_row({}) == {}
    assert kept.anew[-1] == -1


def test_a_table_looks_again_at_kept_rows_when_it_would_have() -> None:
    store = Store(Lines)
    store.extend(3 * BLOCK)
    store.due.values[:] = np.arange(3 * BLOCK)[::-1]
    store.keep(np.arange(BLOCK - 1, 2 * BLOCK + 5))

    assert store.count == BLOCK + 6
    assert store.earliest[:2].tolist() == [BLOCK + 1, BLOCK - 5]
    assert store.due.values[[0, BLOCK + 5]].tolist() == [2 * BLOCK, BLOCK - 5]


def test_rare_facts_move_with_their_rows() -> None:
    store = Store(Lines)
    store.extend(5)
    places = store.set_aside(np.array([1, 3, 4]))
    _, column = store.aside.place["unfillable_at"]
    store.aside.lows.rows[places, column] = [10, 30, 40]
    store.keep(np.array([0, 2, 3, 4]))

    assert store.asides == 3
    assert store.read("unfillable_at", np.arange(4)).tolist() == [NEVER, NEVER, 30, 40]


def test_new_rows_are_not_due_and_know_nothing() -> None:
    store = Store(Lines)
    store.extend(BLOCK + 1)

    assert store.count == BLOCK + 1
    assert set(store.due.values[: BLOCK + 1].tolist()) == {NEVER}
    assert store.earliest[:2].tolist() == [NEVER, NEVER]
    assert store.read("known_at", np.array([BLOCK])).tolist() == [NEVER]
    assert store.read("refunded_at", np.array([BLOCK])).tolist() == [0]


def test_a_table_does_not_shrink() -> None:
    store = Store(Lines)
    store.extend(10)
    store.extend(5)

    assert store.count == 10


def test_rare_facts_have_a_place_of_their_own_once_they_are_said() -> None:
    store = Store(Lines)
    store.extend(5)
    places = store.set_aside(np.array([3, 1])).tolist()

    assert 0 not in places
    assert store.set_aside(np.array([1, 4, 3])).tolist()[::2] == places[::-1]


def test_children_start_with_what_their_order_knows() -> None:
    orders, shipments = Store(Orders), Store(Shipments)
    orders.extend(2)
    shipments.extend(3)
    place = orders.set_aside(np.array([1]))
    _, column = orders.aside.place["needed_by"]
    orders.aside.lows.rows[place, column] = 77
    fact = Shipments.facts["needed_by"]
    shipments.inherit(fact, np.array([0, 2]), orders, np.array([0, 1]))

    assert shipments.read("needed_by", np.arange(3)).tolist() == [NEVER, NEVER, 77]


def test_a_parent_hands_down_only_after_its_own_parent_did() -> None:
    order = {table: place for place, table in enumerate(INHERITING)}

    for parent in INHERITING:
        for child, _ in HEIRS[parent]:
            assert order.get(child, len(order)) > order[parent]


def a_book() -> Book:
    book = Book(180 * DAY)
    book.order_rows(["a", "b"], np.array([1, 1]))
    return book


def test_children_are_told_apart_by_parent_and_id() -> None:
    book = a_book()
    rows = book.child(Table.LINE, np.array([0, 1, 0, 0]), ["1", "1", "2", "1"])

    assert rows.tolist() == [0, 1, 2, 0]
    assert book.child(Table.LINE, np.array([1, 0]), ["1", "2"]).tolist() == [1, 2]
    assert [book.path(Table.LINE, row) for row in range(3)] == [["a", "1"], ["b", "1"], ["a", "2"]]


def test_a_grandchild_is_named_by_everything_above_it() -> None:
    book = a_book()
    lines = book.child(Table.LINE, np.array([1]), ["1"])
    parcels = book.child(Table.SHIPMENT, np.array([1]), ["s"])
    rows = book.link(Table.SHIPMENT_LINE, parcels, ["1"], lines)

    assert book.path(Table.SHIPMENT_LINE, int(rows[0])) == ["b", "s", "1"]
    assert book.orders_of(Table.SHIPMENT_LINE, rows).tolist() == [1]
    assert book.link(Table.SHIPMENT_LINE, parcels, ["1"], lines).tolist() == rows.tolist()


def test_no_children_are_no_rows() -> None:
    assert a_book().child(Table.LINE, np.empty(0, np.int64), []).size == 0


def test_memory_of_a_book_grows_with_its_orders() -> None:
    book = a_book()
    before = book.nbytes
    names = [f"o-{n}" for n in range(20_000)]
    book.order_rows(names, np.full(20_000, 2))

    assert book.nbytes > before + 20_000 * 100


@pytest.mark.parametrize("batches", [1, 2, 4])
def test_a_journey_is_renewed_after_the_horizon_in_any_batch(batches: int) -> None:
    book = Book(100)
    names, recorded = ["a", "a", "a", "a", "b", "a"], [0, 100, 201, 202, 203, 303]
    rows: list[int] = []
    for part in np.array_split(np.arange(6), batches):
        some = [names[i] for i in part.tolist()]
        rows += book.order_rows(some, np.array(recorded)[part]).tolist()
    lives = [rows.index(row) for row in rows]

    assert lives == [0, 0, 2, 2, 4, 5]
    assert [book.orders.texts[row] for row in rows] == names


def test_what_hangs_together_is_forgotten_and_kept_together() -> None:
    book = Book(100)
    book.order_rows(["a", "b", "c"], np.array([1, 500, 502]))
    lines = book.child(Table.LINE, np.array([0, 1, 1, 2]), ["1", "1", "2", "1"])
    parcels = book.child(Table.SHIPMENT, np.array([0, 1, 2]), ["s", "s", "t"])
    book.link(Table.SHIPMENT_LINE, parcels[[0, 1, 2, 1]], ["1", "1", "1", "2"], lines[[0, 1, 3, 2]])
    kept = book.forget(501 - 100)

    assert kept[Table.ORDER].rows.tolist() == [1, 2]
    assert book.forgotten(401) == 0
    assert book.child(Table.LINE, np.array([0, 0, 1]), ["1", "2", "1"]).tolist() == [0, 1, 2]
    assert book.path(Table.SHIPMENT_LINE, 1) == ["c", "t", "1"]
    assert book.path(Table.SHIPMENT_LINE, 2) == ["b", "s", "2"]
    assert book.orders_of(Table.SHIPMENT_LINE, np.arange(3)).tolist() == [0, 1, 0]
    rows, owners = book.chains[Table.SHIPMENT_LINE, Table.LINE].children(np.arange(3))
    assert sorted(zip(rows.tolist(), owners.tolist(), strict=True)) == [(0, 0), (1, 2), (2, 1)]
    assert book.order_rows(["b", "a"], np.array([600, 600])).tolist() == [0, 2]


def test_all_may_be_forgotten() -> None:
    book = Book(100)
    book.order_rows([f"o-{n}" for n in range(5_000)], np.arange(5_000))
    book.child(Table.LINE, np.arange(5_000), ["1"] * 5_000)
    empty = Book(100).nbytes
    book.forget(5_000)

    assert [store.count for store in book.stores.values()] == [0] * len(Table)
    assert book.nbytes < empty + 100_000
    assert book.order_rows(["o-7"], np.array([9_000])).tolist() == [0]


def test_every_category_of_things_that_do_not_stay_is_said_in_one_table() -> None:
    said = [(name, table) for table, rows in ROWS.items() for name in rows.facts if name in PASSING]

    assert sorted(said) == [
        ("customer", Table.ORDER),
        ("eta", Table.SHIPMENT),
        ("weights", Table.SHIPMENT),
    ]


def test_a_row_of_examples_knows_only_what_it_is_told() -> None:
    row = Shipments.of(delivered_at=5, **{"attempts.1": 3})

    assert int(row.delivered_at[0]) == 5
    assert int(row.recent("attempts", 1)[0]) == 3
    assert int(row.recent("attempts", 0)[0]) == 0
    assert int(row.dispatched_at[0]) == NEVER


def test_a_fact_that_does_not_exist_is_refused() -> None:
    with pytest.raises(TypeError, match="Orders has no fact colour"):
        Orders.of(colour=1)


@pytest.mark.parametrize("table", Table)
def test_a_fact_read_on_the_table_is_its_declaration(table: Table) -> None:
    kind = ROWS[table]

    assert all(getattr(kind, name) is fact for name, fact in kind.facts.items())
    assert all(fact.name == name for name, fact in kind.facts.items())


def test_what_is_conditional_is_never_due_where_the_condition_fails() -> None:
    assert when(np.array([True, False]), 7).tolist() == [7, NEVER]
