"""Lookups: tables that turn a code of one system into a code of the other."""

from __future__ import annotations

import csv
import io
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct, field

from m3nop.mapping.errors import EvaluationError, LookupTableError
from m3nop.mapping.values import text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from m3nop.core.json import Json

VALUE = "value"
"""The column of a lookup that has only one."""


class Miss(StrEnum):
    """What a code without a row does."""

    REJECT = "reject"
    REVIEW = "review"
    BLANK = "blank"
    DEFAULT = "default"


class Lookup(Struct, frozen=True):
    """A table of codes; keys and values are text, whatever they looked like in the file."""

    name: str
    columns: tuple[str, ...] = (VALUE,)
    rows: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    missing: Miss = Miss.REJECT
    default: str | None = None
    lines: Mapping[str, int] = field(default_factory=dict)
    """The line of the file in which each row stands."""

    def find(self, code: Json, column: str | None = None) -> str | None:
        """Return the value in ``column`` of the row of ``code``, or None where there is no row.

        Null finds the row of the blank code. Without a column the lookup must have just one.

        Raises:
            EvaluationError: the column does not exist or has to be named, or the code is a list or an object.
        """
        column = self.column(column)
        row = self.row(code)
        return None if row is None else row.get(column, "")

    def codes(self, value: str, column: str | None = None) -> list[str]:
        """Return the codes that have ``value`` in ``column``; a blank value has none.

        Raises:
            EvaluationError: the column does not exist or has to be named.
        """
        column = self.column(column)
        return [code for code, row in self.rows.items() if value and row.get(column, "") == value]

    def row(self, code: Json) -> Mapping[str, str] | None:
        """Return the whole row of ``code``, or None.

        Raises:
            EvaluationError: the code is a list or an object.
        """
        return self.rows.get(text_of(code).strip())

    def column(self, name: str | None) -> str:
        """Return the column that ``name`` means; None means the only one.

        Raises:
            EvaluationError: there is no such column, or there are several.
        """
        if name is None and len(self.columns) == 1:
            return self.columns[0]
        if name in self.columns:
            return name
        known = ", ".join(self.columns)
        what = "has several columns, name one" if name is None else f"has no column {name!r}"
        msg = f"lookup {self.name!r} {what}: {known}"
        raise EvaluationError(msg)


def lookup_from_csv(
    text: str, name: str, *, missing: Miss = Miss.REJECT, default: str | None = None
) -> Lookup:
    """Read a table whose first column is ``from``; cells are separated by comma, semicolon or tab.

    Raises:
        LookupTableError: the header is wrong, a row does not fit it, or a code comes twice.
    """
    lines = text.removeprefix("\ufeff")
    reader = csv.reader(io.StringIO(lines, newline=""), delimiter=_delimiter(lines), strict=True)
    rows: dict[str, dict[str, str]] = {}
    columns: tuple[str, ...] = ()
    places: dict[str, int] = {}
    try:
        for raw in reader:
            cells = [cell.strip() for cell in raw]
            if not any(cells):
                continue
            if not columns:
                columns = _header(cells, reader.line_num)
            else:
                _add(rows, columns, cells, line=reader.line_num)
                places[cells[0]] = reader.line_num
    except csv.Error as error:
        msg = f"not CSV: {error}"
        raise LookupTableError(msg, line=reader.line_num) from error
    if not columns:
        msg = "the table is empty; its first line is `from,` and the names of the other columns"
        raise LookupTableError(msg)
    return Lookup(name=name, columns=columns, rows=rows, missing=missing, default=default, lines=places)


def _delimiter(text: str) -> str:
    header = text.lstrip("\r\n").split("\n", 1)[0]
    return max(",;\t", key=header.count)


def _header(cells: list[str], line: int) -> tuple[str, ...]:
    first, *columns = cells
    if first != "from":
        msg = f"the first column is {first!r}; it must be `from`"
        raise LookupTableError(msg, line=line)
    if not columns or not all(columns):
        msg = "every column after `from` needs a name, and there must be one"
        raise LookupTableError(msg, line=line)
    if len(set(columns)) < len(columns):
        msg = "two columns have the same name"
        raise LookupTableError(msg, line=line)
    return tuple(columns)


def _add(rows: dict[str, dict[str, str]], columns: tuple[str, ...], cells: list[str], *, line: int) -> None:
    code, *values = cells
    if len(values) != len(columns):
        msg = f"the row has {len(cells)} cells, the header {len(columns) + 1}"
        raise LookupTableError(msg, line=line)
    if code in rows:
        msg = f"the code {code!r} has a row already"
        raise LookupTableError(msg, line=line)
    rows[code] = dict(zip(columns, values, strict=True))
