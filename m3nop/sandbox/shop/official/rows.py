"""What every controller of the official dialect does alike: read one, insert, replace, delete.

A write takes a whole row. What an update leaves out falls back to the column's default, and nothing tells
whether somebody else changed the row meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.sandbox.shop.entities import Kind
from m3nop.sandbox.shop.official.call import Call, Entry, not_found, unprocessed

if TYPE_CHECKING:
    from collections.abc import Callable

    from m3nop.sandbox.books import Table
    from m3nop.sandbox.shop.entities import Entity, Row
    from m3nop.sandbox.shop.tables import Shop

    Tables = Callable[[Shop], Table]

_TIMES = (Kind.TIME, Kind.TIME_OR_NULL)


def by_id(entity: Entity, table: Tables) -> Callable[[Call], Row]:
    """Return what answers ``GetById``; rows that are only marked as deleted are shown."""

    def answer(call: Call) -> Row:
        return existing(entity, table(call.shop), call.known_id())

    return answer


def reading(controller: str, entity: Entity, table: Tables) -> list[Entry]:
    """Return the entries of a controller whose rows can be read."""
    return [("GET", f"{controller}/GetById/{{id}}", by_id(entity, table))]


def writing(controller: str, entity: Entity, table: Tables) -> list[Entry]:
    """Return the entries of a controller whose rows can be read, inserted, replaced and deleted."""

    def create(call: Call) -> Row:
        values = _values(call, entity)
        row = call.shop.insert(entity, table(call.shop), entity.blank() | values)
        return row | {
            column: _just_made(values[column]) for column in values if _is_time(entity, values, column)
        }

    def update(call: Call) -> None:
        values = _values(call, entity)
        number = values.get("id", 0)
        existing(entity, table(call.shop), number)
        table(call.shop)[str(number)] = entity.blank() | values

    def delete(call: Call) -> None:
        row = existing(entity, table(call.shop), call.known_id())
        if "deleted" in entity.columns:
            table(call.shop)[str(row["id"])] = row | {"deleted": True}
        else:
            del table(call.shop)[str(row["id"])]

    return [
        *reading(controller, entity, table),
        ("POST", f"{controller}/Create", create),
        ("PUT", f"{controller}/Update", update),
        ("DELETE", f"{controller}/Delete/{{id}}", delete),
    ]


def existing(entity: Entity, table: Table, number: int) -> Row:
    """Return a row, or end the request with 404."""
    row = table.get(str(number))
    if row is None:
        raise not_found(entity.name, number)
    return row


def _values(call: Call, entity: Entity) -> Row:
    values, errors = entity.read(call.fields())
    if errors:
        raise unprocessed(errors)
    return values


def _is_time(entity: Entity, values: Row, column: str) -> bool:
    return entity.columns[column] in _TIMES and values[column] is not None


def _just_made(time: str) -> str:
    # A row that was made in this very request still has its times' kind, so they end in Z.
    whole, _, fraction = time.partition(".")
    return f"{whole}.{fraction.ljust(7, '0')}Z"
