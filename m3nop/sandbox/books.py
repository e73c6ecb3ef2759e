"""Named tables of JSON documents in one SQLite file: what the doubles remember.

SQLite is the store itself, not a copy of it, so memory stays flat however many orders there are, an
exception rolls a request back as a whole, and a killed process loses nothing that was answered.
"""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Iterable, Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from m3nop.core import json

if TYPE_CHECKING:
    from pathlib import Path

Doc = dict[str, Any]
Condition = tuple[str, str, Any]
"""Field, operator (``= != < <= > >= in``), value."""

KEY = "@key"
"""Stands for the document's key where a field name is wanted."""

_OUTERMOST = ("BEGIN", "COMMIT", ("ROLLBACK",))
_WITHIN = ("SAVEPOINT apart", "RELEASE apart", ("ROLLBACK TO apart", "RELEASE apart"))
_OPERATORS = frozenset({"=", "!=", "<", "<=", ">", ">=", "in"})
_COLUMNS = "id INTEGER PRIMARY KEY, key TEXT UNIQUE NOT NULL, doc TEXT NOT NULL"
_FIELD = re.compile(r"[A-Za-z0-9_]+\Z")
_TABLE = re.compile(r"[a-z0-9_.]+\Z")


class Table(MutableMapping[str, Doc]):
    """Documents by text key, in the order in which they were first written.

    A document that was read is a copy: write it back (``table[key] = doc``) to keep a change.
    """

    def __init__(self, books: Books, name: str) -> None:
        self._books = books
        self._name = f'"{name}"'

    def __getitem__(self, key: str) -> Doc:
        """Return a copy of the document."""
        rows = self._books.rows(f"SELECT doc FROM {self._name} WHERE key = ?", (key,))
        if not rows:
            raise KeyError(key)
        doc: Doc = json.loads(rows[0][0])
        return doc

    def __setitem__(self, key: str, doc: Doc) -> None:
        """Write the document; only this one is written."""
        self._books.write(
            f"INSERT INTO {self._name}(key, doc) VALUES(?, ?) "
            "ON CONFLICT(key) DO UPDATE SET doc = excluded.doc",
            (key, json.dumps(doc)),
        )

    def fill(self, texts: Iterable[tuple[str, str]]) -> None:
        """Write many new documents, each as its key and its JSON text, faster than one by one."""
        self._books.write_many(f"INSERT INTO {self._name}(key, doc) VALUES(?, ?)", texts)

    def __delitem__(self, key: str) -> None:
        """Remove the document."""
        if not self._books.write(f"DELETE FROM {self._name} WHERE key = ?", (key,)):
            raise KeyError(key)

    def __contains__(self, key: object) -> bool:
        """Tell whether there is such a document, without reading it."""
        return bool(self._books.rows(f"SELECT 1 FROM {self._name} WHERE key = ?", (key,)))

    def __iter__(self) -> Iterator[str]:
        """Iterate over the keys as they are now."""
        return (row[0] for row in self._books.rows(f"SELECT key FROM {self._name} ORDER BY id"))

    def __len__(self) -> int:
        """Count the documents."""
        count: int = self._books.rows(f"SELECT count(*) FROM {self._name}")[0][0]
        return count

    def clear(self) -> None:
        """Remove every document."""
        self._books.write(f"DELETE FROM {self._name}")

    def find(self, **equal: json.Json) -> list[Doc]:
        """Return the documents whose fields equal the values given, oldest first."""
        return self.select(*((field, "=", value) for field, value in equal.items()))

    def select(
        self,
        *conditions: Condition,
        any_of: Sequence[Sequence[Condition]] = (),
        order: Sequence[str] = (),
        descending: bool = False,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[Doc]:
        """Return the documents that meet all conditions, sorted by ``order`` and then by age.

        With ``any_of`` they meet all conditions of at least one of its groups, too.
        """
        where, values = _where(conditions, any_of)
        way = "DESC" if descending else "ASC"
        sort = ", ".join(f"{field} {way}" for field in [*map(_column, order), "id"])
        sql = f"SELECT doc FROM {self._name}{where} ORDER BY {sort} LIMIT ? OFFSET ?"
        rows = self._books.rows(sql, (*values, -1 if limit is None else limit, offset))
        return [json.loads(row[0]) for row in rows]

    def count(self, *conditions: Condition, any_of: Sequence[Sequence[Condition]] = ()) -> int:
        """Count the documents that ``select`` would return."""
        where, values = _where(conditions, any_of)
        count: int = self._books.rows(f"SELECT count(*) FROM {self._name}{where}", values)[0][0]
        return count


class Books:
    """The tables of one sandbox, behind one lock; ``None`` keeps them in memory."""

    def __init__(self, path: Path | None = None) -> None:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        self.lock = threading.RLock()
        self._depth = 0
        self._definitions: dict[str, list[str]] = {}
        self._db = sqlite3.connect(
            ":memory:" if path is None else path, isolation_level=None, check_same_thread=False
        )
        self._db.execute("PRAGMA journal_mode = WAL")
        # A commit must outlive the process, not the machine: that needs no fsync.
        self._db.execute("PRAGMA synchronous = NORMAL")

    def table(self, name: str, *, indexes: Sequence[str | Sequence[str]] = ()) -> Table:
        """Return a table, making it at its first use; an index is a field name or a list of them."""
        if not _TABLE.match(name):
            msg = f"{name!r} cannot name a table: use small letters, digits, '_' and '.'"
            raise ValueError(msg)
        definitions = [
            f'CREATE TABLE IF NOT EXISTS "{name}"({_COLUMNS})',
        ]
        for index in indexes:
            fields = [index] if isinstance(index, str) else list(index)
            columns = ", ".join(map(_column, fields))
            definitions.append(
                f'CREATE INDEX IF NOT EXISTS "{name}.{"+".join(fields)}" ON "{name}"({columns})'
            )
        known = self._definitions.setdefault(name, [])
        new = [definition for definition in definitions if definition not in known]
        for definition in new:
            self.write(definition)
        known.extend(new)
        return Table(self, name)

    def names(self) -> list[str]:
        """List the tables that exist."""
        rows = self.rows("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        return [row[0] for row in rows]

    def next_number(self, series: str, *, start: int = 1, count: int = 1) -> int:
        """Draw the next number of a series, or the first of ``count``; numbers are never given twice."""
        table = self.table("sandbox.series")
        with self.change():
            number: int = table.get(series, {"next": start})["next"]
            table[series] = {"next": number + count}
        return number

    @contextmanager
    def change(self, *, apart: bool = False) -> Iterator[None]:
        """Group all writes within into one commit; an exception takes all of them back.

        Inside another change that is up to the outer one, unless this one is kept ``apart``: then what an
        exception takes back is its own, whatever becomes of the outer one.
        """
        with self.lock:
            begin, keep, undo = _WITHIN if self._depth and apart else _OUTERMOST
            if apart or not self._depth:
                self._db.execute(begin)
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                if apart or not self._depth:
                    self._roll_back(undo)
                raise
            self._depth -= 1
            if apart or not self._depth:
                self._db.execute(keep)

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Read with one SQL statement."""
        with self.lock:
            return self._db.execute(sql, values).fetchall()

    def write(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Write with one SQL statement, return the number of rows touched."""
        with self.lock:
            return self._db.execute(sql, values).rowcount

    def write_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Write with one SQL statement for each row of values."""
        with self.change():
            self._db.executemany(sql, rows)

    def close(self) -> None:
        """Close the file."""
        with self.lock:
            self._db.close()

    def _roll_back(self, undo: Iterable[str]) -> None:
        for statement in undo:
            self._db.execute(statement)
        # Tables that were first used in the change are gone with it, but their users still hold them.
        for definitions in self._definitions.values():
            for definition in definitions:
                self._db.execute(definition)


def _column(field: str) -> str:
    if field == KEY:
        return "key"
    if not _FIELD.match(field):
        msg = f"{field!r} cannot name a field of a document"
        raise ValueError(msg)
    return f"json_extract(doc, '$.{field}')"


def _where(
    conditions: Sequence[Condition], any_of: Sequence[Sequence[Condition]] = ()
) -> tuple[str, list[Any]]:
    values: list[Any] = []
    parts = [_part(condition, values) for condition in conditions]
    groups = [" AND ".join(_part(condition, values) for condition in group) for group in any_of]
    if groups:
        parts.append(f"({' OR '.join(groups)})")
    return (" WHERE " + " AND ".join(parts) if parts else ""), values


def _part(condition: Condition, values: list[Any]) -> str:
    field, operator, value = condition
    if operator not in _OPERATORS:
        msg = f"{operator!r} is not an operator of a condition"
        raise ValueError(msg)
    if operator == "in":
        wanted = list(value)
        values.extend(wanted)
        return f"{_column(field)} IN ({', '.join('?' * len(wanted))})"
    values.append(value)
    return f"{_column(field)} {operator} ?"
