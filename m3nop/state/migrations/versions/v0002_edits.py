"""What a person changed in a record by hand is kept beside it.

Revision 0002.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the columns."""
    for table in ("records", "attempts"):
        op.add_column(table, sa.Column("edits", sa.Text, nullable=True))
