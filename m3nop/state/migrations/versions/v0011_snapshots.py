"""Snapshots in a table of their own, each once: an attempt refers to that of its record."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# The record's snapshot takes the number of the record; one that only an attempt has, a number above those.
_MOVE = """
INSERT INTO snapshots (id, snapshot) SELECT id, snapshot FROM records WHERE snapshot IS NOT NULL;

UPDATE records SET snapshot_id = id WHERE snapshot IS NOT NULL;

UPDATE attempts SET snapshot_id = record_id WHERE snapshot IS NOT NULL AND EXISTS (
    SELECT 1 FROM records WHERE records.id = attempts.record_id AND records.snapshot = attempts.snapshot);

UPDATE attempts SET snapshot_id = id + (SELECT max(id) FROM records)
    WHERE snapshot IS NOT NULL AND snapshot_id IS NULL;

INSERT INTO snapshots (id, snapshot)
    SELECT snapshot_id, snapshot FROM attempts WHERE snapshot_id > (SELECT max(id) FROM records)
"""
_NUMBER_ON = """
SELECT setval(pg_get_serial_sequence('snapshots', 'id'), max(id)) FROM snapshots HAVING max(id) > 0
"""


def upgrade() -> None:
    """Make the table, move the snapshots there and drop the columns that held them."""
    op.create_table(
        "snapshots",
        sa.Column("id", _NUMBER, primary_key=True, autoincrement=True),
        sa.Column("snapshot", sa.Text, nullable=False),
    )
    for table in ("records", "attempts"):
        op.add_column(table, sa.Column("snapshot_id", _NUMBER, nullable=True))
    for statement in _MOVE.split(";"):
        op.execute(statement)
    for table in ("records", "attempts"):
        with op.batch_alter_table(table) as batch:
            batch.drop_column("snapshot")
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_NUMBER_ON)
