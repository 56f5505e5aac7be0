"""What people say, with who said it and why, and what customers have said about themselves.

Revision ID: 0003
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0001"
branch_labels = None
depends_on = None

BIG = sa.BigInteger()
SEQUENCE = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Create the tables, then forbid changes to what people said."""
    op.create_table(
        "commands",
        sa.Column("seq", SEQUENCE, nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("verb", sa.String(), nullable=False),
        sa.Column("target_type", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("until", BIG),
        sa.Column("cost_minor", BIG, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("terms", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_commands"),
    )
    op.create_index("ix_commands_verb_target", "commands", ["verb", "target"])
    op.create_index("ix_commands_who_at", "commands", ["who", "at"])
    _forbid_changes("commands")
    op.create_table(
        "customers",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("tier", sa.String(), nullable=False),
        sa.Column("locale", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("told_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_customers"),
    )


def _forbid_changes(table: str) -> None:
    """Refuse updates and deletes; PostgreSQL has the function since the first migration."""
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_refuses_{verb.lower()} BEFORE {verb} ON {table} "
                "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
            )
        return
    op.execute(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
