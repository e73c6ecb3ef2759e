"""Owners, who can be several; until when a call of a lost one may have left; versions of records."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table and change the columns."""
    op.create_table(
        "owners",
        sa.Column("fence", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("command", sa.Text, nullable=False),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=True),
    )
    with op.batch_alter_table("claims") as batch:
        batch.drop_column("expires_at")
    op.add_column("runs", sa.Column("fence", sa.BigInteger, nullable=True))
    op.add_column("records", sa.Column("version", sa.Integer, nullable=False, server_default="0"))
    op.add_column("calls", sa.Column("left_by", sa.BigInteger, nullable=True))
