"""Reads of tables by EXPORTMI: many look-ups in few queries, each row given back to who asked for it.

The query is text, so what goes into it is escaped; an answer is the whole of it or a failure, because its
silence proves that an order was not entered.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from m3nop.connectors.m3.results import Record
    from m3nop.core.connector import Call
    from m3nop.core.json import Json

LONGEST_QUERY = 982
LONGEST_ROW = 984
SEPARATORS = ("|", "^", "~", ";", "!")
"""``*`` and ``#`` mean something else to EXPORTMI."""

_COLUMN = re.compile(r"[A-Z0-9]{4,10}")
_TABLE = re.compile(r"[A-Z][A-Z0-9]{3,9}")


class TableError(Exception):
    """A table cannot be read so."""


class CutError(TableError):
    """There are more rows than were asked for."""


class SeparatorError(TableError):
    """The separator is a part of the data."""


class Query(Struct, frozen=True, dict=True):
    """One EXPORTMI query that serves several calls.

    ``values`` are those of ``key`` that it asks for; a call on several columns shares a query by the one
    that tells most calls apart, the others are compared here: ``and`` and ``or`` are never mixed, since
    what binds tighter is not documented. Without ``key`` the query is for equal calls and joins all columns.
    """

    table: str
    columns: tuple[str, ...]
    where: tuple[str, ...]
    key: str
    calls: tuple[Call, ...]
    separator: str = SEPARATORS[0]

    @cached_property
    def text(self) -> str:
        """The query as EXPORTMI takes it."""
        return self.head + self._condition()

    @property
    def head(self) -> str:
        """The query up to its values."""
        return f"{','.join(self.columns)} from {self.table} where "

    def _condition(self) -> str:
        if self.key:
            values = dict.fromkeys(literal(call.fields[self.key]) for call in self.calls)
            return " or ".join(f"{self.key} = {value}" for value in values)
        fields = self.calls[0].fields
        return " and ".join(f"{name} = {literal(fields[name])}" for name in self.where)

    def halves(self) -> tuple[Query, ...]:
        """Ask in two queries, or by all columns if it serves only equal calls."""
        distinct = list({_values(call, self.where): call for call in self.calls})
        if len(distinct) == 1:
            return (replace(self, key=""),) if self.key and len(self.where) > 1 else ()
        first = set(distinct[: len(distinct) // 2])
        return tuple(
            replace(self, calls=tuple(c for c in self.calls if (_values(c, self.where) in first) is part))
            for part in (True, False)
        )

    def with_next_separator(self) -> Query | None:
        """Return the query with another separator, or None when all were tried."""
        later = SEPARATORS[SEPARATORS.index(self.separator) + 1 :]
        return replace(self, separator=later[0]) if later else None


def check(call: Call) -> None:
    """Look at the names and values of one call.

    Raises:
        TableError: one cannot stand in a query.
    """
    table = call.operation.name.partition(":")[2]
    names = (*call.fields, *call.columns)
    if not call.fields or not _are_names(table, names):
        msg = f"{table} cannot be read by {', '.join(names) or 'nothing'}; give columns by their names"
        raise TableError(msg)
    alone = Query(table, tuple(dict.fromkeys(names)), tuple(call.fields), "", (call,))
    if len(alone.text) > LONGEST_QUERY:
        msg = f"the query on {table} has {len(alone.text)} characters; EXPORTMI takes {LONGEST_QUERY}"
        raise TableError(msg)


@lru_cache(maxsize=256)
def _are_names(table: str, columns: tuple[str, ...]) -> bool:
    return bool(_TABLE.fullmatch(table)) and all(map(_COLUMN.fullmatch, columns))


def plan(calls: Sequence[Call]) -> list[Query]:
    """Make the queries that serve all calls, which read one table and were checked."""
    shapes: dict[tuple[tuple[str, ...], tuple[str, ...]], list[Call]] = {}
    for call in calls:
        shapes.setdefault((tuple(sorted(call.fields)), call.columns), []).append(call)
    return [query for alike in shapes.values() for query in _fitting(_together(alike))]


def _together(calls: Sequence[Call]) -> Query:
    where = tuple(sorted(calls[0].fields))
    distinct = {name: {literal(call.fields[name]) for call in calls} for name in where}
    key = max(where, key=lambda name: len(distinct[name]))
    shared = len(distinct[key]) > 1 or len(where) == 1
    return Query(
        calls[0].operation.name.partition(":")[2],
        tuple(dict.fromkeys((*where, *calls[0].columns))),
        where,
        key if shared else "",
        tuple(calls),
    )


def _fitting(query: Query) -> Iterable[Query]:
    """Cut a query that is too long into as few as hold its values, each of which fits by itself."""
    if len(query.text) <= LONGEST_QUERY:
        return [query]
    asking: dict[str, list[Call]] = {}
    for call in query.calls:
        asking.setdefault(literal(call.fields[query.key]), []).append(call)
    parts: list[list[Call]] = []
    room = 0
    for value, calls in asking.items():
        condition = f"{query.key} = {value}"
        room -= len(" or ") + len(condition)
        if room < 0:
            parts.append([])
            room = LONGEST_QUERY - len(query.head) - len(condition)
        parts[-1].extend(calls)
    return [replace(query, calls=tuple(part)) for part in parts]


def literal(value: Json) -> str:
    """Write a value into a query: numbers bare, text in quotes with its own quotes doubled.

    Raises:
        TableError: it is blank, which would match every row without a value, or cannot be written.
    """
    if isinstance(value, str) and value.strip():
        return _quoted(value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    msg = "a table cannot be looked up by a blank value"
    raise TableError(msg)


@lru_cache(maxsize=1024)
def _quoted(text: str) -> str:
    if not text.isprintable():
        msg = f"a table cannot be looked up by {text!r}"
        raise TableError(msg)
    return "'" + text.rstrip().replace("'", "''") + "'"


def parse(query: Query, records: Sequence[Record], *, most: int) -> list[dict[str, str]]:
    """Take the rows of an answer apart; the first one names the columns.

    Raises:
        CutError: the answer may go on.
        SeparatorError: a value holds the separator.
        TableError: it is not an answer to this query.
    """
    lines = [record.get("REPL", "") for record in records]
    if most and len(lines) >= most:
        msg = f"{query.table} has {most} rows or more for one value; narrow the probe or raise `page_size`"
        raise CutError(msg)
    if any(len(line) >= LONGEST_ROW for line in lines):
        msg = f"a row of {query.table} is longer than {LONGEST_ROW} characters; ask for fewer columns"
        raise TableError(msg)
    if not lines:
        return []
    heading = [name.strip() for name in lines[0].split(query.separator)]
    if heading != list(query.columns):
        msg = f"EXPORTMI answered columns of {query.table} that were not asked for"
        raise TableError(msg)
    # Pages that overlap may show the heading once more; no row of data reads like it.
    return [_row(query, line) for line in lines[1:] if line != lines[0]]


def _row(query: Query, line: str) -> dict[str, str]:
    values = line.split(query.separator)
    if len(values) != len(query.columns):
        msg = f"every separator is a part of the data in {query.table}"
        raise SeparatorError(msg)
    return {name: value.rstrip() for name, value in zip(query.columns, values, strict=True)}


def distribute(query: Query, rows: Sequence[Mapping[str, str]]) -> dict[str, tuple[Mapping[str, str], ...]]:
    """Give each row to the calls (by id) whose values it has.

    Raises:
        TableError: a row came that no call asked for, so the query was not understood.
    """
    found: dict[str, list[Mapping[str, str]]] = {call.id: [] for call in query.calls}
    asked = [query.key] if query.key else list(query.where)
    askers = _by_text(query.calls, asked)
    for row in rows:
        cells = tuple(row[name].rstrip() for name in asked)
        candidates = [*askers.get(cells, ()), *askers[None]]
        matching = [call for call in candidates if _has(row, call, asked)]
        if not matching:
            msg = f"EXPORTMI answered a row of {query.table} that was not asked for"
            raise TableError(msg)
        for call in matching:
            if _has(row, call, query.where):
                found[call.id].append(row)
    return {number: tuple(rows) for number, rows in found.items()}


def _by_text(calls: Iterable[Call], names: Sequence[str]) -> dict[tuple[str, ...] | None, list[Call]]:
    """Return the calls by the texts that they ask for; under None those that ask for a number, too."""
    found: dict[tuple[str, ...] | None, list[Call]] = {None: []}
    for call in calls:
        values = [call.fields[name] for name in names]
        texts = tuple(value.rstrip() for value in values if isinstance(value, str))
        found.setdefault(texts if len(texts) == len(values) else None, []).append(call)
    return found


def _has(row: Mapping[str, str], call: Call, names: Iterable[str]) -> bool:
    return all(_same(row[name], call.fields[name]) for name in names)


def _same(cell: str, value: Json) -> bool:
    if isinstance(value, str):
        return cell.rstrip() == value.rstrip()
    try:
        return Decimal(cell.strip() or "0") == Decimal(value)
    except InvalidOperation:
        return False


def _values(call: Call, names: Iterable[str]) -> tuple[str, ...]:
    return tuple(literal(call.fields[name]) for name in names)
