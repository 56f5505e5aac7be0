"""References are checked once for all rows of a statement, on PostgreSQL.

A foreign key asks about each row by itself and locks the row it finds, which took two fifths of
the server's time for storing decisions. What the ledger's rows refer to is never deleted, so one
question for all rows that come together refuses the same rows. SQLite keeps its foreign keys: it
has no triggers for whole statements, and asks without a lock.

Revision ID: 0005
Revises: 0004
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

REFERENCES = (
    ("changes", "problem_id", "problems", "id"),
    ("decisions", "problem_id", "problems", "id"),
    ("decisions", "playbook_version", "playbooks", "version"),
    ("actions", "decision_id", "decisions", "id"),
    ("actions", "problem_id", "problems", "id"),
    ("outbox", "id", "actions", "id"),
    ("outcomes", "action_id", "actions", "id"),
)
"""Table and column that refer, table and column that are referred to."""

REFUSE = """
CREATE FUNCTION refuse_unknown() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    stranger text;
BEGIN
    EXECUTE format(
        'SELECT added.%1$I FROM added WHERE NOT EXISTS '
        '(SELECT FROM %2$I.%3$I AS known WHERE known.%4$I = added.%1$I) LIMIT 1',
        TG_ARGV[0], TG_TABLE_SCHEMA, TG_ARGV[1], TG_ARGV[2]
    ) INTO stranger;
    IF stranger IS NOT NULL THEN
        RAISE foreign_key_violation USING
            MESSAGE = format('%s %s is not in %s', TG_ARGV[0], stranger, TG_ARGV[1]);
    END IF;
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    """Exchange foreign keys for triggers that refuse the same rows."""
    if op.get_bind().dialect.name == "sqlite":
        return
    op.execute(REFUSE)
    for table, column, known, key in REFERENCES:
        op.drop_constraint(f"fk_{table}_{column}_{known}", table, type_="foreignkey")
        op.execute(
            f"CREATE TRIGGER {table}_{column}_known AFTER INSERT ON {table} "
            "REFERENCING NEW TABLE AS added FOR EACH STATEMENT "
            f"EXECUTE FUNCTION refuse_unknown('{column}', '{known}', '{key}')"
        )
    for name, verbs, table in (
        ("problems_stay", "DELETE OR TRUNCATE OR UPDATE OF id", "problems"),
        ("outbox_keeps_its_actions", "UPDATE OF id", "outbox"),
    ):
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {verbs} ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
