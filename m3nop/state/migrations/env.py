"""Alembic's environment: runs the scripts on the connection that ``m3nop.state.versions`` hands over."""

from __future__ import annotations

from alembic import context

from m3nop.state.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # The caller's transaction holds all of it: a migration that fails leaves the database as it was.
    transactional_ddl=True,
    render_as_batch=True,
)
context.run_migrations()
