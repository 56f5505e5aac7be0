"""Runs the ledger's migrations on the connection that :mod:`actions.database` hands over."""

from alembic import context

from actions.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
