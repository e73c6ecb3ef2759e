"""The PostgreSQL backend: processes that share one database, each with a lease that ends by its clock."""

from __future__ import annotations

import os
import socket
import time
from contextlib import contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING

from sqlalchemy import (
    URL,
    BigInteger,
    Connection,
    Integer,
    cast,
    create_engine,
    extract,
    false,
    func,
    or_,
    select,
    true,
    update,
)  # fmt: skip
from sqlalchemy.exc import DBAPIError, OperationalError

from m3nop.core.errors import BusyError, StateError
from m3nop.state.lease import DEFAULT_SECONDS, Lease, lost
from m3nop.state.owners import Gone
from m3nop.state.schema import owners

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from m3nop.core.clock import Clock

_LOCK = 0x6D336E6F70
"""The advisory lock's number: "m3nop" in ASCII. Such locks are per database, as the state is.

Every owner shares it; who changes the tables, and an m3nop of a time when there was one owner, has it alone.
"""
_DOOR = _LOCK + 2
"""Whoever comes in holds it until the tables are there and it shares the other lock."""
_TURN = _LOCK + 1
"""Whoever writes holds it until the end of the transaction: writers take turns, as they do on SQLite."""
_TELLING = _LOCK + 3
"""Whoever tells people of alerts holds it meanwhile."""
_OWNERS = 0x6D336E6F
"""First half of the numbers of the locks that the sessions of owners hold; the second is the fence."""
_TABLES_TAKE = 10.0
"""Seconds that another process may take to make the tables."""
_NAME_LENGTH = 63
_LONGEST_SKEW = 30_000_000
"""How far this machine's clock may be from the database's: what other processes wait for follows theirs."""


class PostgresBackend:
    """One PostgreSQL database."""

    def __init__(self, url: URL, *, command: str, read_only: bool, lease: float = DEFAULT_SECONDS) -> None:
        self.place = url.render_as_string(hide_password=True)
        self._command = command
        self._lease = lease
        self._writer: Connection | None = None
        options = "-c synchronous_commit=on"
        if read_only:
            options += " -c default_transaction_read_only=on"
        name = f"process {os.getpid()} ({command})".encode()[:_NAME_LENGTH].decode(errors="ignore")
        given = {"options": options, "application_name": name, "connect_timeout": 10}
        try:
            self.engine = create_engine(url, connect_args=given, pool_pre_ping=True)
        except ModuleNotFoundError as error:
            msg = "the state is in PostgreSQL, whose driver is not installed: pip install 'm3nop[postgres]'"
            raise StateError(msg) from error

    def own(self, *, command: str, clock: Clock, wait: float) -> Connection:  # noqa: ARG002
        """Return the one writing connection of this process, which comes in alone (see ``enlist``).

        Raises:
            BusyError: another process waits at the door, to be alone.
            StateError: it cannot be reached.
        """
        with self.explained():
            writer = self.engine.connect()
            # Whoever is stopped while it writes must not keep its turn for longer than a lease.
            with writer.begin():
                limit = f"{int(self._lease * 1000)}ms"
                writer.execute(select(func.set_config("idle_in_transaction_session_timeout", limit, false())))
            self._writer = writer
            self._lock(writer, _DOOR, max(wait, _TABLES_TAKE))
            return writer

    @contextmanager
    def alone(self, writer: Connection, *, wait: float) -> Iterator[None]:
        """Keep other processes out, to change the tables; wait for those that work to end.

        Raises:
            BusyError: one goes on.
        """
        self._lock(writer, _LOCK, wait)
        try:
            yield
        finally:
            # A session that is lost has let go of it anyway.
            with suppress(DBAPIError), writer.begin():
                writer.execute(select(func.pg_advisory_unlock(_LOCK)))

    def _lock(self, writer: Connection, lock: int, wait: float) -> None:
        # None at all would be no limit.
        limit = f"{max(int(wait * 1000), 1)}ms"
        try:
            with writer.begin():
                writer.execute(select(func.set_config("lock_timeout", limit, true())))
                writer.execute(select(func.pg_advisory_lock(lock)))
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", None) != _TIMED_OUT:
                raise
            with writer.begin():
                holder = writer.exec_driver_sql(_HOLDER, {"lock": lock}).scalar() or "another process"
            msg = (
                f"the state database {self.place} is in use by {holder}, beside which nothing else can "
                "be done to it; wait for it to end (--wait 10m)"
            )
            raise BusyError(msg) from None

    def enlist(self, writer: Connection, fence: int) -> None:
        """Register this process as an owner, within the caller's transaction.

        Raises:
            StateError: the clocks differ too much.
        """
        now = writer.execute(select(_now)).scalar_one()
        ahead = time.time_ns() // 1000 - now
        if abs(ahead) > _LONGEST_SKEW:
            way = "ahead of" if ahead > 0 else "behind"
            msg = (
                f"the clock of this machine is {abs(ahead) // 1_000_000} s {way} that of the state database "
                f"{self.place}: what one process waits for is done by another, so set both (NTP)"
            )
            raise StateError(msg)
        writer.execute(select(func.pg_advisory_lock_shared(_LOCK), func.pg_advisory_unlock(_DOOR)))
        # A session's own lock: when the process is gone, so is the lock, long before the lease has ended.
        writer.execute(select(func.pg_advisory_lock(_OWNERS, cast(fence, Integer))))
        row = {
            "fence": fence, "pid": os.getpid(), "host": socket.gethostname(), "command": self._command,
            "started_at": now, "expires_at": now + int(self._lease * 1_000_000),
        }  # fmt: skip
        writer.execute(owners.insert(), row)

    def gone(self, writer: Connection, fence: int) -> list[Gone]:
        """Find the owners that are gone, within the caller's transaction."""
        is_gone = func.pg_try_advisory_xact_lock(_OWNERS, cast(owners.c.fence, Integer))
        found = select(owners.c.fence, (owners.c.expires_at - _now).label("remaining")).where(
            owners.c.fence != fence, or_(owners.c.expires_at <= _now, is_gone)
        )
        return [Gone(row.fence, row.remaining) for row in writer.execute(found)]

    def take_turn(self, writer: Connection) -> None:
        """Wait until no other process is writing; it does not begin before the transaction ends."""
        writer.execute(select(func.pg_advisory_xact_lock(_TURN)))

    def check_right(self, writer: Connection, fence: int) -> None:
        """Make sure, when its turn has come, that nobody has taken over from this process.

        Raises:
            BusyError: somebody has.
        """
        if writer.execute(select(owners.c.fence).where(owners.c.fence == fence)).first() is None:
            raise BusyError(lost(self.place, self._lease))

    def lease(self, fence: int) -> Lease:
        """Begin to renew the lease of an owner."""
        until = _now + int(self._lease * 1_000_000)
        renewed = update(owners).where(owners.c.fence == fence).values(expires_at=until)

        def renew() -> bool:
            with self.engine.begin() as connection:
                return connection.execute(renewed).rowcount == 1

        return Lease(renew, seconds=self._lease, place=self.place)

    def dismiss(self, writer: Connection, fence: int) -> None:
        """Strike this process off the owners: nothing of its work is left."""
        # If the server is gone, others find that the session is.
        with suppress(DBAPIError), writer.begin():
            writer.execute(owners.delete().where(owners.c.fence == fence))

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

    @contextmanager
    def telling(self) -> Iterator[bool]:
        """Be the one process that tells people of alerts; False where another one does so just now."""
        with self.engine.connect() as connection:
            # No transaction stays open while a mail server takes its time.
            connection.execution_options(isolation_level="AUTOCOMMIT")
            mine = bool(connection.execute(select(func.pg_try_advisory_lock(_TELLING))).scalar_one())
            try:
                yield mine
            finally:
                if mine:
                    # A session that is lost has let go of it anyway.
                    with suppress(DBAPIError):
                        connection.execute(select(func.pg_advisory_unlock(_TELLING)))

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
        """Close every connection, and with them the locks."""
        if self._writer is not None:
            self._writer.close()
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
_TIMED_OUT = "55P03"
_UNREACHABLE = "nothing more is sent; check the server and its address, and run again"
_FREE_SPACE = "nothing more is sent; free space on the server's disk and run again"
_REMEDIES = {
    _NO_CONNECTION: _UNREACHABLE,
    "25P03": "this process was stopped while it wrote, and others wait no longer for that; run again",
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

_now = cast(extract("epoch", func.clock_timestamp()) * 1_000_000, BigInteger)
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
