"""An action remembers in which span it was planned, so that its trace goes on when it is performed.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the span in the form of W3C's ``traceparent``; what was queued before has none."""
    op.add_column("outbox", sa.Column("traceparent", sa.String()))
