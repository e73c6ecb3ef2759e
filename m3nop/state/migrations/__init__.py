"""Alembic's scripts: how an older state database becomes one of this version."""
