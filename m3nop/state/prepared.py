"""Statements that run for every record: compiled once, then handed to the driver with plain values.

What they say is still written in SQLAlchemy Core, once for all databases. Only the way through its execution
is left out, which for a short statement takes longer than the statement itself.
"""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any

from m3nop.state.schema import plain_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import Connection, CursorResult, Delete, Insert, Select, Update
    from sqlalchemy.engine import Dialect

    Statement = Insert | Update | Delete | Select[Any]


class Prepared:
    """A statement with the texts that it has in each dialect, for each set of values."""

    def __init__(self, statement: Statement) -> None:
        self._statement = statement
        self._texts: dict[tuple[str, tuple[str, ...]], _Text] = {}

    def run(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> CursorResult[Any]:
        """Run it once for each of these rows of values, which all have the same names in the same order.

        What it answers comes as the driver gives it: JSON is text.
        """
        text = self._text(connection.dialect, tuple(rows[0]))
        return connection.exec_driver_sql(text.sql, [text.bind(row) for row in rows])

    def _text(self, dialect: Dialect, names: tuple[str, ...]) -> _Text:
        known = self._texts.get((dialect.name, names))
        if known is None:
            known = self._texts[dialect.name, names] = _Text(self._statement, dialect, names)
        return known


class _Text:
    """The SQL of a statement in one dialect, and how its values are put into place."""

    def __init__(self, statement: Statement, dialect: Dialect, names: tuple[str, ...]) -> None:
        compiled: Any = statement.compile(dialect=dialect, column_keys=list(names))
        self.sql = str(compiled)
        self._positional: bool = compiled.positional
        self._names: list[str] = list(compiled.positiontup if compiled.positional else compiled.params)
        self._fixed = {name: compiled.params[name] for name in self._names if name not in names}
        self._values = _getter(self._names)
        self._writers: list[tuple[int, Callable[[Any], Any]]] = []
        self._plain: list[int] = []
        for place, name in enumerate(self._names):
            kind = compiled.binds[name].type.dialect_impl(dialect)
            writer = kind.bind_processor(dialect)
            if writer is plain_text:
                self._plain.append(place)
            elif writer is not None:
                self._writers.append((place, writer))

    def bind(self, row: Mapping[str, Any]) -> Any:  # noqa: ANN401  a tuple or a dict, as the driver wants it
        values = list(self._values({**self._fixed, **row} if self._fixed else row))
        for place in self._plain:
            text = values[place]
            # Nearly every text is fine as it is: to ask here is quicker than to call.
            if text and ("\0" in text or not text.isascii()):
                values[place] = plain_text(text)
        for place, write in self._writers:
            if values[place] is not None:
                values[place] = write(values[place])
        return tuple(values) if self._positional else dict(zip(self._names, values, strict=True))


def _getter(names: Sequence[str]) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    """Return a function that takes these values, in this order."""
    if len(names) == 1:
        return lambda row: (row[names[0]],)
    return itemgetter(*names)
