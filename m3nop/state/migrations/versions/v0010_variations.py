"""Messages of documents that come in variations."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns, and what finds the latest variation."""
    op.add_column("inbox", sa.Column("document", sa.Text, nullable=False, server_default=""))
    op.add_column("inbox", sa.Column("variation", sa.BigInteger, nullable=True))
    op.create_index(
        "inbox_document", "inbox", ["source", "topic", "document", "variation"],
        sqlite_where=sa.text("variation IS NOT NULL"), postgresql_where=sa.text("variation IS NOT NULL"),
    )  # fmt: skip
