"""Opens a state database and hands out its transactions."""

from __future__ import annotations

import secrets
import threading
from contextlib import contextmanager, suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Table, make_url, select, update
from sqlalchemy.exc import ArgumentError, DBAPIError

from m3nop.core.clock import to_text
from m3nop.core.crash import crashpoint
from m3nop.core.errors import StateError, UsageError
from m3nop.state import schema, versions
from m3nop.state.claims import Turns
from m3nop.state.lease import DEFAULT_SECONDS, Unlimited
from m3nop.state.owners import take_work_over
from m3nop.state.postgresql import PostgresBackend
from m3nop.state.reads import Reads
from m3nop.state.schema import BACKUP_MARK
from m3nop.state.sqlite import SqliteBackend
from m3nop.state.transaction import SqlTransaction, add_entry

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from m3nop.core.clock import Clock, Instant
    from m3nop.state.exporting import Exported

_MOST_WAITING = 100
"""Requests of one process that can wait for their turn; more than that is a clock that was set back."""

Backend = SqliteBackend | PostgresBackend
_IDENTITY = select(schema.scope.c.identity)


class SqlState(Reads):
    """The state database of one environment.

    Opened for writing, a file belongs to this process alone, a server's database to all whose lease holds.
    Transactions take turns; reads may run beside them, from any thread. After a commit that failed it refuses
    all further use, so that nothing more is sent.
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
        self._lease = Unlimited() if writer is None else backend.lease(fence)

    @contextmanager
    def transaction(self) -> Iterator[SqlTransaction]:
        """Begin, and commit at the end; passes the crash points ``commit:before`` and ``commit:after``.

        Raises:
            BusyError: another process has taken over from this one; nothing more is done.
            StateError: the database refused; nothing of this transaction is kept; nothing more is done.
        """
        with self._writing() as writer:
            yield SqlTransaction(
                writer, insert_or=self._insert, epoch=self.epoch, fence=self._fence, turns=self._turns,
                gone=partial(self._backend.gone, writer, self._fence),
            )  # fmt: skip

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self._lock:
            writer = self._usable()
            if writer.in_transaction():
                msg = "a transaction was begun within a transaction"
                raise RuntimeError(msg)
            try:
                with durable(writer):
                    self._backend.take_turn(writer)
                    self._backend.check_right(writer, self._fence)
                    yield writer
            except DBAPIError as error:
                self._failed = self._backend.explain(error)
                raise self._failed from error

    def assure(self) -> None:
        """Make sure that what this process has claimed is its own for a while still. Safe from any thread.

        Raises:
            BusyError: another process has taken over from this one.
            StateError: the database does not say.
        """
        with self._backend.explained():
            self._lease.check()

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
            known = connection.execute(_IDENTITY).scalar_one()
        silent = {name for name in known if name not in scope and name.partition(".")[0] in not_asked}
        refuse_other_scope(
            self._backend.place, {name: value for name, value in known.items() if name not in silent}, scope
        )
        # An address that nobody has answered at may be a slip of the pen: it is not kept.
        told = {name: value for name, value in scope.items() if name.partition(".")[0] not in not_asked}
        if any(known.get(name) != value for name, value in told.items()):
            with self._writing() as writer:
                latest = writer.execute(_IDENTITY).scalar_one()
                writer.execute(update(schema.scope), {"identity": {**latest, **told}})

    def verify(self) -> list[str]:
        """Read the whole database and name what is damaged or does not fit; an empty list is good news."""
        from m3nop.state.inspection import inspect_rows

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
        from m3nop.state.exporting import export_tables

        with self._reading() as connection, self._backend.snapshot(connection) as steady:
            return export_tables(steady, target, now=now)

    @contextmanager
    def alone(self, *, wait: float = 0.0) -> Iterator[None]:
        """Keep other processes out, and other threads; wait so many seconds for processes that work to end.

        Raises:
            BusyError: one goes on.
        """
        with (
            self._lock, self._backend.explained(), self._backend.alone(self._usable(), wait=wait),
        ):  # fmt: skip
            yield

    @contextmanager
    def telling(self) -> Iterator[bool]:
        """Be the one process that tells people of alerts; False where another one does so just now.

        Raises:
            StateError: the database refused.
        """
        with self._backend.explained(), self._backend.telling() as mine:
            yield mine

    def begin_epoch(self, *, now: Instant, actor: str, reason: str) -> int:
        """Begin a new epoch: what is here may be older than the truth. Return its number."""
        with self.alone(), self.transaction() as tx:
            epoch = self.epoch + 1
            self._usable().execute(update(schema.scope), {"epoch": epoch})
            tx.audit(now=now, actor=actor, action="epoch", subject=str(epoch), detail={"reason": reason})
        self.epoch = epoch
        return epoch

    def prune(self, *, before: Instant, now: Instant, actor: str, dry_run: bool = False) -> Mapping[str, int]:
        """Delete what is older and needed by nobody; return how many rows of each table.

        With ``dry_run`` they are counted, and stay.

        Raises:
            BusyError: another process works on it.
        """
        from m3nop.state.pruning import prune

        writer = self._usable()
        if dry_run:
            with self._lock, self._backend.explained(), writer.begin() as transaction:
                found = prune(writer, before=before)
                transaction.rollback()
            return found
        with self.alone(), self.transaction() as tx:
            found, day = prune(writer, before=before), to_text(before)
            tx.audit(now=now, actor=actor, action="prune", subject=day, detail={"rows": dict(found)})
        return found

    def forgot_at(self) -> Instant | None:
        """Say when personal data was last forgotten."""
        with self._reading() as connection:
            found: Instant | None = connection.execute(select(schema.scope.c.forgot_at)).scalar_one()
            return found

    def forget(self, *, before: Instant, now: Instant) -> int:
        """Forget the personal data of records that have rested for longer; return of how many.

        Raises:
            BusyError: another process works on it.
        """
        count = 0
        with self.alone():
            while some := self._forget_some(before):
                count += some
            with self.transaction() as tx:
                self._usable().execute(update(schema.scope), {"forgot_at": now})
                if count:
                    tx.audit(
                        now=now, actor="m3nop", action="forget", subject=to_text(before),
                        detail={"records": count},
                    )  # fmt: skip
        return count

    def _forget_some(self, before: Instant) -> int:
        from m3nop.state.forgetting import forget_some

        with self.transaction():
            return forget_some(self._usable(), before=before)

    def vacuum(self) -> None:
        """Give the space of what was deleted back to the system.

        Raises:
            StateError: there is no room for it, or the database was opened for reading.
        """
        with self._lock, self._backend.explained():
            self._backend.vacuum(self._usable())

    def close(self) -> None:
        """Close the database and give it back."""
        self._lease.close()
        if self._writer is not None and not self._writer.closed:
            self._backend.dismiss(self._writer, self._fence)
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
    lease: float = DEFAULT_SECONDS,
) -> SqlState:
    """Open the state database at ``url`` (``sqlite:///PATH`` or ``postgresql+psycopg://…``).

    For writing it is made or migrated where needed. A file is taken for this process alone; ``wait`` seconds
    for another process to end. A server's database is shared by those that renew their ``lease`` within so
    many seconds. ``read_only`` reads beside its owners. ``scope`` names what the rows belong to; unless it is
    the ``whole`` of it, the rest is told by ``belong_to`` before anything is sent.

    Raises:
        BusyError: another process owns it, or works on it while its tables have to be changed.
        StateError: it cannot be used, or belongs to another scope.
        UsageError: the address is of neither kind.
    """
    backend = backend_at(url, command=command, read_only=read_only, lease=lease)
    try:
        with backend.explained():
            if read_only:
                backend.look()
                return _open_for_reading(backend, scope)
            writer = backend.own(command=command, clock=clock, wait=wait)
            identity = _bring_up_to_date(backend, writer, scope, clock, whole=whole, wait=wait)
            told = scope if whole else {name: value for name, value in scope.items() if "." not in name}
            return take_over(backend, writer, {**identity, **told}, clock)
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


def backend_at(url: str, *, command: str, read_only: bool = False, lease: float = DEFAULT_SECONDS) -> Backend:
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
        return PostgresBackend(address, command=command, read_only=read_only, lease=lease)
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
    refuse_other_scope(backend.place, told_of(row.identity, scope), scope)
    return SqlState(backend, writer=None, epoch=row.epoch, fence=row.fence)


def _bring_up_to_date(
    backend: Backend, writer: Connection, scope: Mapping[str, str], clock: Clock, *, whole: bool, wait: float
) -> Mapping[str, str]:
    """Make the tables, or migrate them, if that has to be done; return what the database belongs to."""
    version, identity = _version_and_identity(backend, scope, whole=whole)
    if version == schema.HEAD:
        return identity
    with backend.alone(writer, wait=wait):
        # Another process may have been here first.
        version, identity = _version_and_identity(backend, scope, whole=whole)
        if version is None:
            _make(writer, identity, clock)
        elif version != schema.HEAD:
            backend.keep_copy(version)
            with backend.without_foreign_keys(writer), durable(writer):
                versions.migrate(writer)
    return identity


def _version_and_identity(
    backend: Backend, scope: Mapping[str, str], *, whole: bool
) -> tuple[str | None, Mapping[str, str]]:
    with backend.engine.connect() as connection:
        version = versions.version_of(connection, place=backend.place)
        identity = {} if version is None else connection.execute(_IDENTITY).scalar_one()
    refuse_other_scope(backend.place, identity if whole else told_of(identity, scope), scope)
    return version, identity


def _make(writer: Connection, identity: Mapping[str, str], clock: Clock) -> None:
    row = {
        "id": 1, "identity": identity, "epoch": 0, "fence": 0, "opening": "", "created_at": clock.now(),
    }  # fmt: skip
    with durable(writer):
        versions.create(writer)
        writer.execute(schema.scope.insert(), row)


def take_over(backend: Backend, writer: Connection, identity: Mapping[str, str], clock: Clock) -> SqlState:
    """Register this process as an owner, and give back the work of those that are gone."""
    mark = secrets.token_hex(8)
    with durable(writer):
        backend.take_turn(writer)
        row = writer.execute(select(schema.scope)).one()
        fence = row.fence + 1
        known = row.opening not in ("", BACKUP_MARK) and backend.continues(row.opening)
        reason = "" if known else _why_new_epoch(row.opening)
        epoch = row.epoch + 1 if reason else row.epoch
        # Before the commit, with the earlier mark: after a crash the database carries one of the two.
        backend.note_openings(*([] if reason else [row.opening]), mark)
        values = {"identity": identity, "epoch": epoch, "fence": fence, "opening": mark}
        writer.execute(update(schema.scope), values)
        take_work_over(writer, backend.gone(writer, fence), now=clock.now())
        backend.enlist(writer, fence)
        if reason:
            entry = {"actor": "m3nop", "action": "epoch", "subject": str(epoch), "detail": {"reason": reason}}
            add_entry(writer, {"at": clock.now(), **entry})
    backend.note_openings(mark)
    return SqlState(backend, writer=writer, epoch=epoch, fence=fence)


def _why_new_epoch(opening: str) -> str:
    if not opening:
        return "set up"
    return "put back from a backup" if opening == BACKUP_MARK else "put back, moved or copied from elsewhere"


def told_of(identity: Mapping[str, str], scope: Mapping[str, str]) -> Mapping[str, str]:
    """Return what is known of the parts that ``scope`` names: one who was not asked is not compared."""
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
