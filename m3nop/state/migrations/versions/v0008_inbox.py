"""The inbox of messages from outside."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from m3nop.state.columns import RowId

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "inbox",
        sa.Column("id", RowId, primary_key=True, autoincrement=True),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("part", sa.Integer, nullable=False),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("received_at", sa.BigInteger, nullable=False),
        sa.Column("handled_at", sa.BigInteger, nullable=True),
        sa.UniqueConstraint("source", "message", "part", name="inbox_message"),
    )
    op.create_index(
        "inbox_accepted", "inbox", ["id"], sqlite_where=sa.text("state = 'accepted'"),
        postgresql_where=sa.text("state = 'accepted'"),
    )  # fmt: skip
    op.create_index("inbox_handled", "inbox", ["handled_at"])
