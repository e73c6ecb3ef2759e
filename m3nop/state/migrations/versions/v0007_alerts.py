"""Alerts, what comparisons found, and which pipelines of a run stopped."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables and the column."""
    op.create_table(
        "alerts",
        sa.Column("rule", sa.Text, primary_key=True),
        sa.Column("subject", sa.Text, primary_key=True),
        sa.Column("channel", sa.Text, primary_key=True),
        sa.Column("severity", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("opened_at", sa.BigInteger, nullable=False),
        sa.Column("last_sent_at", sa.BigInteger, nullable=True),
        sa.Column("closed_at", sa.BigInteger, nullable=True),
    )
    op.create_table(
        "comparisons",
        sa.Column("subject", sa.Text, primary_key=True),
        sa.Column("compared_at", sa.BigInteger, nullable=False),
        sa.Column("differences", sa.Integer, nullable=False),
    )
    op.add_column("runs", sa.Column("failures", sa.Text, nullable=True))
