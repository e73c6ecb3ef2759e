"""Opens a state database and hands out its transactions."""

from __future__ import annotations

import secrets
import threading
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, Table, make_url, select, update
from sqlalchemy.exc import ArgumentError, DBAPIError

from m3nop.core.crash import crashpoint
from m3nop.core.errors import StateError, UsageError
from m3nop.state import schema, versions
from m3nop.state.claims import Turns
from m3nop.state.exporting import Exported, export_tables
from m3nop.state.inspection import inspect_rows
from m3nop.state.postgresql import PostgresBackend
from m3nop.state.reads import Reads
from m3nop.state.schema import BACKUP_MARK
from m3nop.state.sqlite import SqliteBackend
from m3nop.state.transaction import SqlTransaction

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from m3nop.core.clock import Clock, Instant

_MOST_WAITING = 100
"""Requests of one process that can wait for their turn; more than that is a clock that was set back."""

Backend = SqliteBackend | PostgresBackend


class SqlState(Reads):
    """The state database of one environment.

    Opened for writing it belongs to this process alone. Transactions take turns; reads may run beside them,
    from any thread. After a commit that failed it refuses all further use, so that nothing more is sent.
    """

    def __init__(self, backend: Backend, *, writer: Connection | None, epoch: int, fence: int) -> None:
        super().__init__(self._reading)
        self.epoch = epoch
        self._backend = backend
        self._writer = writer
        self._fence = fence
        self._turns = Turns()
        self._lock = threading.RLock()
        self._failed: StateError | None = None
        self._insert = insert_of(backend)

    @contextmanager
    def transaction(self) -> Iterator[SqlTransaction]:
        """Begin, and commit at the end; passes the crash points ``commit:before`` and ``commit:after``.

        Raises:
            StateError: the database refused; nothing of this transaction is kept; nothing more is done.
        """
        with self._lock:
            writer = self._usable()
            if writer.in_transaction():
                msg = "a transaction was begun within a transaction"
                raise RuntimeError(msg)
            try:
                with durable(writer):
                    yield SqlTransaction(
                        writer, insert_or=self._insert, epoch=self.epoch, fence=self._fence, turns=self._turns
                    )
            except DBAPIError as error:
                self._failed = self._backend.explain(error)
                raise self._failed from error

    def reserve(self, name: str, *, turns: int, interval: int, window: int, now: Instant) -> int:
        """Take the next turns of a rate limit that all processes on this database share.

        Safe from any thread. PostgreSQL counts by its own clock and beside the transactions of this process.

        Raises:
            StateError: the database refused.
        """
        more = turns * interval
        if isinstance(self._backend, PostgresBackend):
            return self._backend.reserve(name, more=more)
        with self.transaction() as tx:
            most = window + _MOST_WAITING * interval
            return tx.reserve(name, more=more, window=window, most=most, now=now)

    def belong_to(self, scope: Mapping[str, str], *, not_asked: Collection[str]) -> None:
        """Check what the database belongs to, as far as could be found out, and remember what is new of it.

        Connections that were ``not_asked`` may be known here by more than they could tell.

        Raises:
            StateError: it belongs to something else.
        """
        with self._reading() as connection:
            known = connection.execute(select(schema.scope.c.identity)).scalar_one()
        silent = {name for name in known if name not in scope and name.partition(".")[0] in not_asked}
        refuse_other_scope(
            self._backend.place, {name: value for name, value in known.items() if name not in silent}, scope
        )
        # An address that nobody has answered at may be a slip of the pen: it is not kept.
        told = {name: value for name, value in scope.items() if name.partition(".")[0] not in not_asked}
        if any(known.get(name) != value for name, value in told.items()):
            writer = self._usable()
            with self._lock, durable(writer):
                writer.execute(update(schema.scope), {"identity": {**known, **told}})

    def verify(self) -> list[str]:
        """Read the whole database and name what is damaged or does not fit; an empty list is good news."""
        with self._reading() as connection:
            return self._backend.integrity(connection) + inspect_rows(connection)

    def backup(self, target: Path) -> None:
        """Write a copy of the database as last committed; runs may go on meanwhile.

        Raises:
            StateError: ``target`` exists, cannot be written, or the database is a server's.
        """
        self._backend.copy(target)

    def export(self, target: Path, *, now: Instant) -> Exported:
        """Write everything as last committed to a new file; runs may go on meanwhile.

        Raises:
            StateError: ``target`` exists or cannot be written.
        """
        with self._reading() as connection, self._backend.snapshot(connection) as steady:
            return export_tables(steady, target, now=now)

    def begin_epoch(self, *, now: Instant, actor: str, reason: str) -> int:
        """Begin a new epoch: what is here may be older than the truth. Return its number."""
        with self.transaction() as tx:
            epoch = self.epoch + 1
            self._usable().execute(update(schema.scope), {"epoch": epoch})
            tx.audit(now=now, actor=actor, action="epoch", subject=str(epoch), detail={"reason": reason})
        self.epoch = epoch
        return epoch

    def vacuum(self) -> None:
        """Give the space of what was deleted back to the system.

        Raises:
            StateError: there is no room for it, or the database was opened for reading.
        """
        with self._lock, self._backend.explained():
            self._backend.vacuum(self._usable())

    def close(self) -> None:
        """Close the database and give it back."""
        if self._writer is not None:
            self._writer.close()
        self._backend.close(clean=self._failed is None)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        self._refuse_failed()
        with self._backend.explained(), self._backend.engine.connect() as connection:
            yield connection

    def _usable(self) -> Connection:
        self._refuse_failed()
        if self._writer is None:
            msg = f"the state database {self._backend.place} was opened for reading only"
            raise StateError(msg)
        return self._writer

    def _refuse_failed(self) -> None:
        if self._failed is not None:
            msg = f"nothing more is done after this: {self._failed}"
            raise StateError(msg) from self._failed


def open_state(
    url: str,
    *,
    scope: Mapping[str, str],
    clock: Clock,
    command: str,
    wait: float = 0,
    read_only: bool = False,
    whole: bool = True,
) -> SqlState:
    """Open the state database at ``url`` (``sqlite:///PATH`` or ``postgresql+psycopg://…``).

    For writing it is made or migrated where needed, and taken for this process alone; ``wait`` seconds for
    another process to end. ``read_only`` reads beside its owner. ``scope`` names what the rows belong to;
    unless it is the ``whole`` of it, the rest is told by ``belong_to`` before anything is sent.

    Raises:
        BusyError: another process owns it.
        StateError: it cannot be used, or belongs to another scope.
        UsageError: the address is of neither kind.
    """
    backend = backend_at(url, command=command, read_only=read_only)
    try:
        with backend.explained():
            if read_only:
                backend.look()
                return _open_for_reading(backend, scope)
            writer = backend.own(command=command, clock=clock, wait=wait)
            return _open_for_writing(backend, writer, scope, clock, whole=whole)
    except BaseException:
        backend.close(clean=False)
        raise


@contextmanager
def durable(connection: Connection) -> Iterator[None]:
    """Begin, and commit at the end, between the crash points."""
    transaction = connection.begin()
    try:
        yield
        crashpoint("commit:before")
        transaction.commit()
    except BaseException:
        # After a failed commit SQLite may have rolled back by itself.
        with suppress(DBAPIError):
            transaction.rollback()
        raise
    crashpoint("commit:after")


def backend_at(url: str, *, command: str, read_only: bool = False) -> Backend:
    """Return the backend that an address names.

    Raises:
        UsageError: it names none.
    """
    try:
        address = make_url(url)
    except ArgumentError:
        msg = (
            f"{url!r} is not the address of a state database; write sqlite:///PATH or postgresql+psycopg://…"
        )
        raise UsageError(msg) from None
    if address.drivername == "sqlite" and address.database and address.database != ":memory:":
        return SqliteBackend(Path(address.database).absolute(), read_only=read_only)
    if address.drivername == "postgresql+psycopg":
        return PostgresBackend(address, command=command, read_only=read_only)
    msg = f"a state database cannot be {address.drivername}; write sqlite:///PATH or postgresql+psycopg://…"
    raise UsageError(msg)


def insert_of(backend: Backend) -> Callable[[Table], Any]:
    """Return the dialect's insert, which can leave existing rows alone or replace them."""
    return import_module(f"sqlalchemy.dialects.{backend.engine.dialect.name}").insert  # type: ignore[no-any-return]


def _open_for_reading(backend: Backend, scope: Mapping[str, str]) -> SqlState:
    with backend.engine.connect() as connection:
        version = versions.version_of(connection, place=backend.place)
        if version != schema.HEAD:
            msg = (
                f"the state database {backend.place} is of an earlier m3nop; "
                "it is migrated by the next command that writes to it, such as m3nop sync"
            )
            raise StateError(msg)
        row = connection.execute(select(schema.scope)).one()
    # A reader may know less of the scope than a run: it need not ask the systems who they are.
    refuse_other_scope(backend.place, _named(row.identity, scope), scope)
    return SqlState(backend, writer=None, epoch=row.epoch, fence=row.fence)


def _open_for_writing(
    backend: Backend, writer: Connection, scope: Mapping[str, str], clock: Clock, *, whole: bool
) -> SqlState:
    with backend.engine.connect() as connection:
        version = versions.version_of(connection, place=backend.place)
        identity = {} if version is None else connection.execute(select(schema.scope.c.identity)).scalar_one()
    refuse_other_scope(backend.place, identity if whole else _named(identity, scope), scope)
    if version not in (None, schema.HEAD):
        backend.keep_copy(version)
        with backend.without_foreign_keys(writer), durable(writer):
            versions.migrate(writer)
    if version is None:
        with durable(writer):
            versions.create(writer)
            writer.execute(
                schema.scope.insert(),
                {
                    "id": 1,
                    "identity": identity,
                    "epoch": 0,
                    "fence": 0,
                    "opening": "",
                    "created_at": clock.now(),
                },
            )
    with backend.engine.connect() as connection:
        row = connection.execute(select(schema.scope)).one()
    told = scope if whole else {name: value for name, value in scope.items() if "." not in name}
    return take_over(backend, writer, row, {**identity, **told}, clock)


def take_over(
    backend: Backend, writer: Connection, row: Row[Any], identity: Mapping[str, str], clock: Clock
) -> SqlState:
    """Make this process the owner of a database whose row of ``scope`` this is; it may begin a new epoch."""
    mark, fence = secrets.token_hex(8), row.fence + 1
    known = row.opening not in ("", BACKUP_MARK) and backend.continues(row.opening)
    reason = "" if known else _why_new_epoch(row.opening)
    epoch = row.epoch + 1 if reason else row.epoch
    # Before the commit, with the earlier mark: after a crash the database carries one of the two.
    backend.note_openings(*([] if reason else [row.opening]), mark)
    state = SqlState(backend, writer=writer, epoch=epoch, fence=fence)
    with state.transaction() as transaction:
        writer.execute(
            update(schema.scope), {"identity": identity, "epoch": epoch, "fence": fence, "opening": mark}
        )
        # Whoever is still running by the records does not own the database any more: this process does.
        ended = {
            "result": "killed",
            "ended_at": clock.now(),
            "message": "the process ended without closing its run",
        }
        writer.execute(update(schema.runs).where(schema.runs.c.result == "running"), ended)
        if reason:
            transaction.audit(
                now=clock.now(), actor="m3nop", action="epoch", subject=str(epoch), detail={"reason": reason}
            )
    backend.note_openings(mark)
    return state


def _why_new_epoch(opening: str) -> str:
    if not opening:
        return "set up"
    return "put back from a backup" if opening == BACKUP_MARK else "put back, moved or copied from elsewhere"


def _named(identity: Mapping[str, str], scope: Mapping[str, str]) -> Mapping[str, str]:
    return {name: value for name, value in identity.items() if name in scope}


def refuse_other_scope(place: str, identity: Mapping[str, str], scope: Mapping[str, str]) -> None:
    """Compare what a database belongs to with what it is opened for.

    Raises:
        StateError: they differ.
    """
    differing = [name for name, value in identity.items() if scope.get(name) != value]
    if differing:
        parts = "; ".join(
            f"{name} is {identity[name]} there and {scope.get(name, 'not set')} here" for name in differing
        )
        msg = (
            f"the state database {place} belongs to another scope: {parts}. Choose the environment "
            "that it belongs to (--env), or give this one a state database of its own (state: in m3nop.yaml)"
        )
        raise StateError(msg)
