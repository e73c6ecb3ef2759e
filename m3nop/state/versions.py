"""Brings a database to the newest schema: makes a new one, or migrates an older one after a backup.

Alembic is loaded only when there is something to migrate.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Column, MetaData, PrimaryKeyConstraint, String, Table, inspect, select

from m3nop.core.errors import StateError
from m3nop.state.schema import REVISIONS, metadata, settle_indexes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

SCRIPTS = Path(__file__).parent / "migrations"

_version = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
"""Alembic's own table, in Alembic's own shape."""


def version_of(connection: Connection, *, place: str, revisions: Sequence[str] = REVISIONS) -> str | None:
    """Return the version of the schema, or None where there is no table at all.

    Raises:
        StateError: the tables are not ours, or of a version that this m3nop does not know.
    """
    names = set(inspect(connection).get_table_names())
    if not names:
        return None
    if not names >= {"alembic_version", "scope"}:
        some = ", ".join(sorted(names)[:3])
        msg = f"{place} holds other tables ({some} …), not a state of m3nop; choose another database"
        raise StateError(msg)
    found = connection.execute(select(_version.c.version_num)).scalar_one_or_none()
    if found not in revisions:
        msg = (
            f"the state database {place} was written by a newer m3nop (schema {found}, this one knows "
            f"{revisions[-1]}); upgrade m3nop, or put back the backup that the upgrade made beside it"
        )
        raise StateError(msg)
    return found


def create(connection: Connection) -> None:
    """Make every table in an empty database, within the caller's transaction."""
    settle_indexes(connection.dialect.name)
    # The database is empty: nothing needs to be looked for first.
    metadata.create_all(connection, checkfirst=False)
    _version.create(connection, checkfirst=False)
    connection.execute(_version.insert().values(version_num=REVISIONS[-1]))


def drop(connection: Connection) -> None:
    """Drop every table, within the caller's transaction."""
    metadata.drop_all(connection)
    _version.drop(connection)


def migrate(connection: Connection, *, scripts: Path = SCRIPTS, to: str = REVISIONS[-1]) -> None:
    """Run the migrations up to ``to`` within the caller's transaction."""
    from alembic.command import upgrade  # noqa: PLC0415  (slow to load, seldom needed)
    from alembic.config import Config  # noqa: PLC0415

    config = Config(attributes={"connection": connection})
    # Alembic reads percent signs in options as interpolation.
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    upgrade(config, to)
