"""The PostgreSQL backend: an advisory lock stands for the file lock."""

from __future__ import annotations

import math
import os
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

from sqlalchemy import URL, Connection, create_engine, func, select
from sqlalchemy.exc import DBAPIError

from m3nop.core.errors import BusyError, StateError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from m3nop.core.clock import Clock

_LOCK = 0x6D336E6F70
"""The advisory lock's number: "m3nop" in ASCII. Such locks are per database, as the state is."""
_POLL = 0.2
_NAME_LENGTH = 63


class PostgresBackend:
    """One PostgreSQL database."""

    def __init__(self, url: URL, *, command: str, read_only: bool) -> None:
        self.place = url.render_as_string(hide_password=True)
        options = "-c synchronous_commit=on"
        if read_only:
            options += " -c default_transaction_read_only=on"
        name = f"process {os.getpid()} ({command})".encode()[:_NAME_LENGTH].decode(errors="ignore")
        try:
            self.engine = create_engine(url, connect_args={"options": options, "application_name": name})
        except ModuleNotFoundError as error:
            msg = "the state is in PostgreSQL, whose driver is not installed: pip install 'm3nop[postgres]'"
            raise StateError(msg) from error

    def own(self, *, command: str, clock: Clock, wait: float) -> Connection:  # noqa: ARG002
        """Take the database for this process alone and return its one writing connection.

        The lock lives and dies with that connection: whoever lost it cannot commit either.

        Raises:
            BusyError: another process owns it.
            StateError: it cannot be reached.
        """
        with self.explained():
            writer = self.engine.connect()
            for turn in range(math.ceil(wait / _POLL) + 1):
                if turn:
                    clock.wait(_POLL)
                with writer.begin():
                    if writer.execute(select(func.pg_try_advisory_lock(_LOCK))).scalar():
                        return writer
            with writer.begin():
                holder = writer.exec_driver_sql(_HOLDER, {"lock": _LOCK}).scalar() or "another process"
            writer.close()
        msg = f"the state database {self.place} is in use by {holder}; wait for it to end (--wait 10m)"
        raise BusyError(msg)

    def look(self) -> None:
        """Check that the database can be reached.

        Raises:
            StateError: it cannot.
        """
        with self.explained(), self.engine.connect():
            pass

    def continues(self, opening: str) -> bool:  # noqa: ARG002
        """Answer yes: a server's database is put back by an administrator, who says so."""
        return True

    def note_openings(self, *openings: str) -> None:
        """Do nothing: there is no place beside the database."""

    def without_foreign_keys(self, writer: Connection) -> AbstractContextManager[None]:  # noqa: ARG002
        """Do nothing: PostgreSQL alters tables in place."""
        return nullcontext()

    def integrity(self, connection: Connection) -> list[str]:  # noqa: ARG002
        """Name nothing: the server checks its own pages."""
        return []

    def copy(self, target: Path) -> None:
        """Refuse: the server has its own tool.

        Raises:
            StateError: always.
        """
        msg = f"the state database {self.place} is in PostgreSQL: back it up with pg_dump, not to {target}"
        raise StateError(msg)

    @contextmanager
    def snapshot(self, connection: Connection) -> Iterator[Connection]:
        """Let a reader see the database as it is now, whatever is committed meanwhile."""
        yield connection.execution_options(isolation_level="REPEATABLE READ")

    def vacuum(self, writer: Connection) -> None:  # noqa: ARG002
        """Let the server reuse the space of what was deleted, which it does by itself as well."""
        with self.engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("VACUUM")

    def keep_copy(self, version: str) -> None:
        """Do nothing: the server's backups are its administrator's."""

    def reserve(self, name: str, *, more: int) -> int:
        """Use up more of a rate limit, by the server's clock, beside whatever else is being written.

        Returns how many microseconds of it were used up before.
        """
        values = {"name": name, "more": more}
        with self.explained(), self.engine.begin() as connection:
            return int(connection.exec_driver_sql(_RESERVE, values).scalar_one()) - more

    def close(self, *, clean: bool) -> None:  # noqa: ARG002
        """Close every connection, and with them the lock."""
        self.engine.dispose()

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turn database errors into StateError with a remedy."""
        try:
            yield
        except DBAPIError as error:
            raise self.explain(error) from error

    def explain(self, error: DBAPIError) -> StateError:
        """Say what a database error means and what to do."""
        what = " ".join(str(error.orig).split())
        code = getattr(error.orig, "sqlstate", None) or _NO_CONNECTION
        remedy = _REMEDIES.get(code) or _REMEDIES.get(code[:2], "look at the server's log")
        return StateError(f"the state database {self.place} cannot be used: {what}; {remedy}")


_NO_CONNECTION = "08"
_UNREACHABLE = "nothing more is sent; check the server and its address, and run again"
_FREE_SPACE = "nothing more is sent; free space on the server's disk and run again"
_REMEDIES = {
    _NO_CONNECTION: _UNREACHABLE,
    "23": "a row does not fit the others; this is a defect of m3nop, please report it",
    "25006": "the server takes no writes, as a standby does not; use the address of the primary",
    "28": "check user and password of the address, and pg_hba.conf on the server",
    "3D000": "create the database first: CREATE DATABASE",
    "42501": "give this user the right to it: the database has to be its own",
    "53": "the server is short of something; see its log, and run again",
    "53100": _FREE_SPACE,
    "57P01": _UNREACHABLE,
    "57P02": _UNREACHABLE,
    "57P03": _UNREACHABLE,
}
"""What helps, by SQLSTATE or its class."""

_HOLDER = """
SELECT activity.application_name || ' at ' || coalesce(host(activity.client_addr), 'the same host')
    || ', since ' || to_char(activity.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
FROM pg_locks AS held JOIN pg_stat_activity AS activity ON activity.pid = held.pid
WHERE held.locktype = 'advisory' AND held.granted
    AND held.classid::bigint << 32 | held.objid::bigint = %(lock)s
    AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
_RESERVE = """
WITH clock AS (SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now)
INSERT INTO rate (name, full_at) SELECT %(name)s, now + %(more)s FROM clock
ON CONFLICT (name) DO UPDATE SET full_at = %(more)s + greatest(rate.full_at, (SELECT now FROM clock))
RETURNING full_at - (SELECT now FROM clock)
"""
