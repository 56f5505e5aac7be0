import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.journeys.blocks import Column, Growing
from detectors.journeys.book import Book
from detectors.journeys.relations import HEIRS, INHERITING
from detectors.journeys.rows import when
from detectors.journeys.store import BLOCK, Chain, Store
from detectors.journeys.tables import ROWS, Lines, Orders, Shipments, Table
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
