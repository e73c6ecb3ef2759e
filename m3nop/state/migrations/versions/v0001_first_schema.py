"""The first schema.

Frozen as it was: what is made here must never follow later changes of ``m3nop.state.schema``.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make every table and index."""
    _make_sources()
    _make_records()
    _make_work()
    _make_results()


def _make_sources() -> None:
    op.create_table(
        "scope",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("identity", sa.Text, nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("fence", sa.BigInteger, nullable=False),
        sa.Column("opening", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "pipelines",
        sa.Column("pipeline", sa.Text, primary_key=True),
        sa.Column("key_expression", sa.Text, nullable=True),
        sa.Column("reference_expression", sa.Text, nullable=True),
        sa.Column("baseline", sa.BigInteger, nullable=True),
    )
    op.create_table(
        "watermarks",
        sa.Column("pipeline", sa.Text, primary_key=True),
        sa.Column("partition", sa.Text, primary_key=True),
        sa.Column("watermark", sa.Text, nullable=True),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "missing",
        sa.Column("pipeline", sa.Text, primary_key=True),
        sa.Column("partition", sa.Text, primary_key=True),
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("missed_at", sa.BigInteger, nullable=False),
    )
    op.create_index("missing_since", "missing", ["pipeline", "partition", "missed_at"])


def _make_records() -> None:
    op.create_table(
        "records",
        sa.Column("id", _ROW_ID, primary_key=True, autoincrement=True),
        sa.Column("pipeline", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("store", sa.Text, nullable=False),
        sa.Column("partition", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("not_before", sa.BigInteger, nullable=True),
        sa.Column("deadline", sa.BigInteger, nullable=True),
        sa.Column("created_at", sa.BigInteger, nullable=True),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("attempt_id", _ROW_ID, nullable=True),
        sa.Column("blocked_pipeline", sa.Text, nullable=True),
        sa.Column("blocked_key", sa.Text, nullable=True),
        sa.Column("released", sa.Boolean, nullable=False),
        sa.Column("doubts", sa.Integer, nullable=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("commit_target", sa.Text, nullable=True),
        sa.Column("remembered", sa.Text, nullable=True),
        sa.Column("snapshot", sa.Text, nullable=True),
        sa.UniqueConstraint("key", "pipeline", name="records_key"),
    )
    op.create_index(
        "records_blocked",
        "records",
        ["blocked_pipeline", "blocked_key"],
        sqlite_where=sa.text("blocked_key IS NOT NULL"),
        postgresql_where=sa.text("blocked_key IS NOT NULL"),
    )
    op.create_index("records_claim", "records", ["pipeline", "state", "store", "not_before", "seen_at"])
    op.create_index("records_created", "records", ["pipeline", "partition", "created_at"])
    op.create_index(
        "records_due",
        "records",
        ["pipeline", "state", "not_before"],
        sqlite_where=sa.text("not_before IS NOT NULL"),
        postgresql_where=sa.text("not_before IS NOT NULL"),
    )
    op.create_index(
        "records_in_flight",
        "records",
        ["id"],
        sqlite_where=sa.text("state = 'in_flight'"),
        postgresql_where=sa.text("state = 'in_flight'"),
    )
    op.create_table(
        "runs",
        sa.Column("id", _ROW_ID, primary_key=True, autoincrement=True),
        sa.Column("pipeline", sa.Text, nullable=False),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("ended_at", sa.BigInteger, nullable=True),
        sa.Column("command", sa.Text, nullable=False),
        sa.Column("result", sa.Text, nullable=False),
        sa.Column("counts", sa.Text, nullable=False),
        sa.Column("definition", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
    )
    op.create_index("runs_result", "runs", ["result"])
    op.create_table(
        "claims",
        sa.Column("record_id", _ROW_ID, sa.ForeignKey("records.id"), primary_key=True, autoincrement=False),
        sa.Column("run_id", _ROW_ID, sa.ForeignKey("runs.id"), nullable=False),
        sa.Column("fence", sa.BigInteger, nullable=False),
        sa.Column("claimed_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=True),
    )


def _make_work() -> None:
    op.create_table(
        "attempts",
        sa.Column("id", _ROW_ID, primary_key=True, autoincrement=True),
        sa.Column("record_id", _ROW_ID, sa.ForeignKey("records.id"), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("opened_at", sa.BigInteger, nullable=False),
        sa.Column("definition", sa.Text, nullable=False),
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("doubt", sa.Boolean, nullable=False),
        sa.Column("committed", sa.Boolean, nullable=False),
        sa.Column("then", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("failure", sa.Text, nullable=True),
        sa.Column("sweep_at", sa.BigInteger, nullable=True),
        sa.Column("sweeps", sa.Integer, nullable=False),
        sa.Column("snapshot", sa.Text, nullable=True),
        sa.UniqueConstraint("record_id", "number", name="attempts_number"),
    )
    op.create_index("attempts_reference", "attempts", ["reference"])
    op.create_index(
        "attempts_sweep",
        "attempts",
        ["sweep_at"],
        sqlite_where=sa.text("sweep_at IS NOT NULL"),
        postgresql_where=sa.text("sweep_at IS NOT NULL"),
    )
    op.create_table(
        "definitions",
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("text", sa.Text, nullable=False),
    )
    op.create_table(
        "calls",
        sa.Column("line", _ROW_ID, primary_key=True, autoincrement=True),
        sa.Column("id", sa.Text, nullable=False, unique=True),
        sa.Column("record_id", _ROW_ID, sa.ForeignKey("records.id"), nullable=False),
        sa.Column("attempt_id", _ROW_ID, sa.ForeignKey("attempts.id"), nullable=True),
        sa.Column("run_id", _ROW_ID, sa.ForeignKey("runs.id"), nullable=False),
        sa.Column("step", sa.Text, nullable=False),
        sa.Column("connection", sa.Text, nullable=False),
        sa.Column("operation", sa.Text, nullable=False),
        sa.Column("effect", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("sent_at", sa.BigInteger, nullable=False),
        sa.Column("answered_at", sa.BigInteger, nullable=True),
        sa.Column("clean", sa.Boolean, nullable=False),
        sa.Column("fields", sa.Text, nullable=False),
        sa.Column("origins", sa.Text, nullable=True),
        sa.Column("rows", sa.Text, nullable=True),
        sa.Column("failure", sa.Text, nullable=True),
    )
    op.create_index("calls_attempt", "calls", ["attempt_id", "line"])
    op.create_index("calls_record", "calls", ["record_id", "line"])
    op.create_table(
        "document_numbers",
        sa.Column("value", sa.Text, primary_key=True),
        sa.Column("connection", sa.Text, primary_key=True),
        sa.Column("field", sa.Text, primary_key=True),
        sa.Column("record_id", _ROW_ID, sa.ForeignKey("records.id"), primary_key=True, autoincrement=False),
    )


def _make_results() -> None:
    op.create_table(
        "links",
        sa.Column("pipeline", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("shop", sa.Text, nullable=False),
        sa.Column("m3", sa.Text, nullable=False),
        sa.Column("linked_at", sa.BigInteger, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
    )
    op.create_index("links_m3", "links", ["m3", "pipeline"])
    op.create_index("links_shop", "links", ["shop", "pipeline"])
    op.create_table(
        "dead_letters",
        sa.Column("id", _ROW_ID, primary_key=True, autoincrement=True),
        sa.Column("record_id", _ROW_ID, sa.ForeignKey("records.id"), nullable=False),
        sa.Column("pipeline", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("store", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("remedy", sa.Text, nullable=False),
        sa.Column("signature", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("step", sa.Text, nullable=False),
        sa.Column("settled_at", sa.BigInteger, nullable=True),
        sa.Column("settlement", sa.Text, nullable=False),
    )
    op.create_index(
        "dead_letters_open",
        "dead_letters",
        ["pipeline", "id"],
        sqlite_where=sa.text("settled_at IS NULL"),
        postgresql_where=sa.text("settled_at IS NULL"),
    )
    op.create_index("dead_letters_record", "dead_letters", ["record_id"])
    op.create_table(
        "audit",
        sa.Column("id", _ROW_ID, primary_key=True, autoincrement=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=True),
        sa.Column("chain", sa.Text, nullable=False),
    )
