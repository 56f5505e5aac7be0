"""Rows go in and come out the same however many there are, on either database."""

import pytest
from sqlalchemy import select

from actions.bulk import WORTH_A_COPY, insert_all, select_among
from actions.ledger import Ledger
from actions.tables import customers

AWKWARD = ('"', "\\", "{a,b}", "[1]", "null", "", "é\u2028", "\t", "\\N", "a\nb", "O'1", "%(x)s")
COLUMNS = ("tier", "locale", "channel")


def row(name: str) -> dict[str, object]:
    return {"id": name, **dict.fromkeys(COLUMNS, name), "told_at": 2**53}


@pytest.mark.parametrize("count", [0, 1, WORTH_A_COPY - 1, WORTH_A_COPY, WORTH_A_COPY + 1, 500])
def test_rows_that_come_one_by_one_are_all_stored_as_they_are(ledger: Ledger, count: int) -> None:
    names = [f"{n} {AWKWARD[n % len(AWKWARD)]}" for n in range(count)]
    with ledger.writing() as connection:
        insert_all(connection, customers, (row(name) for name in names))
        found = connection.execute(select(customers)).mappings().all()

    assert {one["id"]: dict(one) for one in found} == {name: row(name) for name in names}


def test_what_is_looked_for_may_be_any_text(ledger: Ledger) -> None:
    with ledger.writing() as connection:
        insert_all(connection, customers, map(row, AWKWARD))
        found = {
            name: list(select_among(connection, select(customers.c.id), customers.c.id, [name]))
            for name in AWKWARD
        }
        others = list(select_among(connection, select(customers.c.id), customers.c.id, ["x", "a"]))
        none = list(select_among(connection, select(customers.c.id), customers.c.id, []))

    assert found == {name: [(name,)] for name in AWKWARD}
    assert (others, none) == ([], [])
