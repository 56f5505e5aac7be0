"""The first ledger: problems, decisions, actions, outbox, outcomes."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

APPEND_ONLY = ("changes", "playbooks", "decisions", "actions", "outcomes")
BIG = sa.BigInteger()
SEQUENCE = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Create the tables, then forbid changes to what is append-only."""
    _problems()
    _decisions()
    _actions()
    _outbox()
    for table in APPEND_ONLY:
        _forbid_changes(table)


def _needed(name: str, kind: sa.types.TypeEngine[Any]) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def _reference(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    referred = other.partition(".")[0]
    return sa.ForeignKeyConstraint([column], [other], name=f"fk_{table}_{column}_{referred}")


def _index(table: str, *columns: str) -> None:
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))


def _problems() -> None:
    op.create_table(
        "problems",
        _needed("id", sa.String(32)),
        _needed("kind", sa.String()),
        _needed("subject_type", sa.String()),
        _needed("subject", sa.String()),
        sa.Column("order_id", sa.String()),
        sa.Column("customer_id", sa.String()),
        _needed("severity", sa.String()),
        _needed("state", sa.String()),
        _needed("opened_at", BIG),
        sa.Column("cleared_at", BIG),
        sa.Column("withdrawn_at", BIG),
        sa.Column("parent", sa.String(32)),
        _needed("changed_at", BIG),
        _needed("body", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_problems"),
    )
    _index("problems", "kind", "subject")
    _index("problems", "order_id")
    _index("problems", "customer_id")
    _index("problems", "state", "opened_at")
    op.create_table(
        "changes",
        _needed("problem_id", sa.String(32)),
        _needed("what", sa.String()),
        _needed("at", BIG),
        _needed("stored_at", BIG),
        _needed("body", sa.Text()),
        sa.PrimaryKeyConstraint("problem_id", "what", "at", name="pk_changes"),
        _reference("changes", "problem_id", "problems.id"),
    )


def _decisions() -> None:
    op.create_table(
        "playbooks",
        _needed("version", sa.String()),
        _needed("text", sa.Text()),
        sa.PrimaryKeyConstraint("version", name="pk_playbooks"),
    )
    op.create_table(
        "decisions",
        _needed("id", sa.String(36)),
        _needed("problem_id", sa.String(32)),
        _needed("change", sa.String()),
        _needed("verdict", sa.String()),
        _needed("detail", sa.Text()),
        _needed("rule", sa.String()),
        _needed("mode", sa.String()),
        _needed("playbook_version", sa.String()),
        _needed("decided_at", BIG),
        sa.PrimaryKeyConstraint("id", name="pk_decisions"),
        _reference("decisions", "problem_id", "problems.id"),
        _reference("decisions", "playbook_version", "playbooks.version"),
    )
    _index("decisions", "problem_id")


def _actions() -> None:
    op.create_table(
        "actions",
        _needed("id", sa.String(36)),
        _needed("decision_id", sa.String(36)),
        _needed("problem_id", sa.String(32)),
        _needed("name", sa.String()),
        _needed("target_type", sa.String()),
        _needed("target", sa.String()),
        _needed("harm", sa.String()),
        _needed("cost_minor", BIG),
        _needed("currency", sa.String(3)),
        sa.Column("order_id", sa.String()),
        sa.Column("customer_id", sa.String()),
        _needed("rule", sa.String()),
        _needed("planned_at", BIG),
        _needed("planned_status", sa.String()),
        sa.Column("follows", sa.String(36)),
        _needed("params", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_actions"),
        _reference("actions", "decision_id", "decisions.id"),
        _reference("actions", "problem_id", "problems.id"),
    )
    _index("actions", "problem_id")
    _index("actions", "order_id")
    _index("actions", "planned_at")
    _index("actions", "customer_id")


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("seq", SEQUENCE, nullable=False),
        _needed("id", sa.String(36)),
        _needed("aggregatetype", sa.String()),
        _needed("aggregateid", sa.String()),
        _needed("type", sa.String()),
        _needed("payload", sa.Text()),
        _needed("status", sa.String()),
        sa.Column("follows", sa.String(36)),
        _needed("failures", sa.Integer()),
        _needed("due_at", BIG),
        _needed("leased_until", BIG),
        sa.Column("account", sa.String()),
        _needed("rule", sa.String()),
        _needed("cost_minor", BIG),
        _needed("currency", sa.String(3)),
        _needed("planned_at", BIG),
        sa.PrimaryKeyConstraint("seq", name="pk_outbox"),
        sa.UniqueConstraint("id", name="uq_outbox_id"),
        _reference("outbox", "id", "actions.id"),
    )
    _index("outbox", "status", "due_at")
    for column in ("currency", "type"):
        _index("outbox", column, "planned_at")
        _index("outbox", "account", column, "planned_at")
    op.create_table(
        "outcomes",
        sa.Column("seq", SEQUENCE, nullable=False),
        _needed("action_id", sa.String(36)),
        _needed("attempt", sa.Integer()),
        _needed("status", sa.String()),
        _needed("at", BIG),
        _needed("detail", sa.Text()),
        sa.PrimaryKeyConstraint("seq", name="pk_outcomes"),
        _reference("outcomes", "action_id", "actions.id"),
    )
    _index("outcomes", "action_id")


def _forbid_changes(table: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_refuses_{verb.lower()} BEFORE {verb} ON {table} "
                "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
            )
        return
    op.execute(
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the ledger is append-only'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
