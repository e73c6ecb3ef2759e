"""What every run was configured with, and by which version it was made."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; of earlier runs neither is known."""
    op.add_column("runs", sa.Column("configuration", sa.Text, nullable=True))
    op.add_column("runs", sa.Column("version", sa.Text, nullable=True))
