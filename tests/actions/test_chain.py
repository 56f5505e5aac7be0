"""Whatever is done to what is stored for good, the chain names the first entry it was done to."""

import hashlib
import json
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Table, select, text

from actions.chain import BEGINNING, Head, append, canonical, entries, head, link
from actions.desk import Desk
from actions.errors import LedgerError
from actions.ledger import Ledger
from actions.outbox import Relay
from actions.playbook import load_playbook
from actions.tables import APPEND_ONLY, chain, outcomes
from actions.testing import NOON, a_problem, cleared, opened
from actions.verifying import Break, first_break, proofs, read_anchor

TABLES = {f"{table.name}": table for table in APPEND_ONLY}


def fill(ledger: Ledger, orders: int = 3) -> int:
    """Store a few problems with all that follows; return how many entries there are."""
    desk = Desk(ledger, load_playbook())
    problems = [a_problem(subject=f"O{n}", order_id=f"O{n}") for n in range(orders)]
    desk.take([opened(problem) for problem in problems], NOON)
    Relay(ledger, {"*": lambda _: "done"}).run_once(NOON)
    desk.take([cleared(problem) for problem in problems], NOON)
    with ledger.reading() as connection:
        return head(connection).number


def break_of(ledger: Ledger, anchor: Head | None = None) -> Break | None:
    with ledger.reading() as connection:
        return first_break(connection, anchor)


def tamper(ledger: Ledger, change: Callable[[Connection], object]) -> None:
    """Do what only the owner of the database can: change it with its triggers switched off."""
    with ledger.writing() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        else:
            connection.execute(text("PRAGMA defer_foreign_keys = ON"))
            for table in TABLES:
                for verb in ("update", "delete"):
                    connection.execute(text(f"DROP TRIGGER IF EXISTS {table}_refuses_{verb}"))
        change(connection)


def table_of(connection: Connection, number: int) -> Table:
    found = next(entry for entry in entries(connection) if entry.number == number)
    return TABLES[found.table]


def test_an_empty_ledger_holds(ledger: Ledger) -> None:
    assert break_of(ledger) is None


def test_what_was_stored_in_the_usual_way_holds(ledger: Ledger) -> None:
    count = fill(ledger)

    with ledger.reading() as connection:
        numbers = [entry.number for entry in entries(connection)]
    assert break_of(ledger) is None
    assert numbers == list(range(1, count + 1))
    assert count > 15


@pytest.fixture
def filled(ledger: Ledger) -> tuple[Ledger, int]:
    return ledger, fill(ledger)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.7, 1.0])
def test_an_edit_is_named(filled: tuple[Ledger, int], share: float) -> None:
    ledger, count = filled
    number = 1 + round(share * (count - 1))

    def edit(connection: Connection) -> None:
        table = table_of(connection, number)
        column = next(c for c in reversed(list(table.c)) if c.name not in {"entry", "hash"})
        changed = 1 if column.type.python_type is int else "changed"
        connection.execute(table.update().where(table.c.entry == number).values({column: changed}))

    tamper(ledger, edit)

    found = break_of(ledger)
    assert found is not None
    assert (found.number, "is not what was stored" in found.what) == (number, True)


@pytest.mark.parametrize("back", [0, 1, 2])
def test_a_removal_is_named(filled: tuple[Ledger, int], back: int) -> None:
    ledger, _ = filled
    with ledger.reading() as connection:
        said = [entry.number for entry in entries(connection) if entry.table == "outcomes"]
    number = said[-1 - back]

    def remove(connection: Connection) -> None:
        connection.execute(outcomes.delete().where(outcomes.c.entry == number))

    tamper(ledger, remove)

    found = break_of(ledger)
    assert found is not None
    assert (found.number, "is missing" in found.what) == (number, True)


def test_the_removal_of_the_end_is_named(filled: tuple[Ledger, int]) -> None:
    ledger, count = filled

    def cut(connection: Connection) -> None:
        table = table_of(connection, count)
        connection.execute(table.delete().where(table.c.entry == count))

    tamper(ledger, cut)

    assert break_of(ledger) == Break(count, f"is missing, and so is all after it up to {count}")


def test_an_insertion_is_named(filled: tuple[Ledger, int]) -> None:
    ledger, count = filled
    with ledger.writing() as connection:
        action_id = connection.execute(select(outcomes.c.action_id)).scalars().first()
        row = {"action_id": action_id, "attempt": 9, "status": "done", "at": NOON, "detail": "x"}
        connection.execute(outcomes.insert().values(**row, entry=count + 1, hash="f" * 64))

    found = break_of(ledger)
    assert found is not None
    assert found.number == count + 1


def test_an_exchange_is_named_by_the_first_of_the_two(filled: tuple[Ledger, int]) -> None:
    ledger, _ = filled
    with ledger.reading() as connection:
        said = [entry.number for entry in entries(connection) if entry.table == "outcomes"]
    first, second = said[0], said[-1]

    def exchange(connection: Connection) -> None:
        for of, to in ((first, -1), (second, first), (-1, second)):
            update = outcomes.update().where(outcomes.c.entry == of)
            connection.execute(update.values(entry=to))

    tamper(ledger, exchange)

    found = break_of(ledger)
    assert found is not None
    assert found.number == first


def test_a_chain_written_anew_holds_in_itself_but_not_against_an_anchor(
    filled: tuple[Ledger, int],
) -> None:
    ledger, count = filled
    with ledger.reading() as connection:
        kept = head(connection)

    def anew(connection: Connection) -> None:
        last = next(e for e in entries(connection) if e.number == count)
        before = next(e for e in entries(connection) if e.number == count - 1)
        table = TABLES[last.table]
        connection.execute(table.delete().where(table.c.entry == count))
        connection.execute(chain.update().values(entry=count - 1, hash=before.hash))
        append(connection, table, [dict(last.row) | {"detail": "written anew"}])

    tamper(ledger, anew)

    found = break_of(ledger, kept)
    assert break_of(ledger) is None
    assert found is not None
    assert "written anew" in found.what


def test_an_anchor_from_before_the_newest_entries_still_holds(filled: tuple[Ledger, int]) -> None:
    ledger, count = filled
    with ledger.reading() as connection:
        kept = head(connection)
    Desk(ledger, load_playbook()).take([opened(a_problem(subject="O99", order_id="O99"))], NOON)

    assert break_of(ledger, kept) is None
    assert break_of(ledger, Head(count + 1_000, kept.hash)) is not None
    assert read_anchor(str(kept)) == kept


@pytest.mark.parametrize("said", ["", "7", "x:" + "0" * 64, "7:abc"])
def test_what_is_no_anchor_is_refused(said: str) -> None:
    with pytest.raises(LedgerError, match="NUMBER:HASH"):
        read_anchor(said)


def test_an_export_can_be_checked_with_nothing_of_ours(filled: tuple[Ledger, int]) -> None:
    ledger, count = filled
    with ledger.reading() as connection:
        lines = [json.dumps(proof) for proof in proofs(connection)]
    previous = BEGINNING
    for line in lines:
        said = json.loads(line)
        stored = said.pop("hash")
        text_of = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert said["previous"] == previous
        assert hashlib.sha256(text_of.encode()).hexdigest() == stored
        previous = stored

    assert len(lines) == count


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_edit_removal_insertion_or_exchange_is_named(data: st.DataObject) -> None:
    ledger = Ledger("sqlite://")
    count = fill(ledger, orders=2)
    with ledger.reading() as connection:
        stored = list(entries(connection))
    what = data.draw(st.sampled_from(["edit", "remove", "insert", "exchange"]))
    victim = data.draw(st.sampled_from(stored))
    table = TABLES[victim.table]
    same = [entry for entry in stored if entry.table == victim.table and entry is not victim]
    other = data.draw(st.sampled_from(same)) if same else None
    names = [name for name, value in victim.row.items() if value is not None]
    column = data.draw(st.sampled_from(names))

    def change(connection: Connection) -> None:
        connection.exec_driver_sql("PRAGMA ignore_check_constraints = ON")
        ours = table.c.entry == victim.number
        if what == "edit":
            value = victim.row[column]
            new = value + 1 if isinstance(value, int) else f"{value} "
            connection.execute(table.update().where(ours).values({column: new}))
        elif what == "remove":
            connection.execute(table.delete().where(ours))
        elif what == "insert" or other is None:
            row = dict(victim.row) | {"entry": victim.number + 10_000, "hash": victim.hash}
            keys = {key.name for key in table.primary_key.columns} - {"seq"}
            row |= {key: f"{row[key]}x" for key in keys if isinstance(row[key], str)}
            connection.execute(table.insert().values(row))
        else:
            for of, to in ((victim.number, -1), (other.number, victim.number), (-1, other.number)):
                update = table.update().where(table.c.entry == of)
                connection.execute(update.values(entry=to))

    with_no_keys(ledger)
    tamper(ledger, change)
    found = break_of(ledger)
    ledger.close()
    exchanged = what == "exchange" and other is not None
    expected = victim.number
    if exchanged and other is not None:
        expected = min(victim.number, other.number)
    elif what in {"insert", "exchange"}:
        expected = count + 1

    assert found is not None
    assert found.number == expected


def with_no_keys(ledger: Ledger) -> None:
    """Let the one connection of a ledger in memory forget about foreign keys."""
    with ledger.reading() as connection:
        connection.connection.driver_connection.execute("COMMIT")  # type: ignore[union-attr]
        connection.connection.driver_connection.execute("PRAGMA foreign_keys = OFF")  # type: ignore[union-attr]
        connection.connection.driver_connection.execute("BEGIN")  # type: ignore[union-attr]


@pytest.mark.parametrize("value", [0.5, 2**53, -(2**53)])
def test_what_has_no_exact_form_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="no exact form"):
        link(1, "actions", {"value": value}, BEGINNING)


def test_canonical_json_is_what_the_standard_says() -> None:
    said = canonical({"b": '\u20ac$\x0f\nA\'B"\\\\"/', "a": [None, True, 0], "é": "\x7f"})

    assert said.decode() == (
        '{"a":[null,true,0],"b":"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/","é":"\x7f"}'
    )
