"""Fills a state database from an export: all of it in one transaction, or nothing.

What an export of an earlier m3nop holds is put into the tables of that time, which are then migrated.
"""

from __future__ import annotations

import hashlib
from contextlib import nullcontext
from types import NoneType
from typing import TYPE_CHECKING, Any, BinaryIO

from msgspec import Struct
from sqlalchemy import column, func, insert, inspect, literal, select, update
from sqlalchemy import table as table_of
from sqlalchemy.exc import DataError, IntegrityError

from m3nop.core import json
from m3nop.core.crash import crashpoint
from m3nop.core.errors import StateError
from m3nop.state import schema, versions
from m3nop.state.exporting import FORMAT
from m3nop.state.store import backend_at, durable, refuse_other_scope, take_over, told_of
from m3nop.state.transaction import add_entry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from sqlalchemy import Connection, Inspector

    from m3nop.core.clock import Clock
    from m3nop.state.restoring import Who
    from m3nop.state.store import Backend, SqlState

_ROWS_PER_INSERT = 500
_LONGEST_LINE = 256 * 1024 * 1024
"""Bytes: no row is longer, so a longer line is another file."""
_STORED = (NoneType, bool, int, str)
"""What a database holds of a column."""
_LIFELESS = frozenset({"scope", "audit", "owners"})
"""Tables that a state has rows in before anything was ever done with it."""


class Imported(Struct, frozen=True):
    """What was read."""

    rows: Mapping[str, int]
    """How many of each table."""
    schema: str
    """Version that the export was written in."""


def import_state(
    url: str, file: Path, *, scope: Mapping[str, str], clock: Clock, who: Who, wait: float = 0.0
) -> tuple[SqlState, Imported]:
    """Fill the database at ``url``, which must be new or empty, and open it in a new epoch.

    Raises:
        BusyError: another process owns it.
        StateError: the database holds something, or the file is no whole export that fits.
    """
    backend = backend_at(url, command=who.command)
    try:
        with backend.explained():
            writer = backend.own(command=who.command, clock=clock, wait=wait)
            with backend.alone(writer, wait=wait):
                found = _fill(backend, writer, file, scope=scope, clock=clock, actor=who.actor)
                crashpoint("import:done")
                with backend.engine.connect() as connection:
                    identity = connection.execute(select(schema.scope.c.identity)).scalar_one()
                return take_over(backend, writer, {**identity, **scope}, clock), found
    except BaseException:
        backend.close(clean=False)
        raise


def _fill(
    backend: Backend, writer: Connection, file: Path, *, scope: Mapping[str, str], clock: Clock, actor: str
) -> Imported:
    try:
        opened = file.open("rb")
    except OSError as error:
        raise _unread(file, error) from None
    with opened:
        lines = _lines(file, opened)
        header = _header(file, next(lines, None))
        refuse_other_scope(str(file), told_of(header["scope"], scope), scope)
        old = header["schema"] != schema.HEAD
        with backend.without_foreign_keys(writer) if old else nullcontext(), durable(writer):
            _empty(backend, writer)
            if old:
                versions.migrate(writer, to=header["schema"])
            else:
                versions.create(writer)
            rows = _insert_all(writer, file, lines)
            if rows != header["rows"]:
                raise _broken(file, "it does not have the rows that it says")
            if old:
                versions.migrate(writer)
            _number_on(writer)
            writer.execute(update(schema.scope), {"opening": schema.BACKUP_MARK})
            detail = {"file": file.name, "rows": sum(rows.values()), "epoch": header["epoch"]}
            entry = {"actor": actor, "action": "import", "subject": file.name, "detail": detail}
            add_entry(writer, {"at": clock.now(), **entry})
    return Imported(rows, header["schema"])


def _lines(file: Path, opened: BinaryIO) -> Iterator[Any]:
    """Yield the values of the lines but the last, which seals the others.

    Raises:
        StateError: the file is cut off, was changed, or is something else.
    """
    seal = hashlib.sha256()
    try:
        while data := opened.readline(_LONGEST_LINE):
            value = _value(file, data)
            if isinstance(value, dict) and "sha256" in value:
                if value["sha256"] != seal.hexdigest() or opened.read(1):
                    raise _broken(file, "its content is not what was written")
                return
            seal.update(data)
            yield value
    except OSError as error:
        raise _unread(file, error) from error
    raise _broken(file, "its end is missing")


def _value(file: Path, data: bytes) -> Any:  # noqa: ANN401  whatever the line holds
    try:
        return json.loads(data)
    except ValueError:
        raise _broken(file, "a line is not JSON") from None


def _unread(file: Path, error: OSError) -> StateError:
    return StateError(f"the export {file} cannot be read: {error.strerror or error}")


def _broken(file: Path, why: str) -> StateError:
    return StateError(f"nothing was imported: {file} is no whole export of a state ({why})")


def _header(file: Path, found: Any) -> dict[str, Any]:  # noqa: ANN401  whatever the line holds
    """Return the first line of an export."""
    if not isinstance(found, dict) or "m3nop_state" not in found:
        raise _broken(file, "its first line is not that of an export")
    if found["m3nop_state"] != FORMAT or found.get("schema") not in schema.REVISIONS:
        msg = (
            f"nothing was imported: {file} was written by a newer m3nop (schema {found.get('schema')}, this "
            f"one knows {schema.HEAD}); upgrade m3nop"
        )
        raise StateError(msg)
    kinds = (("scope", dict), ("rows", dict), ("epoch", int))
    if not all(isinstance(found.get(name), kind) for name, kind in kinds):
        raise _broken(file, "its first line is not that of an export")
    return found


def _empty(backend: Backend, writer: Connection) -> None:
    """Leave a database without any table.

    Raises:
        StateError: it holds something.
    """
    version = versions.version_of(writer, place=backend.place)
    if version is None:
        return
    if version != schema.HEAD or _has_lived(writer):
        msg = (
            f"nothing was imported: the state database {backend.place} is not empty; move it away, or name "
            "another one (state: in m3nop.yaml)"
        )
        raise StateError(msg)
    versions.drop(writer)


def _has_lived(writer: Connection) -> bool:
    """Tell whether anything was ever done with a state besides opening it."""
    by_hand = select(schema.audit.c.id).where(schema.audit.c.action != "epoch")
    tables = [one for name, one in schema.metadata.tables.items() if name not in _LIFELESS]
    queries = [by_hand, *(select(literal(1)).select_from(one) for one in tables)]
    return any(writer.execute(query.limit(1)).first() is not None for query in queries)


def _insert_all(writer: Connection, file: Path, lines: Iterator[Any]) -> dict[str, int]:
    """Insert the rows that the lines hold; return how many each table got."""
    known = inspect(writer)
    rows: dict[str, int] = {}
    into: _Insertion | None = None
    for line in lines:
        if isinstance(line, dict):
            if into is not None:
                rows[into.table] = into.end()
            into = _Insertion(writer, file, known, line)
        elif into is None:
            raise _broken(file, "a row belongs to no table")
        else:
            into.add(line)
    if into is not None:
        rows[into.table] = into.end()
    return rows


class _Insertion:
    """Puts rows into one table, many at once."""

    def __init__(self, writer: Connection, file: Path, known: Inspector, line: Mapping[str, Any]) -> None:
        self.table = str(line.get("table"))
        self._names = line.get("columns")
        self._writer = writer
        self._file = file
        self._count = 0
        self._rows: list[dict[str, Any]] = []
        there = (
            [found["name"] for found in known.get_columns(self.table)] if known.has_table(self.table) else []
        )
        if not isinstance(self._names, list) or sorted(map(str, self._names)) != sorted(there):
            raise _broken(file, f"it does not have the columns of {self.table}")
        # Without the types of the schema, which may be of another version: values go in as they are.
        self._insert = insert(table_of(self.table, *(column(name) for name in self._names)))

    def add(self, row: Any) -> None:  # noqa: ANN401  whatever the line holds
        """Take a row.

        Raises:
            StateError: it is none.
        """
        names = self._names or ()
        if (
            not isinstance(row, list)
            or len(row) != len(names)
            or not all(isinstance(one, _STORED) for one in row)
        ):
            raise _broken(self._file, f"a row of {self.table} does not fit")
        self._rows.append(dict(zip(names, row, strict=True)))
        self._count += 1
        if len(self._rows) == _ROWS_PER_INSERT:
            self._flush()

    def end(self) -> int:
        """Write what is left and return how many rows came."""
        self._flush()
        return self._count

    def _flush(self) -> None:
        if not self._rows:
            return
        try:
            self._writer.execute(self._insert, self._rows)
        except (IntegrityError, DataError) as error:
            raise _broken(self._file, f"rows of {self.table} do not fit: {error.orig}") from error
        self._rows = []


def _number_on(writer: Connection) -> None:
    """Let new rows have higher numbers than those that came with their own."""
    if writer.dialect.name != "postgresql":
        return
    for table in schema.metadata.sorted_tables:
        numbered = table.autoincrement_column
        if numbered is None:
            continue
        highest = writer.execute(select(func.max(numbered))).scalar_one()
        if highest is not None:
            writer.execute(
                select(func.setval(func.pg_get_serial_sequence(table.name, numbered.name), highest))
            )
