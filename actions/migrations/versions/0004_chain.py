"""The chain over everything append-only; customers apart; what was erased.

Rows that an older version stored are taken into the chain as they are, table by table, with a
reference in place of each customer.
"""

import json
import re
import secrets
from collections.abc import Callable, Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from actions.chain import BEGINNING, link

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

Row = dict[str, Any]

CHAINED = {
    "playbooks": ("version",),
    "changes": ("stored_at", "problem_id", "what", "at"),
    "decisions": ("decided_at", "id"),
    "actions": ("planned_at", "id"),
    "outcomes": ("seq",),
    "commands": ("seq",),
}
"""Tables in the order in which their old rows enter the chain, and the order within each."""

BIG = sa.BigInteger()


def upgrade() -> None:
    """Make the new tables, take in the old rows, then forbid changes again."""
    _new_tables()
    for table in CHAINED:
        _allow_changes(table)
        op.add_column(table, sa.Column("entry", BIG, nullable=False, server_default="0"))
        op.add_column(table, sa.Column("hash", sa.String(64), nullable=False, server_default=""))
    op.drop_index("ix_actions_customer_id", "actions")
    op.execute("ALTER TABLE actions RENAME COLUMN customer_id TO person")
    op.create_index("ix_actions_person", "actions", ["person"])
    _take_in_old_rows(op.get_bind())
    for table in CHAINED:
        _need_each(table)
    for table in (*CHAINED, "erasures"):
        op.create_index(f"ix_{table}_entry", table, ["entry"], unique=True)
    for table in (*CHAINED, "erasures"):
        _forbid_changes(table)


def _new_tables() -> None:
    op.create_table(
        "persons",
        sa.Column("ref", sa.String(40), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("ref", name="pk_persons"),
        sa.UniqueConstraint("customer_id", name="uq_persons_customer_id"),
    )
    chain = op.create_table(
        "chain",
        sa.Column("one", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("entry", BIG, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("one", name="pk_chain"),
    )
    op.bulk_insert(chain, [{"one": 1, "entry": 0, "hash": BEGINNING}])
    op.create_table(
        "erasures",
        sa.Column("ref", sa.String(40), nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("entry", BIG, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("ref", name="pk_erasures"),
    )


def _need_each(table: str) -> None:
    """Ask every later row for its entry; SQLite keeps the defaults, which no two rows can have."""
    if op.get_bind().dialect.name != "sqlite":
        op.alter_column(table, "entry", server_default=None)
        op.alter_column(table, "hash", server_default=None)


# --- rows of an older version --------------------------------------------------------------------


def _take_in_old_rows(bind: sa.Connection) -> None:
    refs = _references(bind)
    number, previous = 0, BEGINNING
    for name, order in CHAINED.items():
        table = sa.Table(name, sa.MetaData(), autoload_with=bind)
        for old in bind.execute(sa.select(table).order_by(*order)).mappings().all():
            row = _hidden(name, dict(old), refs)
            content = {k: v for k, v in row.items() if k not in {"entry", "hash", "seq"}}
            number += 1
            previous = link(number, name, content, previous)
            same = [table.c[key] == old[key] for key in table.primary_key.columns.keys()]  # noqa: SIM118 - a collection of columns, not a dict
            stored = content | {"entry": number, "hash": previous}
            bind.execute(table.update().where(*same).values(stored))
    bind.execute(sa.text("UPDATE chain SET entry = :e, hash = :h"), {"e": number, "h": previous})


def _references(bind: sa.Connection) -> dict[str, str]:
    query = (
        "SELECT customer_id FROM problems WHERE customer_id IS NOT NULL"
        " UNION SELECT person FROM actions WHERE person IS NOT NULL"
        " UNION SELECT subject FROM problems WHERE subject_type = 'customer'"
    )
    customers = bind.execute(sa.text(query)).scalars().all()
    refs = {customer: f"person-{secrets.token_hex(16)}" for customer in customers}
    insert = sa.text("INSERT INTO persons (ref, customer_id) VALUES (:ref, :customer)")
    for customer, ref in refs.items():
        bind.execute(insert, {"ref": ref, "customer": customer})
    return refs


def _hidden(table: str, row: Row, refs: dict[str, str]) -> Row:
    """Return an old row with a reference for every customer it names."""
    if table == "changes":
        problem = json.loads(row["body"])
        hide = _hider(problem, refs)
        row["body"] = _compact(_walked(problem, hide))
    elif table == "actions" and row["person"] is not None:
        hide = _hider({"customer_id": row["person"]}, refs)
        row |= {name: hide(row[name]) for name in ("person", "target", "harm")}
        row["params"] = _compact(_walked(json.loads(row["params"]), hide))
    elif table == "decisions":
        row["detail"] = _hider(dict.fromkeys(refs), refs)(row["detail"])
    return row


def _hider(named: dict[str, Any], refs: dict[str, str]) -> Callable[[str], str]:
    customers = [c for c in _customers(named, refs) if c in refs]

    def hide(text: str) -> str:
        for customer in customers:
            text = re.sub(rf"(?<![\w-]){re.escape(customer)}(?![\w-])", refs[customer], text)
        return text

    return hide


def _customers(named: dict[str, Any], refs: dict[str, str]) -> Iterator[Any]:
    if "customer_id" in named or "subject_type" in named:
        yield from (one for one in (named.get("customer_id"), named.get("subject")) if one in refs)
    else:
        yield from named


def _walked(value: Any, hide: Callable[[str], str]) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, dict):
        return {key: _walked(item, hide) for key, item in value.items()}
    if isinstance(value, list):
        return [_walked(item, hide) for item in value]
    return hide(value) if isinstance(value, str) else value


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


# --- append-only ---------------------------------------------------------------------------------


def _allow_changes(table: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f"DROP TRIGGER {table}_refuses_update")
        op.execute(f"DROP TRIGGER {table}_refuses_delete")
    else:
        op.execute(f"DROP TRIGGER {table}_append_only ON {table}")


def _forbid_changes(table: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_refuses_{verb.lower()} BEFORE {verb} ON {table} "
                "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
            )
        return
    for name, verbs, each in (
        ("append_only", "UPDATE OR DELETE", "ROW"),
        ("never_emptied", "TRUNCATE", "STATEMENT"),
    ):
        op.execute(
            f"CREATE TRIGGER {table}_{name} BEFORE {verbs} ON {table} "
            f"FOR EACH {each} EXECUTE FUNCTION refuse_change()"
        )
