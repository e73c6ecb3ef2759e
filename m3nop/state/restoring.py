"""Puts a backup in place of a state database: checked, migrated and in a new epoch before it is there."""

from __future__ import annotations

import os
import secrets
import sqlite3
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec import Struct
from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError

from m3nop.core.clock import SECOND
from m3nop.core.crash import crashpoint
from m3nop.core.errors import StateError
from m3nop.state import schema, versions
from m3nop.state.sqlite import HEADER, SqliteBackend
from m3nop.state.store import backend_at, durable, refuse_other_scope, told_of
from m3nop.state.transaction import add_entry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from sqlalchemy import Connection

    from m3nop.core.clock import Clock, Instant

_MOST = 3
"""Faults that a message names."""


class Restored(Struct, frozen=True):
    """What was put in place."""

    kept: Path | None
    """Where the database is by now that was here; None where there was none."""
    schema: str
    """Version of the backup."""
    epoch: int


class Who(Struct, frozen=True):
    """On whose behalf a state is changed by hand."""

    command: str
    actor: str


def restore_state(
    url: str, file: Path, *, scope: Mapping[str, str], clock: Clock, who: Who, wait: float = 0.0
) -> Restored:
    """Put the backup ``file`` in place of the database at ``url``, which is kept beside it.

    ``scope`` may name less than the whole scope: a system that is away is no reason against it. A kill leaves
    the one database or the other.

    Raises:
        BusyError: a run owns the state.
        StateError: the file is no backup, is damaged, of another scope, or of a newer m3nop.
    """
    backend = backend_at(url, command=who.command)
    if not isinstance(backend, SqliteBackend):
        msg = (
            f"the state database {backend.place} is in PostgreSQL: put it back with the server's own tools, "
            "then say so with m3nop state epoch; an export is read with m3nop state import"
        )
        raise StateError(msg)
    place = backend.path
    _refuse_no_backup(file, place)
    prepared = place.with_name(f"{place.name}.restoring")
    with backend.held(command=who.command, clock=clock, wait=wait):
        kept, mark = _free_name(place, clock.now()), secrets.token_hex(8)
        try:
            _copy(file, prepared)
            found = _prepare(prepared, file, scope=scope, clock=clock, actor=who.actor, mark=mark, kept=kept)
            crashpoint("restore:prepared")
            existed = backend.put(prepared, mark=mark, kept=kept)
            crashpoint("restore:done")
        finally:
            for left in place.parent.glob(f"{prepared.name}*"):
                left.unlink()
    return Restored(kept if existed else None, *found)


def _refuse_no_backup(file: Path, place: Path) -> None:
    try:
        with file.open("rb") as opened:
            begins = opened.read(len(HEADER))
        same = place.exists() and file.samefile(place)
    except OSError as error:
        msg = f"the backup {file} cannot be read: {error.strerror or error}"
        raise StateError(msg) from None
    if same:
        msg = f"{file} is the state database itself; name a backup"
        raise StateError(msg)
    if begins != HEADER:
        hint = (
            "it is an export: m3nop state import"
            if begins.startswith(b'{"m3nop_state"')
            else "name another file"
        )
        msg = f"{file} is not a backup of a state database; {hint}"
        raise StateError(msg)


def _free_name(place: Path, now: Instant) -> Path:
    day = datetime.fromtimestamp(now // SECOND, UTC).strftime("%Y%m%dT%H%M%SZ")
    kept, number = place.with_name(f"{place.name}.before-restore-{day}"), 1
    while kept.exists():
        number += 1
        kept = place.with_name(f"{place.name}.before-restore-{day}.{number}")
    return kept


def _copy(file: Path, prepared: Path) -> None:
    prepared.unlink(missing_ok=True)
    # A backup may lie where nothing can be written: alone it needs no file beside it to be read.
    alone = not file.with_name(f"{file.name}-wal").exists()
    source_at = f"{file.resolve().as_uri()}?mode=ro{'&immutable=1' if alone else ''}"
    try:
        os.close(os.open(prepared, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        with (
            closing(sqlite3.connect(source_at, uri=True)) as source,
            closing(sqlite3.connect(prepared)) as copy,
        ):
            source.backup(copy)
    except sqlite3.Error as error:
        raise _damaged(file, str(error)) from error
    except OSError as error:
        msg = f"the backup {file} cannot be put back: {error.strerror or error}; make room beside the state"
        raise StateError(msg) from error


def _damaged(file: Path, what: str) -> StateError:
    return StateError(f"the backup {file} is damaged ({what}); put back another one")


def _prepare(
    prepared: Path, file: Path, *, scope: Mapping[str, str], clock: Clock, actor: str, mark: str, kept: Path
) -> tuple[str, int]:
    """Check the copy, migrate it, and begin its new epoch; return the version it had, and that epoch."""
    backend = SqliteBackend(prepared, read_only=False)
    with _closed(backend) as writer:
        faults = _faults(backend, writer, file)
        if faults:
            raise _damaged(file, "; ".join(faults[:_MOST]))
        with writer.begin():
            version = versions.version_of(writer, place=str(file))
            identity = {} if version is None else writer.execute(select(schema.scope.c.identity)).scalar_one()
        if version is None:
            msg = f"{file} is not a backup of a state database; name another file"
            raise StateError(msg)
        refuse_other_scope(str(file), told_of(identity, scope), scope)
        if version != schema.HEAD:
            with backend.without_foreign_keys(writer), durable(writer):
                versions.migrate(writer)
        with durable(writer):
            epoch = writer.execute(select(schema.scope.c.epoch)).scalar_one() + 1
            writer.execute(update(schema.scope), {"epoch": epoch, "opening": mark})
            now, detail = clock.now(), {"file": file.name, "kept": kept.name}
            entry = {"actor": actor, "action": "restore", "subject": file.name, "detail": detail}
            add_entry(writer, {"at": now, **entry})
            reason = {"reason": "put back from a backup"}
            entry = {"actor": "m3nop", "action": "epoch", "subject": str(epoch), "detail": reason}
            add_entry(writer, {"at": now, **entry})
    return version, epoch


@contextmanager
def _closed(backend: SqliteBackend) -> Iterator[Connection]:
    """Hand out a connection to a copy; afterwards its log is folded into its file."""
    try:
        with backend.explained(), backend.writer() as writer:
            yield writer
    finally:
        backend.engine.dispose()


def _faults(backend: SqliteBackend, writer: Connection, file: Path) -> list[str]:
    try:
        with writer.begin():
            return backend.integrity(writer)
    except DBAPIError as error:
        raise _damaged(file, str(error.orig)) from error
