"""Statements that run for every record: compiled once, then handed to the driver with plain values.

What they say is still written in SQLAlchemy Core, once for all databases. Only the way through its execution
is left out, which for a short statement takes longer than the statement itself. Values are turned into what
the database takes column by column, because many rows are written at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy.types import Boolean

from m3nop.state.columns import plain_text, plain_texts, written, written_each

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection, CursorResult, Delete, Insert, Select, Update
    from sqlalchemy.engine import Dialect

    Statement = Insert | Update | Delete | Select[Any]
    Column = Sequence[Any]


class Prepared:
    """A statement that takes rows of values with these names, in this order, in each dialect."""

    def __init__(self, statement: Statement, *names: str) -> None:
        self._statement = statement
        self._names = names
        self._texts: dict[str, _Text] = {}

    def run(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> CursorResult[Any]:
        """Run it once for each row; there must be one.

        What it answers comes as the driver gives it: JSON is text.
        """
        dialect = connection.dialect
        text = self._texts.get(dialect.name)
        if text is None:
            text = self._texts[dialect.name] = _Text(self._statement, dialect, self._names)
        return connection.exec_driver_sql(text.sql, text.bind(rows))


class _Text:
    """The SQL of a statement in one dialect, and how its values are put into place."""

    def __init__(self, statement: Statement, dialect: Dialect, names: Sequence[str]) -> None:
        compiled: Any = statement.compile(dialect=dialect, column_keys=list(names))
        self.sql = str(compiled)
        wanted: list[str] = list(compiled.positiontup if compiled.positional else compiled.params)
        self._names = None if compiled.positional else wanted
        self._places: list[tuple[int | None, Any]] = []
        """For each parameter its place in a row, or None and what is the same for every row."""
        self._writers: list[tuple[int, Callable[[Column], Column]]] = []
        for at, name in enumerate(wanted):
            self._places.append((names.index(name), None) if name in names else (None, compiled.params[name]))
            kind = compiled.binds[name].type
            writer = None if isinstance(kind, Boolean) else kind.dialect_impl(dialect).bind_processor(dialect)
            if writer is not None and name in names:
                self._writers.append((at, _EACH.get(writer) or _each(writer)))

    def bind(self, rows: Sequence[tuple[Any, ...]]) -> Any:  # noqa: ANN401  tuples or dicts, as the driver wants
        """Return the rows as the driver takes them."""
        given = list(zip(*rows, strict=True))
        columns: list[Column] = [
            [fixed] * len(rows) if place is None else given[place] for place, fixed in self._places
        ]
        for place, write in self._writers:
            columns[place] = write(columns[place])
        bound = list(zip(*columns, strict=True))
        return bound if self._names is None else [dict(zip(self._names, row, strict=True)) for row in bound]


def _each(write: Callable[[Any], Any]) -> Callable[[Column], Column]:
    return lambda column: [None if value is None else write(value) for value in column]


_EACH: dict[Any, Callable[[Column], Column]] = {plain_text: plain_texts, written: written_each}
"""What writes a whole column, where that is quicker than value by value."""
