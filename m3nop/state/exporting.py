"""Writes a state as a file of JSON lines that any kind of state database can be filled from.

A header, then each table: a line that names its columns, and a line of values for each row. The last line
seals all before it. JSON columns are the text that the database holds, so that no number is read and written
again on the way.
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from sqlalchemy import Text, func, select, type_coerce

from m3nop.core import json
from m3nop.core.clock import to_text
from m3nop.core.crash import crashpoint
from m3nop.core.errors import StateError
from m3nop.state.columns import JsonText
from m3nop.state.disk import sync_folder
from m3nop.state.schema import HEAD, metadata, scope

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from sqlalchemy import Connection, Table

    from m3nop.core.clock import Instant

FORMAT = 1
"""Version of the form of the file."""
_ROWS_PER_FETCH = 500


class Exported(Struct, frozen=True):
    """What was written."""

    rows: Mapping[str, int]
    """How many of each table."""
    sha256: str


def export_tables(connection: Connection, target: Path, *, now: Instant) -> Exported:
    """Write every table to a new file, as the connection's one transaction sees them.

    Raises:
        StateError: ``target`` exists or cannot be written.
    """
    try:
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        msg = f"{target} exists already; name a new file for the export"
        raise StateError(msg) from None
    except OSError as error:
        raise _unwritten(target, error) from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            seal = hashlib.sha256()
            header = _header(connection, now)
            for line in _lines(connection, header):
                data = f"{line}\n".encode()
                seal.update(data)
                file.write(data)
            file.write(f"{json.dumps({'sha256': seal.hexdigest()})}\n".encode())
            file.flush()
            os.fsync(file.fileno())
        sync_folder(target.parent)
        crashpoint("export:done")
    except BaseException as error:
        target.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise _unwritten(target, error) from error
        raise
    return Exported(header["rows"], seal.hexdigest())


def _unwritten(target: Path, error: OSError) -> StateError:
    return StateError(
        f"the export {target} cannot be written: {error.strerror or error}; choose another folder"
    )


def _header(connection: Connection, now: Instant) -> dict[str, Any]:
    own = connection.execute(select(scope.c.identity, scope.c.epoch)).one()
    counts = {
        table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
        for table in _tables()
    }
    return {
        "m3nop_state": FORMAT, "schema": HEAD, "scope": own.identity, "epoch": own.epoch,
        "exported_at": to_text(now), "rows": counts,
    }  # fmt: skip


def _tables() -> Sequence[Table]:
    """List the tables, each after those that it refers to."""
    return metadata.sorted_tables


def _lines(connection: Connection, header: Mapping[str, Any]) -> Iterator[str]:
    yield json.dumps(header)
    for table in _tables():
        yield json.dumps({"table": table.name, "columns": [column.name for column in table.columns]})
        stored = [
            type_coerce(column, Text).label(column.name) if isinstance(column.type, JsonText) else column
            for column in table.columns
        ]
        statement = select(*stored).order_by(*table.primary_key)
        for row in connection.execution_options(yield_per=_ROWS_PER_FETCH).execute(statement):
            yield json.dumps(list(row))
