"""What a row of the ledger refers to is there, and stays there, on either database."""

import pytest
from sqlalchemy import Table, delete, select, update
from sqlalchemy.exc import DatabaseError, IntegrityError

from actions.bulk import WORTH_A_COPY, insert_all
from actions.desk import Desk
from actions.ledger import Ledger
from actions.outbox import Relay
from actions.playbook import load_playbook
from actions.tables import metadata, outbox, problems
from actions.testing import NOON, a_problem, opened

REFERENCES = [
    (table, column.name)
    for table in metadata.sorted_tables
    for column in table.columns
    if column.foreign_keys
]
STRANGER = "nobody"


@pytest.fixture
def filled(ledger: Ledger) -> Ledger:
    Desk(ledger, load_playbook()).take([opened(a_problem())], NOON)
    Relay(ledger, {"*": lambda _: "done"}).run_once(NOON)
    return ledger


def test_all_that_refers_to_something_is_looked_at() -> None:
    assert [f"{table.name}.{column}" for table, column in REFERENCES] != []
    assert {table.name for table, _ in REFERENCES} == {
        "actions",
        "changes",
        "decisions",
        "outbox",
        "outcomes",
    }


@pytest.mark.parametrize("count", [1, WORTH_A_COPY + 1])
@pytest.mark.parametrize(("table", "column"), REFERENCES, ids=str)
def test_a_row_that_refers_to_nothing_is_refused_with_all_that_came_with_it(
    filled: Ledger, table: Table, column: str, count: int
) -> None:
    with filled.reading() as connection:
        known = dict(connection.execute(select(table)).mappings().all()[0])
        before = len(connection.execute(select(table)).all())
    rows = [copied(table, known, n) for n in range(count)]
    rows[-1][column] = STRANGER

    with pytest.raises(IntegrityError), filled.writing() as connection:
        insert_all(connection, table, rows)

    with filled.reading() as connection:
        assert len(connection.execute(select(table)).all()) == before


def copied(table: Table, known: dict[str, object], number: int) -> dict[str, object]:
    """Return a row like ``known`` that differs in all that must be different."""
    row = {name: value for name, value in known.items() if name != "seq"}
    own = [one.name for one in table.primary_key if not one.foreign_keys and one.name != "seq"]
    row |= {name: 1_000 + number if name == "at" else f"new {number}" for name in own}
    return row | ({"entry": 1_000 + number} if "entry" in row else {})


def test_a_problem_is_never_deleted_nor_called_otherwise(filled: Ledger) -> None:
    with pytest.raises(DatabaseError), filled.writing() as connection:
        connection.execute(delete(problems))
    with pytest.raises(DatabaseError), filled.writing() as connection:
        connection.execute(update(problems).values(id=STRANGER))


def test_what_the_relay_performs_is_always_an_action_of_the_ledger(filled: Ledger) -> None:
    with pytest.raises(DatabaseError), filled.writing() as connection:
        connection.execute(update(outbox).values(id=STRANGER))
