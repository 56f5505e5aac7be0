"""The ledger's tables: SQLAlchemy Core, the same on SQLite and PostgreSQL. Times are ms UTC.

What a foreign key refers to is there and stays: SQLite checks each row, PostgreSQL all rows of a
statement at once, by triggers (``migrations/versions/0005_references.py``).
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.schema import SchemaItem

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Sequence: Final = BigInteger().with_variant(Integer, "sqlite")
"""A growing number; SQLite counts by itself only in INTEGER columns."""

problems: Final = Table(
    "problems",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("kind", String, nullable=False),
    Column("subject_type", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("order_id", String),
    Column("customer_id", String),
    Column("severity", String, nullable=False),
    Column("state", String, nullable=False),
    Column("opened_at", BigInteger, nullable=False),
    Column("cleared_at", BigInteger),
    Column("withdrawn_at", BigInteger),
    Column("parent", String(32)),
    Column("changed_at", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Index(None, "kind", "subject"),
    Index(None, "order_id"),
    Index(None, "customer_id"),
    Index(None, "state", "opened_at"),
)
"""The newest state of each problem; ``body`` is the whole problem as JSON."""

persons: Final = Table(
    "persons",
    metadata,
    Column("ref", String(40), primary_key=True),
    Column("customer_id", String, nullable=False),
    UniqueConstraint("customer_id"),
)
"""Which customer a reference means: the only thing that erasing a customer deletes."""

chain: Final = Table(
    "chain",
    metadata,
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("entry", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
)
"""One row: the newest entry of the chain. Whoever writes the ledger holds it."""


def in_chain() -> tuple[SchemaItem, SchemaItem, SchemaItem]:
    """Return what every append-only table has: an entry's number and hash, each entry once."""
    return (
        Column("entry", BigInteger, nullable=False),
        Column("hash", String(64), nullable=False),
        Index(None, "entry", unique=True),
    )


changes: Final = Table(
    "changes",
    metadata,
    Column("problem_id", ForeignKey("problems.id"), primary_key=True),
    Column("what", String, primary_key=True),
    Column("at", BigInteger, primary_key=True),
    Column("stored_at", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    *in_chain(),
)
"""Everything that happened to a problem; append-only."""

playbooks: Final = Table(
    "playbooks",
    metadata,
    Column("version", String, primary_key=True),
    Column("text", Text, nullable=False),
    *in_chain(),
)
"""The text of every playbook that ever decided something; append-only."""

decisions: Final = Table(
    "decisions",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("problem_id", ForeignKey("problems.id"), nullable=False),
    Column("change", String, nullable=False),
    Column("verdict", String, nullable=False),
    Column("detail", Text, nullable=False),
    Column("rule", String, nullable=False),
    Column("mode", String, nullable=False),
    Column("playbook_version", ForeignKey("playbooks.version"), nullable=False),
    Column("decided_at", BigInteger, nullable=False),
    Index(None, "problem_id"),
    *in_chain(),
)
"""What was decided on every change, and why; append-only."""

actions: Final = Table(
    "actions",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("decision_id", ForeignKey("decisions.id"), nullable=False),
    Column("problem_id", ForeignKey("problems.id"), nullable=False),
    Column("name", String, nullable=False),
    Column("target_type", String, nullable=False),
    Column("target", String, nullable=False),
    Column("harm", String, nullable=False),
    Column("cost_minor", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("order_id", String),
    Column("person", String(40)),
    Column("rule", String, nullable=False),
    Column("planned_at", BigInteger, nullable=False),
    Column("planned_status", String, nullable=False),
    Column("follows", String(36)),
    Column("params", Text, nullable=False),
    Index(None, "problem_id"),
    Index(None, "order_id"),
    Index(None, "planned_at"),
    Index(None, "person"),
    *in_chain(),
)
"""Every intention with the status it was planned in; append-only."""

outbox: Final = Table(
    "outbox",
    metadata,
    Column("seq", Sequence, primary_key=True),
    Column("id", ForeignKey("actions.id"), nullable=False),
    Column("aggregatetype", String, nullable=False),
    Column("aggregateid", String, nullable=False),
    Column("type", String, nullable=False),
    Column("payload", Text, nullable=False),
    Column("status", String, nullable=False),
    Column("follows", String(36)),
    Column("failures", Integer, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("leased_until", BigInteger, nullable=False),
    Column("account", String),
    Column("rule", String, nullable=False),
    Column("cost_minor", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("planned_at", BigInteger, nullable=False),
    Column("traceparent", String),
    UniqueConstraint("id"),
    Index(None, "status", "due_at"),
    Index(None, "account", "currency", "planned_at"),
    Index(None, "account", "type", "planned_at"),
    Index(None, "currency", "planned_at"),
    Index(None, "type", "planned_at"),
)
"""What is to be performed, under Debezium's column names, and how far the relay has come.

Budgets are counted here: only what was handed to the relay has used any, so that counting stays
quick however much waits for people.
"""

outcomes: Final = Table(
    "outcomes",
    metadata,
    Column("seq", Sequence, primary_key=True),
    Column("action_id", ForeignKey("actions.id"), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("status", String, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("detail", Text, nullable=False),
    Index(None, "action_id"),
    *in_chain(),
)
"""What came of every attempt, and of every person's word; append-only."""

erasures: Final = Table(
    "erasures",
    metadata,
    Column("ref", String(40), primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("who", String, nullable=False),
    Column("why", Text, nullable=False),
    *in_chain(),
)
"""Which references were made meaningless, by whom and why; append-only."""

commands: Final = Table(
    "commands",
    metadata,
    Column("seq", Sequence, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("who", String, nullable=False),
    Column("why", Text, nullable=False),
    Column("verb", String, nullable=False),
    Column("target_type", String, nullable=False),
    Column("target", String, nullable=False),
    Column("until", BigInteger),
    Column("cost_minor", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("terms", Text, nullable=False),
    Index(None, "verb", "target"),
    Index(None, "who", "at"),
    *in_chain(),
)
"""Every word of a person; append-only."""

customers: Final = Table(
    "customers",
    metadata,
    Column("id", String, primary_key=True),
    Column("tier", String, nullable=False),
    Column("locale", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("told_at", BigInteger, nullable=False),
)
"""The newest of what each customer has said of themselves; erased with them."""

APPEND_ONLY: Final = (changes, playbooks, decisions, actions, outcomes, erasures, commands)
"""Tables whose rows nobody changes: the database refuses it."""
