"""The SQLite backend: the only module that speaks SQLite's own SQL.

WAL with ``synchronous=FULL``. Python's driver opens no transaction of its own; writers BEGIN IMMEDIATE.
"""

from __future__ import annotations

import functools
import os
import shutil
import socket
import sqlite3
import time
from contextlib import closing, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.util import LRUCache

from m3nop.core.crash import crashpoint
from m3nop.core.errors import StateError
from m3nop.state.disk import sync_folder
from m3nop.state.lease import Unlimited
from m3nop.state.owners import Gone
from m3nop.state.ownership import Ownership, network_type
from m3nop.state.schema import BACKUP_MARK, owners

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from sqlalchemy import Dialect
    from sqlalchemy.engine.interfaces import CompiledCacheType

    from m3nop.core.clock import Clock

HEADER = b"SQLite format 3\x00"
_BESIDE = ("-wal", "-shm", "-journal")
"""Ends of the names of what SQLite keeps beside a database."""
_WRITES = "m3nop_writes"
_BUSY_SECONDS = 10.0
_MOUNTS = Path("/proc/mounts")


class SqliteBackend:
    """One database file."""

    def __init__(self, path: Path, *, read_only: bool, mounts: Path = _MOUNTS) -> None:
        self.place = str(path)
        self.path = path
        self._mounts = mounts
        self._command = ""
        self._ownership = Ownership(path)
        self.engine = _engine(path, read_only=read_only)

    def own(self, *, command: str, clock: Clock, wait: float) -> Connection:
        """Take the database for this process alone and return its one writing connection.

        Raises:
            BusyError: another process owns it.
            StateError: it cannot be used; the message says why and what to do.
        """
        self._refuse_network()
        self._command = command
        with self._files():
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._ownership.acquire(command=command, clock=clock, wait=wait)
            existed = self._check_header()
            # SQLite would give the file, and with it the log beside it, the permissions of the umask.
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        with self.explained():
            writer = self.writer()
            if existed and not self._ownership.before.clean:
                self._check_pages(writer)
            return writer

    def writer(self) -> Connection:
        """Open a connection whose transactions write."""
        return self.engine.connect().execution_options(**{_WRITES: True})

    @contextmanager
    def held(self, *, command: str, clock: Clock, wait: float) -> Iterator[None]:
        """Own the place of the database without looking at what is there, which may be damaged.

        Raises:
            BusyError: another process owns it.
            StateError: no database can be there.
        """
        self._refuse_network()
        with self._files():
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._ownership.acquire(command=command, clock=clock, wait=wait)
        done = False
        try:
            yield
            done = True
        finally:
            self.close(clean=done)

    def put(self, prepared: Path, *, mark: str, kept: Path) -> bool:
        """Put a closed and checked database in place of the one that is here, which moves to ``kept``.

        ``mark`` is its opening. Wherever this ends, either is there, and what is not known to be the one that
        was here last begins a new epoch. Returns whether there was one. The place has to be held.
        """
        with self._files():
            existed = self.path.exists()
            if existed:
                # From here on nobody takes what is here for the database that was here last.
                self._ownership.remember()
                _set_aside(self.path, kept)
                crashpoint("restore:aside")
            # A log of one database that lies beside another would spoil it.
            for end in _BESIDE:
                self.path.with_name(self.path.name + end).unlink(missing_ok=True)
            prepared.replace(self.path)
            sync_folder(self.path.parent)
            self._ownership.remember(mark)
        return existed

    def enlist(self, writer: Connection, fence: int) -> None:
        """Register this process as the one owner, within the caller's transaction."""
        row = {
            "fence": fence, "pid": os.getpid(), "host": socket.gethostname(), "command": self._command,
            "started_at": time.time_ns() // 1000, "expires_at": None,
        }  # fmt: skip
        writer.execute(owners.insert(), row)

    def gone(self, writer: Connection, fence: int) -> list[Gone]:
        """List every other owner: the lock of the file says that they are gone."""
        others = writer.execute(select(owners.c.fence).where(owners.c.fence != fence))
        return [Gone(number, None) for number in others.scalars()]

    def alone(self, writer: Connection, *, wait: float) -> AbstractContextManager[None]:  # noqa: ARG002
        """Do nothing: no other process works on the file."""
        return nullcontext()

    def take_turn(self, writer: Connection) -> None:
        """Do nothing: BEGIN IMMEDIATE has waited."""

    def check_right(self, writer: Connection, fence: int) -> None:
        """Do nothing: the lock of the file lasts as long as the process."""

    def lease(self, fence: int) -> Unlimited:  # noqa: ARG002
        """Return a right that does not end."""
        return Unlimited()

    def dismiss(self, writer: Connection, fence: int) -> None:
        """Do nothing: the next owner knows from the lock."""

    def look(self) -> None:
        """Check that there is a database to read.

        Raises:
            StateError: there is none.
        """
        with self._files():
            if not self._check_header():
                msg = f"there is no state yet in {self.path}: run a pipeline first (m3nop sync)"
                raise StateError(msg)

    def continues(self, opening: str) -> bool:
        """Tell whether a database that was last opened so is the one that was last used here."""
        with self._files():
            return self._ownership.continues(opening)

    def note_openings(self, *openings: str) -> None:
        """Write down the marks by which the next owner knows this database."""
        with self._files():
            self._ownership.remember(*openings)

    @contextmanager
    def without_foreign_keys(self, writer: Connection) -> Iterator[None]:
        """Let a migration rebuild tables that others refer to."""
        raw: Any = writer.connection.driver_connection
        raw.execute("PRAGMA foreign_keys=OFF")
        try:
            yield
        finally:
            raw.execute("PRAGMA foreign_keys=ON")

    def integrity(self, connection: Connection) -> list[str]:
        """Read the whole file and name what is damaged."""
        found = [
            str(row[0]) for row in connection.exec_driver_sql("PRAGMA integrity_check") if row[0] != "ok"
        ]
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check")
        return found + [
            f"{row[0]} row {row[1]} refers to a row of {row[2]} that is not there" for row in broken
        ]

    def copy(self, target: Path) -> None:
        """Write a complete copy to ``target``, which must not exist; runs may go on meanwhile.

        Raises:
            StateError: ``target`` exists or cannot be written.
        """
        try:
            os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        except FileExistsError:
            msg = f"{target} exists already; name a new file for the backup"
            raise StateError(msg) from None
        except OSError as error:
            msg = f"the backup {target} cannot be written: {error.strerror}; choose another folder"
            raise StateError(msg) from error
        try:
            with closing(_raw(self.path)) as source, closing(_raw(target)) as copy:
                source.backup(copy)
                copy.execute("UPDATE scope SET opening = ?", (BACKUP_MARK,))
                copy.commit()
        except sqlite3.Error as error:
            target.unlink()
            raise self.explain(error) from error
        sync_folder(target.parent)

    @contextmanager
    def snapshot(self, connection: Connection) -> Iterator[Connection]:
        """Let a reader see the database as it is now, whatever is committed meanwhile."""
        connection.exec_driver_sql("BEGIN")
        yield connection

    @contextmanager
    def telling(self) -> Iterator[bool]:
        """Be the one process that tells people of alerts: there is no other."""
        yield True

    def vacuum(self, writer: Connection) -> None:
        """Write the file anew without its holes, and fold the log into it."""
        raw: Any = writer.connection.driver_connection
        raw.execute("VACUUM")
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def keep_copy(self, version: str) -> None:
        """Write a copy beside the database, before a migration away from ``version``."""
        number = 1
        while (target := self.path.with_name(f"{self.path.name}.schema-{version}.{number}.bak")).exists():
            number += 1
        self.copy(target)

    def close(self, *, clean: bool) -> None:
        """Close every connection, then give the lock back."""
        self.engine.dispose()
        with self._files():
            self._ownership.release(clean=clean)

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turn database errors into StateError."""
        try:
            yield
        except (DBAPIError, sqlite3.Error) as error:
            raise self.explain(error) from error

    def explain(self, error: Exception) -> StateError:
        """Say what a database error means and what to do."""
        cause = error.orig if isinstance(error, DBAPIError) else error
        remedy = _REMEDIES.get(
            getattr(cause, "sqlite_errorcode", 0) & 0xFF, "look at it with m3nop state verify"
        )
        return StateError(f"the state database {self.path} cannot be used: {cause}; {remedy}")

    @contextmanager
    def _files(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            msg = (
                f"the state database {self.path} cannot be used: {error.strerror or error}; check that "
                f"{self.path.parent} is a folder with free space that this user may write to"
            )
            raise StateError(msg) from error

    def _refuse_network(self) -> None:
        known = self._mounts.read_text(encoding="utf-8", errors="replace") if self._mounts.exists() else ""
        kind = network_type(self.path.resolve(), known)
        if kind:
            msg = (
                f"the state database {self.path} is on a network file system ({kind}), where locks do "
                "not hold; keep the project's .m3nop folder on a local disk, or use PostgreSQL (state: postgresql+psycopg://…)"
            )
            raise StateError(msg)

    def _check_header(self) -> bool:
        if not self.path.exists() or not self.path.stat().st_size:
            return False
        with self.path.open("rb") as file:
            if file.read(len(HEADER)) == HEADER:
                return True
        msg = f"{self.path} is not a state database; move it away, or put back a backup"
        raise StateError(msg)

    def _check_pages(self, writer: Connection) -> None:
        # The owner before was killed, or the file came from elsewhere: the one time that reading it all pays.
        raw: Any = writer.connection.driver_connection
        found = raw.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            msg = f"the state database {self.path} is damaged ({found}); {_PUT_BACK}"
            raise StateError(msg)


_PUT_BACK = "put back a backup: records sent since then are looked up in M3 before anything is sent again"
_FREE_SPACE = "nothing more is sent; free space on its disk and run again, the state is as of the last commit"
_REMEDIES = {
    sqlite3.SQLITE_FULL: _FREE_SPACE,
    sqlite3.SQLITE_IOERR: "nothing more is sent; check its disk, quota and file size limit, and run again",
    sqlite3.SQLITE_CORRUPT: _PUT_BACK,
    sqlite3.SQLITE_NOTADB: _PUT_BACK,
    sqlite3.SQLITE_READONLY: "make the file and its folder writable for this user",
    sqlite3.SQLITE_PERM: "make the file and its folder writable for this user",
    sqlite3.SQLITE_CANTOPEN: "check that its folder exists and is writable for this user",
    sqlite3.SQLITE_BUSY: "another program writes to it; close that program",
    sqlite3.SQLITE_CONSTRAINT: "a row does not fit the others; this is a defect of m3nop, please report it",
}


_COMPILED: CompiledCacheType = LRUCache(500)
"""Statements as SQL, which are the same for every database of a process."""


@functools.cache
def _dialect() -> Dialect:
    """Return the one dialect of all databases: what was compiled is found again for the same one only."""
    engine = create_engine("sqlite://")
    with engine.connect():
        dialect = engine.dialect
    engine.dispose()
    return dialect


def _engine(path: Path, *, read_only: bool) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        connect_args={"check_same_thread": False, "timeout": _BUSY_SECONDS},
        execution_options={"compiled_cache": _COMPILED},
        # The one that was used last, and so not all in turn: each keeps 2 MB of pages for itself.
        pool_use_lifo=True,
    )
    engine.dialect = _dialect()

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None
        if read_only:
            connection.execute("PRAGMA query_only=ON")
        else:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if connection.get_execution_options().get(_WRITES):
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _raw(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=_BUSY_SECONDS)


def _set_aside(path: Path, kept: Path) -> None:
    """Keep a database, whatever it is, under another name as well."""
    log, kept_log = (one.with_name(f"{one.name}-wal") for one in (path, kept))
    if log.exists() and log.stat().st_size:
        # First, because SQLite throws the log of a file away that it cannot read.
        shutil.copy2(log, kept_log)
    with suppress(sqlite3.Error), closing(_raw(path)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        kept_log.unlink(missing_ok=True)
    try:
        os.link(path, kept)
    except OSError:
        # A file system without links.
        shutil.copy2(path, kept)
